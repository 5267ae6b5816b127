import { describe, expect, it } from 'vitest';
import {
  type AttendStep,
  CONTROL_CELLS,
  type ConditionedStep,
  type Matrix,
  PROGRESS,
  type Step,
} from '../../../kernels/backend.ts';
import { load as loadReference } from '../../../kernels/reference/index.ts';
import { matrix } from '../cases.ts';
import { attendStep, tensorStep, wrongAttends } from '../steps.ts';
import { TestDevice, useDevice } from './device.ts';

let device: TestDevice;
useDevice((started) => {
  device = started;
});

const context = () => ({ control: new Int32Array(CONTROL_CELLS), callId: 1e9 + Math.random() });

const reference = loadReference();

/** Far above rounding, far below a wrong kernel: what is computed right is tested elsewhere, here whether calls stay apart. */
function expectSame(step: AttendStep<Matrix> | ConditionedStep<Matrix>, rows: number): void {
  const results = { message: matrix('float32', rows, step.message?.cols ?? 0), logSumExp: matrix('float32', rows, 1) };
  reference.run({ ...step, ...results } as Step<Matrix>, { firstRow: 0, lastRow: rows, ...context() });
  const apart = (a: Matrix | null, b: Matrix) => Math.max(0, ...Array.from(b.data, (x, i) => Math.abs(x - (a as Matrix).data[i])));
  // Written so that NaN fails.
  expect(apart(step.message, results.message) < 1e-5 && apart(step.logSumExp, results.logSumExp) < 1e-5).toBe(true);
}

describe('loading', () => {
  it('names the adapter and the kernels that run on it, says whether it is software, and how far its exp is off', () => {
    const { device: adapter, mode, kernel, software, expError, rates, ...rest } = device.describe();
    expect(rest).toEqual({ name: 'webgpu', precisions: ['float32'], steps: ['attend', 'conditioned', 'cycle'], isa: null });
    expect(['vulkan', 'opengles']).toContain(mode);
    expect(adapter).toMatch(new RegExp(`^${mode}: .+`));
    expect(software).toBe(/llvmpipe|lavapipe|swiftshader/i.test(adapter));
    expect(kernel).toMatch(/^wgsl 32x32, d \d+, dv \d+, f16 inputs by (shader-f16|unpack2x16float)$/);
    // Two units in the last place; a device without IEEE products would say more, and have it added to every tolerance.
    expect(expError).toBeGreaterThan(2 ** -26);
    expect(expError).toBeLessThan(2 ** -22);
    for (const value of Object.values(rates.float32 ?? { missing: 0 })) expect(value).toBeGreaterThan(0);
    expect(rates.float32?.flopsPerSecond).toBeLessThan(1e15);
    expect(rates.float32?.tileSeconds).toBeLessThan(1);
  });

  it('refuses to load without an adapter, and says what was tried', async () => {
    const nowhere = { VK_DRIVER_FILES: '/dev/null', VK_ICD_FILENAMES: '/dev/null' };
    await expect(TestDevice.start({ mode: 'vulkan' }, nowhere)).rejects.toThrow('no WebGPU adapter by vulkan');
  });
});

describe('the boundary', () => {
  it('refuses shapes that contradict each other, and steps and tiles that it has not', async () => {
    const step = attendStep(8, 4);
    const wrong: [string, Step<Matrix>][] = [
      ...wrongAttends(step),
      ['does not run combine', { kind: 'combine', factors: [], product: null, addends: [], sum: matrix('float32', 8, 1) }],
    ];
    for (const [reason, bad] of wrong) {
      await expect(device.run(bad, { firstRow: 0, lastRow: 8, ...context() }), reason).rejects.toThrow(reason);
    }
    for (const [firstRow, lastRow] of [
      [0, 9],
      [5, 4],
      [-1, 3],
      [0.5, 3],
      [0, Number.NaN],
    ]) {
      await expect(device.run(step, { firstRow, lastRow, ...context() })).rejects.toThrow('outside the 8 rows');
    }
  });

  it('leaves between dispatches when the flag is set, and counts no row of what it left', async () => {
    const step = tensorStep(400, 32);
    const { control, callId } = context();
    const running = device.run(step, { firstRow: 0, lastRow: 400, control, callId });
    await device.cancel(device.lastRun);
    const start = performance.now();
    await running;
    // All of it is 8 GFLOP, seconds of software rendering; a chunk is 50 ms.
    expect(control[PROGRESS]).toBe(0);
    expect(step.message?.data.every(Number.isNaN)).toBe(true);
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it('keeps calls apart that run at once', async () => {
    const steps = Array.from({ length: 40 }, (_, i) => {
      const n = 10 + 13 * (i % 4);
      return { n, step: i % 3 === 0 ? tensorStep(n, 4 + (i % 3), i) : attendStep(n, 8, i) };
    });
    await Promise.all(steps.map(({ n, step }) => device.run(step, { firstRow: 0, lastRow: n, ...context() })));
    for (const { n, step } of steps) expectSame(step, n);
  });
});

describe('over time', () => {
  it('holds no more memory after 1000 calls more', async () => {
    const round = async (calls: number) => {
      for (let i = 0; i < calls; i += 4) {
        const steps = [attendStep(64 + (i % 50), 16, i), attendStep(17, 8, i), tensorStep(12, 8, i), attendStep(300, 4, i)];
        await Promise.all(steps.map((step) => device.run(step, { firstRow: 0, lastRow: step.logSumExp.rows, ...context() })));
      }
    };
    await round(800);
    const before = await device.memory();
    await round(1000);
    expect((await device.memory()) / before).toBeLessThan(1.05);
  });

  it('fails what runs and what comes when the device is lost, and lets the process end', async () => {
    const doomed = await TestDevice.start();
    const tile = { firstRow: 0, lastRow: 300, ...context() };
    const running = expect(doomed.run(tensorStep(300, 16), tile)).rejects.toThrow('the device was lost');
    await doomed.lose();
    await running;
    await expect(doomed.run(attendStep(300, 16), tile)).rejects.toThrow('the device was lost');
    expect(await doomed.close()).toBe('code 0');
  });

  it('fails a call whose operands no buffer of the device holds, and goes on', async () => {
    const small = await TestDevice.start({ bounds: { arenaFloats: 20_000 } });
    const tile = { firstRow: 0, lastRow: 1, ...context() };
    await expect(small.run(tensorStep(100, 100), tile)).rejects.toThrow(/needs \d+ bytes, a buffer of the device holds 80000/);
    const step = attendStep(10, 4);
    await small.run(step, { ...tile, lastRow: 10 });
    expectSame(step, 10);
    expect(await small.close()).toBe('code 0');
  });
});
