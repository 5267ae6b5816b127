import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interpret } from '../../src/contract/interpret.ts';
import { type Engine, startEngine } from '../../src/schedule/engine.ts';
import type { Result } from '../../src/schedule/result.ts';
import { allocate } from '../../src/tensor/allocate.ts';
import { DIE } from '../fixtures/faulty.ts';

/** What takes microseconds runs on the event loop. A scale that is an order to die shows whether a thread saw the request. */

let engine: Engine;
beforeAll(async () => {
  const limits = { maxInflightBytes: 2 ** 30, maxQueueSeconds: 1e6, maxSyncSeconds: 1e6, maxResultBytes: 2 ** 30 };
  const workerUrl = new URL('../fixtures/faulty-worker.ts', import.meta.url);
  engine = await startEngine({ threads: 1, backends: ['native', 'reference'], nativeIsa: null, workerUrl, ...limits });
});
afterAll(() => engine.close());

function ask(n: number, signal: AbortSignal, options: object = {}): Promise<Result> {
  const tensors = new Map(['q1', 'q2', 'v2'].map((name) => [name, allocate('float32', [n, 8])] as const));
  tensors.get('v2')?.data.fill(3);
  const request = interpret({ tensors, options: { polynomial: 'x1*x2', scale: DIE, ...options } });
  return engine.run(request, { signal, timeoutMs: 10_000 });
}

const NEVER = new AbortController().signal;

describe('a request of microseconds', () => {
  it('is answered without a thread, and leaves nothing behind', async () => {
    const { output, plan, tiles, timing } = await ask(4, NEVER);
    expect(output.data.every((value) => value === 3)).toBe(true);
    expect([plan.backend.name, tiles, timing.stages.length]).toEqual(['native', 1, 1]);
    expect(timing.computeMs).toBeGreaterThan(0);
    expect(engine.load()).toEqual({ queuedSeconds: 0, inflightBytes: 0, queueDepth: 0 });
  });

  it('is not computed for who has left', async () => {
    await expect(ask(4, AbortSignal.abort())).rejects.toMatchObject({ code: 'client_closed_request' });
    expect(engine.load().inflightBytes).toBe(0);
  });
});

describe('everything else', () => {
  it.each([
    ['longer', 1024, {}],
    ['of another back end', 4, { backend: 'reference' }],
  ])('goes to a thread: %s', async (_, n, options) => {
    await expect(ask(n, NEVER, options)).rejects.toMatchObject({ code: 'internal' });
    expect((await ask(4, NEVER)).tiles).toBe(1);
  });
});
