import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApproximateCase, requestsOf } from '../../bench/approximate-data.ts';
import type { AttentionRequest } from '../../src/contract/request.ts';
import { type Engine, startEngine } from '../../src/schedule/engine.ts';
import { Lease, takeMemory } from '../../src/tensor/lease.ts';

let engine: Engine;
beforeAll(async () => {
  const limits = { maxInflightBytes: 2 ** 31, maxQueueSeconds: 1e6, maxSyncSeconds: 1e6, maxResultBytes: 2 ** 30 };
  engine = await startEngine({ threads: 2, backends: ['native', 'reference'], nativeIsa: null, ...limits });
});
afterAll(() => engine.close());

async function answer(request: AttentionRequest): Promise<{ output: number[]; method: string | undefined }> {
  const lease = new Lease();
  const result = await engine.run(request, { signal: new AbortController().signal, timeoutMs: 60_000, lease });
  const output = Array.from(result.output.data as Float32Array);
  lease.end(true);
  return { output, method: result.plan.approximation?.method };
}

/** Memory of all sizes up to 2 MiB that the next requests will be given. */
function leaveBehind(value: number): void {
  const lease = new Lease();
  for (let bytes = 2 ** 16 + 64; bytes <= 2 ** 21; bytes *= 1.05) {
    const memory = takeMemory(Math.floor(bytes));
    new Float64Array(memory).fill(value);
    lease.adopt(memory);
  }
  lease.end(true);
}

const cases: (ApproximateCase & { readonly name: string })[] = [
  { name: 'tensor(3)', polynomial: 'x1*x2*x3', n: 16384, d: 16, entries: 1, wish: { method: 'taylor' } },
  { name: 'path(3)', polynomial: 'x1*x2 + x2*x3', n: 8192, d: 16, entries: 0.5, wish: { method: 'minimax' } },
  {
    name: 'path(3), compressed',
    polynomial: 'x1*x2 + x2*x3',
    n: 8192,
    d: 32,
    entries: 0.1,
    wish: { method: 'compress', tolerance: 0.1 },
  },
];

it.each(cases)('finds nothing of what others left in its memory: $name', async (one) => {
  const { approximate } = requestsOf(one);
  const before = await answer(approximate);
  leaveBehind(Number.NaN);
  const after = await answer(approximate);
  expect(before.method).toBe(one.wish?.method);
  expect(after).toEqual(before);
});
