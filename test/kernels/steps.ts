/** Steps of one size for what does not depend on their numbers, and what is wrong with some. */
import type { AttendStep, ConditionedStep, Matrix, Step } from '../../kernels/backend.ts';
import { tensorOf } from '../helpers/steps.ts';
import { matrix, randomMatrix, randomSource } from './cases.ts';

export function attendStep(n: number, d: number, seed = 1): AttendStep<Matrix> {
  const random = randomSource(seed);
  const [queries, keys, values] = Array.from({ length: 3 }, () => randomMatrix(random, 'float32', n, d)) as [
    Matrix,
    Matrix,
    Matrix,
  ];
  const results = { message: matrix('float32', n, d), logSumExp: matrix('float32', n, 1) };
  return { kind: 'attend', queries, keys, keyBias: null, values, scale: 1 / d, band: null, ...results };
}

/** x1 x2 x3 given x1. */
export function tensorStep(n: number, d: number, seed = 1, dv = d): ConditionedStep<Matrix> {
  const random = randomSource(seed);
  const step = tensorOf((rows, cols) => randomMatrix(random, 'float32', rows, cols), n, d, dv);
  // What no kernel has written yet is to be seen.
  return { ...step, message: matrix('float32', n, dv), logSumExp: matrix('float32', n, 1) };
}

/** x1 x2 x3 and the triangle. */
export const CUBIC = [
  { name: 'the tensor', monomials: [[1, 2, 3]] },
  {
    name: 'the triangle',
    monomials: [
      [1, 2],
      [2, 3],
      [1, 3],
    ],
  },
];

/** Changes that make a step on `tensorStep(30, ..)` with four value columns one that cannot be run. */
export const WRONG_CONDITIONED: readonly [what: string, change: (step: ConditionedStep<Matrix>) => ConditionedStep<Matrix>][] = [
  ['a variable in neither', (step) => ({ ...step, cutset: [] })],
  ['a variable in both', (step) => ({ ...step, cutset: [1, 2] })],
  ['parents before children', (step) => ({ ...step, forest: [...step.forest].reverse() })],
  ['a monomial off the forest', (step) => ({ ...step, forest: step.forest.map((node) => ({ ...node, parent: 0 })) })],
  [
    'parts of a rooted cutset',
    (step) => ({ ...step, parts: 2, message: matrix('float32', 60, 4), logSumExp: matrix('float32', 60, 1) }),
  ],
  ['a mask off the variables', (step) => ({ ...step, masks: [{ row: 1, column: 9, lowest: 0, highest: 1 }] })],
  ['values of another width', (step) => ({ ...step, message: matrix('float32', 30, 5) })],
  ['mixed precision', (step) => ({ ...step, logSumExp: matrix('float64', 30, 1) })],
];

/** `attendStep(8, 4)` with one operand that does not fit the others. */
export function wrongAttends(step: AttendStep<Matrix>): [operand: string, step: Step<Matrix>][] {
  return [
    ['queries', { ...step, keys: matrix('float32', 8, 5) }],
    ['values', { ...step, values: matrix('float32', 7, 4) }],
    ['message', { ...step, message: matrix('float32', 9, 4) }],
    ['logSumExp', { ...step, logSumExp: { data: new Float32Array(7), rows: 8, cols: 1 } }],
    ['float32', { ...step, values: matrix('float64', 8, 4) }],
  ];
}
