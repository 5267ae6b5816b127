import { closeSync, existsSync, ftruncate, openSync, read, readSync, unlinkSync, write, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FloatArray } from '../../../kernels/backend.ts';

/**
 * A file without a name on shared memory (where there is none, among temporary files): how tensors get to a device's process and back.
 * Measured against the process's channel and a socket pair from 4 KiB to 16 MiB (bench/transfer.ts, bench/results/gpu.md): on a machine that does
 * nothing else the channel takes 2 to 11 times as long, the socket 2 to 6 times.
 */

/** Below this a transfer takes less time than handing it to another thread. */
const AT_ONCE_BYTES = 2 ** 18;
/** What a slot keeps between messages; more than that goes back to the system. */
const KEPT_BYTES = 2 ** 24;
const ALIGNMENT = 64;
/** Before the tensors: the number of a message that was taken back. */
const HEADER_BYTES = ALIGNMENT;

const readLater = promisify(read);
const truncateLater = promisify(ftruncate);
const writeLater = promisify(write);

export class Slot {
  readonly file: number;
  #used = HEADER_BYTES;
  #longest = 0;

  constructor() {
    const folder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
    const path = join(folder, `polyattention-${crypto.randomUUID()}`);
    this.file = openSync(path, 'wx+', 0o600);
    // What has no name cannot be left behind, however the processes end.
    unlinkSync(path);
  }

  /** Room for the next message. */
  async reset(): Promise<void> {
    this.#longest = Math.max(this.#longest, this.#used);
    this.#used = HEADER_BYTES;
    if (this.#longest <= KEPT_BYTES) return;
    this.#longest = 0;
    // Nothing may be written before it is done.
    await truncateLater(this.file, 0);
  }

  /** Tells the other side that nobody wants the message any more. */
  takeBack(message: number): void {
    writeSync(this.file, Int32Array.of(message), 0, 4, 0);
  }

  /** The offset of `bytes` that nobody has yet. */
  reserve(bytes: number): number {
    const offset = this.#used;
    this.#used += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    return offset;
  }

  /** @throws Error when shared memory is full */
  async write(data: FloatArray | Uint16Array, offset: number): Promise<void> {
    for (let done = 0; done < data.byteLength; ) {
      const left = data.byteLength - done;
      const bytes = data as NodeJS.ArrayBufferView;
      const args = [this.file, bytes, done, left, offset + done] as const;
      done += left <= AT_ONCE_BYTES ? writeSync(...args) : (await writeLater(...args)).bytesWritten;
    }
  }

  /** @throws Error when the other side wrote less */
  async read(data: FloatArray, offset: number): Promise<void> {
    for (let done = 0; done < data.byteLength; ) {
      const left = data.byteLength - done;
      const bytes = data as NodeJS.ArrayBufferView;
      const moved =
        left <= AT_ONCE_BYTES
          ? readSync(this.file, bytes, done, left, offset + done)
          : (await readLater(this.file, bytes, done, left, offset + done)).bytesRead;
      if (moved === 0) throw new Error('the slot ends before the result does');
      done += moved;
    }
  }

  close(): void {
    closeSync(this.file);
  }
}
