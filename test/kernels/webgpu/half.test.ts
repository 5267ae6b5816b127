import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { AttendStep, CycleStep, Matrix } from '../../../kernels/backend.ts';
import { asProblem, outputOf, randomAttend } from '../attends.ts';
import { conditionedTiles, expectedOutput, expectOutput, matrix, type ProblemOptions, randomProblem, tilesOf } from '../cases.ts';
import { cycleOf } from '../cycles.ts';
import { POLYNOMIALS } from '../polynomials.ts';
import { driveDevice, TestDevice, useDevice } from './device.ts';
import { halved, halvedProblem, hidden } from './halves.ts';

/** Operands that came as float16: read as they are, the result is that of the same numbers in single precision. */

const BITS = [1, 2, 4];

describe.each([
  { name: 'as this adapter offers', shaderF16: true, kernel: /f16 inputs by (shader-f16|unpack2x16float)$/ },
  { name: 'by core WGSL alone', shaderF16: false, kernel: /f16 inputs by unpack2x16float$/ },
])('halves read $name', ({ shaderF16, kernel }) => {
  let device: TestDevice;
  let expError: number;
  useDevice(
    (started, error) => {
      [device, expError] = [started, error];
    },
    { bounds: { shaderF16 } },
  );

  it('are named with the kernels', () => expect(device.describe().kernel).toMatch(kernel));

  it('attend with any of queries, keys and values, in tiles and odd sizes', async () => {
    for (let mask = 1; mask < 8; mask++) {
      const shape = { seed: mask, nq: 61, nk: 77 + mask, d: 9, dv: 33, score: 20, blocked: 0.1, band: null };
      const random = randomAttend('float32', shape);
      const [queries, keys, values] = [random.queries, random.keys, random.values as Matrix].map((each, i) =>
        mask & BITS[i] ? halved(each) : each,
      ) as [Matrix, Matrix, Matrix];
      const truth = { ...random, queries, keys, values };
      const [q, k, v] = [queries, keys, values].map((each) => (each.half ? hidden(each) : each)) as [Matrix, Matrix, Matrix];
      for (const [each, tile] of tilesOf({ ...truth, queries: q, keys: k, values: v }, 61, [7])) await device.run(each, tile);
      expectOutput(outputOf(truth), asProblem(truth), expectedOutput(asProblem(truth)), expError);
    }
  });

  it('come back as themselves, the subnormal ones too', async () => {
    const bits = Uint16Array.from({ length: 2001 }, (_, i) => (i % 2 === 0 ? 0 : 0x8000) + i);
    const values = hidden({ data: new Float32Array(0), half: bits, rows: 1, cols: bits.length });
    const results = { message: matrix('float32', 1, bits.length), logSumExp: matrix('float32', 1, 1) };
    const keys = matrix('float32', 1, 1, () => 0);
    for (const queries of [keys, null]) {
      const step: AttendStep<Matrix> = { kind: 'attend', queries, keys, keyBias: null, values, scale: 1, band: null, ...results };
      for (const [each, tile] of tilesOf(step, 1)) await device.run(each, tile);
      expect(results.message.data).toEqual(new Float32Array(new Float16Array(bits.buffer)));
    }
  });

  const cases = POLYNOMIALS.flatMap(({ conditionings, ...polynomial }) => conditionings.map((how) => ({ ...polynomial, how })));
  it.each(cases)('compute $name given {$how.cutset}', async ({ how, ...polynomial }) => {
    for (const [seed, maxScore] of [5, 200].entries()) {
      const options = { seed, precision: 'float32', maxScore, biases: true, sparseValues: seed === 1 } as const;
      const { truth, given } = halvedProblem(randomProblem(polynomial, options), how.cutset);
      expectOutput(await driveDevice(device, conditionedTiles(given, how)), truth, expectedOutput(truth), expError);
    }
  });

  it('compute a cycle by products', async () => {
    const sizes: ProblemOptions = { seed: 3, precision: 'float32', maxScore: 5, sizes: [5, 41, 67], d: 9, dv: 33, biases: true };
    const { truth, given } = halvedProblem(randomProblem(cycleOf([1, 3, 2]), sizes), [1]);
    const results = { message: matrix('float32', 5, 33), logSumExp: matrix('float32', 5, 1) };
    const step: CycleStep<Matrix> = { kind: 'cycle', ...given, order: [1, 3, 2], product: 'gemm', ...results };
    for (const [each, tile] of tilesOf(step, 5, [2])) expect((await device.run(each, tile)).fallbackRows).toBe(0);
    expectOutput(results, truth, expectedOutput(truth), expError);
  });
});

describe('a device that does not read halves', () => {
  it('gets the same operands in single precision, and is named so', async () => {
    const device = await TestDevice.start({ bounds: { halves: false } });
    try {
      expect(device.describe().kernel).toMatch(/f32 inputs$/);
      const shape = { seed: 9, nq: 8, nk: 20, d: 4, dv: 6, score: 3, blocked: 0, band: null };
      const random = randomAttend('float32', shape);
      const step = { ...random, queries: halved(random.queries), keys: halved(random.keys) };
      const wrong = { ...step, keys: { ...step.keys, half: new Uint16Array(80).fill(0x3c00) } };
      for (const [each, tile] of tilesOf(wrong, 8)) await device.run(each, tile);
      expectOutput(outputOf(step), asProblem(step), expectedOutput(asProblem(step)), device.describe().expError);
    } finally {
      expect(await device.close()).toBe('code 0');
    }
  });
});

describe('the kernels for shader-f16', () => {
  it('compile on a device that has it, and on no other', async () => {
    const child = fork(fileURLToPath(new URL('./validate.ts', import.meta.url)), [], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    let report: Record<'having' | 'lacking', unknown> | null = null;
    child.on('message', (message: typeof report) => {
      report = message;
    });
    expect(await once(child, 'exit')).toEqual([0, null]);
    const having = ['attend32', 'product32', 'shared', 'fill', 'reduce', 'halves'];
    expect(report).toEqual({ having, lacking: expect.stringContaining('Invalid ShaderModule') });
  });
});
