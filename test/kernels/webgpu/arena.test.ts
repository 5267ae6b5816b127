import { beforeAll, describe, expect, it } from 'vitest';
import { ArenaPool } from '../../../kernels/webgpu/arena.ts';
import type { Device } from '../../../kernels/webgpu/device.ts';
import { errorScope } from '../../../kernels/webgpu/errors.ts';

class GPUOutOfMemoryError {
  readonly message = 'no memory';
}

/** As much of a device as making buffers takes, with memory for `floats` numbers. */
class FakeDevice {
  readonly capacity = 100_000;
  held = 0;
  made = 0;
  #error: object | null = null;
  readonly #floats: number;

  constructor(floats: number) {
    this.#floats = floats;
  }

  asDevice(): Device {
    const gpu = {
      pushErrorScope: () => {},
      popErrorScope: async () => {
        const error = this.#error;
        this.#error = null;
        return error;
      },
      createBuffer: ({ size }: { size: number }) => this.#buffer(size / 4),
      createBindGroup: () => ({}),
    };
    const scoped = <T>(body: () => T) => errorScope(gpu as unknown as GPUDevice, body);
    return { gpu, capacity: this.capacity, scoped, guard: <T>(promise: Promise<T>) => promise } as unknown as Device;
  }

  #buffer(floats: number): { destroy: () => void } {
    if (this.held + floats > this.#floats) {
      this.#error = new GPUOutOfMemoryError();
      return { destroy: () => {} };
    }
    this.held += floats;
    this.made++;
    const destroy = () => {
      this.held -= floats;
    };
    return { destroy };
  }
}

beforeAll(() => {
  Object.assign(globalThis, { GPUBufferUsage: { STORAGE: 1, COPY_SRC: 2, COPY_DST: 4, UNIFORM: 8 } });
});

const poolOf = (device: FakeDevice) => new ArenaPool(device.asDevice(), { layout: {} as GPUBindGroupLayout, single: {}, half: {} });

describe('arenas', () => {
  it('are made once for runs that follow each other, and filled once for those of one owner', async () => {
    const device = new FakeDevice(1e9);
    const pool = poolOf(device);
    const filled: boolean[] = [];
    for (const owner of ['a', 'a', 'b', null, 'b']) {
      await pool.with(20_000, owner, async (_, isFilled) => filled.push(isFilled));
    }
    expect(filled).toEqual([false, true, false, false, false]);
    expect(device.made).toBe(2);
    const failed = pool.with(20_000, 'c', () => Promise.reject(new Error('of the run')));
    await expect(failed).rejects.toThrow('of the run');
    await pool.with(20_000, 'c', async (_, isFilled) => expect(isFilled).toBe(false));
    await pool.with(20_000, 'd', async () => null);
    await pool.with(20_000, 'd', async (_, isFilled) => expect(isFilled).toBe(false));
  });

  it('in use at once take no more than the room of two of the largest, and whoever comes first goes first', async () => {
    const pool = poolOf(new FakeDevice(1e9));
    const order: number[] = [];
    let inUse = 0;
    let most = 0;
    const run = (index: number, floats: number) =>
      pool.with(floats, null, async () => {
        inUse += floats;
        most = Math.max(most, inUse);
        await new Promise((resolve) => setTimeout(resolve, 2));
        inUse -= floats;
        order.push(index);
      });
    await Promise.all(Array.from({ length: 20 }, (_, i) => run(i, i % 5 === 2 ? 100_000 : 30_000)));
    expect(most).toBeGreaterThan(100_000);
    expect(most).toBeLessThanOrEqual(200_000);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    for (const [place, index] of order.entries()) expect(Math.abs(place - index)).toBeLessThan(6);
  });

  it('give way to others when the device has no memory left, and fail the run when that does not help', async () => {
    const device = new FakeDevice(120_000);
    const pool = poolOf(device);
    await pool.with(50_000, null, async () => undefined);
    await pool.with(90_000, null, async () => expect(device.held).toBeLessThan(120_000));
    const small = poolOf(new FakeDevice(40_000));
    await expect(small.with(50_000, null, async () => undefined)).rejects.toThrow('webgpu: out of memory: no memory');
    await small.with(20_000, null, async () => undefined);
    await expect(small.with(100_001, null, async () => undefined)).rejects.toThrow('needs 400004 bytes');
  });
});
