import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { buildTestApp, post, type TestApp } from '../helpers/app.ts';
import { random } from '../helpers/random.ts';

function tensor(n: number, d: number, seed: number): object {
  const next = random(seed);
  const data = Float32Array.from({ length: n * d }, () => 2 * next() - 1);
  return { shape: [n, d], base64: Buffer.from(data.buffer).toString('base64') };
}

function body(mechanism: string, t: number, n: number, d: number, rest: object = {}): Record<string, unknown> {
  const tensors: Record<string, unknown> = {};
  for (let j = 1; j <= t; j++) tensors[`q${j}`] = tensor(n, d, j);
  for (let j = 2; j <= t; j++) tensors[`v${j}`] = tensor(n, d, 10 + j);
  return { mechanism, tensors, output: { encoding: 'base64' }, ...rest };
}

/** Seconds of work on the reference kernels. */
const LARGE = body('tensor(3)', 3, 288, 16, { backend: 'reference' });
const SMALL = body('path(3)', 3, 8, 4, { backend: 'reference' });
// Wide limits: on a busy machine the start-up measurement may take the kernels for slower than they are.
const SETTINGS = { BACKENDS: 'reference', MAX_SYNC_SECONDS: '600', REQUEST_TIMEOUT_MS: '600000', MAX_QUEUE_SECONDS: '6000' };

describe('many small requests beside a large one', () => {
  it('answers all 200 before the large one ends', async () => {
    const app = await buildTestApp(SETTINGS);
    const order: string[] = [];
    const ask = async (name: string, request: object): Promise<number> => {
      const { status } = await post(app, '/v1/attention', request);
      order.push(name);
      return status;
    };
    const large = ask('large', LARGE);
    await delay(100);
    const answers = await Promise.all(Array.from({ length: 200 }, () => ask('small', SMALL)));
    expect(answers.every((status) => status === 200)).toBe(true);
    expect(await large).toBe(200);
    expect(order.indexOf('large')).toBe(200);
  });
});

describe('a client that stays', () => {
  it('gets its answer over a real socket', async () => {
    const app = await buildTestApp(SETTINGS);
    const { port } = await listen(app);
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`http://127.0.0.1:${port}/v1/attention`, { method: 'POST', headers, body: JSON.stringify(SMALL) });
    expect(response.status).toBe(200);
    expect(((await response.json()) as { emptyRows: number }).emptyRows).toBe(0);
  });
});

describe('a client that leaves', () => {
  it('frees its threads and its memory within a tile', async () => {
    const app = await buildTestApp(SETTINGS);
    const { port } = await listen(app);
    const modelledMs = 1e3 * app.engine.plan({ ...(await problemOf(app)) }).seconds;
    const outgoing = httpRequest({ port, method: 'POST', path: '/v1/attention', headers: { 'content-type': 'application/json' } });
    outgoing.on('error', () => {});
    outgoing.end(JSON.stringify(LARGE));
    while (app.engine.load().inflightBytes === 0) await delay(2);
    await delay(200);
    expect(app.engine.load().inflightBytes, 'still computing before the client leaves').toBeGreaterThan(0);
    const left = performance.now();
    outgoing.destroy();
    while (app.engine.load().inflightBytes !== 0) await delay(2);
    const freedMs = performance.now() - left;
    // A tile is modelled at 20 ms; the whole request at seconds. Far below the one, with room for a busy machine.
    expect(freedMs).toBeLessThan(Math.max(400, modelledMs / 8));
    expect((await post(app, '/v1/attention', SMALL)).status).toBe(200);
  });
});

describe('deadlines', () => {
  it('ends the work in the kernel', async () => {
    const app = await buildTestApp(SETTINGS);
    const answer = await post(app, '/v1/attention', { ...LARGE, timeoutMs: 150 });
    expect([answer.status, answer.body.code]).toEqual([504, 'deadline_exceeded']);
    expect(answer.body).toMatchObject({ limit: 150, setting: 'REQUEST_TIMEOUT_MS' });
    expect(answer.body.detail).toMatch(/kernel/);
  });

  it('takes the least of body, header and setting, and refuses a header that is no number', async () => {
    const app = await buildTestApp(SETTINGS);
    const answer = await post(app, '/v1/attention', { ...LARGE, timeoutMs: 50_000 }, { 'x-request-timeout-ms': '100' });
    expect(answer.body).toMatchObject({ code: 'deadline_exceeded', limit: 100 });
    expect((await post(app, '/v1/attention', SMALL, { 'x-request-timeout-ms': 'soon' })).body.code).toBe('malformed');
  });
});

describe('limits', () => {
  it('refuses a cost above MAX_SYNC_SECONDS and names the job endpoint', async () => {
    const app = await buildTestApp({ ...SETTINGS, MAX_SYNC_SECONDS: '0.01' });
    const answer = await post(app, '/v1/attention', LARGE);
    expect([answer.status, answer.body.code]).toEqual([422, 'cost_exceeds_limit']);
    expect(answer.body).toMatchObject({ limit: 0.01, setting: 'MAX_SYNC_SECONDS' });
    expect(answer.body.detail).toContain('/v1/jobs');
  });

  it('sheds with 429 and a computed Retry-After when the queue is long', async () => {
    const app = await buildTestApp({ ...SETTINGS, MAX_QUEUE_SECONDS: '0.05' });
    const first = post(app, '/v1/attention', LARGE);
    while (app.engine.load().inflightBytes === 0) await delay(1);
    const answer = await post(app, '/v1/attention', SMALL);
    expect([answer.status, answer.body.code]).toEqual([429, 'overloaded']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(answer.body).toMatchObject({ setting: 'MAX_QUEUE_SECONDS' });
    expect((await first).status).toBe(200);
  });

  it('refuses a result larger than MAX_BODY_BYTES', async () => {
    const app = await buildTestApp({ ...SETTINGS, MAX_BODY_BYTES: '100000', MAX_JSON_BYTES: '100000' });
    const tensors = { q1: tensor(3000, 1, 1), q2: tensor(1, 1, 2), v2: tensor(1, 3000, 3) };
    const answer = await post(app, '/v1/attention', { polynomial: 'x1*x2', tensors });
    expect(answer.body).toMatchObject({ status: 413, code: 'too_large', setting: 'MAX_BODY_BYTES', actual: 3000 * 3001 * 4 });
  });
});

async function listen(app: TestApp): Promise<AddressInfo> {
  await app.listen({ host: '127.0.0.1', port: 0 });
  return app.server.address() as AddressInfo;
}

async function problemOf(app: TestApp): Promise<Parameters<TestApp['engine']['plan']>[0]> {
  const { interpret } = await import('../../src/contract/interpret.ts');
  const { decodeJson } = await import('../../src/wire/json.ts');
  const limits = { maxBodyBytes: 2 ** 26, maxJsonBytes: 2 ** 26, maxElements: 2 ** 26 };
  expect(app.engine.machine.backends.length).toBe(1);
  return interpret(decodeJson(Buffer.from(JSON.stringify(LARGE)), limits)).problem;
}
