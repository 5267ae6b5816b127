import { describe, expect, it } from 'vitest';
import { conditionedOutput, expectedOutput, expectOutput, randomMasks, randomProblem, runStep } from '../cases.ts';
import { POLYNOMIALS } from '../polynomials.ts';
import { CUBIC, tensorStep, WRONG_CONDITIONED } from '../steps.ts';
import { SETS, SETS_AND_PRECISIONS } from './sets.ts';

const cases = POLYNOMIALS.flatMap(({ conditionings, ...polynomial }) => conditionings.map((how) => ({ ...polynomial, how })));
const partsOf = (cutset: readonly number[]) => (cutset.length > 0 && !cutset.includes(1) ? 3 : 1);

describe.each(SETS_AND_PRECISIONS)('conditioned on $isa in $precision', ({ backend, precision }) => {
  it.each(cases)('computes $name given {$how.cutset}', ({ how, ...polynomial }) => {
    for (const [seed, maxScore] of [1, 5, 50, 200].entries()) {
      const options = { seed, precision, maxScore, biases: seed % 2 === 0, sparseValues: seed === 3 };
      const problem = randomProblem(polynomial, options);
      expectOutput(conditionedOutput(backend, problem, how, partsOf(how.cutset), how.cutset.length > 0 ? [1] : []), problem);
    }
  });

  it.each(cases)('computes $name given {$how.cutset} under masks', ({ how, ...polynomial }) => {
    for (let seed = 0; seed < 6; seed++) {
      const masks = randomMasks(seed, how);
      const problem = randomProblem(polynomial, { seed, precision, maxScore: 8, biases: seed % 3 === 0, masks });
      expectOutput(conditionedOutput(backend, problem, how, partsOf(how.cutset)), problem);
    }
  });

  it.each(CUBIC)('computes $name beyond one panel of keys, masked and not', ({ monomials }) => {
    const how = {
      cutset: [1],
      forest: [
        { variable: 3, parent: 2 },
        { variable: 2, parent: 0 },
      ],
    };
    const polynomial = { t: 3, monomials: monomials.map((variables) => ({ coefficient: 1, variables })) };
    const pairs = [
      [1, 2],
      [1, 3],
      [2, 3],
    ];
    const causal = pairs.map(([row, column]) => ({ row, column, lowest: 0, highest: Number.POSITIVE_INFINITY }));
    const window = pairs.slice(0, 2).map(([row, column]) => ({ row, column, lowest: 0, highest: 20 }));
    for (const masks of [[], causal, window]) {
      const problem = randomProblem(polynomial, { seed: 7, precision, maxScore: 6, masks, sizes: [9, 97, 113], d: 17, dv: 21 });
      expectOutput(conditionedOutput(backend, problem, how, 1, [4]), problem);
    }
  });

  it('gives empty rows where every tuple is forbidden', () => {
    const masks = [{ row: 1, column: 2, lowest: 3, highest: Number.POSITIVE_INFINITY }];
    const polynomial = { t: 3, monomials: [{ coefficient: 1, variables: [1, 2, 3] }] };
    const problem = randomProblem(polynomial, { seed: 2, precision, maxScore: 3, masks, sizes: [9, 9, 9] });
    const expected = expectedOutput(problem);
    expect(expected.logSumExp.data.filter((value) => value === -Infinity).length).toBe(3);
    for (const how of [
      {
        cutset: [1],
        forest: [
          { variable: 3, parent: 2 },
          { variable: 2, parent: 0 },
        ],
      },
      {
        cutset: [3],
        forest: [
          { variable: 2, parent: 1 },
          { variable: 1, parent: 0 },
        ],
      },
    ]) {
      expectOutput(conditionedOutput(backend, problem, how), problem, expected);
    }
  });
});

describe.each(SETS)('conditioned steps on $isa', ({ backend }) => {
  const tensor = (n: number) => tensorStep(n, 8, 1, 4);

  it('computes the log-sum-exp alone when no message is wanted', () => {
    const whole = tensor(30);
    const alone = { ...tensor(30), message: null };
    runStep(backend, whole, 30);
    runStep(backend, alone, 30);
    expect(alone.logSumExp.data).toEqual(whole.logSumExp.data);
  });

  it('counts rows, and stops when the flag is set', () => {
    const control = new Int32Array(2);
    backend.run(tensor(30), { firstRow: 5, lastRow: 11, control, callId: 88_001 });
    expect(control[1]).toBe(6);
    control[0] = 1;
    backend.run(tensor(30), { firstRow: 0, lastRow: 30, control, callId: 88_002 });
    expect(control[1]).toBe(6);
  });

  it.each(WRONG_CONDITIONED)('refuses %s', (_, change) => {
    const tile = { firstRow: 0, lastRow: 1, control: new Int32Array(2), callId: 88_003 };
    expect(() => backend.run(change(tensor(30)), tile)).toThrow(/native/);
  });
});
