import { fail } from '../errors.ts';
import { clip, faultAt } from './fault.ts';
import { readNumber } from './json-number.ts';
import type { JsonText } from './json-text.ts';
import { MAX_DEPTH } from './limits.ts';
import { type NumberReader, numberReader, READ } from './number-reader.ts';

/** A nested JSON array of numbers, read straight to a typed array. */
export class NumberArray {
  /** Inferred from the nesting; `[[], []]` is [2, 0]. */
  readonly shape: readonly number[];
  /** Row major; overwritten when the thread reads another text. What the text wrote beyond the range of doubles is NaN, so that -Infinity stands for the string "-Infinity" alone. */
  readonly values: Float64Array;
  /** Flat index of the first `true` or `false` (held as 1 and 0); -1 where there is none. */
  readonly firstBoolean: number;
  /** Flat index of the first "-Infinity"; -1 where there is none. */
  readonly firstInfinity: number;

  constructor(shape: readonly number[], values: Float64Array, firstBoolean: number, firstInfinity: number) {
    this.shape = shape;
    this.values = values;
    this.firstBoolean = firstBoolean;
    this.firstInfinity = firstInfinity;
  }

  /** Indices of a flat position, for pointers. */
  indices(flat: number): number[] {
    const indices: number[] = [];
    let rest = flat;
    for (const size of this.shape.toReversed()) {
      indices.unshift(rest % size);
      rest = Math.floor(rest / size);
    }
    return indices;
  }
}

const OPEN = 0x5b;
const CLOSE = 0x5d;
const COMMA = 0x2c;
const UNKNOWN = -1;
/** First bytes of values that are no number: a string, an object, true, false, null. */
const OTHER_STARTS = [0x22, 0x7b, 0x74, 0x66, 0x6e];

/** The nesting while it is being read: how many entries each open level has, and what its finished siblings had. */
interface Nesting {
  readonly counts: number[];
  readonly sizes: number[];
  /** Depth at which numbers stand, once one was seen. */
  leaf: number;
}

/** The values so far: those of `values` from `start` to `end`. */
interface Found {
  values: Float64Array<ArrayBuffer>;
  start: number;
  end: number;
  firstBoolean: number;
  firstInfinity: number;
}

/** Where short arrays are read to, one behind the other: memory of its own takes longer to get than sixty-four numbers to read. */
const scratch = new Float64Array(1 << 13);
let scratchUsed = 0;

/** What was read from texts before is needed no more. */
export function startNumbers(): void {
  scratchUsed = 0;
}

/**
 * Where fewer bytes are left, a call out of JavaScript costs more than it saves: it takes as long as three or four numbers. Three tensors of 2x2 or of 4 numbers
 * take 5 to 10 % less than with a limit of 128, three of 16 and more the same with any limit from 64 to 512.
 */
const FEW_BYTES = 256;

/**
 * Reads an array of numbers (or of equally long arrays of them, ...) in one pass; `text.pos` is at its bracket.
 * @param depth containers open around it
 * @param maxElements checked before memory for them is taken
 * @throws ServiceError `malformed`; `invalid_request` for ragged arrays and for what is no number; `too_large`
 */
export function readNumberArray(text: JsonText, depth: number, maxElements: number): NumberArray {
  const nesting: Nesting = { counts: [], sizes: [], leaf: UNKNOWN };
  const { counts } = nesting;
  const found = findRoom(maxElements);
  const reader = numberReader();
  do {
    const byte = text.skipSpace();
    if (byte === OPEN) {
      open(text, nesting, depth);
      text.pos++;
      if (text.skipSpace() !== CLOSE) continue;
    } else {
      if (!startsNumber(byte) && !OTHER_STARTS.includes(byte)) text.unexpected();
      if (nesting.leaf !== counts.length) enterLeaf(text, nesting);
      if (!startsNumber(byte)) readOther(text, found, byte, counts, maxElements);
      else if (reader === null || text.bytes.length - text.pos < FEW_BYTES) readRun(text, counts, found, maxElements);
      else readRunBy(reader, text, nesting, found, maxElements);
    }
    while (counts.length > 0 && text.skipSpace() === CLOSE) {
      close(text, nesting);
      text.pos++;
    }
    if (counts.length > 0) text.expect(COMMA);
  } while (counts.length > 0);
  const { values, start, end } = found;
  if (values === scratch) scratchUsed = end;
  return new NumberArray(nesting.sizes, values.subarray(start, end), found.firstBoolean, found.firstInfinity);
}

function findRoom(maxElements: number): Found {
  const none = { firstBoolean: -1, firstInfinity: -1 };
  if (maxElements < scratch.length) return { ...none, values: new Float64Array(64), start: 0, end: 0 };
  return { ...none, values: scratch, start: scratchUsed, end: scratchUsed };
}

function startsNumber(byte: number): boolean {
  return byte === 0x2d || (byte >= 0x30 && byte <= 0x39);
}

/** Reads numbers as long as one follows the other with a comma and at most one space between: the loop where the time goes. */
function readRun(text: JsonText, counts: number[], found: Found, maxElements: number): void {
  const { bytes } = text;
  const before = found.end - found.start;
  let { values, end } = found;
  for (;;) {
    if (end === values.length) {
      found.end = end;
      ({ values, end } = grow(text, found, maxElements));
    }
    const value = readNumber(text);
    values[end++] = value - value === 0 ? value : Number.NaN;
    let next = text.pos;
    if (bytes[next] !== COMMA) break;
    if (bytes[++next] === 0x20) next++;
    if (!startsNumber(bytes[next] as number)) break;
    text.pos = next;
  }
  found.end = end;
  counts[counts.length - 1] = (counts.at(-1) as number) + end - found.start - before;
}

function toNextNumber(text: JsonText): boolean {
  const { bytes } = text;
  let next = text.pos;
  if (bytes[next] !== COMMA) return false;
  if (bytes[++next] === 0x20) next++;
  if (!startsNumber(bytes[next] as number)) return false;
  text.pos = next;
  return true;
}

/** The same by a reader of this thread, which goes on behind the first number and any that it leaves, over ends of rows once their length is known. */
function readRunBy(reader: NumberReader, text: JsonText, { counts, sizes }: Nesting, found: Found, maxElements: number): void {
  const level = counts.length - 1;
  const row = Math.max(sizes[level] as number, 0);
  do {
    if (found.end === found.values.length) grow(text, found, maxElements);
    const value = readNumber(text);
    found.values[found.end++] = value - value === 0 ? value : Number.NaN;
    const inRow = (counts[level] as number) + 1;
    const read = seemsToGoOn(text, row) ? reader(text.bytes, text.pos, found.values, found.end, row, inRow) : 0;
    const count = Math.floor(read / READ);
    text.pos += read - count * READ;
    found.end += count;
    // A row that is too long already is not left.
    const rowsLeft = row === 0 || inRow > row ? 0 : Math.ceil((inRow + count) / row) - 1;
    counts[level] = inRow + count - rowsLeft * row;
    if (rowsLeft > 0) counts[level - 1] = (counts[level - 1] as number) + rowsLeft;
  } while (toNextNumber(text));
}

/** Whether a number seems to follow, or another row of a length that is known. */
function seemsToGoOn({ bytes, pos }: JsonText, row: number): boolean {
  if (bytes[pos] === CLOSE) return row > 0 && bytes[pos + 1] === COMMA;
  const next = bytes[bytes[pos + 1] === 0x20 ? pos + 2 : pos + 1] as number;
  return bytes[pos] === COMMA && (next <= 0x20 || startsNumber(next));
}

function open(text: JsonText, nesting: Nesting, depth: number): void {
  const { counts, sizes, leaf } = nesting;
  if (counts.length === leaf) ragged(text, counts, 'an array stands among numbers');
  if (counts.length + depth >= MAX_DEPTH) text.malformed(`Nested deeper than ${MAX_DEPTH} levels`);
  if (counts.length === sizes.length) sizes.push(UNKNOWN);
  counts.push(0);
}

function close(text: JsonText, nesting: Nesting): void {
  const { counts, sizes } = nesting;
  const level = counts.length - 1;
  const count = counts.pop() as number;
  if (sizes[level] === UNKNOWN) sizes[level] = count;
  else if (sizes[level] !== count) {
    counts.push(0);
    ragged(text, counts.slice(0, -1), `${count} entries where the arrays before it have ${sizes[level]}`);
  }
  if (level > 0) counts[level - 1] = (counts[level - 1] as number) + 1;
}

function enterLeaf(text: JsonText, nesting: Nesting): void {
  const { counts, sizes } = nesting;
  if (nesting.leaf !== UNKNOWN || counts.length !== sizes.length) ragged(text, counts, 'a number stands among arrays');
  nesting.leaf = counts.length;
}

function ragged(text: JsonText, counts: readonly number[], detail: string): never {
  faultAt('invalid_request', text.pointer(...counts), `The array is ragged: ${detail}`);
}

function grow(text: JsonText, found: Found, maxElements: number): Found {
  const { values, start, end } = found;
  const actual = end - start + 1;
  if (actual > maxElements) {
    const detail = `The array has more than ${maxElements} elements (MAX_BODY_BYTES)`;
    fail('too_large', detail, {
      errors: [{ pointer: text.pointer(), detail }],
      limit: maxElements,
      actual,
      setting: 'MAX_BODY_BYTES',
    });
  }
  found.values = new Float64Array(Math.min(Math.max((end - start) * 2, 64), maxElements));
  found.values.set(values.subarray(start, end));
  found.start = 0;
  found.end = end - start;
  return found;
}

/** `true`, `false` or "-Infinity", held as 1, 0 and -Infinity. */
function readOther(text: JsonText, found: Found, byte: number, counts: number[], maxElements: number): void {
  const value = readWord(text, byte, counts);
  if (found.end === found.values.length) grow(text, found, maxElements);
  const at = found.end - found.start;
  found.values[found.end++] = value;
  counts[counts.length - 1] = (counts.at(-1) as number) + 1;
  if (value < 0) found.firstInfinity = found.firstInfinity < 0 ? at : found.firstInfinity;
  else found.firstBoolean = found.firstBoolean < 0 ? at : found.firstBoolean;
}

function readWord(text: JsonText, byte: number, counts: readonly number[]): number {
  if (byte === 0x22) {
    const string = text.readString();
    if (string === '-Infinity') return Number.NEGATIVE_INFINITY;
    faultAt('invalid_request', text.pointer(...counts), `Expected a number, got the string ${JSON.stringify(clip(string))}`);
  }
  if (byte === 0x74 && text.takes('true')) return 1;
  if (byte === 0x66 && text.takes('false')) return 0;
  if (byte === 0x7b) faultAt('invalid_request', text.pointer(...counts), 'Expected a number, got an object');
  if (byte === 0x6e && text.takes('null')) faultAt('invalid_request', text.pointer(...counts), 'Expected a number, got null');
  text.unexpected();
}
