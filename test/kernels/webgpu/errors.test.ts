import { describe, expect, it } from 'vitest';
import { errorScope, lossGuard } from '../../../kernels/webgpu/errors.ts';

class GPUOutOfMemoryError {
  readonly message = 'Allocation of 4 GiB failed';
}
class GPUValidationError {
  readonly message = 'Buffer is destroyed';
}

/** A device whose scopes give these, innermost first. */
function scopes(...found: (object | null)[]): Parameters<typeof errorScope>[0] & { readonly pushed: string[] } {
  const pushed: string[] = [];
  return {
    pushed,
    pushErrorScope: (filter: string) => void pushed.push(filter),
    popErrorScope: async () => found.shift() ?? null,
  } as unknown as Parameters<typeof errorScope>[0] & { readonly pushed: string[] };
}

describe('what a device refuses', () => {
  it('fails the call that asked for it, with the reason', async () => {
    const scoped = (...found: (object | null)[]) => errorScope(scopes(...found), () => 7);
    expect(scoped(null, null).value).toBe(7);
    await expect(scoped(null, null).accepted).resolves.toBeUndefined();
    await expect(scoped(new GPUOutOfMemoryError(), null).accepted).rejects.toThrow(
      'webgpu: out of memory: Allocation of 4 GiB failed',
    );
    await expect(scoped(null, new GPUValidationError()).accepted).rejects.toThrow('webgpu: Buffer is destroyed');
  });

  it('closes the scopes that it opened, also around what throws', () => {
    const device = scopes(new GPUOutOfMemoryError());
    const fail = () => {
      throw new Error('of the body');
    };
    expect(() => errorScope(device, fail)).toThrow('of the body');
    expect(device.pushed).toEqual(['validation', 'out-of-memory']);
  });
});

describe('a device that is lost', () => {
  it('fails those who wait and those who come, and nobody who is done', async () => {
    const { promise, resolve } = Promise.withResolvers<GPUDeviceLostInfo>();
    const guard = lossGuard(promise);
    await expect(guard(Promise.resolve(3))).resolves.toBe(3);
    await expect(guard(Promise.reject(new Error('its own')))).rejects.toThrow('its own');
    const waiting = guard(new Promise(() => {}));
    resolve({ reason: 'unknown', message: 'reset by the driver' } as GPUDeviceLostInfo);
    await expect(waiting).rejects.toThrow('webgpu: the device was lost (unknown): reset by the driver');
    await expect(guard(Promise.resolve(3))).rejects.toThrow('the device was lost');
  });
});
