import { setTimeout as delay } from 'node:timers/promises';
import type { Machine } from '../plan/plan.ts';
import type { TaskOutcome, TileTask, WorkerReport, WorkerSettings } from './task.ts';
import { Thread } from './thread.ts';

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
  readonly #options: PoolOptions;
  readonly #threads: Thread[];
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#threads = Array.from({ length: options.threads }, () => this.#start());
  }

  get threads(): number {
    return this.#options.threads;
  }

  /** Loads the back ends in a thread and measures them there. */
  async measure(): Promise<Machine> {
    const report = (await this.#next().call('report')) as WorkerReport;
    return { ...report, threads: this.threads };
  }

  /**
   * Runs tasks on a free thread, one after the other. When one is cancelled its tiles are expected to stop by their flag; a thread that
   * has not come back after a grace is terminated and replaced.
   */
  async run(batch: readonly QueuedTask[]): Promise<TaskOutcome[]> {
    const thread = this.#next();
    let isOver = false;
    const onCancel = async (): Promise<void> => {
      await delay(GRACE_MS, undefined, { ref: false });
      if (!isOver) await thread.end(new Error(`A cancelled tile did not stop in ${GRACE_MS} ms`));
    };
    for (const { cancelled } of batch) {
      if (cancelled.aborted) onCancel();
      else cancelled.addEventListener('abort', onCancel, { once: true });
    }
    try {
      return (await thread.call(
        'runBatch',
        batch.map(({ task }) => task),
      )) as TaskOutcome[];
    } finally {
      isOver = true;
      for (const { cancelled } of batch) cancelled.removeEventListener('abort', onCancel);
    }
  }

  /** Has the threads let go of memory that they have seen, once they have nothing else to do. */
  async collect(): Promise<void> {
    await Promise.allSettled(this.#threads.map((thread) => thread.call('collect')));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#threads.map((thread) => thread.end(new Error('The threads were closed'))));
  }

  /** The thread that has least to do; one that could not start is tried anew by who needs it. */
  #next(): Thread {
    let best = 0;
    for (const [index, { load }] of this.#threads.entries()) if (load < (this.#threads[best] as Thread).load) best = index;
    if (this.#threads[best]?.hasEnded && !this.#isClosed) this.#threads[best] = this.#start();
    return this.#threads[best] as Thread;
  }

  #start(): Thread {
    const { backends, nativeIsa, workerUrl = new URL('./worker.ts', import.meta.url), onThreadError } = this.#options;
    return new Thread(workerUrl, { backends, nativeIsa }, (thread, error, lost) => {
      if (this.#isClosed) return;
      const index = this.#threads.indexOf(thread);
      if (thread.hasAnswered && index >= 0) this.#threads[index] = this.#start();
      if (lost === 0) onThreadError?.(error);
    });
  }
}
