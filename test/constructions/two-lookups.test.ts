import { afterAll, beforeAll, describe, it } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.ts';
import { expectTwoLookups } from './lookup-runs.ts';

/** Two lookups at once by one head: the product of the values of two branches concatenates them (math.md §4.2). */

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

describe('two lookups at once', () => {
  it.each([1, 2, 3])('are decoded by the y-tree, tables %d', (seed) => {
    const places = { before: [1, 2], branches: [3, 4] as const, m: 12, seed };
    return expectTwoLookups(app, { mechanism: 'y-tree' }, 'x1*x2 + x2*x3 + x2*x4', places);
  });

  it.each<[string, number[], [number, number]]>([
    ['x1*x2 + x1*x3', [1], [2, 3]],
    ['x1*x2*x3', [1], [2, 3]],
    ['x1*x2*x3 - 2*x2*x4 + 0.5*x1*x2', [1, 2], [3, 4]],
  ])('are decoded by %s', (polynomial, before, branches) =>
    expectTwoLookups(app, { polynomial }, polynomial, { before, branches, m: 12, seed: 4 }),
  );
});
