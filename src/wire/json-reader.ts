import { clip, faultAt } from './fault.ts';
import { type NumberArray, readNumberArray, startNumbers } from './json-array.ts';
import { readNumber } from './json-number.ts';
import { JsonText, type TextOrigin } from './json-text.ts';
import { MAX_DEPTH, MAX_TENSORS } from './limits.ts';

/** Objects have no prototype, so that no key means more than it says. */
export type JsonObject = { [key: string]: JsonValue };
export type JsonValue = string | number | boolean | null | JsonObject | JsonValue[] | NumberArray;

export interface ReadOptions {
  /** Whether the array at this path of keys holds a tensor's numbers: it is read to a NumberArray. */
  readonly isNumbers?: (path: readonly (string | number)[]) => boolean;
  /** Elements of one such array. */
  readonly maxElements?: number;
}

interface Reading {
  readonly text: JsonText;
  readonly isNumbers: (path: readonly (string | number)[]) => boolean;
  readonly maxElements: number;
  arrays: number;
}

const BODY: TextOrigin = { label: 'The body', base: '' };

/**
 * Reads a JSON object, strictly (RFC 8259): one pass over the bytes that refuses what JSON.parse lets pass (duplicate keys however they
 * are escaped, `__proto__`, lone surrogates, numbers beyond the range of doubles, deep nesting) and says where.
 * @throws ServiceError `malformed` with line, column and byte; `invalid_request`; `too_large`
 */
export function readJsonObject(bytes: Uint8Array, options: ReadOptions = {}, origin: TextOrigin = BODY): JsonObject {
  const text = new JsonText(bytes, origin);
  startNumbers();
  const reading = { text, isNumbers: options.isNumbers ?? (() => false), maxElements: options.maxElements ?? 0, arrays: 0 };
  if (text.skipSpace() !== 0x7b) {
    if (text.pos < text.bytes.length && /[[\]"\-0-9tfn]/.test(text.bytes.toString('latin1', text.pos, text.pos + 1))) {
      text.malformed(`${origin.label} must be a JSON object`);
    }
    text.unexpected();
  }
  const value = readObject(reading, 0);
  if (text.skipSpace() >= 0) text.unexpected();
  return value;
}

function readValue(reading: Reading, depth: number): JsonValue {
  const { text } = reading;
  const byte = text.skipSpace();
  if (byte === 0x22) return text.readString();
  if (byte === 0x7b) return readObject(reading, depth);
  if (byte === 0x5b) return reading.isNumbers(text.path) ? readNumbers(reading, depth) : readArray(reading, depth);
  if (byte === 0x74 && text.takes('true')) return true;
  if (byte === 0x66 && text.takes('false')) return false;
  if (byte === 0x6e && text.takes('null')) return null;
  const value = readNumber(text);
  if (!Number.isFinite(value)) faultAt('invalid_request', text.pointer(), 'A number beyond the range of double precision');
  return value;
}

function readNumbers(reading: Reading, depth: number): NumberArray {
  if (++reading.arrays > MAX_TENSORS) faultAt('invalid_request', reading.text.pointer(), `More than ${MAX_TENSORS} tensors`);
  return readNumberArray(reading.text, depth, reading.maxElements);
}

function readObject(reading: Reading, depth: number): JsonObject {
  const { text } = reading;
  enter(text, depth);
  const object: JsonObject = Object.create(null);
  if (text.skipSpace() === 0x7d) {
    text.pos++;
    return object;
  }
  for (;;) {
    if (text.skipSpace() !== 0x22) text.unexpected();
    const key = text.readString();
    if (key === '__proto__') text.malformed('The key __proto__ is not allowed', text.pointer(key));
    if (key in object) text.malformed(`The key ${JSON.stringify(clip(key))} stands twice in one object`, text.pointer(key));
    text.expect(0x3a);
    text.path.push(key);
    object[key] = readValue(reading, depth + 1);
    text.path.pop();
    if (text.skipSpace() === 0x7d) break;
    text.expect(0x2c);
  }
  text.pos++;
  return object;
}

function readArray(reading: Reading, depth: number): JsonValue[] {
  const { text } = reading;
  enter(text, depth);
  const array: JsonValue[] = [];
  if (text.skipSpace() === 0x5d) {
    text.pos++;
    return array;
  }
  for (;;) {
    text.path.push(array.length);
    array.push(readValue(reading, depth + 1));
    text.path.pop();
    if (text.skipSpace() === 0x5d) break;
    text.expect(0x2c);
  }
  text.pos++;
  return array;
}

function enter(text: JsonText, depth: number): void {
  if (depth >= MAX_DEPTH) text.malformed(`Nested deeper than ${MAX_DEPTH} levels`);
  text.pos++;
}
