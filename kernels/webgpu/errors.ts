/** What goes wrong on a device becomes an error of the calls in hand; nothing waits for a device that is gone. */

/** The promise's result, or an error as soon as the device is lost. */
export type LossGuard = <T>(promise: Promise<T>) => Promise<T>;

/** A race with `lost` would leave a reaction on it for every call; a set of those who wait does not grow. */
export function lossGuard(loss: Promise<GPUDeviceLostInfo>): LossGuard {
  const waiting = new Set<(reason: Error) => void>();
  let lost: Error | null = null;
  loss.then(({ reason, message }) => {
    lost = new Error(`webgpu: the device was lost (${reason}): ${message}`);
    for (const reject of waiting) reject(lost);
    waiting.clear();
  });
  return (promise) =>
    new Promise((resolve, reject) => {
      if (lost !== null) {
        promise.catch(() => {});
        reject(lost);
        return;
      }
      waiting.add(reject);
      promise.then(resolve, reject).finally(() => waiting.delete(reject));
    });
}

/** Runs `body` and gives, besides its value, a promise that rejects when the device refuses or lacks memory for something in it. */
export function errorScope<T>(
  gpu: Pick<GPUDevice, 'pushErrorScope' | 'popErrorScope'>,
  body: () => T,
): { value: T; accepted: Promise<void> } {
  gpu.pushErrorScope('validation');
  gpu.pushErrorScope('out-of-memory');
  let value: T;
  const popped: Promise<GPUError | null>[] = [];
  try {
    value = body();
  } finally {
    popped.push(gpu.popErrorScope(), gpu.popErrorScope());
  }
  const accepted = Promise.all(popped).then((errors) => {
    const error = errors.find((found) => found !== null);
    if (error)
      throw new Error(`webgpu: ${error.constructor.name === 'GPUOutOfMemoryError' ? 'out of memory: ' : ''}${error.message}`);
  });
  accepted.catch(() => {});
  return { value, accepted };
}
