import { readSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { CANCEL } from '../../../kernels/backend.ts';
import { FIRST_SLOT_FD } from './protocol.ts';

/**
 * A thread of the device's process, for what its main thread cannot see while a kernel keeps it: that the service, its parent, is gone, and
 * that nobody wants a message's tiles any more.
 */

/** What the thread is given. */
export interface Watch {
  readonly parent: number;
  /** Cells: messages in hand; then one that is never touched; then for each slot the message that lies in it. */
  readonly board: Int32Array;
  /** The control block of each slot's tiles. */
  readonly controls: readonly Int32Array[];
}

/** The board's cell with the number of messages in hand. */
export const IN_HAND = 0;
const NEVER = 1;
/** And the first of those with the messages that lie in the slots. */
export const FIRST_MESSAGE = 2;

const ORPHAN_MS = 1_000;
/** Kernels are to stop within tens of milliseconds. */
const LOOK_MS = 5;

/** The message that the service has taken back of those that lay in the slot; 0 where there was none. */
export function takenBack(slot: number, word = new Int32Array(1)): number {
  return readSync(FIRST_SLOT_FD + slot, word, 0, 4, 0) === 4 ? (word[0] as number) : 0;
}

function watch({ parent, board, controls }: Watch): never {
  for (;;) {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
    const isBusy = Atomics.load(board, IN_HAND) !== 0;
    if (isBusy) for (const [slot, control] of controls.entries()) look(slot, control, board);
    Atomics.wait(board, isBusy ? NEVER : IN_HAND, 0, isBusy ? LOOK_MS : ORPHAN_MS);
  }
}

/** A flag that comes late, when the next message has begun, makes that one be computed elsewhere: the host says that it was stopped. */
function look(slot: number, control: Int32Array, board: Int32Array): void {
  const message = takenBack(slot);
  if (message !== 0 && message === Atomics.load(board, FIRST_MESSAGE + slot)) Atomics.store(control, CANCEL, 1);
}

// In the main thread of the host, which takes names from here, there is nobody to watch for.
if (workerData !== null) watch(workerData as Watch);
