import { fail } from '../errors.ts';

export interface BudgetLimits {
  readonly maxInflightBytes: number;
  readonly maxQueueSeconds: number;
  readonly threads: number;
}

/** What one admitted request holds; `release` once, when its last tile has ended. */
export interface Reservation {
  release(): void;
}

/** Admission: bytes held and modelled seconds owed, over all requests that are under way (api.md §7). */
export class Budget {
  readonly #limits: BudgetLimits;
  #bytes = 0;
  #seconds = 0;
  #held = 0;

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
  }

  get inflightBytes(): number {
    return this.#bytes;
  }

  /** Modelled seconds until all that was admitted is done. */
  get queuedSeconds(): number {
    return this.#seconds / this.#limits.threads;
  }

  /**
   * Admits `seconds` of thread time that hold `bytes`.
   * @throws ServiceError `too_large` where it could never fit, `overloaded` with a computed Retry-After where it does not fit now
   */
  admit(seconds: number, bytes: number): Reservation {
    const { maxInflightBytes, maxQueueSeconds } = this.#limits;
    const retryAfterSeconds = Math.max(1, Math.ceil(this.queuedSeconds));
    if (bytes > maxInflightBytes) {
      fail('too_large', `The request needs ${bytes} bytes and MAX_INFLIGHT_BYTES is ${maxInflightBytes}`, {
        limit: maxInflightBytes,
        actual: bytes,
        setting: 'MAX_INFLIGHT_BYTES',
      });
    }
    if (this.#bytes + bytes > maxInflightBytes) {
      const detail = `Requests under way hold ${this.#bytes} bytes, this one needs ${bytes}, and MAX_INFLIGHT_BYTES is ${maxInflightBytes}`;
      fail('overloaded', detail, {
        limit: maxInflightBytes,
        actual: this.#bytes + bytes,
        setting: 'MAX_INFLIGHT_BYTES',
        retryAfterSeconds,
      });
    }
    if (this.queuedSeconds > maxQueueSeconds) {
      const detail = `Work for ${this.queuedSeconds.toFixed(1)} s is queued and MAX_QUEUE_SECONDS is ${maxQueueSeconds}`;
      fail('overloaded', detail, {
        limit: maxQueueSeconds,
        actual: this.queuedSeconds,
        setting: 'MAX_QUEUE_SECONDS',
        retryAfterSeconds,
      });
    }
    this.#bytes += bytes;
    this.#seconds += seconds;
    this.#held++;
    let held = true;
    return {
      release: () => {
        if (!held) return;
        held = false;
        this.#bytes -= bytes;
        // Sums of floats leave dust: an idle service owes exactly nothing.
        this.#seconds = --this.#held === 0 ? 0 : this.#seconds - seconds;
      },
    };
  }
}
