import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { DIE } from '../fixtures/faulty.ts';
import { get, post, startTestApp, type TestApp } from '../helpers/app.ts';
import { exchange, listen, requestText, sendAndLeave } from '../helpers/socket.ts';

/** The log: one line a request, enough to find it again, and never what is in the tensors. */

type Line = Record<string, unknown>;

interface Logged {
  readonly app: TestApp;
  readonly lines: Line[];
  readonly text: () => string;
  /** Waits until so many lines are there, and a little for more that should not be. */
  readonly settled: (count: number) => Promise<Line[]>;
}

async function open(settings: Record<string, string> = {}, workerUrl?: URL): Promise<Logged> {
  const lines: Line[] = [];
  const logStream = { write: (line: string) => void lines.push(JSON.parse(line)) };
  // The large request must be admitted however slow the machine was when it was measured.
  const patient = { MAX_SYNC_SECONDS: '3000', REQUEST_TIMEOUT_MS: '3000000', MAX_QUEUE_SECONDS: '3000' };
  const environment = { LOG_LEVEL: 'info', BACKENDS: 'reference', ...patient, ...settings };
  const app = await startTestApp(environment, { logStream, ...(workerUrl && { workerUrl }) });
  const settled = async (count: number): Promise<Line[]> => {
    // The line that says where the server listens is nobody's request.
    const ofRequests = (): Line[] => lines.filter(({ reqId }) => reqId !== undefined);
    while (ofRequests().length < count) await pause(1);
    await pause(20);
    return ofRequests();
  };
  return { app, lines, text: () => JSON.stringify(lines), settled };
}

const opened = new Map<string, Promise<Logged>>();
afterAll(async () => {
  for (const one of opened.values()) await (await one).app.close();
});

/** One app for all tests of the same settings, with an empty log. */
async function start(settings: Record<string, string> = {}, workerUrl?: URL): Promise<Logged> {
  const key = JSON.stringify(settings);
  const found = opened.get(key) ?? open(settings, workerUrl);
  opened.set(key, found);
  const logged = await found;
  logged.lines.length = 0;
  logged.app.readiness.state = 'ready';
  return logged;
}

const SECRET = [0.123454321, 77.700777, -9.87656789e-3];
const secretRows = SECRET.map((x) => [x, x / 3]);
const REQUEST = {
  polynomial: 'x1*x2 + x2*x3',
  tensors: { q1: secretRows, q2: secretRows, q3: secretRows, v2: secretRows, v3: secretRows, b2: SECRET },
};
const SECRET_PATTERN = /1234543|77\.7007|9876567|87656|tensors|secret-token/;

describe('the line of a request', () => {
  it('says what was computed, where, and how long each part took', async () => {
    const { app, settled } = await start();
    const answer = await post(app, '/v1/attention', REQUEST, { 'x-request-id': 'find-me' });
    const [line, ...more] = await settled(1);
    expect(more).toEqual([]);
    const { plan, timing } = answer.body;
    expect(line).toMatchObject({
      ...{ level: 30, service: 'polyattention', reqId: 'find-me', msg: 'request' },
      ...{ method: 'POST', route: '/v1/attention', status: 200, rows: [3, 3, 3] },
      ...{ class: plan.class, algorithm: plan.algorithm, backend: plan.backend, flops: plan.flops },
      ...{ decodeMs: timing.decodeMs, planMs: timing.planMs, queueMs: timing.queueMs, computeMs: timing.computeMs },
    });
    expect(line?.ms).toBeGreaterThanOrEqual(timing.totalMs);
    expect(JSON.stringify(line)).not.toMatch(SECRET_PATTERN);
  });

  it.each([
    ['GET', '/livez', {}, '/livez', 200, undefined],
    ['HEAD', '/v1/mechanisms', {}, '/v1/mechanisms', 200, undefined],
    ['GET', '/v1/mechanisms/path(3)?a=b', {}, '/v1/mechanisms/:name', 200, undefined],
    ['GET', '/v1/mechanisms/path(99)', {}, '/v1/mechanisms/:name', 422, 'invalid_request'],
    ['GET', '/v1/nothing', {}, 'none', 404, 'not_found'],
    ['PUT', '/v1/attention', {}, 'none', 405, 'method_not_allowed'],
    ['GET', '/v1/%zz', {}, 'none', 400, 'malformed'],
    ['GET', `/v1/mechanisms/${'a'.repeat(300)}`, {}, 'none', 404, 'not_found'],
    ['GET', '/v1/backends', { accept: 'text/plain' }, '/v1/backends', 406, 'not_acceptable'],
    ['POST', '/v1/attention', { 'content-type': 'text/plain' }, '/v1/attention', 415, 'unsupported_media_type'],
  ] as const)('is one for %s %s %j', async (method, url, headers, route, status, code) => {
    const { app, settled } = await start();
    await app.inject({ method, url, headers, ...(method === 'POST' && { payload: 'x' }) });
    const lines = await settled(1);
    expect(lines.map((line) => [line.method, line.route, line.status, line.code, line.level])).toEqual([
      [method, route, status, code, 30],
    ]);
  });

  it('is one for every one of many', async () => {
    const { app, settled } = await start();
    const ids = Array.from({ length: 40 }, (_, i) => `request-${i}`);
    await Promise.all(ids.map((id, i) => post(app, '/v1/attention', i % 4 ? REQUEST : {}, { 'x-request-id': id })));
    const lines = await settled(40);
    expect(lines.map(({ reqId }) => String(reqId)).sort()).toEqual(ids.toSorted());
  });

  it('is one and no error while the service is not ready', async () => {
    const { app, settled } = await start();
    app.readiness.state = 'draining';
    await get(app, '/readyz');
    expect((await settled(1)).map(({ status, level, err }) => [status, level, err])).toEqual([[503, 30, undefined]]);
  });

  it('is not there where LOG_LEVEL leaves it out', async () => {
    const { app, lines } = await start({ LOG_LEVEL: 'error' });
    await post(app, '/v1/attention', REQUEST);
    await get(app, '/v1/nothing');
    await pause(20);
    expect(lines).toEqual([]);
  });
});

describe('what is broken', () => {
  const workerUrl = new URL('../fixtures/faulty-worker.ts', import.meta.url);

  it('is one line of level error with the cause, which the client does not see', async () => {
    const { app, settled } = await start({ WORKER_THREADS: '1' }, workerUrl);
    const answer = await post(app, '/v1/attention', { ...REQUEST, scale: DIE }, { 'x-request-id': 'broken' });
    const lines = await settled(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 50,
      reqId: 'broken',
      status: 500,
      code: 'internal',
      err: { message: expect.stringMatching(/./), stack: expect.stringMatching(/./) },
    });
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body)).not.toMatch(/stack|\.ts|at /);
    expect(JSON.stringify(lines)).not.toMatch(SECRET_PATTERN);
  });
});

describe('what is in the tensors', () => {
  const broken: [string, unknown][] = [
    ['flat', REQUEST],
    [
      'base64',
      { polynomial: 'x1*x2', tensors: { q1: { shape: [1, 2], base64: Buffer.from('1234543212345432').toString('base64') } } },
    ],
    ['of the wrong shape', { ...REQUEST, tensors: { ...REQUEST.tensors, v3: [[77.700777]] } }],
    ['beside a wrong option', { ...REQUEST, backend: '77.700777', scale: 'secret-token' }],
    ['under a wrong name', { ...REQUEST, tensors: { ...REQUEST.tensors, '0.123454321': [[1]] } }],
    ['not finite', JSON.stringify(REQUEST).replace('77.700777', '77.700777e999')],
    ['no JSON', JSON.stringify(REQUEST).replace('77.700777', '77.7007.77')],
    ['cut off', JSON.stringify(REQUEST).slice(0, -20)],
  ];

  it.each(broken)('is never there: %s', async (_, body) => {
    const { app, settled, text } = await start({ LOG_LEVEL: 'trace', AUTH_TOKENS: 'secret-token' });
    await post(app, '/v1/attention', body, { authorization: 'Bearer secret-token' });
    await post(app, '/v1/attention', body, { authorization: 'Bearer secret-token-that-is-wrong' });
    await settled(2);
    expect(text()).not.toMatch(SECRET_PATTERN);
    expect(text()).not.toContain(Buffer.from('12345432').toString('base64').slice(0, 8));
  });
});

describe('a client that leaves', () => {
  const tensor = { shape: [300, 16], data: Array.from({ length: 4800 }, (_, i) => Math.sin(i)) };
  const tensors = Object.fromEntries(['q1', 'q2', 'q3', 'v2', 'v3'].map((name) => [name, tensor]));
  const large = JSON.stringify({ mechanism: 'tensor(3)', tensors });
  const text = requestText(
    'POST',
    '/v1/attention',
    { 'content-type': 'application/json', 'content-length': `${large.length}`, 'x-request-id': 'gone' },
    large,
  );

  const port = start().then(({ app }) => listen(app));

  it('while it is computed for is one line of status 499', async () => {
    const { app, settled } = await start();
    const address = await port;
    const socket = connect(address, '127.0.0.1', () => socket.write(text));
    while (app.engine.load().inflightBytes === 0) await pause(1);
    socket.destroy();
    while (app.engine.load().inflightBytes !== 0) await pause(1);
    const lines = await settled(1);
    expect(lines.map(({ reqId, status, route, level }) => [reqId, status, route, level])).toEqual([
      ['gone', 499, '/v1/attention', 30],
    ]);
  });

  it('while it still sends is one line of status 499', async () => {
    const { settled } = await start();
    await sendAndLeave(await port, text.slice(0, 1000));
    const lines = await settled(1);
    expect(lines.map(({ reqId, status }) => [reqId, status])).toEqual([['gone', 499]]);
  });

  it('after it has its answer is no 499', async () => {
    const { settled } = await start();
    await exchange(await port, requestText('GET', '/livez'), /"live":true/);
    const lines = await settled(1);
    expect(lines.map(({ status }) => status)).toEqual([200]);
  });
});
