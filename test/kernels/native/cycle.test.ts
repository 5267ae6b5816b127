import { describe, expect, it } from 'vitest';
import { CONTROL_CELLS, type CycleStep, FAST_ROWS, type Matrix, PROGRESS } from '../../../kernels/backend.ts';
import type { NativeBackend } from '../../../kernels/native/index.ts';
import {
  expectedOutput,
  expectOutput,
  matrix,
  type Output,
  type Problem,
  precisionOf,
  randomProblem,
  randomSource,
} from '../cases.ts';
import { adversarial, cycleOf, ORDERS } from '../cycles.ts';
import { SETS_AND_PRECISIONS } from './sets.ts';

interface Outcome extends Output {
  readonly fallbackRows: number;
  readonly fastRows: number;
}

let calls = 1e6;

function run(
  backend: NativeBackend,
  problem: Problem,
  order: readonly number[],
  product: CycleStep<Matrix>['product'],
  cuts: number[] = [],
): Outcome {
  const { rows } = problem.variables[0].queries;
  const precision = precisionOf(problem);
  const dv = problem.variables.find(({ values }) => values !== null)?.values?.cols ?? 1;
  const message = matrix(precision, rows, dv);
  const logSumExp = matrix(precision, rows, 1);
  const step: CycleStep<Matrix> = { kind: 'cycle', ...problem, order, product, message, logSumExp };
  const control = new Int32Array(CONTROL_CELLS);
  const callId = ++calls;
  let fallbackRows = 0;
  for (const [i, firstRow] of [0, ...cuts].entries()) {
    const tile = { firstRow, lastRow: cuts[i] ?? rows, control, callId };
    fallbackRows += backend.run(step, tile).fallbackRows;
  }
  expect(control[PROGRESS]).toBe(rows);
  return { message, logSumExp, fallbackRows, fastRows: control[FAST_ROWS] };
}

describe.each(SETS_AND_PRECISIONS)('cycle on $isa in $precision', ({ backend, precision }) => {
  it.each(ORDERS.map((order) => ({ order })))('computes $order at any score, with biases and odd sizes', ({ order }) => {
    for (const [seed, maxScore] of [0.1, 1, 5, 50, 200, 5].entries()) {
      const options = { seed, precision, maxScore, biases: seed % 2 === 1, sparseValues: seed === 5 };
      const problem = randomProblem(cycleOf(order), options);
      expectOutput(run(backend, problem, order, 'gemm', [1]), problem);
    }
  });

  it('crosses panels and runs, in tiles of any size', () => {
    const sizes = [141, 9, 301];
    const problem = randomProblem(cycleOf([1, 2, 3]), { seed: 11, precision, maxScore: 4, sizes, d: 9, dv: 5 });
    const expected = expectedOutput(problem);
    const whole = run(backend, problem, [1, 2, 3], 'gemm');
    const tiles = run(backend, problem, [1, 2, 3], 'gemm', [3, 67, 131]);
    expect(whole.fallbackRows).toBe(0);
    expectOutput(whole, problem, expected);
    expectOutput(tiles, problem, expected);
  });

  it('leaves rows empty where a variable has no admissible row', () => {
    for (let blocked = 1; blocked < 5; blocked++) {
      const problem = randomProblem(cycleOf([1, 2, 3, 4]), { seed: 5, precision, maxScore: 3, sizes: [4, 4, 4, 4] });
      const variables = problem.variables.map((operands, j) =>
        j === blocked - 1 ? { ...operands, bias: matrix(precision, 4, 1, () => -Infinity) } : operands,
      );
      const result = run(backend, { ...problem, variables }, [1, 2, 3, 4], 'gemm');
      expect(Array.from(result.logSumExp.data)).toEqual([-Infinity, -Infinity, -Infinity, -Infinity]);
      expect(result.message.data.every((value) => value === 0)).toBe(true);
      expect(result.fallbackRows).toBe(0);
    }
  });

  it('is right on thousands of rows made to underflow, by falling back on those that do', () => {
    let fallbacks = 0;
    let accepted = 0;
    for (let seed = 0; seed < 12; seed++) {
      const problem = adversarial(precision, seed, precision === 'float32' ? 300 : 2400);
      const result = run(backend, problem, [1, 2, 3], 'gemm');
      expectOutput(result, problem);
      fallbacks += result.fallbackRows;
      accepted += problem.variables[0].queries.rows - result.fallbackRows;
    }
    expect(fallbacks).toBeGreaterThan(50);
    expect(accepted).toBeGreaterThan(50);
  });
});

// The classical product in fp64, tested above, stands for the definition: n^3 tuples would take minutes.
describe.each(SETS_AND_PRECISIONS)('the fast product on $isa in $precision', ({ backend, precision }) => {
  const widened = (problem: Problem): Problem => {
    const widen = (operand: Matrix | null) => operand && { ...operand, data: Float64Array.from(operand.data) };
    const variables = problem.variables.map(({ queries, values, bias }) => ({
      queries: { ...queries, data: Float64Array.from(queries.data) },
      values: widen(values),
      bias: widen(bias),
    }));
    return { ...problem, variables };
  };
  const problemOf = (sizes: number[], score: number): Problem => {
    const random = randomSource(31);
    const random2 = () => 2 * random() - 1;
    const variables = sizes.map((n, j) => ({
      queries: matrix(precision, n, 3, random2),
      values: j > 0 ? matrix(precision, n, 2, () => 10 * random2()) : null,
      bias: matrix(precision, n, 1, () => (random() < 0.1 ? -Infinity : 0)),
    }));
    return { variables, monomials: cycleOf([1, 2, 3]).monomials, masks: [], scale: score / 3 };
  };

  it.each([
    { name: 'one level', sizes: [150, 391, 402] },
    { name: 'two levels', sizes: [261, 771, 790] },
  ])('keeps every accepted row within its certificate, by $name', ({ sizes }) => {
    for (const score of [0.2, 60]) {
      const problem = problemOf(sizes, score);
      const fast = run(backend, problem, [1, 2, 3], 'fast', [70]);
      const truth = run(backend, widened(problem), [1, 2, 3], 'gemm');
      const allowed = 3e-5 * 100; // the certificate's 1e-5, for numerator and denominator and rounding, times max|V2| max|V3|
      const scores = precision === 'float32' ? 4e-7 * 2 * (1 + score) * 100 : 0;
      for (const [i, value] of fast.message.data.entries()) {
        expect(Math.abs(value - truth.message.data[i])).toBeLessThanOrEqual(allowed + scores);
      }
      for (const [i, value] of fast.logSumExp.data.entries()) {
        if (truth.logSumExp.data[i] === -Infinity) expect(value).toBe(-Infinity);
        else expect(Math.abs(value - truth.logSumExp.data[i])).toBeLessThanOrEqual(3e-5 + 1e-6 * (1 + score));
      }
      if (score < 1) expect(fast.fallbackRows).toBe(0);
      else expect(fast.fallbackRows).toBeGreaterThan(100);
      expect(fast.fastRows).toBe(sizes[0] - fast.fallbackRows);
    }
  });

  it.each([
    { name: 'one level', sizes: [150, 771, 790] },
    { name: 'two levels', sizes: [261, 771, 790] },
  ])('measured first, is taken where scores are small and left where they are not, by $name', ({ sizes }) => {
    for (const score of [0.2, 60]) {
      const problem = problemOf(sizes, score);
      const chosen = run(backend, problem, [1, 2, 3], 'auto', [70]);
      const [fast, gemm] = (['fast', 'gemm'] as const).map((product) => run(backend, problem, [1, 2, 3], product, [70]));
      expect(chosen.fastRows).toBe(score < 1 ? sizes[0] : 0);
      // The choice changes nothing else: the numbers are those of the product that was taken, bit for bit.
      const same = score < 1 ? fast : gemm;
      expect(chosen.fallbackRows).toBe(same?.fallbackRows);
      expect(chosen.message.data).toEqual(same?.message.data);
      expect(chosen.logSumExp.data).toEqual(same?.logSumExp.data);
    }
  });

  it('measured first, decides alike for all tiles, whatever comes first', () => {
    const problem = problemOf([150, 771, 790], 0.2);
    const [whole, cut] = [[], [1, 40, 149]].map((cuts) => run(backend, problem, [1, 2, 3], 'auto', cuts));
    expect([whole?.fastRows, cut?.fastRows]).toEqual([150, 150]);
  });

  it('measured first, does not ask for it below the crossover or on longer cycles', () => {
    expect(run(backend, problemOf([150, 700, 790], 0.2), [1, 2, 3], 'auto').fastRows).toBe(0);
    const square = { ...problemOf([150, 771, 771, 771], 0.2), monomials: cycleOf([1, 2, 3, 4]).monomials };
    expect(run(backend, square, [1, 2, 3, 4], 'auto').fastRows).toBe(0);
  });
});
