import { describe, expect, it, vi } from 'vitest';
import type { QueuedTask } from '../../src/schedule/pool.ts';
import { FairQueue } from '../../src/schedule/queue.ts';
import type { TaskOutcome, TileTask } from '../../src/schedule/task.ts';

interface HandRunner {
  threads: number;
  /** Names of the tasks that were handed out, those of one batch with a plus between them. */
  order: string[];
  run(batch: readonly QueuedTask[]): Promise<TaskOutcome[]>;
  finish(): Promise<void>;
}

/** A pool of one thread whose batches end when the test says so. */
function handRunner(): HandRunner {
  const pending: (() => void)[] = [];
  const order: string[] = [];
  return {
    threads: 1,
    order,
    run: (batch) => {
      order.push(batch.map(({ task }) => task).join('+'));
      return new Promise((resolve) => pending.push(() => resolve(batch.map(() => ({ tiles: [] })))));
    },
    finish: async () => {
      pending.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const nothing = (): void => {};
const item = (name: string, seconds: number): { task: TileTask; seconds: number } => ({
  task: name as unknown as TileTask,
  seconds,
});
const never = new AbortController().signal;

describe('FairQueue', () => {
  it('lets a small request pass all but one tile of a large one', async () => {
    const runner = handRunner();
    const queue = new FairQueue(runner);
    const large = queue.open(1, never);
    for (let i = 0; i < 10; i++) queue.submit(large, item(`large ${i}`, 0.1), nothing);
    await runner.finish();
    const small = queue.open(0.001, never);
    queue.submit(small, item('small', 0.001), nothing);
    await runner.finish();
    await runner.finish();
    expect(runner.order.slice(0, 4)).toContain('small');
  });

  it('does not starve the large request under a flood of small ones', async () => {
    const runner = handRunner();
    const queue = new FairQueue(runner);
    const large = queue.open(1, never);
    for (let i = 0; i < 10; i++) queue.submit(large, item('large', 0.1), nothing);
    for (let i = 0; i < 200; i++) {
      const lane = queue.open(0.01, never);
      queue.submit(lane, item('small', 0.01), nothing);
      await runner.finish();
    }
    // Two lanes have work at any time, so the large one gets about half of the 2 s that the small ones took.
    expect(runner.order.filter((name) => name === 'large').length).toBeGreaterThanOrEqual(5);
  });

  it('prefers the shorter of two requests that were served alike', async () => {
    const runner = handRunner();
    const queue = new FairQueue(runner);
    queue.submit(queue.open(1, never), item('first', 1), nothing);
    const [long, short] = [queue.open(5, never), queue.open(1, never)];
    queue.submit(long, item('long', 1), nothing);
    queue.submit(short, item('short', 1), nothing);
    await runner.finish();
    expect(runner.order).toEqual(['first', 'short']);
  });

  it('hands out one task per thread and keeps the rest', async () => {
    const runner = { ...handRunner(), threads: 3 };
    const queue = new FairQueue(runner);
    const lane = queue.open(1, never);
    for (let i = 0; i < 10; i++) queue.submit(lane, item(`${i}`, 0.1), nothing);
    expect(runner.order).toEqual(['0', '1', '2']);
    expect(queue.depth).toBe(7);
  });

  it('rejects what waits in a lane that is closed, and nothing else', async () => {
    const runner = handRunner();
    const queue = new FairQueue(runner);
    const [closed, open] = [queue.open(1, AbortSignal.abort(new Error('left'))), queue.open(1, never)];
    const running = queue.submit(open, item('open', 1), nothing);
    const waiting = queue.submit(closed, item('closed', 1), nothing);
    queue.close(closed);
    await expect(waiting).rejects.toThrow('left');
    await runner.finish();
    await expect(running).resolves.toEqual([]);
  });

  it('hands tiny tasks of several requests over together, and a longer one alone', async () => {
    const runner = handRunner();
    const queue = new FairQueue(runner);
    queue.submit(queue.open(1, never), item('long', 1), nothing);
    for (const name of ['a', 'b', 'c']) queue.submit(queue.open(1e-6, never), item(name, 1e-6), nothing);
    queue.submit(queue.open(2, never), item('longer', 2), nothing);
    for (let i = 0; i < 3; i++) await runner.finish();
    expect(runner.order).toEqual(['long', 'a+b+c', 'longer']);
  });

  it('waits for tiny tasks of the same turn, and keeps a batch to a millisecond', async () => {
    const runner = handRunner();
    const queue = new FairQueue(runner);
    for (let i = 0; i < 30; i++) queue.submit(queue.open(5e-5, never), item(`${i}`, 5e-5), nothing);
    expect(runner.order).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    await runner.finish();
    expect(runner.order.map((batch) => batch.split('+').length)).toEqual([19, 11]);
  });

  it('keeps few tiny tasks back for the batch under way, but not for long: it may hang', async () => {
    const runner = { ...handRunner(), threads: 2 };
    const queue = new FairQueue(runner);
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    queue.submit(queue.open(1e-6, never), item('hangs', 1e-6), nothing);
    await turn();
    queue.submit(queue.open(1e-6, never), item('waits', 1e-6), nothing);
    queue.submit(queue.open(1, never), item('long', 1), nothing);
    await turn();
    expect(runner.order).not.toContain('waits');
    await vi.waitFor(() => expect(runner.order).toHaveLength(2));
    expect(runner.order).toEqual(['hangs', 'waits']);
  });

  it('wakes another thread for many tiny tasks at once', async () => {
    const runner = { ...handRunner(), threads: 2 };
    const queue = new FairQueue(runner);
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    queue.submit(queue.open(1e-6, never), item('hangs', 1e-6), nothing);
    await turn();
    for (let i = 0; i < 16; i++) queue.submit(queue.open(1e-6, never), item(`${i}`, 1e-6), nothing);
    await turn();
    expect(runner.order.map((batch) => batch.split('+').length)).toEqual([1, 16]);
  });

  it('lets one task of a batch fail without the others', async () => {
    const outcomes = (batch: readonly QueuedTask[]): TaskOutcome[] =>
      batch.map(({ task }) => ((task as unknown) === 'bad' ? { failure: new Error('bad tile') } : { tiles: [] }));
    const queue = new FairQueue({ threads: 1, run: async (batch) => outcomes(batch) });
    const [good, bad] = ['good', 'bad'].map((name) => queue.submit(queue.open(1e-6, never), item(name, 1e-6), nothing));
    await expect(bad).rejects.toThrow('bad tile');
    await expect(good).resolves.toEqual([]);
  });

  it('runs the tasks of a batch one by one where the thread died under it, so that one alone fails', async () => {
    const order: string[] = [];
    const run = async (batch: readonly QueuedTask[]): Promise<TaskOutcome[]> => {
      const names = batch.map(({ task }) => task as unknown as string);
      order.push(names.join('+'));
      if (names.includes('deadly')) throw new Error('the thread died');
      return batch.map(() => ({ tiles: [] }));
    };
    const queue = new FairQueue({ threads: 1, run });
    const all = ['a', 'deadly', 'b'].map((name) => queue.submit(queue.open(1e-6, never), item(name, 1e-6), nothing));
    const ends = await Promise.allSettled(all);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(order).toEqual(['a+deadly+b', 'a', 'deadly', 'b']);
  });
});
