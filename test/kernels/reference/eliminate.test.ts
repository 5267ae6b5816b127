import { describe, expect, it } from 'vitest';
import type { EliminateStep, Matrix } from '../../../kernels/backend.ts';
import { load } from '../../../kernels/reference/index.ts';
import { expectedOutput, expectOutput, matrix, type Problem, randomProblem, randomSource, runStep } from '../cases.ts';
import { eliminateOutput, expectSameBits, graph, HARD, orderOf } from '../eliminations.ts';
import { addMasks, asMonomials, connectedGraphs } from '../graphs.ts';
import { POLYNOMIALS } from '../polynomials.ts';

const backend = load();

describe('graphs of treewidth two', () => {
  it('are as many as math.md §6.5 counts', () => {
    expect([2, 3, 4, 5, 6].map((t) => connectedGraphs(t, 'free').length)).toEqual([1, 1 + 1, 2 + 3, 3 + 12, 6 + 45 + 5]);
  });

  it.each([2, 3, 4, 5, 6])('every one on %i variables, rooted anywhere, agrees with the definition', (t) => {
    const random = randomSource(t);
    for (const [index, edges] of connectedGraphs(t).entries()) {
      const scores = [1, 5, 50, 200];
      const problem = randomProblem(
        { t, monomials: asMonomials(edges) },
        {
          seed: 50 + index,
          precision: index % 3 === 0 ? 'float32' : 'float64',
          maxScore: scores[index % 4],
          biases: index % 5 === 0,
          sparseValues: index % 7 === 0,
          sizes: Array.from({ length: t }, () => 2 + Math.floor((t === 6 ? 2 : 4) * random())),
        },
      );
      expectOutput(eliminateOutput(backend, problem, orderOf(problem, [], random)), problem);
    }
  });

  it.each([3, 4, 5])('on %i variables, with masks between any two', (t) => {
    const random = randomSource(10 + t);
    for (const [index, edges] of connectedGraphs(t).entries()) {
      const monomials = asMonomials(edges);
      const masks = addMasks(t, monomials, [], random);
      const sizes = edges.map(() => 2 + Math.floor(3 * random()));
      const problem = randomProblem(
        { t, monomials },
        { seed: 90 + index, precision: 'float64', maxScore: 20, biases: index % 2 === 0, masks, sizes },
      );
      expectOutput(eliminateOutput(backend, problem, orderOf(problem, [], random)), problem);
    }
  });
});

describe.each(HARD)('%s', (_, t, edges, cutsets) => {
  it.each(cutsets.map((cutset) => [cutset.map((x) => `x${x}`).join(' '), cutset] as const))('on {%s}', (_name, cutset) => {
    const random = randomSource(t + edges.length);
    const monomials = asMonomials(edges);
    const sizes = Array.from({ length: t }, (_, j) => (j === 0 ? 4 : 2 + (j % 3)));
    for (const [index, maxScore] of [1, 5, 50, 200].entries()) {
      const masks = index < 2 ? [] : addMasks(t, monomials, cutset, random);
      const biases = index % 2 === 1;
      const precision = index === 0 || index === 2 ? 'float32' : 'float64';
      const problem = randomProblem({ t, monomials }, { seed: 31 + index, precision, maxScore, biases, masks, sizes });
      const how = orderOf(problem, cutset, random);
      const whole = eliminateOutput(backend, problem, how);
      expectOutput(whole, problem);
      expectSameBits(eliminateOutput(backend, problem, how, [1, 3]), whole);
    }
  });
});

describe.each(
  POLYNOMIALS.flatMap(({ name, conditionings, ...polynomial }) =>
    conditionings.map(({ cutset }) => [name, cutset, polynomial] as const),
  ),
)('%s on {%s}', (_name, cutset, polynomial) => {
  it('agrees with the definition: monomials of any degree, masks, biases', () => {
    const random = randomSource(polynomial.t);
    for (const [index, maxScore] of [1, 50, 200].entries()) {
      const masks = index === 0 ? [] : addMasks(polynomial.t, polynomial.monomials, cutset, random);
      for (const precision of ['float32', 'float64'] as const) {
        const problem = randomProblem(polynomial, { seed: 3 + index, precision, maxScore, biases: index > 0, masks });
        expectOutput(eliminateOutput(backend, problem, orderOf(problem, cutset, random)), problem);
      }
    }
  });
});

describe('eliminate', () => {
  const diamond = { t: 4, monomials: asMonomials(graph('12 13 23 24 34')) };

  it('is the same in tiles, bit for bit, over rows enough for several of everything', () => {
    const sizes = [23, 9, 8, 11];
    const problem = randomProblem(diamond, { seed: 8, precision: 'float64', maxScore: 30, biases: true, sizes });
    for (const cutset of [[], [1], [4]]) {
      const how = orderOf(problem, cutset);
      const whole = eliminateOutput(backend, problem, how);
      expectOutput(whole, problem);
      expectSameBits(eliminateOutput(backend, problem, how, [1, 7, 8, 20]), whole);
    }
  });

  it('leaves rows of x1 empty where its bias says so, inside and outside the cutset', () => {
    const plain = randomProblem(diamond, { seed: 2, precision: 'float64', maxScore: 5, sizes: [3, 4, 5, 3] });
    const bias = matrix('float64', 3, 1, (row) => [0.5, -Infinity, -2][row]);
    const problem: Problem = { ...plain, variables: plain.variables.map((each, j) => (j === 0 ? { ...each, bias } : each)) };
    const truth = expectedOutput(problem);
    expect(Array.from(truth.logSumExp.data, (value) => value === -Infinity)).toEqual([false, true, false]);
    for (const cutset of [[], [1], [2]])
      expectOutput(eliminateOutput(backend, problem, orderOf(problem, cutset), [1]), problem, truth);
  });

  it('gives empty rows when no tuple is admissible', () => {
    const masks = [{ row: 3, column: 2, lowest: 50, highest: 60 }];
    const problem = randomProblem(diamond, { seed: 2, precision: 'float32', maxScore: 5, masks });
    expect(expectedOutput(problem).logSumExp.data.every((value) => value === -Infinity)).toBe(true);
    for (const cutset of [[], [1], [2], [2, 3]]) expectOutput(eliminateOutput(backend, problem, orderOf(problem, cutset)), problem);
  });

  it('gives the log-sum-exp alone when no message is wanted', () => {
    const problem = randomProblem(diamond, { seed: 6, precision: 'float64', maxScore: 5, biases: true });
    const n1 = problem.variables[0].queries.rows;
    for (const cutset of [[], [1], [2]]) {
      const how = orderOf(problem, cutset);
      const whole = eliminateOutput(backend, problem, how);
      expectOutput(whole, problem);
      const logSumExp = matrix('float64', n1, 1);
      runStep(backend, { kind: 'eliminate', ...problem, ...how, message: null, logSumExp }, n1);
      expect(logSumExp.data).toEqual(whole.logSumExp.data);
    }
  });

  it('multiplies a message that the assignment changes and one that it does not, on either side', () => {
    // Both x4 (once a call) and x5 (through x6 anew for each assignment) leave a message on x2 and x3.
    const monomials = asMonomials(graph('12 13 24 34 25 35 56'));
    for (const order of [
      [4, 5, 3, 2],
      [5, 4, 2, 3],
    ]) {
      const problem = randomProblem({ t: 6, monomials }, { seed: 12, precision: 'float64', maxScore: 20, biases: true });
      expectOutput(eliminateOutput(backend, problem, { cutset: [6], order }, [1]), problem);
    }
  });

  it('does not mistake the tables of one call for those of another', () => {
    for (const seed of [1, 2, 3]) {
      const problem = randomProblem(diamond, { seed, precision: 'float64', maxScore: 5, sizes: [4, 4, 4, 4], d: 3, dv: 2 });
      expectOutput(eliminateOutput(backend, problem, orderOf(problem, []), [2]), problem);
    }
  });
});

describe('eliminate refuses orders that do not fit', () => {
  const problem = randomProblem(
    { t: 4, monomials: asMonomials(graph('12 13 14 23 24 34')) },
    { seed: 1, precision: 'float64', maxScore: 1 },
  );
  const logSumExp = matrix('float64', problem.variables[0].queries.rows, 1);
  const step = (how: Partial<EliminateStep<Matrix>>): EliminateStep<Matrix> => ({
    kind: 'eliminate',
    ...problem,
    cutset: [],
    order: [],
    message: null,
    logSumExp,
    ...how,
  });
  const tensor = [{ coefficient: 1, variables: [1, 2, 3] }];

  it.each([
    ['three neighbours', step({ order: [4, 3, 2] }), /x4 has neighbours 1, 2, 3/],
    ['a variable is missing', step({ cutset: [1], order: [2, 3] }), /instead of 1 to 4/],
    ['x1 is summed out', step({ cutset: [2], order: [4, 3, 1] }), /instead of 1 to 4/],
    ['the cutset is not ascending', step({ cutset: [3, 2], order: [4] }), /ascending/],
    ['three variables stay free', step({ monomials: tensor, cutset: [4], order: [3, 2] }), /3 free/],
    [
      'results of a wrong shape',
      step({ cutset: [2], order: [3, 4], logSumExp: matrix('float64', 99, 1) }),
      /logSumExp is \[99, 1\]/,
    ],
  ])('%s', (_, bad, message) => {
    expect(() => runStep(backend, bad, 1)).toThrow(message);
  });
});
