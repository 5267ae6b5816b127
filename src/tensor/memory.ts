import type { Lease } from './lease.ts';
import { sharedMemory } from './shared-memory.ts';

/** Room in shared memory: `bytes` from `offset` on, zeroed unless all of it is overwritten, aligned to a cache line. */
export interface Room {
  readonly memory: SharedArrayBuffer;
  readonly offset: number;
}

const SLAB_BYTES = 1 << 16;
/** What is larger gets memory of its own. */
const SMALL_BYTES = 1 << 12;
const LINE_BYTES = 64;

let slab = sharedMemory(SLAB_BYTES);
let used = 0;

/**
 * Reserves shared memory. Small pieces lie side by side in slabs: to make a SharedArrayBuffer, and to hand it to a thread, costs more than
 * a small tensor's arithmetic. No piece of a slab is used twice; a slab goes when nothing views it any more. Large ones belong to the lease.
 */
export function reserve(bytes: number, lease?: Lease, isOverwritten = false): Room {
  if (bytes > SMALL_BYTES) return { memory: lease?.take(bytes, isOverwritten) ?? sharedMemory(bytes), offset: 0 };
  if (used + bytes > SLAB_BYTES) {
    slab = sharedMemory(SLAB_BYTES);
    used = 0;
  }
  const offset = used;
  used += Math.ceil(bytes / LINE_BYTES) * LINE_BYTES;
  return { memory: slab, offset };
}
