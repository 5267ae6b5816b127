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

const ORIGIN_MS = performance.timeOrigin;

/** How long encoding has taken by now, milliseconds. */
export function encodingMs({ startedMs }: EncodingClock): number {
  return Math.max(0, ORIGIN_MS + performance.now() - startedMs);
}
