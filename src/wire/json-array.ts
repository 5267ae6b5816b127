import { fail } from '../errors.ts';
import { clip, faultAt } from './fault.ts';
import { readNumber } from './json-number.ts';
import type { JsonText } from './json-text.ts';
import { MAX_DEPTH } from './limits.ts';

/** A nested JSON array of numbers, read straight to a typed array. */
export class NumberArray {
  /** Inferred from the nesting; `[[], []]` is [2, 0]. */
  readonly shape: readonly number[];
  /** Row major. What the text wrote beyond the range of doubles is NaN, so that -Infinity stands for the string "-Infinity" alone. */
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

/** The values so far; `values` is longer than what is used of it. */
interface Found {
  values: Float64Array<ArrayBuffer>;
  length: number;
  firstBoolean: number;
  firstInfinity: number;
}

/**
 * Reads an array of numbers (or of equally long arrays of them, ...) in one pass; `text.pos` is at its bracket.
 * @param depth containers open around it
 * @param maxElements checked before memory for them is taken
 * @throws ServiceError `malformed`; `invalid_request` for ragged arrays and for what is no number; `too_large`
 */
export function readNumberArray(text: JsonText, depth: number, maxElements: number): NumberArray {
  const nesting: Nesting = { counts: [], sizes: [], leaf: UNKNOWN };
  const { counts } = nesting;
  const found: Found = { values: new Float64Array(64), length: 0, firstBoolean: -1, firstInfinity: -1 };
  do {
    const byte = text.skipSpace();
    if (byte === OPEN) {
      open(text, nesting, depth);
      text.pos++;
      if (text.skipSpace() !== CLOSE) continue;
    } else {
      if (!startsNumber(byte) && !OTHER_STARTS.includes(byte)) text.unexpected();
      if (nesting.leaf !== counts.length) enterLeaf(text, nesting);
      const before = found.length;
      if (startsNumber(byte)) readRun(text, found, maxElements);
      else readOther(text, found, byte, counts, maxElements);
      counts[counts.length - 1] = (counts[counts.length - 1] as number) + found.length - before;
    }
    while (counts.length > 0 && text.skipSpace() === CLOSE) {
      close(text, nesting);
      text.pos++;
    }
    if (counts.length > 0) text.expect(COMMA);
  } while (counts.length > 0);
  return new NumberArray(nesting.sizes, found.values.subarray(0, found.length), found.firstBoolean, found.firstInfinity);
}

function startsNumber(byte: number): boolean {
  return byte === 0x2d || (byte >= 0x30 && byte <= 0x39);
}

/** Reads numbers as long as one follows the other with a comma and at most one space between: the loop where the time goes. */
function readRun(text: JsonText, found: Found, maxElements: number): void {
  const { bytes } = text;
  let { values, length } = found;
  for (;;) {
    if (length === values.length) values = grow(text, values, maxElements);
    const value = readNumber(text);
    values[length++] = value - value === 0 ? value : Number.NaN;
    let next = text.pos;
    if (bytes[next] !== COMMA) break;
    if (bytes[++next] === 0x20) next++;
    if (!startsNumber(bytes[next] as number)) break;
    text.pos = next;
  }
  found.values = values;
  found.length = length;
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

function grow(text: JsonText, values: Float64Array<ArrayBuffer>, maxElements: number): Float64Array<ArrayBuffer> {
  const actual = values.length + 1;
  if (actual > maxElements) {
    const detail = `The array has more than ${maxElements} elements (MAX_BODY_BYTES)`;
    fail('too_large', detail, {
      errors: [{ pointer: text.pointer(), detail }],
      limit: maxElements,
      actual,
      setting: 'MAX_BODY_BYTES',
    });
  }
  const larger = new Float64Array(Math.min(values.length * 2, maxElements));
  larger.set(values);
  return larger;
}

/** `true`, `false` or "-Infinity", held as 1, 0 and -Infinity. */
function readOther(text: JsonText, found: Found, byte: number, counts: readonly number[], maxElements: number): void {
  const at = found.length;
  const value = readWord(text, byte, counts);
  if (at === found.values.length) found.values = grow(text, found.values, maxElements);
  found.values[at] = value;
  found.length = at + 1;
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
