import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Shared memory that does not pile up. V8 counts the bytes of a SharedArrayBuffer in none of the threads that hold it, and its small
 * collections free none: a service whose own heaps stay small would keep the tensors of thousands of requests that were answered long
 * ago. So each thread counts what it made or was handed, and collects when that is much.
 */

/** Bytes after which a thread collects. */
const COLLECT_BYTES = 2 ** 28;
/** A collection takes some milliseconds; threads that see large tensors tile by tile count them again and again. */
const COLLECT_EVERY_MS = 500;

let seenBytes = 0;
let collectedAtMs = Number.NEGATIVE_INFINITY;
let collect: (() => void) | null = null;

export function sharedMemory(bytes: number): SharedArrayBuffer {
  countShared(bytes);
  return new SharedArrayBuffer(bytes);
}

/** To be told of shared memory that came from another thread; `nowMs` is for tests. */
export function countShared(bytes: number, nowMs = performance.now()): void {
  seenBytes += bytes;
  if (seenBytes < COLLECT_BYTES || nowMs - collectedAtMs < COLLECT_EVERY_MS) return;
  seenBytes = 0;
  collectedAtMs = nowMs;
  collect ??= collector();
  collect();
}

/** V8's full collection, which Node hides behind a flag. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
}
