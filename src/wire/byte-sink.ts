const FIRST_CHUNK = 4096;
const LARGEST_CHUNK = 1 << 20;

/** Grows by chunks and is joined once: what is written is copied one time, however large the whole gets. */
export class ByteSink {
  readonly #done: Uint8Array[] = [];
  #size = 0;
  #chunk = Buffer.allocUnsafe(FIRST_CHUNK);
  #used = 0;

  /** A buffer to write at most `bytes` bytes to, from its start; `commit` says how many it became. */
  reserve(bytes: number): Buffer {
    if (this.#chunk.length - this.#used < bytes) {
      this.#flush();
      this.#chunk = Buffer.allocUnsafe(Math.max(bytes, Math.min(2 * this.#chunk.length, LARGEST_CHUNK)));
    }
    return this.#chunk.subarray(this.#used);
  }

  commit(bytes: number): void {
    this.#used += bytes;
  }

  /** Appends ASCII text. */
  text(ascii: string): void {
    this.commit(this.reserve(ascii.length).write(ascii, 'latin1'));
  }

  /** Appends bytes that stay as they are until `join`: they are not copied before. */
  bytes(bytes: Uint8Array): void {
    this.#flush();
    this.#done.push(bytes);
    this.#size += bytes.length;
  }

  join(): Buffer {
    this.#flush();
    return Buffer.concat(this.#done, this.#size);
  }

  #flush(): void {
    if (this.#used === 0) return;
    this.#done.push(this.#chunk.subarray(0, this.#used));
    this.#size += this.#used;
    this.#chunk = this.#chunk.subarray(this.#used);
    this.#used = 0;
  }
}
