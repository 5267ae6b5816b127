/** The control block that the tiles of a request share: the two things a kernel does with it. */
import { CANCEL, PROGRESS } from '../backend.ts';

export function isCancelled(control: Int32Array): boolean {
  return Atomics.load(control, CANCEL) !== 0;
}

export function addProgress(control: Int32Array, rows: number): void {
  Atomics.add(control, PROGRESS, rows);
}
