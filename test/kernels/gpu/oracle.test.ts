import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Band } from '../../../kernels/backend.ts';
import { asProblem, attendCases, outputOf, type RandomAttend, randomAttend } from '../attends.ts';
import {
  conditionedTiles,
  expectedOutput,
  expectOutput,
  forestTiles,
  matrix,
  randomMasks,
  randomProblem,
  tilesOf,
} from '../cases.ts';
import { FORESTS, POLYNOMIALS } from '../polynomials.ts';
import { CUBIC } from '../steps.ts';
import { ServedGpu } from './served.ts';

/** The suite that every back end is held to, in each of gpu.js's modes; none of them may be missing where this runs. */

const MODES = [
  { mode: 'headlessgl', kernel: 'HeadlessGLKernel', runs: 25 },
  { mode: 'webasm', kernel: 'WebAssemblyKernel', runs: 40 },
  { mode: 'cpu', kernel: 'CPUKernel', runs: 40 },
];
const CONDITIONINGS = POLYNOMIALS.flatMap(({ conditionings, ...polynomial }) =>
  conditionings.map((how) => ({ ...polynomial, how })),
);
const partsOf = (cutset: readonly number[]): number => (cutset.length > 0 && !cutset.includes(1) ? 3 : 1);

describe.each(MODES)('gpu in mode $mode', ({ mode, kernel, runs }) => {
  let gpu: ServedGpu;
  let expError: number;
  beforeAll(async () => {
    gpu = await ServedGpu.start(mode);
    expError = gpu.describe().expError as number;
  });
  afterAll(async () => {
    expect(await gpu?.close()).toBe('the service is closing');
  });

  const random = (shape: Partial<Parameters<typeof randomAttend>[1]>): RandomAttend =>
    randomAttend('float32', { seed: 3, nq: 40, nk: 50, d: 9, dv: 5, score: 5, blocked: 0.1, band: null, ...shape });
  const run = async (step: RandomAttend, cuts: readonly number[] = []): Promise<void> => {
    for (const [each, tile] of tilesOf(step, step.queries.rows, cuts)) await gpu.run(each, tile);
  };
  const expectRight = (step: RandomAttend): void => {
    const problem = asProblem(step);
    expectOutput(outputOf(step), problem, expectedOutput(problem), expError);
  };

  it('says which kernels ran, on what, and how far its exp is off', () => {
    const { device, software, rates, expError: measured, ...rest } = gpu.describe();
    expect(rest).toEqual({ name: 'gpu', precisions: ['float32'], steps: ['attend', 'conditioned'], isa: null, mode, kernel });
    expect(device).toMatch(mode === 'headlessgl' ? /^ANGLE \(.+\)$/ : /^cpu$/);
    expect(software).toBe(mode !== 'headlessgl' || /llvmpipe|swiftshader/i.test(device));
    expect(measured).toBeGreaterThan(2 ** -26);
    expect(measured).toBeLessThan(2 ** -17);
    for (const value of Object.values(rates.float32 ?? { missing: 0 })) expect(value).toBeGreaterThan(0);
  });

  it('agrees with the definition for any shape, bias and band of attend, in tiles', async () => {
    await fc.assert(
      fc.asyncProperty(attendCases, fc.double({ min: 0, max: 1, noNaN: true }), async (shape, cut) => {
        const step = randomAttend('float32', shape);
        await run(step, [Math.floor(cut * shape.nq)]);
        expectRight(step);
      }),
      { numRuns: runs, seed: 20262 },
    );
  });

  it.each<{ name: string; band: Band | null }>([
    { name: 'no mask', band: null },
    { name: 'causal', band: { lowest: 0, highest: Number.POSITIVE_INFINITY } },
    { name: 'a window', band: { lowest: -9, highest: 99 } },
    { name: 'nothing', band: { lowest: 1, highest: 0 } },
  ])('crosses blocks of keys and of rows with $name', async ({ band }) => {
    const step = random({ nq: 1040, nk: 1031, d: 3, dv: 2, score: 8, band });
    await run(step, [7]);
    expectRight(step);
  });

  it('keeps rows whose first keys are far below the later ones, block by block', async () => {
    const keyBias = matrix('float32', 1100, 1, (i) => (i < 250 ? Number.NEGATIVE_INFINITY : 0));
    const keys = matrix('float32', 1100, 3, (i) => (i % 3 === 0 ? i / 12 : 0));
    const step = random({ nk: 1100, d: 3, score: 1 });
    const rising: RandomAttend = { ...step, queries: matrix('float32', 40, 3, (i) => (i % 7) - 2), keys, keyBias };
    await run(rising);
    expectRight(rising);
  });

  it('computes the log-sum-exp alone, and the mean that a query of length zero asks for', async () => {
    const step = random({ nq: 1, score: 20 });
    const zero: RandomAttend = { ...step, queries: matrix('float32', 1, 9, () => 0) };
    for (const [each, tile] of tilesOf({ ...step, queries: null }, 1)) await gpu.run(each, tile);
    expectOutput(outputOf(step), asProblem(zero), undefined, expError);
    const alone = { ...step, queries: null, values: null, message: null, logSumExp: matrix('float32', 1, 1) };
    for (const [each, tile] of tilesOf(alone, 1)) await gpu.run(each, tile);
    expect(alone.logSumExp.data).toEqual(step.logSumExp.data);
  });

  it.each(FORESTS)('computes $name by attend steps', async (polynomial) => {
    const forest = polynomial.conditionings.find(({ cutset }) => cutset.length === 0)?.forest ?? [];
    for (const [seed, maxScore] of [1, 50, 200].entries()) {
      const options = { seed, precision: 'float32', maxScore, biases: true, sparseValues: seed % 2 === 1 } as const;
      const problem = randomProblem(polynomial, options);
      expectOutput(await gpu.drive(forestTiles(problem, forest)), problem, expectedOutput(problem), expError);
    }
  });

  it.each(CONDITIONINGS)('computes $name given {$how.cutset}, masked and not', async ({ how, ...polynomial }) => {
    for (const [seed, maxScore] of [1, 5, 200, 8, 8, 8].entries()) {
      const masks = maxScore === 8 ? randomMasks(seed, how) : [];
      const options = { seed, precision: 'float32', maxScore, biases: seed % 2 === 0, sparseValues: seed === 1, masks } as const;
      const problem = randomProblem(polynomial, options);
      const tiles = conditionedTiles(problem, how, partsOf(how.cutset), how.cutset.length > 0 ? [1] : []);
      expectOutput(await gpu.drive(tiles), problem, expectedOutput(problem), expError);
    }
  });

  it.each(CUBIC)('takes several batches of assignments for $name', async ({ monomials }) => {
    const how = {
      cutset: [1],
      forest: [
        { variable: 3, parent: 2 },
        { variable: 2, parent: 0 },
      ],
    };
    const polynomial = { t: 3, monomials: monomials.map((variables) => ({ coefficient: 1, variables })) };
    const options = { seed: 7, precision: 'float32', maxScore: 6, sizes: [61, 97, 20], d: 5, dv: 3, biases: true } as const;
    const problem = randomProblem(polynomial, options);
    expectOutput(await gpu.drive(conditionedTiles(problem, how, 1, [4])), problem, expectedOutput(problem), expError);
  });

  it('leaves rows empty where a variable has none', async () => {
    const problem = randomProblem(
      { t: 2, monomials: [{ coefficient: 1, variables: [1, 2] }] },
      { seed: 1, precision: 'float32', maxScore: 1 },
    );
    const none = { queries: matrix('float32', 0, problem.variables[0].queries.cols), values: null, bias: null };
    const without = { ...problem, variables: [problem.variables[0], none] };
    const how = { cutset: [1], forest: [{ variable: 2, parent: 0 }] };
    const { logSumExp } = await gpu.drive(conditionedTiles(without, how));
    expect([...logSumExp.data]).toEqual([...logSumExp.data].map(() => Number.NEGATIVE_INFINITY));
  });
});

describe('gpu where no GL context can be had', () => {
  // A driver list without drivers, as on a machine without any.
  const nowhere = { VK_DRIVER_FILES: '/dev/null', VK_ICD_FILENAMES: '/dev/null' };
  const start = async (mode: string): Promise<ServedGpu> => {
    for (const [name, value] of Object.entries(nowhere)) vi.stubEnv(name, value);
    return ServedGpu.start(mode).finally(() => vi.unstubAllEnvs());
  };

  it('takes WebAssembly by itself, and says so', async () => {
    const gpu = await start('auto');
    const { mode, kernel, software, device } = gpu.describe();
    expect([mode, kernel, software]).toEqual(['webasm', 'WebAssemblyKernel', true]);
    expect(device).toMatch(/^cpu \(headlessgl: .+\)$/);
    await gpu.close();
  });

  it('refuses to load where GL was asked for', async () => {
    await expect(start('headlessgl')).rejects.toThrow(/^headlessgl: .+/);
  });
});
