import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StepKind } from '../../kernels/backend.ts';
import { compile } from '../../src/plan/compile.ts';
import { operandsOf } from '../../src/plan/operands.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { cutRows } from '../../src/plan/tiles.ts';
import { formatPolynomial } from '../../src/polynomial/polynomial.ts';
import { polynomials } from '../polynomial/arbitrary.ts';
import { FULL, planOf, problemOf, SIMPLE } from './machine.ts';

/** What holds for every plan: order, purity, cost that grows, tiles that cover. */

describe('any plan', () => {
  const small = polynomials(6).map(formatPolynomial);

  it('is the same for the same question', () => {
    fc.assert(
      fc.property(small, (text) => {
        expect(planOf(text)).toEqual(planOf(text));
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ['every step', FULL],
    ['the basic steps', SIMPLE],
  ])('reads nothing before it is written and writes nothing twice, with %s', (_, on) => {
    fc.assert(
      fc.property(small, fc.constantFrom('none', 'edge-causal', 'root-causal'), (text, type) => {
        const { stages, buffers } = planOf(text, { mask: { type } }, type === 'none' ? on : FULL);
        const written = new Map<number, number>();
        for (const { step, level } of stages)
          for (const buffer of operandsOf(step).write) {
            expect(written.has(buffer)).toBe(false);
            written.set(buffer, level);
          }
        for (const { step, level } of stages)
          for (const buffer of operandsOf(step).read) {
            const source = buffers[buffer]?.source;
            if (source === 'input') expect(written.has(buffer)).toBe(false);
            else expect(written.get(buffer)).toBeLessThan(level);
          }
        const outputs = buffers.flatMap(({ source, name }, index) => (source === 'output' ? [[name, written.has(index)]] : []));
        expect(outputs.toSorted()).toEqual([
          ['logSumExp', true],
          ['output', true],
        ]);
      }),
      { numRuns: 60 },
    );
  });

  it('looks at the queries and values of every variable', () => {
    fc.assert(
      fc.property(small, (text) => {
        const problem = problemOf(text);
        const { stages, buffers } = compile(problem, FULL);
        const read = new Set(stages.flatMap(({ step }) => operandsOf(step).read).map((buffer) => buffers[buffer]?.name));
        problem.rows.forEach((_, j) => {
          expect(read.has(`q${j + 1}`)).toBe(true);
          if (j > 0) expect(read.has(`v${j + 1}`)).toBe(true);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('costs no less for more rows, columns or slices', () => {
    const shape = fc.record({
      n: fc.integer({ min: 1, max: 300 }),
      d: fc.integer({ min: 1, max: 64 }),
      dv: fc.integer({ min: 1, max: 64 }),
      batch: fc.integer({ min: 1, max: 3 }),
      heads: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(small, shape, fc.constantFrom('n', 'd', 'dv', 'batch', 'heads'), (text, less, what) => {
        const more = { ...less, [what]: less[what] + 1 };
        // One method throughout: another may do with fewer flops and more seconds.
        const [a, b] = [less, more].map((one) => planOf(text, { shape: one, algorithm: 'conditioning' })) as [Plan, Plan];
        for (const figure of ['flops', 'exponentials'] as const) expect(b.work[figure]).toBeGreaterThanOrEqual(a.work[figure]);
        expect(b.seconds).toBeGreaterThanOrEqual(a.seconds);
        expect(b.bytes).toBeGreaterThan(a.bytes);
        const [c, d] = [less, more].map((one) => planOf(text, { shape: one }).seconds) as [number, number];
        expect(d).toBeGreaterThanOrEqual(c * (1 - 1e-12));
      }),
      { numRuns: 60 },
    );
  });

  it('costs what a slice costs, times the slices, but for the memory that threads keep for the slice in hand', () => {
    for (const text of ['x1*x2 + x2*x3', 'x1*x2 + x2*x3 + x1*x3', 'x1*x2*x3', 'x1*x2 + x1*x3 + x2*x3 + x2*x4 + x3*x4']) {
      const [one, six] = [planOf(text), planOf(text, { shape: { n: 64, d: 8, batch: 2, heads: 3 } })];
      const scratch = Math.max(...one.stages.map(({ scratchBytes }) => scratchBytes));
      expect([six.work.flops, six.work.exponentials, six.bytes]).toEqual([
        6 * one.work.flops,
        6 * one.work.exponentials,
        6 * (one.bytes - scratch) + scratch,
      ]);
      expect(six.stages).toEqual(one.stages);
    }
  });

  it('is cut into tiles that cover every row once', () => {
    const kinds = new Set<StepKind>();
    fc.assert(
      fc.property(
        small,
        fc.integer({ min: 1, max: 700 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 9 }),
        (text, rows, slices, threads) => {
          for (const stage of planOf(text, { shape: { n: rows, d: 8 } }).stages) {
            kinds.add(stage.step.kind);
            const ranges = cutRows(rows, stage, slices, threads);
            expect(ranges[0]?.first).toBe(0);
            expect(ranges.at(-1)?.last).toBe(rows);
            for (const [i, { first }] of ranges.slice(1).entries()) expect(first).toBe(ranges[i]?.last);
            for (const { first, last } of ranges) expect(last).toBeGreaterThan(first);
          }
        },
      ),
      { numRuns: 80 },
    );
    expect(kinds.size).toBeGreaterThan(2);
  });
});
