// Imported: to ask the global for it is a call of its own.
import { performance } from 'node:perf_hooks';

/** Milliseconds by stage of the street (api.md §3), with one clock that can be read at any time. */
export class Stopwatch {
  readonly spans: Record<string, number> = {};
  readonly #now: () => number;
  readonly #began: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#began = now();
  }

  /** Milliseconds since the request came in. */
  elapsed(): number {
    return this.#now() - this.#began;
  }

  /** Runs `work` and keeps its duration under `name`; that of a promise with the waiting for it. */
  time<T>(name: string, work: () => T): T {
    const start = this.#now();
    let isDone = true;
    try {
      const value = work();
      if (!(value instanceof Promise)) return value;
      isDone = false;
      return value.finally(() => this.#keep(name, start)) as T;
    } finally {
      if (isDone) this.#keep(name, start);
    }
  }

  #keep(name: string, start: number): void {
    this.spans[name] = this.#now() - start;
  }
}

/** What the contract calls reading the body: its receipt and its decoding. */
export function readingMs({ spans }: Stopwatch): number {
  return (spans.receive ?? 0) + (spans.decode ?? 0);
}

const monotonic = (): number => performance.now();

export function startStopwatch(now: () => number = monotonic): Stopwatch {
  return new Stopwatch(now);
}

/** The `Server-Timing` header (W3C): `decode;dur=0.400, total;dur=0.500`. */
export function serverTiming(spans: Readonly<Record<string, number>>, totalMs: number): string {
  let header = '';
  for (const name in spans) header += `${name};dur=${milliseconds(spans[name] as number)}, `;
  return `${header}total;dur=${milliseconds(totalMs)}`;
}

const THOUSANDTHS = Array.from({ length: 1000 }, (_, index) => `.${String(index).padStart(3, '0')}`);

/** A duration with three decimals, as `toFixed` writes it, in a fifth of its time. */
export function milliseconds(ms: number): string {
  const microseconds = Math.round(ms * 1e3);
  if (!(microseconds >= 0 && microseconds < 2 ** 31)) return ms.toFixed(3);
  const whole = Math.floor(microseconds / 1e3);
  return `${whole}${THOUSANDTHS[microseconds - whole * 1e3]}`;
}

/** Three decimals are enough for milliseconds. */
export function rounded(ms: number): number {
  return Math.round(ms * 1e3) / 1e3;
}
