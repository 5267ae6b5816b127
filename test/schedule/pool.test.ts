import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { Pool } from '../../src/schedule/pool.ts';
import { Thread } from '../../src/schedule/thread.ts';

const SETTINGS = { backends: ['reference'], nativeIsa: null } as const;
const ODD = new URL('../fixtures/odd-worker.ts', import.meta.url);
const MISSING = new URL('../fixtures/no-such-worker.ts', import.meta.url);

let ended: [string, number][] = [];
const open: Thread[] = [];

function start(module: URL): Thread {
  const thread = new Thread(module, SETTINGS, (_, { message }, lost) => ended.push([message, lost]));
  open.push(thread);
  return thread;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((thread) => thread.end(new Error('the test is over'))));
  ended = [];
});

const outcome = (work: Promise<unknown>): Promise<unknown> => work.catch((error: Error) => error.message);

describe('a thread', () => {
  it('makes its calls in order, and says what each gave or threw', async () => {
    const thread = start(ODD);
    const calls = [
      thread.call('echo', 1),
      thread.call('later', 2),
      thread.call('fail', 'on purpose'),
      thread.call('echo', 4),
      thread.call('order'),
    ];
    expect(thread.load).toBe(5);
    expect(await Promise.all(calls.map(outcome))).toEqual([1, 2, 'on purpose', 4, ['echo', 'later', 'fail', 'echo', 'order']]);
    expect([thread.load, thread.hasAnswered, thread.hasEnded]).toEqual([0, true, false]);
  });

  it('is woken however long it slept, and by calls that come while it works', async () => {
    const thread = start(ODD);
    for (let i = 0; i < 300; i++) {
      const calls = [thread.call('echo', i), thread.call('echo', -i)];
      if (i % 3 === 0) await new Promise((resolve) => setTimeout(resolve, i % 7));
      expect(await Promise.all(calls)).toEqual([i, -i]);
    }
  });

  it.each([
    ['exit', 'The thread ended with code 3'],
    ['throwLater', 'thrown later'],
  ])('fails its calls where it dies under them: %s', async (name, message) => {
    const thread = start(ODD);
    await thread.call('echo', 1);
    const calls = await Promise.all([thread.call(name), thread.call('echo', 2)].map(outcome));
    expect(calls).toEqual([expect.stringMatching(message), expect.stringMatching(message)]);
    expect([thread.hasEnded, ended]).toEqual([true, [[expect.stringMatching(message), 2]]]);
    expect(await outcome(thread.call('echo', 3))).toMatch(message);
  });

  it('is ended in its sleep and in an endless loop, once', async () => {
    for (const name of ['echo', 'hang']) {
      const thread = start(ODD);
      await thread.call('echo', 1);
      const call = outcome(thread.call(name));
      if (name === 'echo') await call;
      await thread.end(new Error('enough'));
      await thread.end(new Error('again'));
      expect(await call).toBe(name === 'echo' ? undefined : 'enough');
    }
    expect(ended).toEqual([
      ['enough', 0],
      ['enough', 1],
    ]);
  });

  it('goes on where an argument or what a call gave cannot be told', async () => {
    const thread = start(ODD);
    expect(await outcome(thread.call('echo', () => {}))).toMatch(/could not be cloned/);
    expect(await outcome(thread.call('uncloneable'))).toMatch(/could not be cloned/);
    expect([thread.load, await thread.call('echo', 1)]).toEqual([0, 1]);
  });
});

describe('the pool', () => {
  it('says why no thread starts, without trying for ever', async () => {
    const errors: string[] = [];
    const pool = new Pool({ ...SETTINGS, threads: 2, workerUrl: MISSING, onThreadError: ({ message }) => errors.push(message) });
    await expect(pool.measure()).rejects.toThrow(/no-such-worker/);
    await expect(pool.measure()).rejects.toThrow(/no-such-worker/);
    expect(errors.length).toBeLessThanOrEqual(2);
    await pool.close();
  });

  it('has every thread collect, and refuses once it is closed', async () => {
    const pool = new Pool({ ...SETTINGS, threads: 2, workerUrl: ODD });
    expect(await pool.measure()).toEqual({ backends: [], unavailable: {}, threads: 2 });
    await pool.collect();
    await pool.close();
    await expect(pool.measure()).rejects.toThrow(/closed/);
  });

  it('keeps a process while it computes and not a moment longer', () => {
    const script = fileURLToPath(new URL('../fixtures/short-pool.ts', import.meta.url));
    expect(execFileSync(process.execPath, [script], { encoding: 'utf8', timeout: 20_000 })).toBe('reference\n');
  });
});
