/** Root-causal trees of depth two against the definition, in which every other variable is masked against x1. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Matrix, PROGRESS } from '../../../kernels/backend.ts';
import { expectedOutput, expectOutput, matrix, type Problem, runStep } from '../cases.ts';
import { long, prefixOutput, randomTree, type Shape, shapes, small, stepOf } from '../prefixes.ts';
import { SETS_AND_PRECISIONS } from './sets.ts';

describe.each(SETS_AND_PRECISIONS)('prefix on $isa in $precision', ({ backend, precision }) => {
  const treeOf = (sizes: readonly number[], rest: Partial<Shape> = {}): Problem =>
    randomTree({ seed: 7, precision, maxScore: 5, biases: false, sparseValues: false, ...rest, sizes });

  it.each([2, 3, 4, 5, 6])('agrees with the definition: t = %i, all sizes equal', (t) => {
    for (const [index, maxScore] of [1, 5, 50, 200].entries()) {
      const sizes = Array.from({ length: t }, () => (t === 6 ? 4 : 6));
      const problem = treeOf(sizes, { seed: 11 + index, maxScore, biases: index % 2 === 1, sparseValues: index === 3 });
      expectOutput(prefixOutput(backend, problem), problem);
    }
  });

  it('agrees with the definition when every variable has its own number of rows', () => {
    fc.assert(
      fc.property(shapes(small, [precision]), (shape) => {
        const problem = randomTree(shape);
        expectOutput(prefixOutput(backend, problem), problem);
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it('agrees with the definition over several blocks, in tiles that begin anywhere', () => {
    fc.assert(
      fc.property(shapes(long, [precision]), fc.array(fc.nat(), { maxLength: 3 }), (shape, points) => {
        const problem = randomTree(shape);
        const cuts = points.map((point) => point % (shape.sizes[0] + 1)).sort((a, b) => a - b);
        expectOutput(prefixOutput(backend, problem, cuts), problem);
      }),
      { numRuns: 6, seed: 2 },
    );
  });

  it('holds any number of channels, and scores that rise or fall along the rows', () => {
    for (const slope of [-3, 3]) {
      const plain = treeOf([70, 66, 70], { seed: 5 });
      const random = (rows: number, cols: number) => matrix(precision, rows, cols, (at) => Math.sin(1 + at * 1.7));
      const bias = matrix(precision, 70, 1, (row) => (slope * row) / 2);
      const variables = plain.variables.map((each, j) => ({
        ...each,
        values: j === 0 ? null : random(each.queries.rows, 37),
        bias: j === 2 ? bias : null,
      }));
      const problem = { ...plain, variables };
      expectOutput(prefixOutput(backend, problem, [33]), problem);
    }
  });

  it('gives empty rows until the first admissible tuple', () => {
    const plain = treeOf([80, 80, 80], { seed: 3 });
    for (const [variable, empty] of [
      [1, 5],
      [2, 70],
    ]) {
      const bias = matrix(precision, 80, 1, (row) => (row < empty ? -Infinity : row / 8));
      const problem = { ...plain, variables: plain.variables.map((each, j) => (j === variable ? { ...each, bias } : each)) };
      const truth = expectedOutput(problem);
      expect(truth.logSumExp.data.findIndex((value) => value > -Infinity)).toBe(empty);
      expectOutput(prefixOutput(backend, problem, [2, 68]), problem, truth);
    }
  });

  it('gives empty rows where a variable has no rows at all', () => {
    const plain = treeOf([70, 9, 8, 7]);
    for (const variable of [1, 2, 3]) {
      const none = (source: Matrix) => matrix(precision, 0, source.cols);
      const variables = plain.variables.map((each, j) =>
        j === variable ? { queries: none(each.queries), values: each.values && none(each.values), bias: null } : each,
      );
      const { message, logSumExp } = prefixOutput(backend, { ...plain, variables }, [9]);
      expect(logSumExp.data.every((value) => value === -Infinity)).toBe(true);
      expect(message.data.every((value) => value === 0)).toBe(true);
    }
  });

  it('does not read what lies after its rows: no bit of them changes', () => {
    const problem = treeOf([75, 75, 41, 5], { seed: 4 });
    const poison = (source: Matrix) => ({
      ...source,
      data: source.data.map((value, at) => (at < 40 * source.cols ? value : Number.NaN)),
    });
    const variables = problem.variables.map(({ queries, values, bias }) => ({
      queries: poison(queries),
      values: values && poison(values),
      bias,
    }));
    const before = prefixOutput(backend, problem);
    const after = prefixOutput(backend, { ...problem, variables });
    const dv = before.message.cols;
    expect(after.message.data.subarray(0, 40 * dv)).toEqual(before.message.data.subarray(0, 40 * dv));
    expect(after.logSumExp.data.subarray(0, 40)).toEqual(before.logSumExp.data.subarray(0, 40));
    expect(after.logSumExp.data).not.toEqual(before.logSumExp.data);
  });

  it('gives the log-sum-exp alone when no message is wanted, and ones where nothing has values', () => {
    const problem = treeOf([75, 70, 12, 9], { seed: 5, maxScore: 20, biases: true });
    const whole = prefixOutput(backend, problem, [2]);
    const logSumExp = matrix(precision, 75, 1);
    runStep(backend, { ...stepOf(problem, whole), message: null, logSumExp }, 75, [2]);
    expect(logSumExp.data).toEqual(whole.logSumExp.data);
    const bare = { ...problem, variables: problem.variables.map((each) => ({ ...each, values: null })) };
    const message = matrix(precision, 75, 3);
    runStep(backend, { ...stepOf(bare, { message, logSumExp }) }, 75);
    for (const [at, value] of message.data.entries()) {
      expect(value).toBeCloseTo(logSumExp.data[Math.floor(at / 3)] === -Infinity ? 0 : 1, 5);
    }
  });

  it('counts rows, stops when the flag is set, and does not mistake one call for another', () => {
    const problem = treeOf([100, 70, 9]);
    const whole = prefixOutput(backend, problem);
    const step = stepOf(problem, { message: matrix(precision, 100, whole.message.cols), logSumExp: matrix(precision, 100, 1) });
    const control = new Int32Array(2);
    backend.run(step, { firstRow: 10, lastRow: 97, control, callId: 92_001 });
    expect(control[PROGRESS]).toBe(87);
    control[0] = 1;
    backend.run(step, { firstRow: 0, lastRow: 10, control, callId: 92_001 });
    expect(control[PROGRESS]).toBe(87);
    expect(Number.isNaN(step.logSumExp.data[0])).toBe(true);
    prefixOutput(backend, treeOf([100, 70, 9], { seed: 8 }));
    expect(prefixOutput(backend, problem).message.data).toEqual(whole.message.data);
  });

  it('refuses operands of wrong shapes', () => {
    const problem = treeOf([4, 4, 4], { biases: true });
    const step = stepOf(problem, prefixOutput(backend, problem));
    const wrong = matrix(precision, 3, 9);
    expect(() => runStep(backend, { ...step, queries: wrong }, 3)).toThrow('native: keys');
    expect(() => runStep(backend, { ...step, logSumExp: wrong }, 4)).toThrow('native: logSumExp');
    expect(() => runStep(backend, { ...step, child: { ...step.child, bias: wrong } }, 4)).toThrow('native: bias');
  });
});
