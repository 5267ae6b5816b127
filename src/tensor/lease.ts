import { sharedMemory } from './shared-memory.ts';

/**
 * Memory that goes from request to request. A page that is touched for the first time costs some 2 µs, which is 0.5 ms a MiB and more
 * than copying into it; and what is used again needs no collection, of which each thread would do its own.
 */

/** Smaller pieces lie in slabs (memory.ts); larger ones are rare, and would hold much. */
const LEAST_BYTES = 1 << 16;
const MOST_BYTES = 1 << 24;
/** What is kept for requests to come, in all. */
const KEPT_BYTES = 1 << 26;
/** Memory that was left to the collectors of all threads, after which they should be called. */
const PILED_BYTES = 1 << 26;

const ZEROS = new Uint8Array(1 << 16);

const spares = new Map<number, SharedArrayBuffer[]>();
let keptBytes = 0;
let piledBytes = 0;

/** The large memory of one request: taken here, and given back when the request has ended. */
export class Lease {
  // Made with the first: most requests have no large memory.
  #memories: Set<SharedArrayBuffer> | undefined;
  #isSound = true;

  /** At least `bytes`, of zeros, or of anything for who writes all that is read. */
  take(bytes: number, isOverwritten = false): SharedArrayBuffer {
    const memory = isOverwritten ? takeMemory(bytes) : takeZeros(bytes);
    this.adopt(memory);
    return memory;
  }

  /** Takes over memory of `takeMemory`. */
  adopt(memory: ArrayBufferLike): void {
    if (!(memory instanceof SharedArrayBuffer && isKind(memory.byteLength))) return;
    this.#memories ??= new Set();
    this.#memories.add(memory);
  }

  /** Whether the memory will be given back, or is too small to count. */
  has(memory: ArrayBufferLike): boolean {
    return memory.byteLength <= LEAST_BYTES || this.#memories?.has(memory as SharedArrayBuffer) === true;
  }

  /** Gives one piece back before the end: nobody may look at it any more. */
  return(memory: SharedArrayBuffer): void {
    if (this.#isSound && this.#memories?.delete(memory)) keep(memory);
  }

  /** To be called when some thread may still be at work on the memory: nothing of it is used again. */
  spoil(): void {
    this.#isSound = false;
  }

  /** Gives everything back; `isUnused` is false where it may still be read, say because its bytes were not all sent. */
  end(isUnused: boolean): void {
    for (const memory of this.#memories ?? []) {
      if (isUnused && this.#isSound) keep(memory);
      else piledBytes += memory.byteLength;
    }
    this.#memories = undefined;
  }
}

/** Whether so much was left to the collectors that every thread should be told to collect; asking starts the count anew. */
export function isPiledUp(): boolean {
  if (piledBytes < PILED_BYTES) return false;
  piledBytes = 0;
  return true;
}

/** At least `bytes`, which may hold what was there before: for who writes all that is read. A lease may adopt it. */
export function takeMemory(bytes: number): SharedArrayBuffer {
  return takeSpare(bytes) ?? sharedMemory(sizeOfClass(bytes));
}

function takeZeros(bytes: number): SharedArrayBuffer {
  const memory = takeSpare(bytes);
  if (memory === undefined) return sharedMemory(sizeOfClass(bytes));
  // Copied from, since a number is written element by element to what is shared: 30 instead of 9 GB/s.
  Buffer.from(memory).fill(ZEROS);
  return memory;
}

function takeSpare(bytes: number): SharedArrayBuffer | undefined {
  const memory = spares.get(sizeOfClass(bytes))?.pop();
  if (memory !== undefined) keptBytes -= memory.byteLength;
  return memory;
}

function keep(memory: SharedArrayBuffer): void {
  const size = memory.byteLength;
  const alike = spares.get(size) ?? [];
  alike.push(memory);
  // The size that was used last stands last.
  spares.delete(size);
  spares.set(size, alike);
  keptBytes += size;
  while (keptBytes > KEPT_BYTES) dropOldest();
}

function dropOldest(): void {
  const [size, alike] = spares.entries().next().value as [number, SharedArrayBuffer[]];
  if (alike.pop() === undefined) spares.delete(size);
  else {
    keptBytes -= size;
    piledBytes += size;
  }
}

function isKind(bytes: number): boolean {
  return bytes > LEAST_BYTES && bytes <= MOST_BYTES && bytes === sizeOfClass(bytes);
}

/** Whether memory of this size is used again, or so small that it does not count. */
export function isReusable(bytes: number): boolean {
  return bytes <= MOST_BYTES;
}

/** Eight sizes to an octave, so that requests of about the same size fit each other: pages that nobody touches cost nothing. */
function sizeOfClass(bytes: number): number {
  if (bytes <= LEAST_BYTES || bytes > MOST_BYTES) return bytes;
  const step = 2 ** (Math.ceil(Math.log2(bytes)) - 4);
  return Math.ceil(bytes / step) * step;
}
