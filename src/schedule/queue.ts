import type { QueuedTask } from './pool.ts';
import type { TaskOutcome, TileOutcome, TileTask } from './task.ts';

/** Modelled seconds up to which handing a task over costs more than running it: such tasks wait for each other and go together. */
const TINY_SECONDS = 50e-6;
/** The most that goes together: no cancelled task waits longer for its neighbours. */
const BATCH_SECONDS = 1e-3;
const BATCH_TASKS = 64;
/** Tiny tasks that do not wait for the batch under way: waking a thread costs about as much as reading two small requests. */
const WORTH_WAKING = 16;
/** How long they wait at the most, milliseconds: the batch under way may hang. */
const HOLD_MS = 5;

/** A task with its modelled seconds, the unit in which fairness is counted. */
export interface WorkItem {
  readonly task: TileTask;
  readonly seconds: number;
}

/** What runs tasks: `threads` of them at once. */
export interface Runner {
  readonly threads: number;
  /** @returns An outcome for each task, in order */
  run(batch: readonly QueuedTask[]): Promise<readonly TaskOutcome[]>;
}

interface Pending extends WorkItem {
  readonly cancelled: AbortSignal;
  readonly started: () => void;
  readonly resolve: (outcomes: readonly TileOutcome[]) => void;
  readonly reject: (error: unknown) => void;
}

/** One request's place in the queue. */
export interface Lane {
  /** Service received, in seconds, from the virtual time at which the lane was opened. */
  served: number;
  /** Modelled seconds still to come: between lanes equally served, the shorter goes first. */
  remaining: number;
  readonly waiting: Pending[];
  readonly signal: AbortSignal;
}

/**
 * Fair queueing over requests: the lane that has received least runs next, so that a small request waits for one tile of a
 * large one, never for all of it, and a flood of small ones cannot starve the large. At most one batch per thread is handed out, hence
 * nothing waits where it could not be taken back. A batch is one task, or tiny ones of several requests, which the same order chose.
 */
export class FairQueue {
  readonly #runner: Runner;
  readonly #lanes = new Set<Lane>();
  #running = 0;
  #tinyBatches = 0;
  #tinyStartedMs = 0;
  #hold: NodeJS.Timeout | null = null;
  #virtualTime = 0;
  #dispatchIsDue = false;

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  /** Opens a request's lane; when `signal` fires its waiting items are dropped. */
  open(seconds: number, signal: AbortSignal): Lane {
    const lane: Lane = { served: this.#virtualTime, remaining: seconds, waiting: [], signal };
    this.#lanes.add(lane);
    return lane;
  }

  close(lane: Lane): void {
    this.#lanes.delete(lane);
    for (const item of lane.waiting.splice(0)) item.reject(lane.signal.reason ?? new Error('the lane was closed'));
  }

  /** Resolves with the outcomes when a thread has run the item; `started` is called when one takes it. */
  submit(lane: Lane, { task, seconds }: WorkItem, started: () => void): Promise<readonly TileOutcome[]> {
    return new Promise((resolve, reject) => {
      lane.waiting.push({ task, seconds, cancelled: lane.signal, started, resolve, reject });
      if (seconds <= TINY_SECONDS) this.#dispatchSoon();
      else this.#dispatch();
    });
  }

  get depth(): number {
    let depth = 0;
    for (const lane of this.#lanes) depth += lane.waiting.length;
    return depth;
  }

  #next(): Lane | null {
    let best: Lane | null = null;
    for (const lane of this.#lanes) {
      if (lane.waiting.length === 0) continue;
      if (best === null || lane.served < best.served || (lane.served === best.served && lane.remaining < best.remaining))
        best = lane;
    }
    return best;
  }

  /** Lanes that wait or are about to be served. */
  #backlogged(served: Lane): number {
    let count = 0;
    for (const lane of this.#lanes) if (lane === served || lane.waiting.length > 0) count++;
    return Math.max(1, count);
  }

  /** Once what the event loop has already received is read: tiny tasks of one turn go together. */
  #dispatchSoon(): void {
    if (this.#dispatchIsDue) return;
    this.#dispatchIsDue = true;
    setImmediate(() => {
      this.#dispatchIsDue = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#running < this.#runner.threads) {
      const batch = this.#takeBatch();
      if (batch.length === 0) return;
      this.#start(batch);
    }
  }

  #takeBatch(): Pending[] {
    const batch: Pending[] = [];
    let seconds = 0;
    while (batch.length < BATCH_TASKS) {
      const lane = this.#next();
      const item = lane?.waiting[0];
      if (lane === null || item === undefined) break;
      seconds += item.seconds;
      const isTiny = item.seconds <= TINY_SECONDS;
      if (batch.length > 0 && (!isTiny || seconds > BATCH_SECONDS)) break;
      if (batch.length === 0 && isTiny && this.#isHeldBack()) break;
      // The service that every lane with work would have received by now, had it been shared out evenly: where new lanes start.
      this.#virtualTime += item.seconds / this.#backlogged(lane);
      lane.waiting.shift();
      lane.served += item.seconds;
      lane.remaining -= item.seconds;
      batch.push(item);
      if (!isTiny) break;
    }
    return batch;
  }

  /** Whether tiny tasks wait for the batch under way; if so, not for ever. */
  #isHeldBack(): boolean {
    const heldMs = performance.now() - this.#tinyStartedMs;
    if (this.#tinyBatches === 0 || this.depth >= WORTH_WAKING || heldMs >= HOLD_MS) return false;
    this.#hold ??= setTimeout(() => {
      this.#hold = null;
      this.#dispatch();
    }, HOLD_MS);
    return true;
  }

  #start(batch: readonly Pending[]): void {
    const tiny = Number((batch[0] as Pending).seconds <= TINY_SECONDS);
    this.#running++;
    this.#tinyBatches += tiny;
    if (tiny > 0) this.#tinyStartedMs = performance.now();
    for (const { started } of batch) started();
    this.#runBatch(batch).finally(() => {
      this.#running--;
      this.#tinyBatches -= tiny;
      this.#dispatch();
    });
  }

  /** Tiles may run twice, so where a thread died under several tasks each has it again alone: only the one at fault fails. */
  async #runBatch(batch: readonly Pending[]): Promise<void> {
    try {
      const outcomes = await this.#runner.run(batch);
      for (const [index, item] of batch.entries()) settle(item, outcomes[index] as TaskOutcome);
    } catch (error) {
      const [only] = batch;
      if (batch.length === 1) only?.reject(error);
      else for (const item of batch) await this.#runBatch([item]);
    }
  }
}

function settle({ resolve, reject }: Pending, outcome: TaskOutcome): void {
  if ('tiles' in outcome) resolve(outcome.tiles);
  else reject(outcome.failure);
}
