/** Properties P1 to P11 of math.md §1.4, on the definition itself: two evaluations that must agree, so both tolerances are spent. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Matrix, Monomial, VariableOperands } from '../../../kernels/backend.ts';
import { expectedOutput, type Output, type Problem, randomMatrix, randomProblem, randomSource, tolerances } from '../cases.ts';
import { POLYNOMIALS, type PolynomialCase } from '../polynomials.ts';

/** Small enough that the longest, t = 5, stays at a few thousand tuples a row. */
const problems = fc
  .record({
    polynomial: fc.constantFrom(...POLYNOMIALS),
    seed: fc.integer({ min: 1, max: 1e6 }),
    maxScore: fc.constantFrom(1, 5, 50, 200),
    biases: fc.boolean(),
    sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 5, maxLength: 5 }),
  })
  .map(({ polynomial, ...options }) => randomProblem(polynomial, { precision: 'float64', ...options }));

function problemOf(name: string, maxScore: number, seed: number, sizes?: number[]): Problem {
  const polynomial = POLYNOMIALS.find((each) => each.name === name) as PolynomialCase;
  return randomProblem(polynomial, { precision: 'float64', seed, maxScore, ...(sizes && { sizes }) });
}

const seeds = fc.integer({ min: 1, max: 1e6 });
const scores = fc.constantFrom(1, 5, 50, 200);

function check<T>(arbitrary: fc.Arbitrary<T>, predicate: (value: T) => void): void {
  fc.assert(fc.property(arbitrary, predicate), { numRuns: 40 });
}

function withVariable(
  problem: Problem,
  x: number,
  change: (operands: VariableOperands<Matrix>) => VariableOperands<Matrix>,
): Problem {
  return { ...problem, variables: problem.variables.map((operands, j) => (j === x - 1 ? change(operands) : operands)) };
}

function mapData(source: Matrix, change: (value: number, at: number) => number): Matrix {
  return { ...source, data: Float64Array.from(source.data, change) };
}

function expectMessages(actual: Matrix, expected: Matrix, problem: Problem): void {
  const allowed = 2 * tolerances(problem).message;
  expect(actual.data.length).toBe(expected.data.length);
  for (const [at, value] of expected.data.entries()) expect(Math.abs(actual.data[at] - value)).toBeLessThanOrEqual(allowed);
}

function expectSame(actual: Output, expected: Output, problem: Problem): void {
  expectMessages(actual.message, expected.message, problem);
  const allowed = 2 * tolerances(problem).logSumExp;
  for (const [row, value] of expected.logSumExp.data.entries()) {
    if (value === -Infinity) expect(actual.logSumExp.data[row]).toBe(-Infinity);
    else expect(Math.abs(actual.logSumExp.data[row] - value)).toBeLessThanOrEqual(allowed);
  }
}

function columnMean(values: Matrix, c: number): number {
  let sum = 0;
  for (let l = 0; l < values.rows; l++) sum += values.data[l * values.cols + c];
  return sum / values.rows;
}

/** Softmax attention of one pair, written on its own: [n1, dv]. */
function softmaxAttention({ queries }: VariableOperands<Matrix>, keys: VariableOperands<Matrix>, scale: number): number[][] {
  const values = keys.values as Matrix;
  const d = queries.cols;
  return Array.from({ length: queries.rows }, (_, i) => {
    const scores = Array.from({ length: values.rows }, (_, l) => {
      let inner = 0;
      for (let c = 0; c < d; c++) inner += queries.data[i * d + c] * keys.queries.data[l * d + c];
      return scale * inner;
    });
    const top = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - top));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return Array.from({ length: values.cols }, (_, c) =>
      weights.reduce((sum, weight, l) => sum + (weight / total) * values.data[l * values.cols + c], 0),
    );
  });
}

function matrixOf(nested: number[][]): Matrix {
  return { data: Float64Array.from(nested.flat()), rows: nested.length, cols: nested[0].length };
}

describe('properties of the definition', () => {
  it('P1: values of one give one', () => {
    check(problems, (problem) => {
      const variables = problem.variables.map((each) => ({ ...each, values: each.values && mapData(each.values, () => 1) }));
      const { message, logSumExp } = expectedOutput({ ...problem, variables });
      for (const [at, value] of message.data.entries()) {
        const row = Math.floor(at / message.cols);
        expect(value).toBe(logSumExp.data[row] === -Infinity ? 0 : 1);
      }
    });
  });

  it('P2: queries of zero give the product of the mean values', () => {
    check(problems, (problem) => {
      const variables = problem.variables.map(({ queries, values }) => ({
        queries: mapData(queries, () => 0),
        values,
        bias: null,
      }));
      const zero = { ...problem, variables };
      const { message } = expectedOutput(zero);
      const means = Array.from({ length: message.cols }, (_, c) =>
        variables.slice(1).reduce((product, { values }) => product * columnMean(values as Matrix, c), 1),
      );
      expectMessages(message, matrixOf(Array.from({ length: message.rows }, () => means)), zero);
    });
  });

  it('P3: every channel lies within the range of the value product', () => {
    check(problems, (problem) => {
      const { message, logSumExp } = expectedOutput(problem);
      for (let c = 0; c < message.cols; c++) {
        let products = [1];
        for (const { values } of problem.variables.slice(1)) {
          const column = Array.from({ length: (values as Matrix).rows }, (_, l) => (values as Matrix).data[l * message.cols + c]);
          products = products.flatMap((product) => column.map((value) => product * value));
        }
        const slack = tolerances(problem).message;
        const least = products.reduce((a, b) => Math.min(a, b));
        const most = products.reduce((a, b) => Math.max(a, b));
        for (let row = 0; row < message.rows; row++) {
          if (logSumExp.data[row] === -Infinity) continue;
          expect(message.data[row * message.cols + c]).toBeGreaterThanOrEqual(least - slack);
          expect(message.data[row * message.cols + c]).toBeLessThanOrEqual(most + slack);
        }
      }
    });
  });

  it('P4: the order of the rows of x_j, j > 1, does not matter', () => {
    check(fc.tuple(problems, fc.integer({ min: 0, max: 6 })), ([problem, pick]) => {
      const x = 2 + (pick % (problem.variables.length - 1));
      const reverse = (source: Matrix) =>
        mapData(
          source,
          (_, at) => source.data[(source.rows - 1 - Math.floor(at / source.cols)) * source.cols + (at % source.cols)],
        );
      const turned = withVariable(problem, x, ({ queries, values, bias }) => ({
        queries: reverse(queries),
        values: values && reverse(values),
        bias: bias && reverse(bias),
      }));
      expectSame(expectedOutput(turned), expectedOutput(problem), problem);
    });
  });

  it('P5: variables that h treats alike may be exchanged', () => {
    check(
      fc.tuple(fc.constantFrom('triangle', 'star', '3-tensor', 'K4', '4-tensor', 'Y tree'), seeds, scores),
      ([name, seed, score]) => {
        const problem = problemOf(name, score, seed);
        const [a, b] = name === 'Y tree' ? [2, 3] : [1, 2];
        const variables = [...problem.variables];
        [variables[a], variables[b]] = [variables[b], variables[a]];
        expectSame(expectedOutput({ ...problem, variables }), expectedOutput(problem), problem);
      },
    );
  });

  it('P6: a star is the product of attentions', () => {
    check(fc.tuple(seeds, scores), ([seed, score]) => {
      const problem = problemOf('star', score, seed);
      const [root, ...leaves] = problem.variables;
      const arms = leaves.map((leaf) => softmaxAttention(root, leaf, problem.scale));
      const product = arms[0].map((row, i) => row.map((value, c) => value * arms[1][i][c] * arms[2][i][c]));
      expectMessages(expectedOutput(problem).message, matrixOf(product), problem);
    });
  });

  it('P7: a variable with queries of zero takes its monomials away and leaves its mean value', () => {
    check(fc.tuple(problems, fc.integer({ min: 0, max: 6 })), ([problem, pick]) => {
      const x = 2 + (pick % (problem.variables.length - 1));
      const zero = withVariable(problem, x, (each) => ({ ...each, queries: mapData(each.queries, () => 0), bias: null }));
      const monomials = zero.monomials.filter((monomial) => !monomial.variables.includes(x));
      const ones = withVariable({ ...zero, monomials }, x, (each) => ({
        ...each,
        values: each.values && mapData(each.values, () => 1),
      }));
      const rest = expectedOutput(ones);
      const values = zero.variables[x - 1].values as Matrix;
      const scaled = mapData(rest.message, (value, at) => value * columnMean(values, at % rest.message.cols));
      expectSame(expectedOutput(zero), { message: scaled, logSumExp: rest.logSumExp }, problem);
    });
  });

  it('P8: h is one t-tensor in dimension s d', () => {
    check(problems, (problem) => {
      const s = problem.monomials.length;
      const d = problem.variables[0].queries.cols;
      const variables = problem.variables.map((operands, j) => {
        const { rows, data } = operands.queries;
        const blocks = Array.from({ length: rows }, (_, l) =>
          problem.monomials.flatMap(({ coefficient, variables: members }) =>
            Array.from(
              { length: d },
              (_, c) => (j === members[0] - 1 ? coefficient : 1) * (members.includes(j + 1) ? data[l * d + c] : 1),
            ),
          ),
        );
        expect(blocks[0].length).toBe(s * d);
        return { ...operands, queries: matrixOf(blocks) };
      });
      const whole: Monomial = { coefficient: 1, variables: variables.map((_, j) => j + 1) };
      expectSame(expectedOutput({ ...problem, variables, monomials: [whole] }), expectedOutput(problem), problem);
    });
  });

  it('P9: a triangle whose x1 and x3 use disjoint coordinates is a path', () => {
    check(fc.tuple(seeds, scores), ([seed, score]) => {
      const triangle = problemOf('triangle', score, seed);
      const d = triangle.variables[0].queries.cols;
      const split = Math.ceil(d / 2);
      const left = withVariable(triangle, 1, (each) => ({
        ...each,
        queries: mapData(each.queries, (v, at) => (at % d < split ? v : 0)),
      }));
      const apart = withVariable(left, 3, (each) => ({
        ...each,
        queries: mapData(each.queries, (v, at) => (at % d < split ? 0 : v)),
      }));
      const path = { ...apart, monomials: apart.monomials.filter(({ variables }) => variables.join('') !== '13') };
      expect(path.monomials.length).toBe(2);
      expectSame(expectedOutput(apart), expectedOutput(path), triangle);
    });
  });

  it('P10: a bias of x1 moves the log-sum-exp alone', () => {
    check(fc.tuple(problems, seeds), ([problem, seed]) => {
      const bias = randomMatrix(randomSource(seed), 'float64', problem.variables[0].queries.rows, 1);
      const plain = expectedOutput(withVariable(problem, 1, (each) => ({ ...each, bias: null })));
      const moved = expectedOutput(withVariable(problem, 1, (each) => ({ ...each, bias })));
      const logSumExp = mapData(plain.logSumExp, (value, row) => value + bias.data[row]);
      expectSame(moved, { message: plain.message, logSumExp }, problem);
    });
  });

  it('P11: two variables are softmax attention', () => {
    check(fc.tuple(seeds, scores), ([seed, score]) => {
      const problem = problemOf('self', score, seed);
      const attention = softmaxAttention(problem.variables[0], problem.variables[1], problem.scale);
      expectMessages(expectedOutput(problem).message, matrixOf(attention), problem);
    });
  });
});
