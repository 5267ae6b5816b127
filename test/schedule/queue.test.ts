import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../src/schedule/queue.ts';
import type { TileOutcome, TileTask } from '../../src/schedule/task.ts';

/** A pool of one thread whose tasks end when the test says so. */
function handRunner(): { threads: number; order: string[]; run(task: TileTask): Promise<TileOutcome[]>; finish(): Promise<void> } {
  const pending: (() => void)[] = [];
  const order: string[] = [];
  return {
    threads: 1,
    order,
    run: (task) => {
      order.push(task as unknown as string);
      return new Promise((resolve) => pending.push(() => resolve([])));
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
});
