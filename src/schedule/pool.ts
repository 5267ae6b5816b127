import { setTimeout as delay } from 'node:timers/promises';
import { Piscina } from 'piscina';
import type { Machine } from '../plan/plan.ts';
import type { TaskOutcome, TileTask, WorkerReport, WorkerSettings } from './task.ts';

/** A tile that has not looked at its cancel flag for this long is hung, and its thread is replaced (serving.md §D.4). */
const GRACE_MS = 250;

export interface PoolOptions extends WorkerSettings {
  readonly threads: number;
  /** Told of a thread that failed with no task on it; one that fails under a task fails that task. */
  readonly onThreadError?: (error: Error) => void;
  /** Another worker module, for tests of what a dying worker does. */
  readonly workerUrl?: URL;
}

/** A task, and what tells that nobody waits for it any more. */
export interface QueuedTask {
  readonly task: TileTask;
  readonly cancelled: AbortSignal;
}

/** The compute threads: one batch each at a time, on shared memory. */
export class Pool {
  readonly threads: number;
  readonly #piscina: Piscina;

  constructor(options: PoolOptions) {
    const { threads, backends, nativeIsa } = options;
    this.threads = threads;
    this.#piscina = new Piscina({
      filename: (options.workerUrl ?? new URL('./worker.ts', import.meta.url)).href,
      minThreads: threads,
      maxThreads: threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
      workerData: { backends, nativeIsa } satisfies WorkerSettings,
    });
    this.#piscina.on('error', (error: Error) => options.onThreadError?.(error));
  }

  /** Loads the back ends in a thread and measures them there. */
  async measure(): Promise<Machine> {
    const report: WorkerReport = await this.#piscina.run(undefined, { name: 'report' });
    return { ...report, threads: this.threads };
  }

  /**
   * Runs tasks on a free thread, one after the other. When one is cancelled its tiles are expected to stop by their flag; a thread that
   * has not come back after a grace is terminated and replaced.
   */
  async run(batch: readonly QueuedTask[]): Promise<TaskOutcome[]> {
    const kill = new AbortController();
    const onCancel = (): void => {
      delay(GRACE_MS, undefined, { ref: false }).then(() => kill.abort());
    };
    for (const { cancelled } of batch) {
      if (cancelled.aborted) onCancel();
      else cancelled.addEventListener('abort', onCancel, { once: true });
    }
    try {
      const tasks = batch.map(({ task }) => task);
      return await this.#piscina.run(tasks, { name: 'runBatch', signal: kill.signal });
    } finally {
      for (const { cancelled } of batch) cancelled.removeEventListener('abort', onCancel);
    }
  }

  /** Has the threads let go of memory that they have seen; a thread that is at work does so when it sees the next. */
  async collect(): Promise<void> {
    await Promise.allSettled(Array.from({ length: this.threads }, () => this.#piscina.run(undefined, { name: 'collect' })));
  }

  async close(): Promise<void> {
    await this.#piscina.destroy();
  }
}
