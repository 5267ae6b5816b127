// Imported: to ask the global for it is a call of its own.
import { performance } from 'node:perf_hooks';

/** Milliseconds by stage of the street (api.md §3), in its order; undefined of a stage that a request did not go through. */
export class Spans {
  receive: number | undefined = undefined;
  decode: number | undefined = undefined;
  plan: number | undefined = undefined;
  queue: number | undefined = undefined;
  compute: number | undefined = undefined;
  encode: number | undefined = undefined;
}

const ORIGIN_MS = performance.timeOrigin;

/** How long a request's stages took, with one clock that can be read at any time. */
export class Stopwatch {
  readonly spans = new Spans();
  readonly #began = performance.now();

  /** Milliseconds since the request came in. */
  elapsed(): number {
    return performance.now() - this.#began;
  }

  /** The same at a time in milliseconds since the epoch. */
  elapsedAt(epochMs: number): number {
    return epochMs - ORIGIN_MS - this.#began;
  }

  /** Runs `work` and keeps its duration under `name`; that of a promise with the waiting for it. */
  time<T>(name: keyof Spans, work: () => T): T {
    const start = performance.now();
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

  #keep(name: keyof Spans, start: number): void {
    this.spans[name] = performance.now() - start;
  }
}

/** What the contract calls reading the body: its receipt and its decoding. */
export function readingMs({ spans }: Stopwatch): number {
  return (spans.receive ?? 0) + (spans.decode ?? 0);
}

/** The `Server-Timing` header (W3C): `decode;dur=0.400, total;dur=0.500`. */
export function serverTiming({ receive, decode, plan, queue, compute, encode }: Spans, totalMs: number): string {
  const reading = `${entry('receive', receive)}${entry('decode', decode)}${entry('plan', plan)}`;
  return `${reading}${entry('queue', queue)}${entry('compute', compute)}${entry('encode', encode)}total;dur=${milliseconds(totalMs)}`;
}

function entry(name: keyof Spans, ms: number | undefined): string {
  return ms === undefined ? '' : `${name};dur=${milliseconds(ms)}, `;
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
