import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, post, startTestApp, type TestApp } from '../helpers/app.ts';
import { randomSource } from '../kernels/cases.ts';

/** `backend: "webgpu"` from request to response, on whatever device this machine has; where it has none these tests fail. */

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ BACKENDS: 'webgpu,native,reference' });
  await app.engine.devices.settle(60_000);
});
afterAll(() => app?.close());

function tensors(t: number, n: number, d: number, seed: number): Record<string, number[][]> {
  const random = randomSource(seed);
  const rows = () => Array.from({ length: n }, () => Array.from({ length: d }, () => Math.fround(2 * random() - 1)));
  const names = Array.from({ length: t }, (_, j) => (j === 0 ? ['q1'] : [`q${j + 1}`, `v${j + 1}`])).flat();
  return Object.fromEntries(names.map((name) => [name, rows()]));
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
    const request = { polynomial, tensors: tensors(t, n, 8, n), ...(mask && { mask }) };
    const found = await post(app, '/v1/attention', { ...request, backend: 'webgpu' });
    const truth = await post(app, '/v1/attention', { ...request, backend: 'reference' });
    expect([found.status, found.body.plan?.backend, truth.status]).toEqual([200, 'webgpu', 200]);
    expect(found.body.plan.failovers).toBeUndefined();
    expect(found.body.plan.kernel).toMatch(/^wgsl/);
    const [a, b] = [found, truth].map(({ body }) => body.output.data.flat(3) as number[]);
    const worst = a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0);
    // math.md §8 with |values| <= 1 and |score| <= the number of monomials; written so that NaN fails.
    expect(a.length === n * 8 && worst <= (t - 1) * 4e-7 * (1 + 4) + 1e-7).toBe(true);
  });

  it('computes all heads of a batch', async () => {
    const random = randomSource(5);
    const block = () => Array.from({ length: 3 }, () => Array.from({ length: 17 }, () => Array.from({ length: 4 }, random)));
    const request = { polynomial: 'x1*x2 + x1*x3', tensors: { q1: block(), q2: block(), q3: block(), v2: block(), v3: block() } };
    const [found, truth] = await Promise.all(
      ['webgpu', 'reference'].map((backend) => post(app, '/v1/attention', { ...request, backend })),
    );
    expect(found?.body.plan.backend).toBe('webgpu');
    const [a, b] = [found, truth].map((answer) => answer?.body.output.data.flat(3) as number[]);
    expect(Math.max(...(a as number[]).map((x, i) => Math.abs(x - ((b as number[])[i] as number))))).toBeLessThan(1e-5);
  });

  it('is not what auto takes where the processor draws and native is there', async () => {
    const { body } = await get(app, '/v1/backends');
    const { software } = body.backends.find(({ name }: { name: string }) => name === 'webgpu');
    const { plan } = (await post(app, '/v1/attention', { polynomial: 'x1*x2', tensors: tensors(2, 64, 8, 1) })).body;
    if (software) expect(plan.backend).toBe('native');
    else expect(['native', 'webgpu']).toContain(plan.backend);
  });

  it('fails over to native when its process is killed in the middle, and comes back', async () => {
    const device = app.engine.devices.get('webgpu');
    const request = { polynomial: 'x1*x2*x3', backend: 'webgpu', tensors: tensors(3, 40, 8, 3) };
    const pid = device?.pid as number;
    // A process that is stopped has the request in hand for as long as it takes to kill it.
    process.kill(pid, 'SIGSTOP');
    const asked = post(app, '/v1/attention', request);
    setTimeout(() => process.kill(pid, 'SIGKILL'), 100);
    const { status, body } = await asked;
    expect([status, body.plan.failovers?.length]).toEqual([200, 1]);
    expect((await post(app, '/v1/attention', { polynomial: 'x1*x2', tensors: tensors(2, 9, 4, 1) })).status).toBe(200);
    for (let i = 0; i < 400 && device?.state !== 'ready'; i++) await new Promise((resolve) => setTimeout(resolve, 25));
    const again = await post(app, '/v1/attention', request);
    expect([again.body.plan.backend, again.body.plan.failovers]).toEqual(['webgpu', undefined]);
  });
});
