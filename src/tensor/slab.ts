import { sharedMemory } from './shared-memory.ts';

/** Room in shared memory: from `offset` on, aligned to a cache line. */
export interface Room {
  readonly memory: SharedArrayBuffer;
  readonly offset: number;
}

const SLAB_BYTES = 1 << 16;
/** What is larger gets memory of its own. */
export const SMALL_BYTES = 1 << 12;
const LINE_BYTES = 64;
/** Slabs that are kept for requests to come: 4 MiB. */
const SPARES = 64;

const ZEROS = Buffer.alloc(SMALL_BYTES);

/**
 * Shared memory in which small pieces lie side by side: to make a SharedArrayBuffer, and to hand it to a thread, costs more than a small
 * tensor's arithmetic. Those who hold it count; once it is full and the last of them has let go, it is used again.
 */
export class Slab {
  readonly #memory = sharedMemory(SLAB_BYTES);
  readonly #bytes = Buffer.from(this.#memory);
  #used = 0;
  #isNew = true;
  #isFull = false;
  #isSound = true;
  #holders = 0;

  fits(bytes: number): boolean {
    return this.#used + bytes <= SLAB_BYTES;
  }

  /** Room for bytes that fit: zeros, unless all of it is overwritten. */
  place(bytes: number, isOverwritten: boolean): Room {
    const offset = this.#used;
    this.#used += Math.ceil(bytes / LINE_BYTES) * LINE_BYTES;
    if (!this.#isNew && !isOverwritten) ZEROS.copy(this.#bytes, offset, 0, bytes);
    return { memory: this.#memory, offset };
  }

  hold(): void {
    this.#holders++;
  }

  /** To be called once for each `hold`; `isUnused` is false where somebody may still look at the pieces. */
  letGo(isUnused: boolean): void {
    this.#holders--;
    if (!isUnused) this.#isSound = false;
    this.#reuse();
  }

  /** No piece is added to it any more. */
  close(): void {
    this.#isFull = true;
    this.#reuse();
  }

  #reuse(): void {
    if (!this.#isFull || this.#holders > 0 || !this.#isSound || spares.length === SPARES) return;
    this.#used = 0;
    this.#isNew = false;
    this.#isFull = false;
    spares.push(this);
  }
}

const spares: Slab[] = [];
let current = new Slab();

/** A slab with room for so many bytes, for who will hold it and let go. */
export function slabFor(bytes: number): Slab {
  if (current.fits(bytes)) return current;
  const full = current;
  current = spares.pop() ?? new Slab();
  full.close();
  return current;
}
