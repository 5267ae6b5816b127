/** Steps of one size for what does not depend on their numbers. */
import type { AttendStep, ConditionedStep, Matrix } from '../../../kernels/backend.ts';
import { matrix, randomMatrix, randomSource } from '../cases.ts';

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
  const operands = (values: boolean) => ({
    queries: randomMatrix(random, 'float32', n, d),
    values: values ? randomMatrix(random, 'float32', n, dv) : null,
    bias: null,
  });
  return {
    kind: 'conditioned',
    variables: [operands(false), operands(true), operands(true)],
    monomials: [{ coefficient: 1, variables: [1, 2, 3] }],
    masks: [],
    scale: 1 / d,
    cutset: [1],
    forest: [
      { variable: 3, parent: 2 },
      { variable: 2, parent: 0 },
    ],
    parts: 1,
    message: matrix('float32', n, dv),
    logSumExp: matrix('float32', n, 1),
  };
}
