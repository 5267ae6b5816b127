import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.ts';
import { random } from '../helpers/random.ts';
import type { Equation } from './equations.ts';
import type { Asked } from './head.ts';
import { expectRoots } from './runs.ts';

/** Roots of a polynomial in integers, by the score -β p(y)^2: the root of a row where there is one, the mean of all where there are several (math.md §4.6). */

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** On the variables that stand for the unknowns, nothing tied. */
function solve(asked: Asked, polynomial: string, equation: Equation, integers: readonly number[]) {
  return expectRoots(app, asked, { polynomial, variables: equation.unknowns, ties: [] }, equation, integers);
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** y_a^2 + y_b^2 - y_c^2. */
const pythagoras = ([a, b, c]: [number, number, number]): Equation => ({
  unknowns: [a, b, c],
  terms: [
    { coefficient: 1, powers: { [a]: 2 } },
    { coefficient: 1, powers: { [b]: 2 } },
    { coefficient: -1, powers: { [c]: 2 } },
  ],
});

describe('root finding', () => {
  it('finds the triangles of Pythagoras by strassen, d = 5', async () => {
    const counts = await solve({ mechanism: 'strassen' }, 'x1*x2 + x2*x3 + x1*x3', pythagoras([1, 2, 3]), range(1, 30));
    expect(counts).toEqual({ one: 10, several: 5, d: 5 });
  });

  it('finds them among integers in any order', async () => {
    const next = random(3);
    const shuffled = range(-6, 6)
      .map((y) => ({ y, key: next() }))
      .sort((a, b) => a.key - b.key)
      .map(({ y }) => y);
    const counts = await solve({ mechanism: 'strassen' }, 'x1*x2 + x2*x3 + x1*x3', pythagoras([1, 2, 3]), shuffled);
    expect(counts.several).toBe(13);
  });

  it('finds roots in one other unknown by self-attention: y2 = y1^2 - 3', async () => {
    const equation: Equation = {
      unknowns: [1, 2],
      terms: [
        { coefficient: 1, powers: { 1: 2 } },
        { coefficient: -1, powers: { 2: 1 } },
        { coefficient: -3, powers: {} },
      ],
    };
    const counts = await solve({ mechanism: 'self' }, 'x1*x2', equation, range(-8, 8));
    expect(counts.one).toBe(7);
  });
});

/** y_a y_b - y_c - 1: its square has the product of all three, which no sum of pairs can express. */
const mixed = ([a, b, c]: [number, number, number]): Equation => ({
  unknowns: [a, b, c],
  terms: [
    { coefficient: 1, powers: { [a]: 1, [b]: 1 } },
    { coefficient: -1, powers: { [c]: 1 } },
    { coefficient: -1, powers: {} },
  ],
});

/** y_1 + y_2^2 - 2 y_3 - y_4^3. */
const separate: Equation = {
  unknowns: [1, 2, 3, 4],
  terms: [
    { coefficient: 1, powers: { 1: 1 } },
    { coefficient: 1, powers: { 2: 2 } },
    { coefficient: -2, powers: { 3: 1 } },
    { coefficient: -1, powers: { 4: 3 } },
  ],
};

describe('root finding where other monomials interfere', () => {
  it.each<[string, string, Equation, number[]]>([
    ['a product of unknowns', 'x1*x2*x3', mixed([1, 2, 3]), range(-7, 7)],
    ['a product of unknowns', '0.5*x1*x2 - 2*x2*x3 + x1*x2*x3', mixed([1, 2, 3]), range(-7, 7)],
    ['a product of unknowns', 'x1*x2*x4 + x2*x4 - 1*x1*x4 + x2*x3', mixed([1, 4, 2]), range(-5, 5)],
    ['squares', 'x1*x2*x3 + x3*x4 + x1*x4', pythagoras([1, 3, 4]), range(1, 13)],
    ['a sum over a clique', 'x1*x2 + x1*x3 + x1*x4 + x2*x3 + x2*x4 + x3*x4', separate, range(-3, 3)],
    ['a sum over a clique', 'x1*x2*x3 + x2*x3*x4 - 2*x1*x4', separate, range(-3, 3)],
  ])('%s in %s', async (_, polynomial, equation, integers) => {
    const { one, several } = await solve({ polynomial }, polynomial, equation, integers);
    expect(one + several).toBeGreaterThan(integers.length / 3);
  });
});
