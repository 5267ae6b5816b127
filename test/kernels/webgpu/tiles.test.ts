import { describe, expect, it } from 'vitest';
import { CONTROL_CELLS, type CycleStep, type Matrix } from '../../../kernels/backend.ts';
import { asProblem, outputOf, randomAttend } from '../attends.ts';
import { conditionedTiles, expectedOutput, expectOutput, matrix, type Problem, randomProblem, tilesOf } from '../cases.ts';
import { cycleOf } from '../cycles.ts';
import type { Conditioning } from '../polynomials.ts';
import { driveDevice, TestDevice } from './device.ts';

/** Tiles are chosen from the shared memory that an adapter has; every choice must be right, not only this machine's. */

const CHOICES = [
  { workgroupBytes: 16_384, kernel: 'wgsl 32x32, d 32, dv 32,' },
  { workgroupBytes: 24_576, kernel: 'wgsl 32x32, d 64, dv 64,' },
  { workgroupBytes: 32_768, kernel: 'wgsl 32x32, d 64, dv 128,' },
];
const ROOTED: Conditioning = {
  cutset: [1],
  forest: [
    { variable: 3, parent: 2 },
    { variable: 2, parent: 0 },
  ],
};

describe.each(CHOICES)('with $workgroupBytes bytes of shared memory', ({ workgroupBytes, kernel }) => {
  it('takes its tiles, and computes more rows, keys, coordinates and channels than they hold', async () => {
    const device = await TestDevice.start({ bounds: { workgroupBytes } });
    try {
      expect(device.describe().kernel).toContain(kernel);
      for (const dv of [31, 65, 260]) await attend(device, dv);
      const options = { seed: 3, precision: 'float32', maxScore: 4, sizes: [2, 40, 67], d: 70 } as const;
      for (const dv of [5, 140]) {
        await cycle(device, randomProblem(cycleOf([1, 2, 3]), { ...options, dv }));
        const tensor = { t: 3, monomials: [{ coefficient: 1, variables: [1, 2, 3] }] };
        const problem = randomProblem(tensor, { ...options, dv });
        const output = await driveDevice(device, conditionedTiles(problem, ROOTED));
        expectOutput(output, problem, expectedOutput(problem), device.describe().expError);
      }
    } finally {
      expect(await device.close()).toBe('code 0');
    }
  });
});

async function attend(device: TestDevice, dv: number): Promise<void> {
  const step = randomAttend('float32', { seed: dv, nq: 45, nk: 100, d: 70, dv, score: 4, blocked: 0.1, band: null });
  for (const [each, tile] of tilesOf(step, 45)) await device.run(each, tile);
  const problem = asProblem(step);
  expectOutput(outputOf(step), problem, expectedOutput(problem), device.describe().expError);
}

async function cycle(device: TestDevice, problem: Problem): Promise<void> {
  const { rows } = problem.variables[0].queries;
  const dv = problem.variables[1].values?.cols ?? 0;
  const results = { message: matrix('float32', rows, dv), logSumExp: matrix('float32', rows, 1) };
  const step: CycleStep<Matrix> = { kind: 'cycle', ...problem, order: [1, 2, 3], product: 'gemm', ...results };
  const tile = { firstRow: 0, lastRow: rows, control: new Int32Array(CONTROL_CELLS), callId: dv };
  expect((await device.run(step, tile)).fallbackRows).toBe(0);
  expectOutput(results, problem, expectedOutput(problem), device.describe().expError);
}
