/** Problems for `eliminate` steps (math.md §6.5), which every back end's are tried on, and ways to run them. */
import { expect } from 'vitest';
import type { Backend, EliminateStep, Matrix } from '../../kernels/backend.ts';
import { matrix, type Output, type Problem, precisionOf, runStep } from './cases.ts';
import { eliminationOrder } from './graphs.ts';

export type How = Pick<EliminateStep<Matrix>, 'cutset' | 'order'>;

export function eliminateOutput(backend: Backend, problem: Problem, how: How, cuts: readonly number[] = []): Output {
  const n1 = problem.variables[0].queries.rows;
  const dv = problem.variables.find(({ values }) => values !== null)?.values?.cols ?? 1;
  const output = { message: matrix(precisionOf(problem), n1, dv), logSumExp: matrix(precisionOf(problem), n1, 1) };
  runStep(backend, { kind: 'eliminate', ...problem, ...how, ...output }, n1, cuts);
  return output;
}

/** Some order of elimination for the problem's monomials and masks. */
export function orderOf({ variables, monomials, masks }: Problem, cutset: readonly number[], random = () => 0): How {
  const groups = [...monomials.map((monomial) => monomial.variables), ...masks.map(({ row, column }) => [row, column])];
  const order = eliminationOrder(variables.length, groups, cutset, random);
  if (order === null) throw new Error(`no order for the cutset {${cutset.join(', ')}}`);
  return { cutset, order };
}

export function expectSameBits(actual: Output, expected: Output): void {
  expect(actual.message.data).toEqual(expected.message.data);
  expect(actual.logSumExp.data).toEqual(expected.logSumExp.data);
}

/** Edges as digits: `graph('12 23 13')` is the triangle. */
export function graph(text: string): number[][] {
  return text.split(' ').map((digits) => [...digits].map(Number));
}

export const HARD: readonly (readonly [string, number, number[][], number[][]])[] = [
  // Name, t, edges, cutsets.
  ['diamond', 4, graph('12 13 23 24 34'), [[], [1], [4]]],
  ['two triangles joined by one edge', 6, graph('12 23 13 45 56 46 34'), [[], [1], [5]]],
  ['two triangles joined by two edges', 6, graph('12 23 13 45 56 46 34 16'), [[], [2], [1, 4]]],
  ['two triangles joined by two edges at one vertex', 6, graph('12 23 13 45 56 46 34 35'), [[], [3], [6]]],
  ['a prism', 6, graph('12 23 13 45 56 46 14 25 36'), [[1], [5]]],
  ['a triangle with a triangle on each side', 6, graph('12 23 13 14 24 25 35 16 36'), [[], [1], [4]]],
  ['x1 at the tip of a triangle on a side', 6, graph('23 34 24 12 13 35 45 26 46'), [[], [1], [2]]],
  ['K4', 4, graph('12 13 14 23 24 34'), [[1], [2], [4]]],
  [
    'K5',
    5,
    graph('12 13 14 15 23 24 25 34 35 45'),
    [
      [1, 2],
      [2, 3],
      [1, 5],
      [4, 5],
    ],
  ],
  ['two hubs with three spokes', 5, graph('12 13 14 25 35 45'), [[]]],
  ['two hubs without x1 and four spokes', 6, graph('13 23 14 24 15 25 16 26'), [[], [3]]],
];
