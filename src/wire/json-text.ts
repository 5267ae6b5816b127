import { isUtf8 } from 'node:buffer';
import { clip, faultAt, pointerTo } from './fault.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Strings up to this long are looked up: member names and most values of a request are the same few. */
const SHORT = 12;
const SLOTS = 256;
const strings: string[] = new Array(SLOTS).fill('');

/** ASCII bytes as a string, the one that was made of them before where it still has its slot. */
function shortString(bytes: Buffer, start: number, end: number): string {
  let hash = end - start;
  for (let i = start; i < end; i++) hash = (hash * 31 + (bytes[i] as number)) | 0;
  const slot = (hash ^ (hash >> 8)) & (SLOTS - 1);
  const known = strings[slot] as string;
  if (known.length === end - start && isSame(known, bytes, start)) return known;
  const made = bytes.toString('latin1', start, end);
  strings[slot] = made;
  return made;
}

function isSame(string: string, bytes: Buffer, start: number): boolean {
  for (let i = 0; i < string.length; i++) if (string.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

/** Where a JSON text came from, for error messages: `The body`, and the pointer of the text itself within the request. */
export interface TextOrigin {
  readonly label: string;
  readonly base: string;
}

/**
 * A position in a JSON text (RFC 8259) and what is needed to say where something is wrong. Readers move `pos`; `path` holds the keys
 * and indices that lead to it.
 */
export class JsonText {
  readonly bytes: Buffer;
  readonly path: (string | number)[] = [];
  pos = 0;
  readonly #origin: TextOrigin;

  /** @throws ServiceError `malformed` for what is not UTF-8 */
  constructor(bytes: Uint8Array, origin: TextOrigin) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#origin = origin;
    if (!isUtf8(this.bytes)) faultAt('malformed', origin.base, `${origin.label} is not valid UTF-8`);
  }

  /** Pointer of the current place, or of one below it. */
  pointer(...below: readonly (string | number)[]): string {
    return pointerTo(this.#origin.base, ...this.path, ...below);
  }

  /** Moves past white space; the byte there, or -1 at the end. */
  skipSpace(): number {
    const { bytes } = this;
    let { pos } = this;
    while (pos < bytes.length) {
      const byte = bytes[pos] as number;
      if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) {
        this.pos = pos;
        return byte;
      }
      pos++;
    }
    this.pos = pos;
    return -1;
  }

  /** Moves past one byte that must be there after white space. */
  expect(wanted: number): void {
    if (this.skipSpace() !== wanted) this.unexpected();
    this.pos++;
  }

  /** Moves past `word` (ASCII) if the text goes on with it. */
  takes(word: string): boolean {
    const end = this.pos + word.length;
    if (this.bytes.toString('latin1', this.pos, Math.min(end, this.bytes.length)) !== word) return false;
    this.pos = end;
    return true;
  }

  /** Raises `malformed` at the current place of the path. */
  malformed(detail: string, pointer = this.pointer()): never {
    faultAt('malformed', pointer, detail);
  }

  /** Raises `malformed` for the byte at `pos`, with line, column and byte offset. */
  unexpected(pos = this.pos): never {
    if (pos >= this.bytes.length) {
      this.malformed(
        this.bytes.length === 0 ? `${this.#origin.label} is empty` : `${this.#origin.label} ends early, at byte ${pos}`,
      );
    }
    const byte = this.bytes[pos] as number;
    const shown = byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte 0x${byte.toString(16).padStart(2, '0')}`;
    const hint = /^-?(NaN|nan|Inf|inf)/.test(this.bytes.toString('latin1', pos, pos + 4)) ? ': NaN and Infinity are not JSON' : '';
    this.malformed(`${this.#origin.label} is not JSON: unexpected ${shown} at ${this.#place(pos)}${hint}`);
  }

  /**
   * Reads a string; `pos` is at its opening quote.
   * @throws ServiceError `malformed` for control characters, wrong escapes and lone surrogates
   */
  readString(): string {
    const { bytes } = this;
    const start = this.pos;
    let pos = start + 1;
    let seen = 0;
    let escaped = false;
    for (;;) {
      const byte = bytes[pos];
      if (byte === QUOTE) break;
      if (byte === undefined || byte < 0x20) this.unexpected(pos);
      if (byte === BACKSLASH) {
        escaped = true;
        pos++;
      }
      seen |= byte;
      pos++;
    }
    this.pos = pos + 1;
    if (escaped) return this.#unescape(start, pos + 1);
    if (pos - start <= SHORT + 1 && seen < 0x80) return shortString(bytes, start + 1, pos);
    return seen < 0x80 ? bytes.toString('latin1', start + 1, pos) : bytes.toString('utf8', start + 1, pos);
  }

  #unescape(start: number, end: number): string {
    let text: string;
    try {
      text = JSON.parse(this.bytes.toString('utf8', start, end)) as string;
    } catch {
      this.malformed(`${this.#origin.label} is not JSON: a wrong escape in the string at ${this.#place(start)}`);
    }
    if (!text.isWellFormed()) this.malformed(`A lone surrogate in the string ${JSON.stringify(clip(text))}`);
    return text;
  }

  #place(pos: number): string {
    let line = 1;
    let lineStart = 0;
    for (let at = this.bytes.indexOf(0x0a); at >= 0 && at < pos; at = this.bytes.indexOf(0x0a, at + 1)) {
      line++;
      lineStart = at + 1;
    }
    return `line ${line}, column ${pos - lineStart + 1} (byte ${pos})`;
  }
}
