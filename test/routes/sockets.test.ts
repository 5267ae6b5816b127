import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { buildTestApp, get, post, startTestApp } from '../helpers/app.ts';
import { exchange, gather, listen, requestText, sendAndLeave } from '../helpers/socket.ts';

/** What only a real connection shows: sizes of bodies, bytes that are no HTTP, and the end. */

const rows = [[1], [2]];
const BODY = { polynomial: 'x1*x2', tensors: { q1: rows, q2: rows, v2: rows } };
const JSON_TYPE = { 'content-type': 'application/json' };

const app = await startTestApp({ BACKENDS: 'reference', MAX_BODY_BYTES: '20000', MAX_JSON_BYTES: '10000' });
const port = await listen(app);
afterAll(() => app.close());

describe('the size of a body', () => {
  const padded = (bytes: number): string => JSON.stringify(BODY).padEnd(bytes, ' ');
  const question = (headers: Record<string, string>, body: string): string =>
    requestText('POST', '/v1/attention', { ...JSON_TYPE, connection: 'close', ...headers }, body);
  const chunked = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;

  function problemIn(answer: string): Record<string, unknown> {
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>;
  }

  it('is 413 above MAX_JSON_BYTES, with limit, actual and setting', async () => {
    expect((await post(app, '/v1/attention', padded(10_000))).status).toBe(200);
    const { body } = await post(app, '/v1/attention', padded(10_001));
    expect(body).toMatchObject({ status: 413, code: 'too_large', limit: 10_000, actual: 10_001, setting: 'MAX_JSON_BYTES' });
  });

  it('is 413 above MAX_BODY_BYTES by its Content-Length, before it is sent', async () => {
    const answer = await exchange(port, question({ 'content-length': '20001' }, ''), /"error":.*\}$/);
    expect(problemIn(answer)).toMatchObject({ code: 'too_large', limit: 20_000, actual: 20_001, setting: 'MAX_BODY_BYTES' });
  });

  it('is 413 above MAX_BODY_BYTES in chunks, as soon as they are too many', async () => {
    const answer = await exchange(port, question({ 'transfer-encoding': 'chunked' }, chunked(padded(20_001))), /"error":.*\}$/);
    expect(problemIn(answer)).toMatchObject({ code: 'too_large', limit: 20_000, setting: 'MAX_BODY_BYTES' });
  });

  it('may come in chunks', async () => {
    expect(await exchange(port, question({ 'transfer-encoding': 'chunked' }, chunked(padded(9_000))))).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('what is no HTTP', () => {
  it.each([
    ['a line of text', 'HELLO\r\n\r\n'],
    ['a version that is none', 'GET /livez HTTP/9.9\r\nHost: x\r\n\r\n'],
    ['a header without a name', 'GET /livez HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n'],
    ['no Host', 'GET /livez HTTP/1.1\r\n\r\n'],
    ['a header of 20 kB', requestText('GET', '/livez', { 'x-large': 'a'.repeat(20_000) })],
    [
      'two lengths',
      requestText('POST', '/v1/attention', { ...JSON_TYPE, 'content-length': '5', 'transfer-encoding': 'chunked' }, '0\r\n\r\n'),
    ],
    ['a length that is no number', requestText('POST', '/v1/attention', { ...JSON_TYPE, 'content-length': 'five' }, 'x')],
    ['a chunk that is no chunk', requestText('POST', '/v1/attention', { ...JSON_TYPE, 'transfer-encoding': 'chunked' }, 'zz\r\n')],
    ['TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'],
  ])('%s is 400 and the service goes on', async (_, text) => {
    const answer = await exchange(port, text);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    // Without a Host Node answers by itself, and says nothing.
    if (!text.startsWith('GET /livez HTTP/1.1\r\n\r\n')) {
      const problem = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
      expect(problem).toMatchObject({ status: 400, code: 'malformed' });
      expect(answer.toLowerCase()).toContain(`x-request-id: ${problem.traceId}\r\n`);
      expect(answer.toLowerCase()).toContain('content-type: application/problem+json\r\n');
    }
    expect(await exchange(port, requestText('GET', '/livez', { connection: 'close' }))).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('a connection that is cut in the middle of anything does no harm', async () => {
    const whole = requestText('POST', '/v1/attention', { ...JSON_TYPE, 'content-length': '200' }, JSON.stringify(BODY));
    for (const bytes of [1, 10, 40, 90, whole.length]) await sendAndLeave(port, whole.slice(0, bytes));
    expect((await get(app, '/livez')).status).toBe(200);
  });
});

describe('closing', () => {
  it('finishes what runs, answers what still comes, and waits for no client', async () => {
    const patient = { MAX_SYNC_SECONDS: '3000', REQUEST_TIMEOUT_MS: '3000000', MAX_QUEUE_SECONDS: '3000' };
    const own = await buildTestApp({ BACKENDS: 'reference', ...patient });
    const port = await listen(own);
    const tensor = { shape: [200, 16], data: Array.from({ length: 200 * 16 }, (_, i) => Math.sin(i)) };
    const tensors = Object.fromEntries(['q1', 'q2', 'q3', 'v2', 'v3'].map((name) => [name, tensor]));
    const large = JSON.stringify({ mechanism: 'tensor(3)', tensors });
    const attention = (length: number, body: string): string =>
      requestText('POST', '/v1/attention', { ...JSON_TYPE, 'content-length': `${length}` }, body);
    const [idle, unsent, late] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
    const lateAnswer = gather(late);
    const dropped = [gather(idle), gather(unsent)];
    unsent.write(attention(100, '{'));
    late.write('GET /livez HTTP/1.1\r\n');
    const running = exchange(port, attention(large.length, large));
    while (own.engine.load().inflightBytes === 0) await delay(1);
    const closed = own.close();
    await delay(20);
    late.write('Host: x\r\n\r\n');
    const refusal = await lateAnswer;
    expect(refusal).toMatch(/^HTTP\/1\.1 503 /);
    expect(refusal).toMatch(/connection: close/i);
    expect(JSON.parse(refusal.slice(refusal.indexOf('\r\n\r\n')))).toMatchObject({ code: 'unavailable', instance: '/livez' });
    const answer = await running;
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toMatch(/connection: close/i);
    // Node by itself would wait a minute for the second.
    expect(await Promise.all(dropped)).toEqual(['', '']);
    await closed;
  });
});
