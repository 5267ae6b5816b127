import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.ts';
import { ask } from './head.ts';
import { compositionOf, expectComposed } from './lookup-runs.ts';
import { follow, largest } from './lookups.ts';

/** r-fold composition by one head: f_r(...f_1(x)) for every x, the tables as tokens among the questions (math.md §4.1). */

const M = 12;
const SEEDS = [1, 2, 3];

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const pathOf = (edges: number): number[] => Array.from({ length: edges + 1 }, (_, i) => i + 1);
const pathText = (edges: number): string => Array.from({ length: edges }, (_, e) => `x${e + 1}*x${e + 2}`).join(' + ');

describe.each([1, 2, 3, 4, 5, 6])('%d-fold composition', (r) => {
  it.each(SEEDS)('is decoded by a path, tables %d', async (seed) => {
    const one = compositionOf(pathText(r), pathOf(r), M, seed);
    expect(one.head.d).toBe(r * 8 * Math.ceil(Math.log2(one.head.n)));
    const largestEntry = Math.max(...one.head.q.flat(2).map(Math.abs));
    expect(largestEntry).toBeCloseTo(one.head.sigma, 10);
    await expectComposed(app, { mechanism: `path(${r + 1})` }, one);
  });
});

describe('2-fold composition', () => {
  it.each([
    ['strassen', 'x1*x2 + x2*x3 + x1*x3'],
    ['tensor(3)', 'x1*x2*x3'],
  ])('is decoded by %s', async (mechanism, text) => {
    for (const seed of SEEDS) {
      await expectComposed(app, { mechanism }, compositionOf(text, [1, 2, 3], M, seed));
    }
  });

  it('is not by self-attention on the same tokens, which sees f1 only', async () => {
    const seeds = [...SEEDS, 4, 5, 6, 7, 8];
    const [total, all] = [{ f1: 0, f2: 0 }, seeds.length * M];
    for (const seed of seeds) {
      const { head, tables } = compositionOf(pathText(2), pathOf(2), M, seed);
      const [q1, q2] = head.q;
      if (!q1 || !q2) throw new Error('no tensors');
      const { output } = await ask(app, { mechanism: 'self' }, [{ q: [q1, q2], v: { 2: head.values } }]);
      for (const [x, row] of head.questions.entries()) {
        const said = largest(output[0]?.[row] as number[]);
        if (said === follow(tables.slice(0, 1), x)) total.f1 += 1;
        if (said === follow(tables, x)) total.f2 += 1;
      }
    }
    expect(total.f1).toBe(all);
    // By chance f2 leaves one value in M where it is; a quarter is six standard deviations away.
    expect(total.f2).toBeLessThan(all / 4);
  });
});

describe('composition where other monomials interfere', () => {
  it.each<[string, number[]]>([
    ['x1*x2*x3 + x3*x4', [1, 2, 3, 4]],
    ['0.5*x1*x2 - 2*x2*x3 + x1*x2*x3', [1, 2, 3]],
    ['x1*x2*x3*x4 + x1*x2*x3 - 3*x2*x4 + 0.25*x1*x4', [1, 2, 3, 4]],
    ['x1*x2*x3 + x3*x4*x5 - 1*x3*x5', [1, 2, 3, 4, 5]],
  ])('in %s', async (polynomial, path) => {
    await expectComposed(app, { polynomial }, compositionOf(polynomial, path, M, 7));
  });
});
