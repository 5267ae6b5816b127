import { describe, expect, it } from 'vitest';
import type { Matrix, PairMask, VariableOperands } from '../../../kernels/backend.ts';
import { load } from '../../../kernels/reference/index.ts';
import { expectedOutput, type Output, type Problem, runStep } from '../cases.ts';

/** A column of the given rows. */
function rows(...entries: (number | number[])[]): Matrix {
  const nested = entries.map((entry) => [entry].flat());
  return { data: Float64Array.from(nested.flat()), rows: nested.length, cols: nested[0].length };
}

function variable(queries: Matrix, values: Matrix | null = null, bias: Matrix | null = null): VariableOperands<Matrix> {
  return { queries, values, bias };
}

function evaluate(monomials: number[][], variables: VariableOperands<Matrix>[], scale = 1, masks: PairMask[] = []): Output {
  const problem: Problem = {
    variables,
    monomials: monomials.map((members) => ({ coefficient: 1, variables: members })),
    masks,
    scale,
  };
  return expectedOutput(problem);
}

function expectRows(actual: Matrix, expected: number[]): void {
  expect(actual.data.length).toBe(expected.length);
  for (const [at, value] of expected.entries()) {
    if (Number.isFinite(value)) expect(actual.data[at]).toBeCloseTo(value, 13);
    else expect(actual.data[at]).toBe(value);
  }
}

const ln = Math.log;

/** Queries are logarithms, so that every tuple's weight below is a whole number that can be followed by hand. */
describe('the definition, by hand', () => {
  it('self: weights 2 and 6 on values 10 and 20', () => {
    const output = evaluate([[1, 2]], [variable(rows(1)), variable(rows(ln(2), ln(6)), rows(10, 20))]);
    expectRows(output.message, [(2 * 10 + 6 * 20) / 8]);
    expectRows(output.logSumExp, [ln(8)]);
  });

  it('the inner product runs over d coordinates and is multiplied by the scale', () => {
    // (1*2 + 2*1) * 0.25 = 1 and (1*0 + 2*4) * 0.25 = 2.
    const output = evaluate([[1, 2]], [variable(rows([1, 2])), variable(rows([2, 1], [0, 4]), rows(0, 1))], 0.25);
    expectRows(output.message, [Math.E ** 2 / (Math.E + Math.E ** 2)]);
    expectRows(output.logSumExp, [ln(Math.E + Math.E ** 2)]);
  });

  it('path: x2 weighs e^(x1 x2) times the sum over x3 of e^(x2 x3)', () => {
    // Tuples (l2, l3): e^(x2 + x2 x3) with x2 in {0, ln 2}, x3 in {0, 1} are 1, 1, 2, 4; values v2 v3 are 5, 35, 3, 21.
    const output = evaluate(
      [
        [1, 2],
        [2, 3],
      ],
      [variable(rows(1)), variable(rows(0, ln(2)), rows(5, 3)), variable(rows(0, 1), rows(1, 7))],
    );
    expectRows(output.message, [(5 + 35 + 2 * 3 + 4 * 21) / 8]);
    expectRows(output.logSumExp, [ln(8)]);
  });

  it('a monomial of three is a three-way inner product', () => {
    // x1 = (1, 1): tuples weigh e^(x2 x3 + x2' x3'): (ln 2, 0)·(1, 5) -> 2, (ln 2, 0)·(2, 5) -> 4, (0, ln 3)·(1, 5) -> 243.
    const output = evaluate(
      [[1, 2, 3]],
      [variable(rows([1, 1])), variable(rows([ln(2), 0], [0, ln(3)]), rows(1, 2)), variable(rows([1, 5], [2, 5]), rows(1, 10))],
    );
    expectRows(output.message, [(2 * 1 + 4 * 10 + 243 * 2 + 243 * 20) / (2 + 4 + 243 + 243)]);
    expectRows(output.logSumExp, [ln(492)]);
  });

  it('the output row of x1 has its own scores, and channels do not mix', () => {
    const output = evaluate([[1, 2]], [variable(rows(0, 1)), variable(rows(0, ln(3)), rows([1, 0], [0, 1]))]);
    expectRows(output.message, [1 / 2, 1 / 2, 1 / 4, 3 / 4]);
    expectRows(output.logSumExp, [ln(2), ln(4)]);
  });

  it('coefficients multiply their monomial', () => {
    const problem: Problem = {
      variables: [variable(rows(1)), variable(rows(0, 1), rows(0, 1))],
      monomials: [{ coefficient: ln(3), variables: [1, 2] }],
      masks: [],
      scale: 1,
    };
    expectRows(expectedOutput(problem).message, [3 / 4]);
  });

  it('biases of x1 move the log-sum-exp alone; other biases weigh their rows', () => {
    const output = evaluate(
      [[1, 2]],
      [variable(rows(0), null, rows(7)), variable(rows(0, 0, 0), rows(1, 2, 100), rows(ln(3), ln(1), -Infinity))],
    );
    expectRows(output.message, [(3 * 1 + 2) / 4]);
    expectRows(output.logSumExp, [7 + ln(4)]);
  });

  it('rows without an admissible tuple are zero with log-sum-exp -Infinity', () => {
    const keys = variable(rows(1, 2), rows(3, 4), rows(-Infinity, -Infinity));
    const all = evaluate([[1, 2]], [variable(rows(1, 2)), keys]);
    expectRows(all.message, [0, 0]);
    expectRows(all.logSumExp, [-Infinity, -Infinity]);
    const one = evaluate([[1, 2]], [variable(rows(0, 0), null, rows(-Infinity, 0)), variable(rows(1, 1), rows(3, 5))]);
    expectRows(one.message, [0, 4]);
    expectRows(one.logSumExp, [-Infinity, ln(2)]);
  });

  it('a pair mask admits lowest <= l_row - l_column <= highest', () => {
    const variables = [variable(rows(0, 0, 0)), variable(rows(0, 0, 0), rows(1, 2, 4))];
    const causal = evaluate([[1, 2]], variables, 1, [{ row: 1, column: 2, lowest: 0, highest: Infinity }]);
    expectRows(causal.message, [1, 3 / 2, 7 / 3]);
    const future = evaluate([[1, 2]], variables, 1, [{ row: 2, column: 1, lowest: 1, highest: 1 }]);
    expectRows(future.message, [2, 4, 0]);
    expectRows(future.logSumExp, [0, 0, -Infinity]);
  });

  it('a mask between variables of no common monomial holds too', () => {
    const variables = [variable(rows(0)), variable(rows(0, 0), rows(1, 10)), variable(rows(0, 0), rows(1, 3))];
    const output = evaluate([[1, 2]], variables, 1, [{ row: 2, column: 3, lowest: 0, highest: 0 }]);
    expectRows(output.message, [(1 * 1 + 10 * 3) / 2]);
  });

  it('values left out are all ones, and the message may be left out', () => {
    const variables = [variable(rows(1)), variable(rows(0, 0)), variable(rows(0, ln(3)), rows(4, 8))];
    const monomials = [{ coefficient: 1, variables: [1, 3] }];
    const output = expectedOutput({ variables, monomials, masks: [], scale: 1 });
    expectRows(output.message, [(4 + 3 * 8) / 4]);
    const logSumExp = rows(0);
    runStep(load(), { kind: 'definition', variables, monomials, masks: [], scale: 1, message: null, logSumExp }, 1);
    expectRows(logSumExp, [ln(8)]);
  });

  it('does not overflow at scores of 1000', () => {
    const output = evaluate([[1, 2]], [variable(rows(1, -1)), variable(rows(1000, 1000 + ln(3)), rows(0, 1))]);
    expect(output.message.data[0]).toBeCloseTo(3 / 4, 11);
    expect(output.message.data[1]).toBeCloseTo(1 / 4, 11);
    expect(output.logSumExp.data[0]).toBeCloseTo(1000 + ln(4), 11);
  });
});
