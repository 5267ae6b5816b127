import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConditionedStep, Matrix, PairMask } from '../../../kernels/backend.ts';
import { load } from '../../../kernels/reference/index.ts';
import {
  conditionedOutput,
  expectedOutput,
  expectOutput,
  matrix,
  type Problem,
  type ProblemOptions,
  randomMasks,
  randomProblem,
  runStep,
  tolerances,
} from '../cases.ts';
import { type Conditioning, POLYNOMIALS, type PolynomialCase } from '../polynomials.ts';

const backend = load();
const TABLE = POLYNOMIALS.flatMap((polynomial) =>
  polynomial.conditionings.map((how) => [polynomial.name, how.cutset.map((x) => `x${x}`).join(' '), polynomial, how] as const),
);

const choices = fc.record({
  pick: fc.constantFrom(...TABLE),
  seed: fc.integer({ min: 1, max: 1e6 }),
  maxScore: fc.constantFrom(1, 5, 50, 200),
  precision: fc.constantFrom('float32', 'float64') as fc.Arbitrary<'float32' | 'float64'>,
  biases: fc.boolean(),
  sparseValues: fc.boolean(),
});

function named(name: string): PolynomialCase {
  return POLYNOMIALS.find((polynomial) => polynomial.name === name) as PolynomialCase;
}

describe.each(TABLE)('conditioned: %s on {%s}', (_name, _cutset, polynomial, how) => {
  const inside = how.cutset.includes(1);

  it('agrees with the definition at scores from 1 to 200, in both precisions, with and without biases', () => {
    for (const [index, maxScore] of [1, 5, 50, 200].entries()) {
      for (const precision of ['float32', 'float64'] as const) {
        const problem = randomProblem(polynomial, {
          seed: 7 + index,
          precision,
          maxScore,
          biases: index % 2 === 1,
          sparseValues: index === 3,
        });
        expectOutput(conditionedOutput(backend, problem, how), problem);
      }
    }
  });

  it('agrees with the definition under masks', () => {
    for (const seed of [1, 2, 3, 4]) {
      const masks = randomMasks(seed, how);
      const problem = randomProblem(polynomial, { seed, precision: 'float64', maxScore: 20, biases: seed > 2, masks });
      expectOutput(conditionedOutput(backend, problem, how), problem);
    }
  });

  it('is the same in tiles, bit for bit', () => {
    const sizes = [6, 5, 4, 4, 3];
    const problem = randomProblem(polynomial, { seed: 3, precision: 'float64', maxScore: 5, biases: true, sizes });
    const parts = inside || how.cutset.length === 0 ? 1 : 3;
    const whole = conditionedOutput(backend, problem, how, parts);
    const tiled = conditionedOutput(backend, problem, how, parts, parts === 3 ? [1, 2] : inside ? [1, 4] : []);
    expect(tiled.message.data).toEqual(whole.message.data);
    expect(tiled.logSumExp.data).toEqual(whole.logSumExp.data);
    expectOutput(whole, problem);
  });
});

describe('conditioned', () => {
  it('agrees with the definition on random problems', () => {
    fc.assert(
      fc.property(choices, ({ pick: [, , polynomial, how], ...options }) => {
        const problem = randomProblem(polynomial, { ...options, masks: randomMasks(options.seed, how) });
        expectOutput(conditionedOutput(backend, problem, how), problem);
      }),
      { numRuns: 150 },
    );
  });

  it('joins more parts than there are rows', () => {
    const triangle = named('triangle');
    const how = triangle.conditionings.find(({ cutset }) => cutset[0] === 2) as Conditioning;
    const problem = randomProblem(triangle, { seed: 9, precision: 'float64', maxScore: 50, sizes: [3, 2, 4] });
    expectOutput(conditionedOutput(backend, problem, how, 5), problem);
  });

  it('spans several blocks of rows and keys', () => {
    const triangle = named('triangle');
    const options: ProblemOptions = { seed: 4, precision: 'float32', maxScore: 30, sizes: [3, 70, 130], d: 5, dv: 3, biases: true };
    const masks: PairMask[] = [
      { row: 3, column: 2, lowest: 2, highest: 90 },
      { row: 1, column: 2, lowest: -66, highest: 5 },
    ];
    const problem = randomProblem(triangle, { ...options, masks });
    for (const how of triangle.conditionings) expectOutput(conditionedOutput(backend, problem, how), problem);
  });

  it('leaves rows of x1 empty where its bias says so, inside and outside the cutset', () => {
    const triangle = named('triangle');
    const plain = randomProblem(triangle, { seed: 2, precision: 'float64', maxScore: 5, sizes: [3, 4, 5] });
    const bias = matrix('float64', 3, 1, (row) => [0.5, -Infinity, -2][row]);
    const problem: Problem = { ...plain, variables: plain.variables.map((each, j) => (j === 0 ? { ...each, bias } : each)) };
    const truth = expectedOutput(problem);
    expect(Array.from(truth.logSumExp.data, (value) => value === -Infinity)).toEqual([false, true, false]);
    for (const how of triangle.conditionings) expectOutput(conditionedOutput(backend, problem, how), problem, truth);
  });

  it('gives empty rows when no assignment is admissible', () => {
    const problem = randomProblem(named('C4'), {
      seed: 2,
      precision: 'float32',
      maxScore: 5,
      masks: [{ row: 3, column: 2, lowest: 50, highest: 60 }],
    });
    for (const how of named('C4').conditionings) expectOutput(conditionedOutput(backend, problem, how), problem);
    expect(expectedOutput(problem).logSumExp.data.every((value) => value === -Infinity)).toBe(true);
  });

  it('gives the log-sum-exp alone when no message is wanted', () => {
    for (const polynomial of [named('K4'), named('triangle'), named('mixed degrees and coefficients')]) {
      const problem = randomProblem(polynomial, { seed: 6, precision: 'float64', maxScore: 5, biases: true });
      const n1 = problem.variables[0].queries.rows;
      const truth = expectedOutput(problem).logSumExp.data;
      for (const how of polynomial.conditionings) {
        const logSumExp = matrix('float64', n1, 1);
        runStep(
          backend,
          { kind: 'conditioned', ...problem, ...how, parts: 1, message: null, logSumExp },
          how.cutset.includes(1) ? n1 : 1,
        );
        for (const [row, value] of truth.entries()) {
          if (value === -Infinity) expect(logSumExp.data[row]).toBe(-Infinity);
          else expect(Math.abs(logSumExp.data[row] - value)).toBeLessThanOrEqual(tolerances(problem).logSumExp);
        }
      }
    }
  });
});

describe('conditioned refuses plans that do not fit', () => {
  const problem = randomProblem(named('triangle'), { seed: 1, precision: 'float64', maxScore: 1 });
  const masked: Problem = {
    ...problem,
    monomials: problem.monomials.slice(0, 2),
    masks: [{ row: 1, column: 3, lowest: 0, highest: 1 }],
  };
  const n1 = problem.variables[0].queries.rows;
  const step = (how: Partial<ConditionedStep<Matrix>>): ConditionedStep<Matrix> => {
    const outputs = { message: null, logSumExp: matrix('float64', n1 * (how.parts ?? 1), 1) };
    return { kind: 'conditioned', ...problem, cutset: [], forest: [], parts: 1, ...outputs, ...how };
  };
  const forest = (...pairs: [number, number][]) => pairs.map(([variable, parent]) => ({ variable, parent }));

  it.each([
    ['a cycle is left', step({ forest: forest([3, 2], [2, 1], [1, 0]) }), /interact/],
    ['an edge is missing', step({ cutset: [1], forest: forest([3, 0], [2, 0]) }), /interact/],
    ['a mask is not on an edge', step({ ...masked, forest: forest([3, 2], [2, 1], [1, 0]) }), /interact/],
    ['a variable is missing', step({ cutset: [1], forest: forest([2, 0]) }), /instead of 1 to 3/],
    ['a parent stands first', step({ cutset: [1], forest: forest([2, 0], [3, 2]) }), /does not stand before/],
    ['x1 is no root', step({ cutset: [3], forest: forest([1, 2], [2, 0]) }), /root/],
    ['the cutset is not ascending', step({ cutset: [2, 1], forest: forest([3, 0]) }), /ascending/],
    [
      'three variables stay free',
      step({ monomials: [{ coefficient: 1, variables: [1, 2, 3] }], forest: forest([3, 2], [2, 1], [1, 0]) }),
      /3 free/,
    ],
    ['parts with x1 fixed', step({ cutset: [1], forest: forest([3, 2], [2, 0]), parts: 2 }), /2 parts/],
    ['a monomial names an unknown variable', step({ monomials: [{ coefficient: 1, variables: [1, 4] }] }), /of which there are 3/],
  ])('%s', (_, bad, message) => {
    expect(() => runStep(backend, bad, 1)).toThrow(message);
  });
});
