import { afterAll, beforeAll, expect, it } from 'vitest';
import { interpret } from '../../src/contract/interpret.ts';
import { type Engine, startEngine } from '../../src/schedule/engine.ts';
import { allocate } from '../../src/tensor/allocate.ts';

let engine: Engine;
beforeAll(async () => {
  const limits = { maxInflightBytes: 2 ** 31, maxQueueSeconds: 1e6, maxSyncSeconds: 1e6, maxResultBytes: 2 ** 30 };
  engine = await startEngine({ threads: 2, backends: ['native', 'reference'], nativeIsa: null, ...limits });
});
afterAll(() => engine.close());

it('gives back the memory of requests that were answered', async () => {
  const [rows, cols, requests] = [4096, 512, 120];
  const megabytes = (): number => process.memoryUsage().arrayBuffers / 2 ** 20;
  let most = 0;
  for (let i = 0; i < requests; i++) {
    const tensors = new Map(
      ['q1', 'q2', 'v2'].map((name) => [name, allocate('float32', name === 'q1' ? [1, cols] : [rows, cols])] as const),
    );
    const request = interpret({ tensors, options: { polynomial: 'x1*x2' } });
    await engine.run(request, { signal: new AbortController().signal, timeoutMs: 60_000 });
    most = Math.max(most, megabytes());
  }
  // 16 MiB each, 1920 together; some hundred may wait for a thread to collect, and what half a second brings beside them.
  expect(most).toBeLessThan(1200);
}, 60_000);
