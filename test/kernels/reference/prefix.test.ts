/** Root-causal trees of depth two against the definition, in which every other variable is masked against x1. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Matrix } from '../../../kernels/backend.ts';
import { load } from '../../../kernels/reference/index.ts';
import { expectedOutput, expectOutput, matrix, type Output, type Problem, runStep } from '../cases.ts';
import { long, prefixOutput, randomTree, shapes, small, stepOf } from '../prefixes.ts';

const backend = load();

describe('prefix', () => {
  it.each([2, 3, 4, 5])('agrees with the definition: t = %i, all sizes equal', (t) => {
    for (const [index, maxScore] of [1, 5, 50, 200].entries()) {
      for (const precision of ['float32', 'float64'] as const) {
        const sizes = Array.from({ length: t }, () => 6);
        const problem = randomTree({
          seed: 11 + index,
          precision,
          maxScore,
          biases: index % 2 === 1,
          sparseValues: index === 3,
          sizes,
        });
        expectOutput(prefixOutput(backend, problem), problem);
      }
    }
  });

  it('agrees with the definition when every variable has its own number of rows', () => {
    fc.assert(
      fc.property(shapes(small), (shape) => {
        const problem = randomTree(shape);
        expectOutput(prefixOutput(backend, problem), problem);
      }),
      { numRuns: 200 },
    );
  });

  it('agrees with the definition over several blocks', () => {
    fc.assert(
      fc.property(shapes(long), (shape) => {
        const problem = randomTree({ ...shape, sizes: shape.sizes });
        expectOutput(prefixOutput(backend, problem, [33]), problem);
      }),
      { numRuns: 6 },
    );
  });

  it('gives the same bits however its rows are cut into tiles, and in whatever order they come', () => {
    fc.assert(
      fc.property(shapes(fc.oneof(small, long)), fc.array(fc.nat(), { maxLength: 4 }), (shape, points) => {
        const problem = randomTree(shape);
        const n1 = shape.sizes[0];
        const whole = prefixOutput(backend, problem);
        const cuts = points.map((point) => point % (n1 + 1)).sort((a, b) => a - b);
        const tiled = prefixOutput(backend, problem, cuts);
        // Bounds that go down again: the second half first, then the first half, from states that have gone too far.
        const backwards = prefixOutputBackwards(problem, Math.ceil(n1 / 2));
        for (const other of [tiled, backwards]) {
          expect(other.message.data).toEqual(whole.message.data);
          expect(other.logSumExp.data).toEqual(whole.logSumExp.data);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('gives empty rows until the first admissible tuple', () => {
    const plain = randomTree({ seed: 3, precision: 'float64', maxScore: 5, biases: false, sparseValues: false, sizes: [9, 9, 9] });
    const bias = matrix('float64', 9, 1, (row) => (row < 5 ? -Infinity : row));
    const problem = { ...plain, variables: plain.variables.map((each, j) => (j === 2 ? { ...each, bias } : each)) };
    const truth = expectedOutput(problem);
    expect(Array.from(truth.logSumExp.data, (value) => value === -Infinity)).toEqual(
      Array.from({ length: 9 }, (_, row) => row < 5),
    );
    expectOutput(prefixOutput(backend, problem, [2, 4]), problem, truth);
  });

  it('does not read what lies after its rows', () => {
    const problem = randomTree({
      seed: 4,
      precision: 'float64',
      maxScore: 5,
      biases: false,
      sparseValues: false,
      sizes: [70, 70, 70],
    });
    const before = prefixOutput(backend, problem);
    const poison = (source: Matrix) => ({
      ...source,
      data: source.data.map((value, at) => (at < 40 * source.cols ? value : Number.NaN)),
    });
    const variables = problem.variables.map(({ queries, values, bias }) => ({
      queries: poison(queries),
      values: values && poison(values),
      bias,
    }));
    const after = prefixOutput(backend, { ...problem, variables });
    const dv = before.message.cols;
    expect(after.message.data.subarray(0, 40 * dv)).toEqual(before.message.data.subarray(0, 40 * dv));
    expect(after.logSumExp.data.subarray(0, 40)).toEqual(before.logSumExp.data.subarray(0, 40));
    expect(after.logSumExp.data.subarray(40).every(Number.isNaN)).toBe(true);
  });

  it('gives the log-sum-exp alone when no message is wanted', () => {
    const problem = randomTree({
      seed: 5,
      precision: 'float64',
      maxScore: 20,
      biases: true,
      sparseValues: false,
      sizes: [5, 6, 4, 7],
    });
    const whole = prefixOutput(backend, problem);
    const logSumExp = matrix('float64', 5, 1);
    runStep(backend, { ...stepOf(problem, whole), message: null, logSumExp }, 5, [2]);
    expect(logSumExp.data).toEqual(whole.logSumExp.data);
  });

  it('refuses operands of wrong shapes', () => {
    const problem = randomTree({ seed: 6, precision: 'float64', maxScore: 5, biases: true, sparseValues: false, sizes: [4, 4, 4] });
    const step = stepOf(problem, prefixOutput(backend, problem));
    const wrong = matrix('float64', 3, 9);
    expect(() => runStep(backend, { ...step, queries: wrong }, 3)).toThrow('prefix: queries');
    expect(() => runStep(backend, { ...step, logSumExp: wrong }, 4)).toThrow('prefix: logSumExp');
    expect(() => runStep(backend, { ...step, child: { ...step.child, bias: wrong } }, 4)).toThrow('prefix: bias');
  });
});

/** The same call in two tiles, the later rows first. */
function prefixOutputBackwards(problem: Problem, middle: number): Output {
  const whole = prefixOutput(backend, problem);
  const output = {
    message: { ...whole.message, data: whole.message.data.slice().fill(Number.NaN) },
    logSumExp: { ...whole.logSumExp, data: whole.logSumExp.data.slice().fill(Number.NaN) },
  };
  const step = stepOf(problem, output);
  const n1 = problem.variables[0].queries.rows;
  const control = new Int32Array(2);
  backend.run(step, { firstRow: middle, lastRow: n1, control, callId: -7 });
  backend.run(step, { firstRow: 0, lastRow: middle, control, callId: -7 });
  return output;
}
