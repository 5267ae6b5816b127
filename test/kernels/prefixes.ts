/** Root-causal trees of depth two, which every back end's `prefix` step is tried on, and ways to run them. */
import fc from 'fast-check';
import type { Backend, Matrix, Monomial, PairMask, Precision, PrefixStep } from '../../kernels/backend.ts';
import { matrix, type Output, type Problem, precisionOf, randomProblem, runStep } from './cases.ts';

/** x1 x2 + x2 x3 + .. + x2 xt: x2 is the child, the others its children; coefficients other than one. */
function tree(t: number): { t: number; monomials: Monomial[] } {
  const monomials = [{ coefficient: 0.75, variables: [1, 2] }];
  for (let g = 3; g <= t; g++) monomials.push({ coefficient: g - 4.5, variables: [2, g] });
  return { t, monomials };
}

function rootCausal(t: number): PairMask[] {
  return Array.from({ length: t - 1 }, (_, index) => ({ row: 1, column: index + 2, lowest: 0, highest: Infinity }));
}

export function stepOf({ variables, monomials, scale }: Problem, output: Output): PrefixStep<Matrix> {
  const [root, child, ...grandchildren] = variables;
  const [{ coefficient }, ...rest] = monomials;
  return {
    kind: 'prefix',
    queries: root.queries,
    child,
    coefficient,
    grandchildren: grandchildren.map((operands, index) => ({ operands, coefficient: rest[index].coefficient })),
    scale,
    ...output,
  };
}

export function prefixOutput(backend: Backend, problem: Problem, cuts: readonly number[] = []): Output {
  const n1 = problem.variables[0].queries.rows;
  const dv = problem.variables.find(({ values }) => values !== null)?.values?.cols ?? 1;
  const output = { message: matrix(precisionOf(problem), n1, dv), logSumExp: matrix(precisionOf(problem), n1, 1) };
  runStep(backend, stepOf(problem, output), n1, cuts);
  return output;
}

export interface Shape {
  readonly seed: number;
  readonly precision: Precision;
  readonly maxScore: number;
  readonly biases: boolean;
  readonly sparseValues: boolean;
  readonly sizes: readonly number[];
}

export function randomTree({ sizes, ...options }: Shape): Problem {
  // The root's bias belongs to the `combine` step that joins its children's messages.
  const problem = randomProblem(tree(sizes.length), { ...options, sizes, masks: rootCausal(sizes.length) });
  return { ...problem, variables: problem.variables.map((each, j) => (j === 0 ? { ...each, bias: null } : each)) };
}

export function shapes(
  sizes: fc.Arbitrary<readonly number[]>,
  precisions: readonly Precision[] = ['float32', 'float64'],
): fc.Arbitrary<Shape> {
  return fc.record({
    seed: fc.integer({ min: 1, max: 1e6 }),
    precision: fc.constantFrom(...precisions),
    maxScore: fc.constantFrom(1, 5, 50, 200),
    biases: fc.boolean(),
    sparseValues: fc.boolean(),
    sizes,
  });
}

export const small = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 2, maxLength: 5 });
export const long = fc.tuple(fc.integer({ min: 60, max: 140 }), fc.integer({ min: 1, max: 150 }), fc.integer({ min: 1, max: 150 }));
