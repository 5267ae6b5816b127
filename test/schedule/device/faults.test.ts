import { readdirSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildApp } from '../../../src/app.ts';
import { readConfig } from '../../../src/config.ts';
import { DAWDLE, DIE, HANG, REFUSE } from '../../fixtures/faulty.ts';
import { buildTestApp, get, post, startTestApp, type TestApp } from '../../helpers/app.ts';
import { processState, until } from '../../helpers/proc.ts';

/** What a device that dies, hangs or fails costs: nothing but the time to answer once more. */

const deviceModules = { gpu: new URL('../../fixtures/device.ts', import.meta.url) };
const environment = { BACKENDS: 'native,gpu,reference', DEVICE_TIMEOUT_MS: '60000' };
const rows = [
  [1, 0],
  [0, 1],
];
const request = (scale: number, rest: object = {}): object => ({
  polynomial: 'x1*x2',
  scale,
  backend: 'gpu',
  tensors: { q1: rows, q2: rows, v2: rows },
  ...rest,
});
const build = (settings: Record<string, string> = {}): Promise<TestApp> =>
  buildTestApp({ ...environment, ...settings }, { deviceModules });

function pidOf(app: TestApp): number {
  return app.engine.devices.get('gpu')?.pid as number;
}

const isReady = (app: TestApp) => (): boolean => app.engine.devices.life('gpu')?.state === 'ready';

describe('a device', () => {
  it('answers from a process of its own, and the response names it', async () => {
    const app = await build();
    const { status, body } = await post(app, '/v1/attention', request(1));
    expect([status, body.plan.backend, body.plan.mode, body.plan.kernel]).toEqual([200, 'gpu', 'fixture', 'Reference']);
    expect(body.plan.failovers).toBeUndefined();
    expect(body.output.data).toEqual((await post(app, '/v1/attention', request(1, { backend: 'reference' }))).body.output.data);
    expect(pidOf(app)).not.toBe(process.pid);
  });

  it.each(['taylor', 'sampling', 'prune'])(
    'has no part in %s: the certificate knows the rounding of this processor alone',
    async (method) => {
      const app = await build({ GPU_MODE: 'webasm' });
      const some = Array.from({ length: 400 }, (_, i) => [Math.sin(i), Math.cos(i)]);
      const tensors = { q1: some, q2: some, q3: some, v2: some, v3: some };
      const approximation = { method, tolerance: 10, ...(method === 'sampling' ? { samples: 4096 } : {}) };
      const asked = { polynomial: 'x1*x2 + x2*x3', scale: 0.5, tensors, mode: 'approximate', approximation, backend: 'gpu' };
      const { status, body } = await post(app, '/v1/attention', asked);
      expect([status, body.approximation?.method, body.approximation?.used], JSON.stringify(body).slice(0, 400)).toEqual([
        200,
        method,
        true,
      ]);
      expect(JSON.stringify(body.plan)).not.toContain('"gpu"');
    },
  );

  it('is listed with its process, its rates with the transfer in them', async () => {
    const app = await build();
    const { body } = await get(app, '/v1/backends');
    const listed = body.backends.find(({ name }: { name: string }) => name === 'gpu');
    expect(listed).toMatchObject({ available: true, state: 'ready', restarts: 0, mode: 'fixture', software: true });
    expect(listed.rates.float32.tileSeconds).toBeGreaterThan(1e-5);
    expect(listed.rates.float32.bytesPerSecond).toBeLessThan(1e9);
  });

  it('that refuses to load is listed with its reason, and is not tried again', async () => {
    const app = await buildTestApp({ ...environment, GPU_MODE: 'cpu' }, { deviceModules });
    const { body } = await get(app, '/v1/backends');
    expect(body.backends.find(({ name }: { name: string }) => name === 'gpu')).toEqual({
      name: 'gpu',
      available: false,
      state: 'unavailable',
      restarts: 0,
      reason: 'no device here',
    });
    expect((await post(app, '/v1/attention', request(1))).body.code).toBe('unsupported_on_backend');
  });

  it('computes trees, cycles and tensors of any form in its process as the reference does here', async () => {
    const app = await build();
    for (const polynomial of ['x1*x2 + x2*x3', 'x1*x2 + x1*x3 + x2*x3', 'x1*x2*x3', 'x1*x2*x3 + x3*x4']) {
      const names = ['q1', 'q2', 'q3', 'q4', 'v2', 'v3'].slice(0, polynomial.includes('x4') ? 6 : 3);
      const tensors = Object.fromEntries(names.map((name, seed) => [name, headsOf(seed)]));
      for (const mask of [undefined, { type: 'root-causal' }]) {
        const body = { polynomial, scale: 1, tensors, mask, output: { logSumExp: true } };
        const [own, reference] = [
          await post(app, '/v1/attention', { ...body, backend: 'gpu' }),
          await post(app, '/v1/attention', { ...body, backend: 'reference', algorithm: 'conditioning' }),
        ];
        expect([own.status, own.body.detail, own.body.plan?.backend]).toEqual([200, undefined, 'gpu']);
        expect(own.body.output.data.length).toBe(reference.body.output.data.length);
        for (const [i, value] of own.body.output.data.entries()) expect(value).toBeCloseTo(reference.body.output.data[i], 5);
        for (const [i, value] of own.body.logSumExp.data.entries()) expect(value).toBeCloseTo(reference.body.logSumExp.data[i], 5);
      }
    }
  });
});

/** Three heads of 40 rows, d = 5. */
function headsOf(seed: number): object {
  return { shape: [3, 40, 5], data: Array.from({ length: 600 }, (_, i) => Math.sin(1 + i * (seed + 1.37))) };
}

describe.each([
  ['dies', DIE, /SIGKILL/],
  ['hangs', HANG, /no answer for 1500 ms/],
  ['fails', REFUSE, /out of device memory/],
])('a device that %s under a request', (_, scale, reason) => {
  it('leaves it to the native back end, says so, and is replaced', async () => {
    const app = await build({ DEVICE_TIMEOUT_MS: '1500' });
    const before = pidOf(app);
    const sound = Array.from({ length: 10 }, (_, i) =>
      post(app, '/v1/attention', request(1, { backend: i % 2 ? 'native' : 'auto' })),
    );
    const [failed, ...answers] = await Promise.all([post(app, '/v1/attention', request(scale)), ...sound]);
    expect(failed?.status).toBe(200);
    expect(failed?.body.plan.backend).toBe('native');
    expect(failed?.body.plan.failovers).toEqual([{ from: 'gpu', to: 'native', reason: expect.stringMatching(reason) }]);
    const native = await post(app, '/v1/attention', request(scale, { backend: 'native' }));
    expect(failed?.body.output.data).toEqual(native.body.output.data);
    for (const { status, body } of answers) expect([status, body.plan.failovers]).toEqual([200, undefined]);
    await until(() => isReady(app)() && app.engine.devices.life('gpu')?.restarts === 1);
    expect(processState(before)).toBeNull();
    expect(pidOf(app)).not.toBe(before);
    expect(app.engine.devices.life('gpu')).toEqual({ state: 'ready', restarts: 1 });
    const after = await post(app, '/v1/attention', request(1));
    expect([after.body.plan.backend, after.body.plan.failovers]).toEqual(['gpu', undefined]);
    expect(app.engine.load()).toEqual({ queuedSeconds: 0, inflightBytes: 0, queueDepth: 0 });
  });
});

describe('a device that is starting', () => {
  it('is listed so, and who names it is told to come back', async () => {
    const app = await buildApp(readConfig({ ...environment, LOG_LEVEL: 'silent', GPU_MODE: 'headlessgl' }), { deviceModules });
    onTestFinished(() => app.close());
    app.readiness.state = 'ready';
    expect(app.engine.devices.life('gpu')).toEqual({ state: 'starting', restarts: 0, reason: 'it is starting' });
    const early = await app.inject({ method: 'POST', url: '/v1/attention', payload: request(1) });
    expect([early.statusCode, early.json().code, early.headers['retry-after']]).toEqual([503, 'unavailable', '2']);
    expect((await post(app, '/v1/attention', request(1, { backend: 'auto' }))).body.plan.backend).toBe('native');
    await app.engine.devices.settle(60_000);
    expect((await post(app, '/v1/attention', request(1))).body.plan.backend).toBe('gpu');
  });
});

describe('the process of a device', () => {
  it('that is killed while nothing runs is replaced, a request that comes meanwhile waits for it, and the log tells', async () => {
    const lines: Record<string, unknown>[] = [];
    const logStream = { write: (line: string) => void lines.push(JSON.parse(line)) };
    const app = await buildTestApp({ ...environment, LOG_LEVEL: 'warn' }, { deviceModules, logStream });
    process.kill(pidOf(app), 'SIGKILL');
    await until(() => app.engine.devices.life('gpu')?.state === 'restarting');
    const { status, body } = await post(app, '/v1/attention', request(1));
    expect([status, body.plan.backend, body.plan.failovers]).toEqual([200, 'gpu', undefined]);
    const told = { device: 'gpu', state: 'restarting', restarts: 0, reason: expect.stringContaining('SIGKILL') };
    expect(lines).toContainEqual(expect.objectContaining({ level: 40, msg: 'device', ...told }));
  });

  it('takes requests that are larger than its room one at a time', async () => {
    const app = await build({ DEVICE_INFLIGHT_BYTES: '100' });
    const tensors = { q1: headsOf(1), q2: headsOf(2), v2: headsOf(3) };
    const ask = (backend: string) => post(app, '/v1/attention', { polynomial: 'x1*x2', tensors, backend });
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask('gpu')));
    const truth = await ask('reference');
    for (const { status, body } of answers) {
      expect([status, body.plan.backend, body.plan.failovers]).toEqual([200, 'gpu', undefined]);
      expect(body.output.data).toEqual(truth.body.output.data);
    }
  });

  it('does not keep a request beyond its deadline', async () => {
    const app = await build();
    const began = performance.now();
    const late = await post(app, '/v1/attention', request(HANG, { timeoutMs: 200 }));
    expect([late.status, late.body.code]).toEqual([504, 'deadline_exceeded']);
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  it('stops what nobody waits for any more, also while a kernel keeps it, and goes on', async () => {
    const app = await build();
    const pid = pidOf(app);
    for (let i = 0; i < 3; i++) {
      const late = await Promise.all([1, 2, 3].map(() => post(app, '/v1/attention', request(DAWDLE, { timeoutMs: 150 }))));
      for (const { status, body } of late) expect([status, body.code]).toEqual([504, 'deadline_exceeded']);
      // It would wait for a device that dawdles on, and be answered by native at the end of its patience.
      const { status, body } = await post(app, '/v1/attention', request(1));
      expect([status, body.plan.backend, body.plan.failovers]).toEqual([200, 'gpu', undefined]);
    }
    expect([pidOf(app), app.engine.devices.life('gpu')]).toEqual([pid, { state: 'ready', restarts: 0 }]);
    await until(() => app.engine.load().inflightBytes === 0);
  });

  it('ends with the app, and leaves neither a zombie nor a file behind', async () => {
    const app = await startTestApp(environment, { deviceModules });
    const pid = pidOf(app);
    expect(processState(pid)).not.toBeNull();
    expect(readdirSync('/dev/shm').filter((name) => name.startsWith('polyattention-'))).toEqual([]);
    await app.close();
    expect(processState(pid)).toBeNull();
  });

  it('is replaced at the end of one that hangs, and does not hold up the end of the app', async () => {
    const app = await startTestApp(environment, { deviceModules });
    const pid = pidOf(app);
    const late = await post(app, '/v1/attention', request(HANG, { timeoutMs: 100 }));
    expect(late.status).toBe(504);
    await app.close();
    expect(processState(pid)).toBeNull();
  });
});

describe('auto', () => {
  const [n, d] = [64, 16];
  const tensor = { shape: [n, d], data: Array.from({ length: n * d }, (_, i) => Math.sin(i)) };
  const large = { polynomial: 'x1*x2', tensors: { q1: tensor, q2: tensor, v2: tensor } };

  it.each(['native,gpu,reference', 'gpu,native'])(
    'never takes a device in software where native is there (%s)',
    async (BACKENDS) => {
      const app = await buildTestApp({ ...environment, BACKENDS }, { deviceModules });
      expect(app.engine.machine.backends.map(({ name }) => name)).not.toContain('gpu');
      expect((await post(app, '/v1/attention', large)).body.plan.backend).toBe('native');
    },
  );

  it('takes a device where it is modelled to be faster, the way there included', async () => {
    // The fixture claims a device of 1e15 flops/s in this mode: what is left is the transfer.
    const app = await buildTestApp({ ...environment, GPU_MODE: 'webasm' }, { deviceModules });
    const analyze = async (size: number): Promise<string> => {
      const { body } = await post(app, '/v1/polynomials/analyze', { polynomial: 'x1*x2', shape: { n: size, d: 64 } });
      return body.plan.backend;
    };
    expect(await analyze(16)).toBe('native');
    expect(await analyze(32_768)).toBe('gpu');
  });
});
