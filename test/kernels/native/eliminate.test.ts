import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EliminateStep, type Matrix, PROGRESS } from '../../../kernels/backend.ts';
import { expectedOutput, expectOutput, matrix, type Problem, randomProblem, randomSource, runStep } from '../cases.ts';
import { eliminateOutput, expectSameBits, graph, HARD, orderOf } from '../eliminations.ts';
import { addMasks, asMonomials, connectedGraphs } from '../graphs.ts';
import { POLYNOMIALS } from '../polynomials.ts';
import { SETS_AND_PRECISIONS } from './sets.ts';

const diamond = { t: 4, monomials: asMonomials(graph('12 13 23 24 34')) };

describe.each(SETS_AND_PRECISIONS)('eliminate on $isa in $precision', ({ backend, precision }) => {
  it.each([2, 3, 4, 5])('every graph of treewidth two on %i variables agrees with the definition', (t) => {
    const random = randomSource(t);
    for (const [index, edges] of connectedGraphs(t).entries()) {
      const sizes = Array.from({ length: t }, () => 2 + Math.floor(4 * random()));
      const rest = { seed: 50 + index, precision, biases: index % 5 === 0, sparseValues: index % 7 === 0, sizes };
      const problem = randomProblem({ t, monomials: asMonomials(edges) }, { ...rest, maxScore: [1, 5, 50, 200][index % 4] });
      expectOutput(eliminateOutput(backend, problem, orderOf(problem, [], random)), problem);
    }
  });

  it.each([3, 4, 5])('on %i variables, with masks between any two', (t) => {
    const random = randomSource(10 + t);
    for (const [index, edges] of connectedGraphs(t).entries()) {
      const monomials = asMonomials(edges);
      const masks = addMasks(t, monomials, [], random);
      const sizes = edges.map(() => 2 + Math.floor(3 * random()));
      const rest = { seed: 90 + index, precision, maxScore: 20, biases: index % 2 === 0, masks, sizes };
      const problem = randomProblem({ t, monomials }, rest);
      expectOutput(eliminateOutput(backend, problem, orderOf(problem, [], random)), problem);
    }
  });

  it.each(HARD.flatMap(([name, t, edges, cutsets]) => cutsets.map((cutset) => ({ name, t, edges, cutset }))))(
    '$name on {$cutset}',
    ({ t, edges, cutset }) => {
      const random = randomSource(t + edges.length);
      const monomials = asMonomials(edges);
      const sizes = Array.from({ length: t }, (_, j) => (j === 0 ? 4 : 2 + (j % 3)));
      for (const [index, maxScore] of [1, 5, 50, 200].entries()) {
        const masks = index < 2 ? [] : addMasks(t, monomials, cutset, random);
        const problem = randomProblem(
          { t, monomials },
          { seed: 31 + index, precision, maxScore, biases: index % 2 === 1, masks, sizes },
        );
        const how = orderOf(problem, cutset, random);
        expectOutput(eliminateOutput(backend, problem, how), problem);
        expectOutput(eliminateOutput(backend, problem, how, [1, 3]), problem);
      }
    },
  );

  it.each(POLYNOMIALS.flatMap(({ conditionings, ...rest }) => conditionings.map(({ cutset }) => ({ ...rest, cutset }))))(
    '$name on {$cutset}: monomials of any degree, masks, biases',
    ({ cutset, ...polynomial }) => {
      const random = randomSource(polynomial.t);
      for (const [index, maxScore] of [1, 50, 200].entries()) {
        const masks = index === 0 ? [] : addMasks(polynomial.t, polynomial.monomials, cutset, random);
        const problem = randomProblem(polynomial, { seed: 3 + index, precision, maxScore, biases: index > 0, masks });
        expectOutput(eliminateOutput(backend, problem, orderOf(problem, cutset, random)), problem);
      }
    },
  );

  it('agrees with the definition over rows enough for several of everything, in tiles', () => {
    const shapes = fc.record({
      seed: fc.integer({ min: 1, max: 1e6 }),
      maxScore: fc.constantFrom(1, 30, 200),
      biases: fc.boolean(),
      sparseValues: fc.boolean(),
      sizes: fc.tuple(
        fc.integer({ min: 1, max: 40 }),
        ...[70, 70].map((max) => fc.integer({ min: 1, max })),
        fc.integer({ min: 1, max: 6 }),
      ),
      dv: fc.integer({ min: 1, max: 6 }),
    });
    fc.assert(
      fc.property(shapes, fc.nat(), fc.constantFrom([], [1], [4]), (shape, cut, cutset) => {
        const problem = randomProblem(diamond, { ...shape, precision });
        expectOutput(eliminateOutput(backend, problem, orderOf(problem, cutset), [cut % (shape.sizes[0] + 1)]), problem);
      }),
      { numRuns: 12, seed: 5 },
    );
  });

  it('leaves to logarithms what matrix products cannot hold', () => {
    // Rows whose best keys on either side are different ones, farther apart than the exponent goes.
    const plain = randomProblem(diamond, { seed: 4, precision, maxScore: 1, sizes: [9, 9, 9, 9], d: 2 });
    const far = precision === 'float64' ? 900 : 200;
    const variables = plain.variables.map((each, j) => ({
      ...each,
      queries: matrix(precision, 9, 2, (at) => (j === 3 ? (at % 2 === 0 ? at / 16 : 1 - at / 16) : (at + j) % 3 === 0 ? 1 : 0)),
    }));
    const problem: Problem = { ...plain, variables, scale: far };
    for (const cutset of [[], [1]]) expectOutput(eliminateOutput(backend, problem, orderOf(problem, cutset)), problem);
  });

  it('leaves rows of x1 empty where its bias says so, inside and outside the cutset', () => {
    const plain = randomProblem(diamond, { seed: 2, precision, maxScore: 5, sizes: [3, 4, 5, 3] });
    const bias = matrix(precision, 3, 1, (row) => [0.5, -Infinity, -2][row]);
    const problem: Problem = { ...plain, variables: plain.variables.map((each, j) => (j === 0 ? { ...each, bias } : each)) };
    const truth = expectedOutput(problem);
    expect(Array.from(truth.logSumExp.data, (value) => value === -Infinity)).toEqual([false, true, false]);
    for (const cutset of [[], [1], [2]])
      expectOutput(eliminateOutput(backend, problem, orderOf(problem, cutset), [1]), problem, truth);
  });

  it('gives empty rows when no tuple is admissible, or a variable has no rows', () => {
    const masks = [{ row: 3, column: 2, lowest: 50, highest: 60 }];
    const problem = randomProblem(diamond, { seed: 2, precision, maxScore: 5, masks });
    for (const cutset of [[], [1], [2], [2, 3]]) expectOutput(eliminateOutput(backend, problem, orderOf(problem, cutset)), problem);
    const none = matrix(precision, 0, problem.variables[3].queries.cols);
    const variables = problem.variables.map((each, j) => (j === 3 ? { queries: none, values: null, bias: null } : each));
    const { logSumExp } = eliminateOutput(backend, { ...problem, variables }, orderOf(problem, []));
    expect(logSumExp.data.every((value) => value === -Infinity)).toBe(true);
  });

  it('gives the log-sum-exp alone when no message is wanted or nothing has values', () => {
    const problem = randomProblem(diamond, { seed: 6, precision, maxScore: 5, biases: true });
    const n1 = problem.variables[0].queries.rows;
    for (const cutset of [[], [1], [2]]) {
      const how = orderOf(problem, cutset);
      const whole = eliminateOutput(backend, problem, how);
      const logSumExp = matrix(precision, n1, 1);
      const step = { kind: 'eliminate', ...problem, ...how, message: null, logSumExp } as const;
      runStep(backend, step, n1);
      expect(logSumExp.data).toEqual(whole.logSumExp.data);
      const bare = { ...problem, variables: problem.variables.map((each) => ({ ...each, values: null })) };
      runStep(backend, { ...step, variables: bare.variables }, n1);
      expect(logSumExp.data).toEqual(whole.logSumExp.data);
      const ones = eliminateOutput(backend, bare, how);
      for (const [row, value] of ones.message.data.entries()) {
        expect(value).toBeCloseTo(ones.logSumExp.data[row] === -Infinity ? 0 : 1, 5);
      }
    }
  });

  it('multiplies a message that the assignment changes and one that it does not, on either side', () => {
    // Both x4 (once a call) and x5 (through x6 anew for each assignment) leave a message on x2 and x3.
    const monomials = asMonomials(graph('12 13 24 34 25 35 56'));
    for (const order of [
      [4, 5, 3, 2],
      [5, 4, 2, 3],
    ]) {
      const problem = randomProblem({ t: 6, monomials }, { seed: 12, precision, maxScore: 20, biases: true });
      expectOutput(eliminateOutput(backend, problem, { cutset: [6], order }, [1]), problem);
    }
  });

  it('multiplies several messages with averages on one pair', () => {
    const monomials = asMonomials(graph('13 23 14 24 15 25 16 26'));
    for (const order of [
      [3, 4, 5, 6, 2],
      [6, 5, 4, 3, 2],
    ]) {
      const problem = randomProblem({ t: 6, monomials }, { seed: 13, precision, maxScore: 5, sizes: [5, 4, 3, 5, 4, 3] });
      expectOutput(eliminateOutput(backend, problem, { cutset: [], order }, [2]), problem);
    }
  });

  it('does not read what lies after its rows under a mask: no bit of them changes', () => {
    const masks = [2, 3, 4].map((column) => ({ row: 1, column, lowest: 0, highest: Infinity }));
    const problem = randomProblem(diamond, { seed: 4, precision, maxScore: 5, masks, sizes: [40, 40, 40, 40] });
    const poison = (source: Matrix) => ({
      ...source,
      data: source.data.map((value, at) => (at < 20 * source.cols ? value : 7 - 3 * value)),
    });
    const variables = problem.variables.map(({ queries, values, bias }) => ({
      queries: poison(queries),
      values: values && poison(values),
      bias,
    }));
    const how = orderOf(problem, [1]);
    const [before, after] = [eliminateOutput(backend, problem, how), eliminateOutput(backend, { ...problem, variables }, how)];
    const dv = before.message.cols;
    expect(after.message.data.subarray(0, 20 * dv)).toEqual(before.message.data.subarray(0, 20 * dv));
    expect(after.logSumExp.data.subarray(0, 20)).toEqual(before.logSumExp.data.subarray(0, 20));
    expect(after.message.data).not.toEqual(before.message.data);
  });

  it('counts rows, stops when the flag is set, and does not mistake one call for another', () => {
    const problem = randomProblem(diamond, { seed: 1, precision, maxScore: 5, sizes: [12, 9, 8, 7], d: 3, dv: 2 });
    for (const cutset of [[], [1]]) {
      const how = orderOf(problem, cutset);
      const whole = eliminateOutput(backend, problem, how);
      const results = { message: matrix(precision, 12, 2), logSumExp: matrix(precision, 12, 1) };
      const control = new Int32Array(2);
      const step = { kind: 'eliminate', ...problem, ...how, ...results } as const;
      const callId = 93_001 + cutset.length;
      backend.run(step, { firstRow: 2, lastRow: 9, control, callId });
      expect(control[PROGRESS]).toBe(7);
      control[0] = 1;
      backend.run(step, { firstRow: 0, lastRow: 2, control, callId });
      expect(control[PROGRESS]).toBe(7);
      expect(Number.isNaN(results.logSumExp.data[0])).toBe(true);
      control[0] = 0;
      backend.run(step, { firstRow: 0, lastRow: 2, control, callId });
      backend.run(step, { firstRow: 9, lastRow: 12, control, callId });
      expectOutput(results, problem);
      eliminateOutput(backend, randomProblem(diamond, { seed: 9, precision, maxScore: 5, sizes: [12, 9, 8, 7], d: 3, dv: 2 }), how);
      expectSameBits(eliminateOutput(backend, problem, how), whole);
    }
  });

  const complete = randomProblem({ t: 4, monomials: asMonomials(graph('12 13 14 23 24 34')) }, { seed: 1, precision, maxScore: 1 });
  const stepOf = (how: Partial<EliminateStep<Matrix>>): EliminateStep<Matrix> => {
    const logSumExp = matrix(precision, complete.variables[0].queries.rows, 1);
    return { kind: 'eliminate', ...complete, cutset: [], order: [], message: null, logSumExp, ...how };
  };

  it.each([
    ['three neighbours', { order: [4, 3, 2] }, /two neighbours/],
    ['a variable is missing', { cutset: [1], order: [2, 3] }, /neither in the cutset nor in the order/],
    ['x1 is summed out', { cutset: [2], order: [4, 3, 1] }, /variable of the order/],
    ['a variable goes twice', { cutset: [2], order: [4, 3, 4] }, /twice/],
    ['the cutset is not ascending', { cutset: [3, 2], order: [4] }, /variable of the cutset/],
    ['three stay free', { monomials: [{ coefficient: 1, variables: [1, 2, 3] }], cutset: [4], order: [3, 2] }, /two free/],
    ['results of a wrong shape', { cutset: [2], order: [3, 4], logSumExp: matrix(precision, 99, 1) }, /logSumExp/],
  ] satisfies [string, Partial<EliminateStep<Matrix>>, RegExp][])('refuses: %s', (_, how, message) => {
    expect(() => runStep(backend, stepOf(how), 1)).toThrow(message);
  });
});
