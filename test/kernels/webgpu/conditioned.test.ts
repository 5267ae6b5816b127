import { describe, expect, it } from 'vitest';
import type { ConditionedStep, Matrix } from '../../../kernels/backend.ts';
import { load as loadReference } from '../../../kernels/reference/index.ts';
import {
  conditionedTiles,
  expectedOutput,
  expectOutput,
  matrix,
  type Output,
  type Problem,
  randomMasks,
  randomProblem,
  runStep,
  tilesOf,
} from '../cases.ts';
import { type Conditioning, POLYNOMIALS } from '../polynomials.ts';
import { tensorStep, WRONG_CONDITIONED } from '../steps.ts';
import { driveDevice, TestDevice, useDevice } from './device.ts';

const cases = POLYNOMIALS.flatMap(({ conditionings, ...polynomial }) => conditionings.map((how) => ({ ...polynomial, how })));
const partsOf = (cutset: readonly number[]) => (cutset.length > 0 && !cutset.includes(1) ? 3 : 1);

let device: TestDevice;
let expError: number;
useDevice((started, error) => {
  [device, expError] = [started, error];
});

async function expectRight(
  problem: Problem,
  how: Conditioning,
  parts = 1,
  cuts: readonly number[] = [],
  on = device,
): Promise<Output> {
  const output = await driveDevice(on, conditionedTiles(problem, how, parts, cuts));
  expectOutput(output, problem, expectedOutput(problem), expError);
  return output;
}

const ROOTED: Conditioning = {
  cutset: [1],
  forest: [
    { variable: 3, parent: 2 },
    { variable: 2, parent: 0 },
  ],
};
const FREE: Conditioning = {
  cutset: [3],
  forest: [
    { variable: 2, parent: 1 },
    { variable: 1, parent: 0 },
  ],
};
const asPolynomial = (monomials: number[][]) => ({
  t: 3,
  monomials: monomials.map((variables) => ({ coefficient: 1, variables })),
});
const TENSOR = [[1, 2, 3]];
const TRIANGLE = [
  [1, 2],
  [2, 3],
  [1, 3],
];
const CAUSAL = [
  [1, 2],
  [1, 3],
  [2, 3],
].map(([row, column]) => ({ row, column, lowest: 0, highest: Number.POSITIVE_INFINITY }));
const WINDOW = CAUSAL.slice(0, 2).map((mask) => ({ ...mask, highest: 20 }));

describe('conditioned on webgpu', () => {
  it.each(cases)('computes $name given {$how.cutset}', async ({ how, ...polynomial }) => {
    for (const [seed, maxScore] of [1, 5, 50, 200].entries()) {
      const options = { seed, precision: 'float32', maxScore, biases: seed % 2 === 0, sparseValues: seed === 3 } as const;
      await expectRight(randomProblem(polynomial, options), how, partsOf(how.cutset), how.cutset.length > 0 ? [1] : []);
    }
  });

  it.each(cases)('computes $name given {$how.cutset} under masks', async ({ how, ...polynomial }) => {
    for (let seed = 0; seed < 6; seed++) {
      const masks = randomMasks(seed, how);
      const problem = randomProblem(polynomial, { seed, precision: 'float32', maxScore: 8, biases: seed % 3 === 0, masks });
      await expectRight(problem, how, partsOf(how.cutset));
    }
  });

  it.each([
    { name: 'the tensor', monomials: TENSOR },
    { name: 'the triangle', monomials: TRIANGLE },
  ])('computes $name beyond one tile of keys and channels, masked and not', async ({ monomials }) => {
    for (const masks of [[], CAUSAL, WINDOW]) {
      const sizes = [9, 97, 113];
      const options = { seed: 7, precision: 'float32', maxScore: 6, masks, sizes, d: 17, dv: 41 } as const;
      await expectRight(randomProblem(asPolynomial(monomials), options), ROOTED, 1, [4]);
    }
  });

  it('cuts chunks of assignments and blocks of rows where a dispatch or an arena would be too large', async () => {
    const bounded = await TestDevice.start({ bounds: { dispatchFlops: 2e4, arenaFloats: 30_000 } });
    try {
      for (const how of [ROOTED, FREE]) {
        const options = { seed: 8, precision: 'float32', maxScore: 6, sizes: [31, 70, 45], d: 5, dv: 3, biases: true } as const;
        await expectRight(randomProblem(asPolynomial(TENSOR), options), how, how.cutset.includes(1) ? 1 : 2, [1], bounded);
      }
    } finally {
      expect(await bounded.close()).toBe('code 0');
    }
  });

  it('holds of an assignment only the rows that windows leave, however long the sequence', async () => {
    // 42,000 numbers are operands; one assignment with all rows of two variables takes another 20,000.
    const bounded = await TestDevice.start({ bounds: { arenaFloats: 60_000 } });
    try {
      const n = 2000;
      const step = tensorStep(n, 4, 6, 3);
      const masks = WINDOW.map((mask, i) => ({ ...mask, highest: 4 + i }));
      const results = () => ({ message: matrix('float32', n, 3), logSumExp: matrix('float32', n, 1) });
      const [found, truth] = [results(), results()];
      for (const [each, tile] of tilesOf({ ...step, masks, ...found }, n, [1500])) await bounded.run(each, tile);
      runStep(loadReference(), { ...step, masks, ...truth }, n);
      const apart = (a: Matrix, b: Matrix) => Math.max(...Array.from(a.data, (x, i) => Math.abs(x - b.data[i])));
      expect(apart(found.message, truth.message)).toBeLessThan(2e-6);
      expect(apart(found.logSumExp, truth.logSumExp)).toBeLessThan(4e-6);
    } finally {
      expect(await bounded.close()).toBe('code 0');
    }
  });

  it('gives empty rows where every tuple is forbidden', async () => {
    const masks = [{ row: 1, column: 2, lowest: 3, highest: Number.POSITIVE_INFINITY }];
    const options = { seed: 2, precision: 'float32', maxScore: 3, masks, sizes: [9, 9, 9] } as const;
    const problem = randomProblem(asPolynomial(TENSOR), options);
    for (const how of [ROOTED, FREE]) {
      const { logSumExp } = await expectRight(problem, how);
      expect(logSumExp.data.filter((value) => value === -Infinity).length).toBe(3);
    }
  });

  it('leaves rows empty where a variable has no rows at all', async () => {
    const problem = randomProblem(asPolynomial(TENSOR), { seed: 2, precision: 'float32', maxScore: 3, sizes: [5, 4, 4] });
    const [x1, x2, x3] = problem.variables;
    const none = { queries: matrix('float32', 0, x3.queries.cols), values: matrix('float32', 0, x3.values?.cols ?? 0), bias: null };
    const without = { ...problem, variables: [x1, x2, none] };
    const { message, logSumExp } = await driveDevice(device, conditionedTiles(without, ROOTED));
    expect([...logSumExp.data]).toEqual(Array.from({ length: 5 }, () => -Infinity));
    expect(message.data.every((value) => value === 0)).toBe(true);
  });
});

describe('conditioned steps on webgpu', () => {
  const tensor = (n: number) => tensorStep(n, 8, 1, 4);
  const run = async (step: ConditionedStep<Matrix>, rows: number) => {
    for (const [each, tile] of tilesOf(step, rows)) await device.run(each, tile);
  };

  it('computes the log-sum-exp alone when no message is wanted', async () => {
    const whole = tensor(30);
    const alone = { ...tensor(30), message: null };
    await run(whole, 30);
    await run(alone, 30);
    expect(alone.logSumExp.data).toEqual(whole.logSumExp.data);
  });

  it('counts rows, and stops when the flag is set', async () => {
    const control = new Int32Array(2);
    await device.run(tensor(30), { firstRow: 5, lastRow: 11, control, callId: 88_001 });
    expect(control[1]).toBe(6);
    control[0] = 1;
    await device.run(tensor(30), { firstRow: 0, lastRow: 30, control, callId: 88_002 });
    expect(control[1]).toBe(6);
  });

  it.each(WRONG_CONDITIONED)('refuses %s', async (_, change) => {
    const tile = { firstRow: 0, lastRow: 1, control: new Int32Array(2), callId: 88_003 };
    await expect(device.run(change(tensor(30)), tile)).rejects.toThrow(/conditioned|webgpu/);
  });
});
