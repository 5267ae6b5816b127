import type { Lease } from './lease.ts';
import { sharedMemory } from './shared-memory.ts';
import { type Room, Slab, SMALL_BYTES } from './slab.ts';

/** Where those lie who say nothing of their end: no piece of it is used twice, and it goes when nothing views it any more. */
let slab = new Slab();

/** Reserves shared memory, zeroed unless all of it is overwritten: the lease's where there is one, small pieces side by side in slabs. */
export function reserve(bytes: number, lease?: Lease, isOverwritten = false): Room {
  if (lease !== undefined) return lease.reserve(bytes, isOverwritten);
  if (bytes > SMALL_BYTES) return { memory: sharedMemory(bytes), offset: 0 };
  if (!slab.fits(bytes)) slab = new Slab();
  return slab.place(bytes, isOverwritten);
}
