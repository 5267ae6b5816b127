import { Worker } from 'node:worker_threads';
import type { WorkerSettings } from './task.ts';

/** What a thread is told when it starts: the module whose functions it calls, and where it is told that there is a call to make. */
export interface ThreadData extends WorkerSettings {
  readonly module: string;
  /** One number, which grows by one with each call. */
  readonly calls: Int32Array;
}

/** A function of the thread's module, and its only argument. */
export interface Call {
  readonly name: string;
  readonly argument: unknown;
}

/** What a call gave, or what it threw. */
export type CallOutcome = { readonly value: unknown } | { readonly error: unknown };

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

const MAIN = new URL('./thread-main.ts', import.meta.url);

/**
 * A thread that makes one call after the other, in the order in which they were asked for. Of a pool for anything (Piscina), which stood here, a call of
 * two attend tiles began 0.15 ms later and came back 0.05 ms later: so much code that nothing keeps in the cache while kernels run.
 */
export class Thread {
  readonly #worker: Worker;
  readonly #calls = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #waiting: Waiting[] = [];
  readonly #onEnd: (thread: Thread, error: Error, lost: number) => void;
  #error: Error | undefined;
  #answered = 0;

  /** @param onEnd called when the thread is no more, for whatever reason, with the number of calls that fail with it */
  constructor(module: URL, settings: WorkerSettings, onEnd: (thread: Thread, error: Error, lost: number) => void) {
    this.#onEnd = onEnd;
    this.#worker = new Worker(MAIN, { workerData: { ...settings, module: module.href, calls: this.#calls } satisfies ThreadData });
    this.#worker
      .on('message', (outcome: CallOutcome) => this.#settle(outcome))
      .on('messageerror', (error) => this.end(error))
      .on('error', (error: Error) => this.end(error))
      .on('exit', (code) => this.end(new Error(`The thread ended with code ${code}`)));
    this.#worker.unref();
  }

  /** Calls that were not answered yet. */
  get load(): number {
    return this.#waiting.length;
  }

  get hasEnded(): boolean {
    return this.#error !== undefined;
  }

  /** Whether it ever answered: one that did not may be unable to. */
  get hasAnswered(): boolean {
    return this.#answered > 0;
  }

  /** @throws what the function threw, or what the thread ended with */
  call(name: string, argument?: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) throw this.#error;
      this.#worker.postMessage({ name, argument } satisfies Call);
      // A process may end while its threads have nothing to do.
      if (this.#waiting.push({ resolve, reject }) === 1) this.#worker.ref();
      Atomics.add(this.#calls, 0, 1);
      Atomics.notify(this.#calls, 0);
    });
  }

  /** Stops the thread wherever it is; its calls fail with the error. Resolves when it is gone. */
  async end(error: Error): Promise<void> {
    if (this.#error === undefined) {
      this.#error = error;
      const lost = this.#waiting.splice(0);
      for (const { reject } of lost) reject(error);
      this.#onEnd(this, error, lost.length);
    }
    await this.#worker.terminate();
  }

  #settle(outcome: CallOutcome): void {
    const waiting = this.#waiting.shift();
    this.#answered++;
    if (this.#waiting.length === 0) this.#worker.unref();
    if ('value' in outcome) waiting?.resolve(outcome.value);
    else waiting?.reject(outcome.error);
  }
}
