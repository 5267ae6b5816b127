/** Of the thread, for the first chunk of whoever writes: what is written is copied out by `join`. */
const spares: Buffer[] = [];
const MAX_SPARES = 4;
const FIRST_CHUNK = 1 << 15;
const LARGEST_CHUNK = 1 << 20;
/** Longer text is written by the engine, whose call takes as long as this many characters by a loop, and bytes that are twice as long. */
const LOOPED = 40;
const LOOPED_BYTES = 80;

const NOTHING = new Uint8Array(0);
const ZERO = 0x30;
const MAX_DIGITS = 10;
/** By thousandths: with three digits always, and with as many as are needed. */
const DECIMALS = Array.from({ length: 1000 }, (_, index) => `.${String(index).padStart(3, '0')}`);
const FIXED = DECIMALS.map(ascii);
const SHORTEST = DECIMALS.map((text) => ascii(text.replace(/\.?0+$/, '')));

/** What JSON writes as it is between quotes: letters, digits and the marks of algorithm and kernel names. */
const PLAIN = Uint8Array.from({ length: 128 }, (_, code) => Number(/[\w .,()-]/.test(String.fromCharCode(code))));

/** Grows by chunks and is joined once: what is written is copied one time, however large the whole gets. */
export class ByteSink {
  readonly #done: Uint8Array[] = [];
  #size = 0;
  readonly #first: Buffer;
  #chunk: Buffer;
  #used = 0;
  #grown = FIRST_CHUNK;

  constructor() {
    this.#first = spares.pop() ?? Buffer.allocUnsafeSlow(FIRST_CHUNK);
    this.#chunk = this.#first;
  }

  /** Bytes that were written. */
  get size(): number {
    return this.#size + this.#used;
  }

  /** A buffer to write at most `bytes` bytes to, from its start; `commit` says how many it became. */
  reserve(bytes: number): Buffer {
    this.#ensure(bytes);
    return this.#chunk.subarray(this.#used);
  }

  commit(bytes: number): void {
    this.#used += bytes;
  }

  /** Appends ASCII text. */
  text(ascii: string): void {
    const { length } = ascii;
    this.#ensure(length);
    if (length > LOOPED) {
      this.#used += this.#chunk.write(ascii, this.#used, 'latin1');
      return;
    }
    const chunk = this.#chunk;
    const used = this.#used;
    for (let i = 0; i < length; i++) chunk[used + i] = ascii.charCodeAt(i);
    this.#used = used + length;
  }

  /** Appends what `ascii` made of text that is written again and again: in half the time. */
  literal(bytes: Uint8Array): void {
    const { length } = bytes;
    this.#ensure(length);
    const chunk = this.#chunk;
    const used = this.#used;
    if (length > LOOPED_BYTES) chunk.set(bytes, used);
    else for (let i = 0; i < length; i++) chunk[used + i] = bytes[i] as number;
    this.#used = used + length;
  }

  /** Appends any text, as UTF-8. */
  utf8(text: string): void {
    this.#ensure(3 * text.length);
    this.#used += this.#chunk.write(text, this.#used);
  }

  /** Appends text of letters, digits and a few marks, which stands in JSON as it is; nothing of any other text: false. */
  plain(text: string): boolean {
    const { length } = text;
    this.#ensure(length);
    const chunk = this.#chunk;
    const used = this.#used;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (PLAIN[code] !== 1) return false;
      chunk[used + i] = code;
    }
    this.#used = used + length;
    return true;
  }

  /** Appends bytes. */
  bytes(part: Uint8Array): void {
    this.#ensure(part.length);
    this.#chunk.set(part, this.#used);
    this.#used += part.length;
  }

  /** Appends a byte, `count` times. */
  fill(byte: number, count: number): void {
    this.#ensure(count);
    for (let i = 0; i < count; i++) this.#chunk[this.#used++] = byte;
  }

  /** Appends an integer of 0 to 2^31-1 in decimal. */
  integer(value: number): void {
    this.#ensure(MAX_DIGITS);
    let digits = 1;
    for (let power = 10; value >= power; power *= 10) digits++;
    const chunk = this.#chunk;
    let rest = value;
    for (let at = this.#used + digits - 1; at >= this.#used; at--) {
      const tens = (rest / 10) | 0;
      chunk[at] = ZERO + rest - 10 * tens;
      rest = tens;
    }
    this.#used += digits;
  }

  /** Appends a number rounded to three decimals, with no more of them than are needed, as JSON writes it; null where it is not finite. */
  thousandths(value: number): void {
    const thousandths = Math.round(value * 1e3);
    if (isShort(thousandths)) this.#decimals(thousandths, SHORTEST);
    else this.text(Number.isFinite(value) ? String(rounded(value)) : 'null');
  }

  /** Appends a duration with three decimals, as `toFixed` writes it. */
  milliseconds(ms: number): void {
    const microseconds = Math.round(ms * 1e3);
    if (isShort(microseconds)) this.#decimals(microseconds, FIXED);
    else this.text(ms.toFixed(3));
  }

  /** What was written, with `last` behind it; the sink is done with. */
  join(last: Uint8Array = NOTHING): Buffer {
    let bytes: Buffer;
    if (this.#size === 0) {
      bytes = Buffer.allocUnsafe(this.#used + last.length);
      this.#chunk.copy(bytes, 0, 0, this.#used);
      if (last.length > 0) bytes.set(last, this.#used);
    } else {
      this.#flush();
      bytes = Buffer.concat([...this.#done, last], this.#size + last.length);
    }
    if (spares.length < MAX_SPARES) spares.push(this.#first);
    return bytes;
  }

  #decimals(thousandths: number, fractions: readonly Uint8Array[]): void {
    const whole = (thousandths / 1e3) | 0;
    this.integer(whole);
    this.literal(fractions[thousandths - 1e3 * whole] as Uint8Array);
  }

  #ensure(bytes: number): void {
    if (this.#chunk.length - this.#used < bytes) this.#grow(bytes);
  }

  #grow(bytes: number): void {
    this.#flush();
    // Twice the last: what is left of that one may be a few bytes.
    this.#grown = Math.min(2 * this.#grown, LARGEST_CHUNK);
    this.#chunk = Buffer.allocUnsafe(Math.max(bytes, this.#grown));
  }

  #flush(): void {
    if (this.#used === 0) return;
    this.#done.push(this.#chunk.subarray(0, this.#used));
    this.#size += this.#used;
    this.#chunk = this.#chunk.subarray(this.#used);
    this.#used = 0;
  }
}

/** ASCII text as bytes, for `literal`. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

/** To three decimals, which are enough for milliseconds. */
export function rounded(value: number): number {
  return Math.round(value * 1e3) / 1e3;
}

/** Whether so many thousandths are written as two integers. */
function isShort(thousandths: number): boolean {
  return thousandths >= 0 && thousandths < 2 ** 31;
}
