import { describe, expect, it } from 'vitest';
import { finishedBy, lifetimes } from '../../src/plan/memory.ts';
import { operandsOf } from '../../src/plan/operands.ts';
import { extentRows, type Plan } from '../../src/plan/plan.ts';
import { planOf } from './machine.ts';

/** Buffers end with their last reader, and the peak that is told is that of the worst level. */

const PATH5 = 'x1*x2 + x2*x3 + x3*x4 + x4*x5';

function touchedAfter({ stages }: Plan, buffer: number, level: number): boolean {
  return stages.some(({ step, level: own }) => {
    const { read, write } = operandsOf(step);
    return own > level && [...read, ...write].includes(buffer);
  });
}

describe('memory of a plan', () => {
  it.each([PATH5, 'x1*x2 + x1*x3 + x1*x4', 'x1*x2 + x3*x4 + x3*x5', 'x1*x2*x3 + x3*x4'])(
    '%s: every buffer is freed once, after its last reader',
    (text) => {
      const plan = planOf(text);
      const deepest = Math.max(...plan.stages.map(({ level }) => level));
      const freed = new Map<number, number>();
      for (let level = 1; level <= deepest; level++) {
        for (const buffer of finishedBy(plan, level)) {
          expect(freed.has(buffer)).toBe(false);
          expect(touchedAfter(plan, buffer, level)).toBe(false);
          expect(touchedAfter(plan, buffer, level - 1)).toBe(true);
          freed.set(buffer, level);
        }
      }
      const scratch = plan.buffers.flatMap(({ source }, index) => (source === 'scratch' ? [index] : []));
      expect([...freed.keys()].sort((a, b) => a - b)).toEqual(scratch);
    },
  );

  it('the peak counts what lives at the worst level, no more', () => {
    const plan = planOf(PATH5, { shape: { n: 128, d: 8 } });
    const bytes = plan.buffers.map(({ extent, cols }) => 4 * extentRows(extent, plan.rows) * cols);
    const spans = lifetimes(plan.buffers, plan.stages);
    const at = plan.stages.map(({ level }) =>
      bytes.reduce((sum, size, i) => sum + (spans[i] && spans[i].first <= level && level <= spans[i].last ? size : 0), 0),
    );
    expect(plan.bytes).toBe(Math.max(...at));
    // A longer chain has more messages, but not more of them at once: what is added are the inputs of one variable.
    const longer = planOf(`${PATH5} + x5*x6`, { shape: { n: 128, d: 8 } });
    expect(longer.bytes - plan.bytes).toBe(4 * 128 * (8 + 8));
  });

  it('siblings share a level, so that they run together', () => {
    const levels = (text: string): number[] =>
      planOf(text).stages.flatMap(({ step, level }) => (step.kind === 'attend' ? [level] : []));
    expect(levels('x1*x2 + x1*x3 + x1*x4 + x1*x5')).toEqual([1, 1, 1, 1]);
    expect(levels('x1*x2 + x2*x3 + x2*x4 + x1*x5 + x5*x6')).toEqual([1, 1, 1, 3, 3]);
  });
});
