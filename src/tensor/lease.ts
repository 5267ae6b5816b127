import { sharedMemory } from './shared-memory.ts';
import { type Room, type Slab, SMALL_BYTES, slabFor } from './slab.ts';

/**
 * Memory that goes from request to request. A page that is touched for the first time costs some 2 µs, which is 0.5 ms a MiB and more
 * than copying into it; and what is used again needs no collection, of which each thread would do its own: 18 ms of the event loop, 40 to 140
 * where the cores are busy. What was not used for a while is given back by `dropIdle`.
 */

/** Smaller pieces are not kept, the smallest lie in slabs; larger ones than the largest are not kept either. */
const LEAST_BYTES = 1 << 16;
const MOST_BYTES = 1 << 27;
/** What is kept for requests to come while they come, in all. */
const KEPT_BYTES = 1 << 28;
/** The same while none come, and the largest piece of it. */
const RESTING_BYTES = 1 << 26;
const RESTING_MOST_BYTES = 1 << 24;
/** Memory that was left to the collectors of all threads, after which they should be called. */
const PILED_BYTES = 1 << 26;

const ZEROS = new Uint8Array(1 << 16);

/** Pieces of one size, and how few there were since the last look: so many were needed at no time. */
interface Shelf {
  readonly spares: SharedArrayBuffer[];
  fewest: number;
}

/** By size, the one that was used last at the end. */
const shelves = new Map<number, Shelf>();
const leased = new WeakSet<ArrayBufferLike>();
let mostKeptBytes = KEPT_BYTES;
let keptBytes = 0;
let piledBytes = 0;

/** The memory of one request: taken here, and given back when the request has ended. */
export class Lease {
  // Made with the first: most requests have no large memory.
  #memories: Set<SharedArrayBuffer> | undefined;
  /** Where its small pieces lie: the last one, since most need one alone, and those before it. */
  #slab: Slab | undefined;
  #slabsBefore: Slab[] | undefined;
  #isSound = true;

  /** Room for `bytes`: zeros, or anything for who writes all that is read. */
  reserve(bytes: number, isOverwritten = false): Room {
    if (bytes > SMALL_BYTES) return { memory: this.take(bytes, isOverwritten), offset: 0 };
    const slab = slabFor(bytes);
    if (slab !== this.#slab) this.#hold(slab);
    return slab.place(bytes, isOverwritten);
  }

  /** At least `bytes`, and that many zeros, or anything for who writes all that is read. */
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
    leased.add(memory);
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
    for (const slab of this.#slabsBefore ?? []) slab.letGo(isUnused && this.#isSound);
    this.#slab?.letGo(isUnused && this.#isSound);
    this.#slab = undefined;
    this.#slabsBefore = undefined;
  }

  #hold(slab: Slab): void {
    slab.hold();
    if (this.#slab !== undefined) {
      this.#slabsBefore ??= [];
      this.#slabsBefore.push(this.#slab);
    }
    this.#slab = slab;
  }
}

/** Whether so much was left to the collectors that every thread should be told to collect; asking starts the count anew. */
export function isPiledUp(): boolean {
  if (piledBytes < PILED_BYTES) return false;
  piledBytes = 0;
  return true;
}

/** Whether a lease took this memory over, so that nobody else has to see to its end. */
export function isLeased(memory: ArrayBufferLike): boolean {
  return leased.has(memory);
}

/** Keeps less than a quarter of a gibibyte for requests to come. */
export function keepAtMost(bytes: number): void {
  mostKeptBytes = Math.min(KEPT_BYTES, bytes);
  while (keptBytes > mostKeptBytes) dropOldest();
}

/**
 * Lets go of what was not used since the last call, the largest first, down to what rests.
 * @returns whether there was any: the threads should collect then
 */
export function dropIdle(): boolean {
  const before = keptBytes;
  for (const [size, shelf] of [...shelves].sort(([a], [b]) => b - a)) {
    while (shelf.fewest > 0 && (size > RESTING_MOST_BYTES || keptBytes > RESTING_BYTES)) pop(size, shelf);
    shelf.fewest = shelf.spares.length;
  }
  return keptBytes < before;
}

/** At least `bytes`, which may hold what was there before: for who writes all that is read. A lease may adopt it. */
export function takeMemory(bytes: number): SharedArrayBuffer {
  return takeSpare(bytes) ?? sharedMemory(sizeOfClass(bytes));
}

function takeZeros(bytes: number): SharedArrayBuffer {
  const memory = takeSpare(bytes);
  if (memory === undefined) return sharedMemory(sizeOfClass(bytes));
  // Copied from, since a number is written element by element to what is shared: 30 instead of 9 GB/s.
  Buffer.from(memory).fill(ZEROS, 0, bytes);
  return memory;
}

function takeSpare(bytes: number): SharedArrayBuffer | undefined {
  const size = sizeOfClass(bytes);
  const shelf = shelves.get(size);
  return shelf && pop(size, shelf);
}

function keep(memory: SharedArrayBuffer): void {
  const size = memory.byteLength;
  const shelf = shelves.get(size) ?? { spares: [], fewest: 0 };
  shelf.spares.push(memory);
  shelves.delete(size);
  shelves.set(size, shelf);
  keptBytes += size;
  while (keptBytes > mostKeptBytes) dropOldest();
}

function dropOldest(): void {
  const [size, shelf] = shelves.entries().next().value as [number, Shelf];
  if (pop(size, shelf) === undefined) shelves.delete(size);
  else piledBytes += size;
}

function pop(size: number, shelf: Shelf): SharedArrayBuffer | undefined {
  const memory = shelf.spares.pop();
  if (memory !== undefined) keptBytes -= size;
  shelf.fewest = Math.min(shelf.fewest, shelf.spares.length);
  return memory;
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
