import type { ConditionedStep, Matrix } from '../../kernels/backend.ts';

/** x1 x2 x3 given x1; `operand` fills queries [n, d], values [n, dv] and, to be written over, the results. */
export function tensorOf(
  operand: (rows: number, cols: number) => Matrix,
  n: number,
  d: number,
  dv: number,
): ConditionedStep<Matrix> {
  const variable = (values: boolean) => ({ queries: operand(n, d), values: values ? operand(n, dv) : null, bias: null });
  return {
    kind: 'conditioned',
    variables: [variable(false), variable(true), variable(true)],
    monomials: [{ coefficient: 1, variables: [1, 2, 3] }],
    masks: [],
    scale: 1 / d,
    cutset: [1],
    forest: [
      { variable: 3, parent: 2 },
      { variable: 2, parent: 0 },
    ],
    parts: 1,
    message: operand(n, dv),
    logSumExp: operand(n, 1),
  };
}
