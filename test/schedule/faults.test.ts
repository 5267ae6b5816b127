import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DIE, HANG } from '../fixtures/faulty.ts';
import { buildTestApp, post, type TestApp } from '../helpers/app.ts';

/** What a dying or a hung thread costs: one answer, which is an error. */

const workerUrl = new URL('../fixtures/faulty-worker.ts', import.meta.url);
const rows = [
  [1, 0],
  [0, 1],
];
const request = (scale: number, rest: object = {}): object => ({
  polynomial: 'x1*x2',
  scale,
  tensors: { q1: rows, q2: rows, v2: rows },
  ...rest,
});
const build = (threads: string): Promise<TestApp> =>
  buildTestApp({ BACKENDS: 'reference', WORKER_THREADS: threads }, { workerUrl });

describe('a worker that dies', () => {
  it('fails its own request with 500 and no other, and is replaced', async () => {
    const app = await build('2');
    const sound = Array.from({ length: 20 }, () => post(app, '/v1/attention', request(1)));
    const [dead, ...answers] = await Promise.all([post(app, '/v1/attention', request(DIE)), ...sound]);
    expect([dead?.status, dead?.body.code]).toEqual([500, 'internal']);
    expect(JSON.stringify(dead?.body)).not.toMatch(/exited|worker\.ts|stack/);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    for (let i = 0; i < 10; i++) expect((await post(app, '/v1/attention', request(1))).status).toBe(200);
    expect(app.engine.load()).toEqual({ queuedSeconds: 0, inflightBytes: 0, queueDepth: 0 });
  });

  it('is replaced as often as it dies, even when it was the only one', async () => {
    const app = await build('1');
    for (let i = 0; i < 5; i++) {
      expect((await post(app, '/v1/attention', request(DIE))).status).toBe(500);
      expect((await post(app, '/v1/attention', request(1))).status).toBe(200);
    }
  });
});

describe('a kernel that hangs', () => {
  it('is answered with 504 at the deadline, and its thread is replaced after the grace', async () => {
    const app = await build('1');
    const hung = await post(app, '/v1/attention', request(HANG, { timeoutMs: 100 }));
    expect([hung.status, hung.body.code]).toEqual([504, 'deadline_exceeded']);
    expect(hung.body.detail).toMatch(/in the kernel/);
    expect((await post(app, '/v1/attention', request(1))).status).toBe(200);
    expect(app.engine.load().inflightBytes).toBe(0);
  });

  it('lets a waiting request time out in the queue, and says so', async () => {
    const app = await build('1');
    const hung = post(app, '/v1/attention', request(HANG, { timeoutMs: 500 }));
    // Later than the turn in which small requests go over to a thread together.
    await delay(50);
    const waiting = await post(app, '/v1/attention', request(1, { timeoutMs: 100 }));
    expect([waiting.status, waiting.body.code]).toEqual([504, 'deadline_exceeded']);
    expect(waiting.body.detail).toMatch(/in the queue/);
    expect((await hung).status).toBe(504);
  });
});
