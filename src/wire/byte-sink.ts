/** Of the thread, for the first chunk of whoever writes: what is written is copied out by `join`, and nobody waits meanwhile. */
let spare: Buffer | null = null;
const FIRST_CHUNK = 1 << 14;
const LARGEST_CHUNK = 1 << 20;

/** Grows by chunks and is joined once: what is written is copied one time, however large the whole gets. */
export class ByteSink {
  readonly #done: Uint8Array[] = [];
  #size = 0;
  readonly #first: Buffer;
  #chunk: Buffer;
  #used = 0;
  #grown = FIRST_CHUNK;

  constructor() {
    this.#first = spare ?? Buffer.allocUnsafeSlow(FIRST_CHUNK);
    spare = null;
    this.#chunk = this.#first;
  }

  /** A buffer to write at most `bytes` bytes to, from its start; `commit` says how many it became. */
  reserve(bytes: number): Buffer {
    if (this.#chunk.length - this.#used < bytes) {
      this.#flush();
      // Twice the last: what is left of that one may be a few bytes.
      this.#grown = Math.min(2 * this.#grown, LARGEST_CHUNK);
      this.#chunk = Buffer.allocUnsafe(Math.max(bytes, this.#grown));
    }
    return this.#chunk.subarray(this.#used);
  }

  commit(bytes: number): void {
    this.#used += bytes;
  }

  /** Appends ASCII text. */
  text(ascii: string): void {
    if (this.#chunk.length - this.#used < ascii.length) this.reserve(ascii.length);
    this.#used += this.#chunk.write(ascii, this.#used, 'latin1');
  }

  /** What was written; the sink is done with. */
  join(): Buffer {
    this.#flush();
    const bytes = Buffer.concat(this.#done, this.#size);
    spare = this.#first;
    return bytes;
  }

  #flush(): void {
    if (this.#used === 0) return;
    this.#done.push(this.#chunk.subarray(0, this.#used));
    this.#size += this.#used;
    this.#chunk = this.#chunk.subarray(this.#used);
    this.#used = 0;
  }
}
