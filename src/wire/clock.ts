import { performance } from 'node:perf_hooks';
/**
 * When the way out began, so that a response can say how long it took although it says so in its own text. Milliseconds since the epoch,
 * because another thread may read it.
 */
export interface EncodingClock {
  readonly startedMs: number;
  /** Milliseconds that the request had taken by then. */
  readonly elapsedMs: number;
}

/** A clock that started at a time of the epoch. @param elapsedMs since the request came in, now */
export function startClock(elapsedMs: number, startedMs: number): EncodingClock {
  return { startedMs, elapsedMs: elapsedMs - (epochMs() - startedMs) };
}

export function readClock({ startedMs, elapsedMs }: EncodingClock): { encodeMs: number; totalMs: number } {
  const encodeMs = Math.max(0, epochMs() - startedMs);
  return { encodeMs: inMicroseconds(encodeMs), totalMs: inMicroseconds(elapsedMs + encodeMs) };
}

/** The options with `timing.encodeMs` and `timing.totalMs` as they are now; the timing is the response's own, and is filled in. */
export function withTiming(options: Readonly<Record<string, unknown>>, clock: EncodingClock | undefined): typeof options {
  const { timing } = options;
  if (clock !== undefined && typeof timing === 'object') Object.assign(timing as object, readClock(clock));
  return options;
}

const ORIGIN_MS = performance.timeOrigin;

function epochMs(): number {
  return ORIGIN_MS + performance.now();
}

function inMicroseconds(ms: number): number {
  return Math.round(ms * 1e3) / 1e3;
}
