// Imported: to ask the global for it is a call of its own.
import { performance } from 'node:perf_hooks';
import { ascii, ByteSink } from '../bytes/byte-sink.ts';

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

const NAMES = {
  receive: ascii('receive;dur='),
  decode: ascii('decode;dur='),
  plan: ascii('plan;dur='),
  queue: ascii('queue;dur='),
  compute: ascii('compute;dur='),
  encode: ascii('encode;dur='),
};
const TOTAL = ascii('total;dur=');
const NEXT = ascii(', ');

/** Writes the `Server-Timing` header (W3C): `decode;dur=0.400, total;dur=0.500`. */
export function writeServerTiming(sink: ByteSink, spans: Spans, totalMs: number): void {
  writeSpan(sink, NAMES.receive, spans.receive);
  writeSpan(sink, NAMES.decode, spans.decode);
  writeSpan(sink, NAMES.plan, spans.plan);
  writeSpan(sink, NAMES.queue, spans.queue);
  writeSpan(sink, NAMES.compute, spans.compute);
  writeSpan(sink, NAMES.encode, spans.encode);
  sink.literal(TOTAL);
  sink.milliseconds(totalMs);
}

function writeSpan(sink: ByteSink, name: Uint8Array, ms: number | undefined): void {
  if (ms === undefined) return;
  sink.literal(name);
  sink.milliseconds(ms);
  sink.literal(NEXT);
}

/** The same as text. */
export function serverTiming(spans: Spans, totalMs: number): string {
  const sink = new ByteSink();
  writeServerTiming(sink, spans, totalMs);
  return sink.join().toString('latin1');
}
