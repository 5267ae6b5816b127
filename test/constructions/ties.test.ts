import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.ts';
import { expectBooleanProduct, expectMatchByCosines, expectMatchByPairs, expectRoots, type Place, sumEquation } from './runs.ts';

/** A cycle or a wide monomial anywhere in the component of x1 serves x1, by variables on the way that are tied to it. */

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** Cycles of four and five, a triangle behind an edge, a cycle behind an edge. */
const CYCLES: Place[] = [
  { polynomial: 'x1*x2 + x2*x3 + x3*x4 + x1*x4', variables: [1, 2, 3], ties: [[1, 4]] },
  {
    polynomial: 'x1*x2 - 2*x2*x3 + x3*x4 + 0.5*x4*x5 + x1*x5',
    variables: [1, 2, 3],
    ties: [
      [1, 5],
      [5, 4],
    ],
  },
  { polynomial: 'x1*x2 + x2*x3 + x3*x4 + x2*x4', variables: [1, 3, 4], ties: [[1, 2]] },
  {
    polynomial: 'x1*x2 + x2*x3 + x3*x4 + x4*x5 + x2*x5',
    variables: [1, 3, 4],
    ties: [
      [1, 2],
      [2, 5],
    ],
  },
];

/** Monomials of degree 3 and 4 behind edges and behind one another. */
const WIDE: Place[] = [
  { polynomial: 'x1*x2 + x2*x3*x4', variables: [1, 3, 4], ties: [[1, 2]] },
  {
    polynomial: 'x1*x2 + x2*x3 - 0.5*x3*x4*x5',
    variables: [1, 4, 5],
    ties: [
      [1, 2],
      [2, 3],
    ],
  },
  { polynomial: 'x1*x2 + x2*x3*x4*x5', variables: [1, 3, 4, 5], ties: [[1, 2]] },
  { polynomial: 'x1*x2*x3 - 2*x1*x3 + x3*x4*x5*x6', variables: [1, 4, 5, 6], ties: [[1, 3]] },
];

const INTEGERS = [-4, -3, -2, -1, 0, 1, 2, 3, 4];

describe('by tied variables', () => {
  it.each([...CYCLES, ...WIDE])('$polynomial decodes the Boolean product', (place) =>
    expectBooleanProduct(app, { ...place, variables: place.variables.slice(0, 3) }),
  );

  it.each(CYCLES)('$polynomial decodes Match3 with three heads', (place) => expectMatchByPairs(app, place));

  it.each(WIDE)('$polynomial decodes Match-k with one head', (place) => expectMatchByCosines(app, place));

  it.each([...CYCLES, ...WIDE])('$polynomial finds roots', async (place) => {
    const equation = sumEquation(place.variables);
    const { one, several } = await expectRoots(app, { polynomial: place.polynomial }, place, equation, INTEGERS);
    expect(one + several).toBe(INTEGERS.length);
  });
});
