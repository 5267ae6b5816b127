/** Operands as they are when they came as float16. */
import type { Matrix, VariableOperands } from '../../../kernels/backend.ts';
import { matrix, type Problem } from '../cases.ts';

/** A matrix rounded to halves, with their bits. */
export function halved({ rows, cols, data }: Matrix): Matrix & { readonly half: Uint16Array } {
  const half = new Float16Array(data);
  return { data: new Float32Array(half), half: new Uint16Array(half.buffer), rows, cols };
}

/** Halves and nothing else: whoever reads `data` reads NaN. */
export const hidden = ({ rows, cols, half }: Matrix): Matrix => ({ ...matrix('float32', rows, cols), ...(half && { half }) });

function changed(problem: Problem, how: (matrix: Matrix, variable: number) => Matrix): Problem {
  const variables = problem.variables.map(({ queries, values, bias }, j): VariableOperands<Matrix> => {
    return { queries: how(queries, j + 1), values: values && how(values, j + 1), bias };
  });
  return { ...problem, variables };
}

/** The problem in halves, and as the device gets it: what the host has to look at, the fixed rows, can be read in both ways. */
export function halvedProblem(problem: Problem, cutset: readonly number[]): { readonly truth: Problem; readonly given: Problem } {
  return {
    truth: changed(problem, halved),
    given: changed(problem, (whole, variable) => (cutset.includes(variable) ? halved(whole) : hidden(halved(whole)))),
  };
}

/** The same numbers in single precision alone. */
export const withoutHalves = (problem: Problem): Problem => changed(problem, ({ data, rows, cols }) => ({ data, rows, cols }));
