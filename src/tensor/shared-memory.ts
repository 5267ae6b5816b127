import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Shared memory that does not pile up. V8 counts the bytes of a SharedArrayBuffer in none of the threads that hold it, and its small
 * collections free none: a service whose own heaps stay small would keep the tensors of thousands of requests that were answered long
 * ago. So each thread counts what it made or was handed, and collects when that is much.
 */

/** Bytes after which a thread collects: those of one body of the usual limit. */
const COLLECT_BYTES = 2 ** 26;
/** A collection takes some 10 ms; threads that see large tensors tile by tile count them again and again. */
const COLLECT_EVERY_MS = 500;

let seenBytes = 0;
let collectedAtMs = Number.NEGATIVE_INFINITY;
let collect: Collector | null = null;

type Collector = (options?: { readonly type: 'minor' }) => void;

export function sharedMemory(bytes: number): SharedArrayBuffer {
  countShared(bytes);
  return new SharedArrayBuffer(bytes);
}

/** To be told of shared memory that came from another thread; `nowMs` is for tests. */
export function countShared(bytes: number, nowMs = performance.now()): void {
  // What is new is in use: collecting is for what came before it.
  if (seenBytes >= COLLECT_BYTES && nowMs - collectedAtMs >= COLLECT_EVERY_MS) collectShared(nowMs);
  seenBytes += bytes;
}

/** Collects what this thread no longer uses: a view of a few bytes holds the whole body that they lie in. */
export function collectShared(nowMs = performance.now()): void {
  seenBytes = 0;
  collectedAtMs = nowMs;
  collect ??= collector();
  collect();
}

/** Collects what was made last, in a fraction of a millisecond: the chunks of a large body, of which V8 would let 64 MiB pile up. */
export function collectYoung(): void {
  collect ??= collector();
  collect({ type: 'minor' });
}

/** V8's full collection, which Node hides behind a flag. */
function collector(): Collector {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
}
