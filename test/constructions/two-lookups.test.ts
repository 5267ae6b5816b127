import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.ts';
import { random } from '../helpers/random.ts';
import { type Asked, ask, rounding } from './head.ts';
import { alongPath, follow, type Lookup, largest, lookupHead, randomTable, type Table } from './lookups.ts';

/** Two lookups by one head (math.md §4.2): V of one branch is [one-hot | 1], of the other [1 | one-hot], so their product concatenates. */

const DELTA = 1e-4;
const M = 12;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** f(z) and g(z), z what the path before the fork finds. */
async function expectBoth(
  asked: Asked,
  text: string,
  before: readonly number[],
  branches: readonly [number, number],
  seed: number,
) {
  const next = random(seed);
  const tables = Array.from({ length: before.length + 1 }, () => randomTable(next, M));
  const fork = before.at(-1) as number;
  const lookups: Lookup[] = [...alongPath(before), ...branches.map((to, i) => ({ from: fork, to, table: before.length + i }))];
  const head = lookupHead(text, lookups, tables, DELTA, next);
  const ones = Array<number>(M).fill(1);
  const v = {
    [branches[0]]: head.values.map((row) => [...row, ...ones]),
    [branches[1]]: head.values.map((row) => [...ones, ...row]),
  };
  const { output } = await ask(app, asked, [{ q: head.q, v }]);
  const allowed = head.wrongMass + rounding(head.q.length, head.maxScore);
  for (const [x, row] of head.questions.entries()) {
    const masses = output[0]?.[row] as number[];
    const z = follow(tables.slice(0, before.length - 1), x);
    const halves = [masses.slice(0, M), masses.slice(M)];
    for (const [i, half] of halves.entries()) {
      const truth = follow([tables[before.length - 1 + i] as Table], z);
      expect(largest(half)).toBe(truth);
      expect(1 - (half[truth] as number)).toBeLessThanOrEqual(allowed);
    }
  }
}

describe('two lookups at once', () => {
  it.each([1, 2, 3])('are decoded by the y-tree, tables %d', (seed) =>
    expectBoth({ mechanism: 'y-tree' }, 'x1*x2 + x2*x3 + x2*x4', [1, 2], [3, 4], seed),
  );

  it.each<[string, number[], [number, number]]>([
    ['x1*x2 + x1*x3', [1], [2, 3]],
    ['x1*x2*x3', [1], [2, 3]],
    ['x1*x2*x3 - 2*x2*x4 + 0.5*x1*x2', [1, 2], [3, 4]],
  ])('are decoded by %s', (polynomial, before, branches) => expectBoth({ polynomial }, polynomial, before, branches, 4));
});
