import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allocate } from '../../src/tensor/allocate.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { type Answer, get, post, startTestApp, type TestApp } from '../helpers/app.ts';
import { readSafetensors, safetensorsRequest } from '../helpers/safetensors.ts';

/** `backend: "webgpu"` from request to response, on whatever device this machine has; where it has none these tests fail. */

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ BACKENDS: 'webgpu,native,reference' });
  await app.engine.devices.get('webgpu')?.settled;
});
afterAll(() => app?.close());

/** Numbers within ±1 that are exact in float32. */
function rows(n: number, d: number, seed: number): number[][] {
  return Array.from({ length: n }, (_, l) =>
    Array.from({ length: d }, (_, c) => Math.fround(Math.sin(1 + (l * d + c) * (seed + 0.37)))),
  );
}

function tensors(t: number, n: number, d: number): Record<string, number[][]> {
  const names = Array.from({ length: t }, (_, j) => (j === 0 ? ['q1'] : [`q${j + 1}`, `v${j + 1}`])).flat();
  return Object.fromEntries(names.map((name, seed) => [name, rows(n, d, seed)]));
}

/** Largest difference of two answers' outputs; NaN where one is. */
function apart(found: Answer, truth: Answer): number {
  const [a, b] = [found, truth].map(({ body }) => body.output.data.flat(3) as number[]) as [number[], number[]];
  expect(a.length).toBe(b.length);
  return Math.max(...a.map((x, i) => Math.abs(x - (b[i] as number))));
}

describe('webgpu over HTTP', () => {
  it('is listed with its adapter, its kernels, and rates that hold the transfer', async () => {
    const { body } = await get(app, '/v1/backends');
    const listed = body.backends.find(({ name }: { name: string }) => name === 'webgpu');
    expect(listed).toMatchObject({ available: true, state: 'ready', restarts: 0, steps: ['attend', 'conditioned', 'cycle'] });
    expect(listed.kernel).toMatch(/^wgsl/);
    expect(listed.rates.float32.flopsPerSecond).toBeGreaterThan(0);
  });

  it.each([
    { polynomial: 'x1*x2', t: 2, n: 150, mask: undefined },
    { polynomial: 'x1*x2', t: 2, n: 150, mask: { type: 'edge-causal' } },
    { polynomial: 'x1*x2 + x2*x3 + x2*x4', t: 4, n: 60, mask: undefined },
    { polynomial: 'x1*x2*x3', t: 3, n: 40, mask: undefined },
    { polynomial: 'x1*x2*x3', t: 3, n: 40, mask: { type: 'root-causal' } },
    { polynomial: 'x1*x2 + x2*x3 + x3*x1', t: 3, n: 50, mask: undefined },
    { polynomial: 'x1*x2 + x2*x3 + x3*x4 + x4*x1', t: 4, n: 20, mask: undefined },
    { polynomial: 'x1*x2*x3 + x3*x4', t: 4, n: 12, mask: undefined },
  ])('computes $polynomial ($mask.type) as the reference does, and says that it did', async ({ polynomial, t, n, mask }) => {
    const request = { polynomial, tensors: tensors(t, n, 8), ...(mask && { mask }) };
    const found = await post(app, '/v1/attention', { ...request, backend: 'webgpu' });
    const truth = await post(app, '/v1/attention', { ...request, backend: 'reference' });
    expect([found.status, found.body.plan?.backend, truth.status]).toEqual([200, 'webgpu', 200]);
    expect(found.body.plan.failovers).toBeUndefined();
    expect(found.body.plan.kernel).toMatch(/^wgsl/);
    // math.md §8 with |values| <= 1 and |score| <= the number of monomials.
    expect(apart(found, truth)).toBeLessThanOrEqual((t - 1) * 4e-7 * (1 + 4) + 1e-7);
  });

  it('computes all heads of a batch', async () => {
    const heads = (seed: number) => Array.from({ length: 3 }, (_, head) => rows(17, 4, 3 * seed + head));
    const [q1, q2, q3, v2, v3] = [0, 1, 2, 3, 4].map(heads);
    const ask = (backend: string) => {
      return post(app, '/v1/attention', { polynomial: 'x1*x2 + x1*x3', tensors: { q1, q2, q3, v2, v3 }, backend });
    };
    const found = await ask('webgpu');
    expect(found.body.plan.backend).toBe('webgpu');
    // math.md §8, as above.
    expect(apart(found, await ask('reference'))).toBeLessThanOrEqual(2 * 4e-7 * (1 + 2) + 1e-7);
  });

  it('computes from float16 as it came, in a body that is read into shared memory', async () => {
    const [n, d] = [600, 300];
    const tensor = (seed: number): Tensor => {
      const made = allocate('float16', [n, d]);
      made.data.set(Float16Array.from(rows(n, d, seed).flat()));
      return made;
    };
    const named = new Map(['q1', 'q2', 'v2'].map((name, seed) => [name, tensor(seed)]));
    const ask = async (backend: string) => {
      const payload = safetensorsRequest(named, { polynomial: 'x1*x2', backend });
      expect(payload.length).toBeGreaterThan(2 ** 20);
      const headers = { 'content-type': 'application/octet-stream' };
      const { statusCode, rawPayload } = await app.inject({ method: 'POST', url: '/v1/attention/binary', payload, headers });
      expect(statusCode).toBe(200);
      return readSafetensors(rawPayload);
    };
    const [found, truth] = [await ask('webgpu'), await ask('native')];
    expect(found.response.plan.backend).toBe('webgpu');
    expect(found.response.plan.kernel).toMatch(/f16 inputs by (shader-f16|unpack2x16float)$/);
    const [a, b] = [found, truth].map(({ tensors }) => tensors.get('output')?.data as number[]) as [number[], number[]];
    expect(Math.max(...a.map((x, i) => Math.abs(x - (b[i] as number))))).toBeLessThanOrEqual(2 * 4e-7 * (1 + 1));
  });

  it('reaches its adapter in the way that the setting names', async () => {
    const other = await startTestApp({ BACKENDS: 'webgpu,reference', WEBGPU_MODE: 'opengles' });
    await other.engine.devices.get('webgpu')?.settled;
    const { body } = await get(other, '/v1/backends');
    await other.close();
    expect(body.backends.find(({ name }: { name: string }) => name === 'webgpu')).toMatchObject({
      state: 'ready',
      mode: 'opengles',
    });
  });

  it('is not what auto takes where the processor draws and native is there', async () => {
    const { body } = await get(app, '/v1/backends');
    const { software } = body.backends.find(({ name }: { name: string }) => name === 'webgpu');
    const { plan } = (await post(app, '/v1/attention', { polynomial: 'x1*x2', tensors: tensors(2, 64, 8) })).body;
    if (software) expect(plan.backend).toBe('native');
    else expect(['native', 'webgpu']).toContain(plan.backend);
  });

  it('stops between dispatches when the deadline has passed, and is there for the next request', async () => {
    const device = app.engine.devices.get('webgpu');
    const pid = device?.pid;
    // 17 GFLOP: many times the deadline on software rendering, some ms on a card, which then answers in time.
    const long = { polynomial: 'x1*x2*x3', backend: 'webgpu', tensors: tensors(3, 512, 32), timeoutMs: 400 };
    const { status, body } = await post(app, '/v1/attention', long);
    expect([200, 504]).toContain(status);
    if (status === 504) expect(body.code).toBe('deadline_exceeded');
    const next = await post(app, '/v1/attention', {
      polynomial: 'x1*x2',
      backend: 'webgpu',
      tensors: tensors(2, 9, 4),
      timeoutMs: 3_000,
    });
    expect([next.status, next.body.plan?.backend, device?.pid, device?.restarts]).toEqual([200, 'webgpu', pid, 0]);
  });

  it('fails over to native when its process is killed in the middle, and comes back', async () => {
    const device = app.engine.devices.get('webgpu');
    const request = { polynomial: 'x1*x2*x3', backend: 'webgpu', tensors: tensors(3, 40, 8) };
    const pid = device?.pid as number;
    // A process that is stopped has the request in hand for as long as it takes to kill it.
    process.kill(pid, 'SIGSTOP');
    const asked = post(app, '/v1/attention', request);
    setTimeout(() => process.kill(pid, 'SIGKILL'), 100);
    const { status, body } = await asked;
    expect([status, body.plan.failovers?.length]).toEqual([200, 1]);
    expect((await post(app, '/v1/attention', { polynomial: 'x1*x2', tensors: tensors(2, 9, 4) })).status).toBe(200);
    for (let i = 0; i < 400 && device?.state !== 'ready'; i++) await new Promise((resolve) => setTimeout(resolve, 25));
    const again = await post(app, '/v1/attention', request);
    expect([again.body.plan.backend, again.body.plan.failovers]).toEqual(['webgpu', undefined]);
  });
});
