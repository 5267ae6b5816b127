/** What bounds the memory of one cache: some 2 MiB of text, about thrice that in all. */
const MAX_ENTRIES = 512;
const MAX_BYTES = 4096;

/**
 * Remembers what headers were read to, by their bytes: a client sends the same few again and again, and for a small request reading one
 * takes longer than the rest of decoding. Values are shared between requests, so they must not be changed.
 */
export class HeaderCache<T> {
  readonly #values = new Map<string, T>();
  /** The header that came last: to compare its bytes takes a third of making them a key. */
  #last: { readonly bytes: Buffer; readonly value: T } | undefined;

  /** The value of a header that was read before, otherwise what `read` makes of it; what `read` throws is not remembered. */
  get(bytes: Uint8Array, read: (bytes: Uint8Array) => T): T {
    if (this.#last?.bytes.equals(bytes)) return this.#last.value;
    if (bytes.length > MAX_BYTES) return read(bytes);
    const value = this.#find(bytes, read);
    this.#last = { bytes: Buffer.from(bytes), value };
    return value;
  }

  #find(bytes: Uint8Array, read: (bytes: Uint8Array) => T): T {
    const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const value = read(bytes);
    if (this.#values.size >= MAX_ENTRIES) this.#values.delete(this.#values.keys().next().value as string);
    this.#values.set(key, value);
    return value;
  }
}
