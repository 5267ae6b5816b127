/** Random attend steps, and the same as polynomials of two variables for the oracle. */
import fc from 'fast-check';
import type { AttendStep, Band, Matrix, Precision } from '../../kernels/backend.ts';
import { matrix, type Output, type Problem, randomMatrix, randomSource } from './cases.ts';

export interface AttendCase {
  readonly seed: number;
  readonly nq: number;
  readonly nk: number;
  readonly d: number;
  readonly dv: number;
  readonly score: number; // about the largest
  readonly blocked: number; // share of keys with bias -Infinity
  readonly band: Band | null;
}

export type RandomAttend = AttendStep<Matrix> & { readonly queries: Matrix; readonly message: Matrix };

export function randomAttend(precision: Precision, shape: AttendCase): RandomAttend {
  const { nq, nk, d, dv } = shape;
  const random = randomSource(shape.seed);
  return {
    kind: 'attend',
    queries: randomMatrix(random, precision, nq, d),
    keys: randomMatrix(random, precision, nk, d),
    keyBias: matrix(precision, nk, 1, () => (random() < shape.blocked ? -Infinity : 2 * random() - 1)),
    values: randomMatrix(random, precision, nk, dv),
    scale: (3 * shape.score) / d,
    band: shape.band,
    message: matrix(precision, nq, dv),
    logSumExp: matrix(precision, nq, 1),
  };
}

/** The same as a polynomial of two variables, for the oracle. */
export function asProblem(step: RandomAttend): Problem {
  return {
    variables: [
      { queries: step.queries, values: null, bias: null },
      { queries: step.keys, values: step.values, bias: step.keyBias },
    ],
    monomials: [{ coefficient: 1, variables: [1, 2] }],
    masks: step.band === null ? [] : [{ row: 1, column: 2, ...step.band }],
    scale: step.scale,
  };
}

export const outputOf = ({ message, logSumExp }: RandomAttend): Output => ({ message, logSumExp });

/** For shapes of some hundred rows and keys. */
export const BANDS: readonly { readonly name: string; readonly band: Band | null }[] = [
  { name: 'no mask', band: null },
  { name: 'causal', band: { lowest: 0, highest: Infinity } },
  { name: 'a window', band: { lowest: 0, highest: 99 } },
  { name: 'a band off the diagonal', band: { lowest: -400, highest: -300 } },
  { name: 'a single key each', band: { lowest: 0, highest: 0 } },
  { name: 'nothing', band: { lowest: 1, highest: 0 } },
];

const limit = fc.oneof(fc.integer({ min: -90, max: 90 }), fc.constant(-Infinity), fc.constant(Infinity));
export const attendCases = fc.record({
  seed: fc.integer({ min: 0, max: 1e6 }),
  nq: fc.integer({ min: 1, max: 90 }),
  nk: fc.integer({ min: 1, max: 230 }),
  d: fc.integer({ min: 1, max: 70 }),
  dv: fc.integer({ min: 1, max: 140 }),
  score: fc.constantFrom(0.5, 5, 200),
  blocked: fc.constantFrom(0, 0.2, 0.9, 1),
  band: fc.option(fc.record({ lowest: limit, highest: limit })),
});
