import { describe, expect, it, onTestFinished } from 'vitest';
import { type AttendStep, CONTROL_CELLS, type Matrix } from '../../../kernels/backend.ts';
import { Courier } from '../../../src/schedule/device/courier.ts';
import { DeviceProcess } from '../../../src/schedule/device/process.ts';
import { Slot } from '../../../src/schedule/device/slot.ts';
import { allocate } from '../../../src/tensor/allocate.ts';
import type { FloatDType } from '../../../src/tensor/tensor.ts';
import { HALVES } from '../../fixtures/faulty.ts';
import { buildTestApp } from '../../helpers/app.ts';
import { readSafetensors, safetensorsRequest } from '../../helpers/safetensors.ts';

/** How operands get to a device's process. */

const module = new URL('../../fixtures/device.ts', import.meta.url);
const COLS = 3;

function operand(rows: number, seed: number): Matrix & { readonly half: Uint16Array } {
  const half = Float16Array.from({ length: rows * COLS }, (_, i) => Math.sin(1 + i * (seed + 0.37)));
  return { data: new Float32Array(half), half: new Uint16Array(half.buffer), rows, cols: COLS };
}

const empty = (cols: number): Matrix => ({ data: new Float32Array(cols), rows: 1, cols });

/** One query, so that a wrong number anywhere shows in its row. */
function attend(change: (operand: Matrix) => Matrix): AttendStep<Matrix> & { readonly message: Matrix } {
  const [queries, keys, values] = [operand(1, 1), operand(5, 2), operand(5, 3)].map(change) as [Matrix, Matrix, Matrix];
  const results = { message: empty(COLS), logSumExp: empty(1) };
  return { kind: 'attend', queries, keys, keyBias: null, values, scale: 1, band: null, ...results };
}

const tileOf = (step: AttendStep<Matrix>, callId: number) => ({ backend: 'gpu', step, firstRow: 0, lastRow: 1, callId }) as const;
const single = ({ data, rows, cols }: Matrix): Matrix => ({ data, rows, cols });
const halfOnly = (whole: Matrix): Matrix => ({ ...whole, data: new Float32Array(whole.data.length).fill(Number.NaN) });

describe('operands on their way to a device', () => {
  it('take two bytes a number where they came as float16, and four where they did not', async () => {
    const slot = new Slot();
    onTestFinished(() => slot.close());
    const types = async (step: AttendStep<Matrix>) => {
      const { calls } = await new Courier().pack(slot, [tileOf(step, 1)]);
      return calls[0]?.operands.map(({ type }) => type);
    };
    expect(await types(attend((whole) => whole))).toEqual(['half', 'half', 'half', 'single', 'single']);
    expect(await types(attend(single))).toEqual(['single', 'single', 'single', 'single', 'single']);
  });

  it('come as float16 from the body of a request, if that is what the device is asked with', async () => {
    const app = await buildTestApp({ BACKENDS: 'native,gpu,reference' }, { deviceModules: { gpu: module } });
    const ask = async (dtype: FloatDType) => {
      const named = new Map([2, 4_200, 4_200].map((rows, i) => [['q1', 'q2', 'v2'][i] as string, allocate(dtype, [rows, 64])]));
      const payload = safetensorsRequest(named, { polynomial: 'x1*x2', scale: HALVES, backend: 'gpu' });
      // Bodies above 1 MiB are read into shared memory.
      expect(payload.length).toBeGreaterThan(2 ** 20);
      const headers = { 'content-type': 'application/octet-stream' };
      const { rawPayload } = await app.inject({ method: 'POST', url: '/v1/attention/binary', payload, headers });
      return readSafetensors(rawPayload).response.plan.failovers;
    };
    expect(await ask('float16')).toBeUndefined();
    expect(await ask('float32')).toEqual([{ from: 'gpu', to: 'native', reason: 'not in float16' }]);
  });

  it('are widened by a device that has no use for halves', async () => {
    const device = new DeviceProcess({ name: 'gpu', module, load: {}, loadTimeoutMs: 60_000, timeoutMs: 60_000 });
    onTestFinished(() => device.close());
    await device.load();
    const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_CELLS));
    const [wanted, found] = [attend(single), attend(halfOnly)];
    for (const [index, step] of [wanted, found].entries()) {
      await device.run({ control, tiles: [tileOf(step, index)], countedBytes: 0 });
    }
    expect(found.message.data).toEqual(wanted.message.data);
    expect(found.logSumExp.data).toEqual(wanted.logSumExp.data);
    expect(found.message.data.every(Number.isFinite)).toBe(true);
  });
});
