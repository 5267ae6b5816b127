import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttendStep, Matrix } from '../../../kernels/backend.ts';
import { asProblem, attendCases, BANDS, outputOf, type RandomAttend, randomAttend } from '../attends.ts';
import { expectedOutput, expectOutput, forestTiles, matrix, randomProblem, tilesOf } from '../cases.ts';
import { FORESTS } from '../polynomials.ts';
import { driveDevice, TestDevice, useDevice } from './device.ts';

let device: TestDevice;
let expError: number;
useDevice((started, error) => {
  [device, expError] = [started, error];
});

async function run(step: RandomAttend, cuts: readonly number[] = []): Promise<void> {
  for (const [each, tile] of tilesOf(step, step.queries.rows, cuts)) await device.run(each, tile);
}

function expectRight(step: RandomAttend): void {
  const problem = asProblem(step);
  expectOutput(outputOf(step), problem, expectedOutput(problem), expError);
}

const random = (shape: Partial<Parameters<typeof randomAttend>[1]>): RandomAttend =>
  randomAttend('float32', { seed: 3, nq: 40, nk: 50, d: 9, dv: 5, score: 5, blocked: 0.1, band: null, ...shape });

describe('attend on webgpu', () => {
  it('agrees with the definition for any shape, bias and band, in tiles', async () => {
    await fc.assert(
      fc.asyncProperty(attendCases, fc.double({ min: 0, max: 1, noNaN: true }), async (shape, cut) => {
        const step = randomAttend('float32', shape);
        await run(step, [Math.floor(cut * shape.nq)]);
        expectRight(step);
      }),
      { numRuns: 60, seed: 20261 },
    );
  });

  it.each(BANDS)('crosses blocks of keys and of rows with $name', async ({ band }) => {
    const step = random({ nq: 421, nk: 437, d: 24, dv: 33, score: 8, band });
    await run(step, [100, 101, 350]);
    expectRight(step);
  });

  it('cuts rows and keys where a dispatch or an arena would be too large, and merges what they leave', async () => {
    const small = await TestDevice.start({ bounds: { dispatchFlops: 1e5, arenaFloats: 40_000 } });
    try {
      for (const band of [null, { lowest: 0, highest: 600 }]) {
        const step = random({ nq: 300, nk: 1100, d: 20, dv: 37, band });
        for (const [each, tile] of tilesOf(step, 300, [7])) await small.run(each, tile);
        expectRight(step);
      }
    } finally {
      expect(await small.close()).toBe('code 0');
    }
  });

  it('goes through more keys than one invocation can, whose loops some drivers leave early', async () => {
    const step = random({ nq: 2, nk: 9000, d: 300, dv: 2 });
    await run(step);
    expectRight(step);
  });

  it('keeps rows whose first keys are far below the later ones', async () => {
    const keyBias = matrix('float32', 500, 1, (i) => (i < 250 ? -Infinity : 0));
    const keys = matrix('float32', 500, 3, (i) => (i % 3 === 0 ? i / 6 : 0));
    const step = random({ nk: 500, d: 3, score: 1 });
    const rising: RandomAttend = { ...step, queries: matrix('float32', 40, 3, (i) => (i % 7) - 2), keys, keyBias };
    await run(rising);
    expectRight(rising);
  });

  it.each(FORESTS)('computes $name by attend and combine steps', async (polynomial) => {
    const forest = polynomial.conditionings.find(({ cutset }) => cutset.length === 0)?.forest ?? [];
    for (const [seed, maxScore] of [1, 5, 50, 200].entries()) {
      const options = { seed, precision: 'float32', maxScore, biases: true, sparseValues: seed % 2 === 1 } as const;
      const problem = randomProblem(polynomial, options);
      expectOutput(await driveDevice(device, forestTiles(problem, forest)), problem, expectedOutput(problem), expError);
    }
  });

  it('computes the log-sum-exp alone when no message is wanted', async () => {
    const step = random({ nq: 50, nk: 70, d: 9, dv: 4, score: 20, blocked: 0.2 });
    await run(step);
    const alone = { ...step, values: null, message: null, logSumExp: matrix('float32', 50, 1) };
    for (const [each, tile] of tilesOf(alone, 50)) await device.run(each, tile);
    expect(alone.logSumExp.data).toEqual(step.logSumExp.data);
  });

  it('answers calls of many shapes at once, those of one shape together, each with its own numbers', async () => {
    const steps = Array.from({ length: 48 }, (_, seed) => random({ seed, nq: 5 + (seed % 3), nk: 40 + (seed % 3) }));
    await Promise.all(steps.map((step) => run(step)));
    for (const step of steps) expectRight(step);
  });

  it('gives a weighted mean of values to a query of length zero', async () => {
    for (const nk of [1, 300]) {
      const { values, keyBias, keys } = random({ nk, dv: 90 });
      const results = { message: matrix('float32', 1, 90), logSumExp: matrix('float32', 1, 1) };
      const step: AttendStep<Matrix> = { kind: 'attend', queries: null, keys, keyBias, values, scale: 1, band: null, ...results };
      for (const [each, tile] of tilesOf(step, 1)) await device.run(each, tile);
      const zero = { ...step, queries: matrix('float32', 1, keys.cols, () => 0), message: results.message };
      expectRight(zero);
    }
  });
});
