import type { TileOutcome, TileTask } from './task.ts';

/** A task with its modelled seconds, the unit in which fairness is counted. */
export interface WorkItem {
  readonly task: TileTask;
  readonly seconds: number;
}

/** What runs tasks: `threads` of them at once. */
export interface Runner {
  readonly threads: number;
  run(task: TileTask, cancelled: AbortSignal): Promise<TileOutcome[]>;
}

interface Pending extends WorkItem {
  readonly started: () => void;
  readonly resolve: (outcomes: TileOutcome[]) => void;
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
 * large one, never for all of it, and a flood of small ones cannot starve the large. At most one task per thread is handed out, hence
 * nothing waits where it could not be taken back.
 */
export class FairQueue {
  readonly #runner: Runner;
  readonly #lanes = new Set<Lane>();
  #running = 0;
  #virtualTime = 0;

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
  submit(lane: Lane, item: WorkItem, started: () => void): Promise<TileOutcome[]> {
    return new Promise((resolve, reject) => {
      lane.waiting.push({ ...item, started, resolve, reject });
      this.#dispatch();
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

  #dispatch(): void {
    while (this.#running < this.#runner.threads) {
      const lane = this.#next();
      const item = lane?.waiting.shift();
      if (lane === null || item === undefined) return;
      // The service that every lane with work would have received by now, had it been shared out evenly: where new lanes start.
      this.#virtualTime += item.seconds / this.#backlogged(lane);
      lane.served += item.seconds;
      lane.remaining -= item.seconds;
      this.#start(lane, item);
    }
  }

  #start(lane: Lane, item: Pending): void {
    this.#running++;
    item.started();
    this.#runner
      .run(item.task, lane.signal)
      .then(item.resolve, item.reject)
      .finally(() => {
        this.#running--;
        this.#dispatch();
      });
  }
}
