import { ascii, type ByteSink, rounded } from '../bytes/byte-sink.ts';

const COMMA = ascii(',');

/** How strings are delimited, and how text that was made already gets there. Both are ASCII. */
interface Style {
  readonly quote: string;
  readonly of: (text: string) => string;
}

/** JSON as it is, and as it stands within a JSON string. */
const STYLES = {
  ascii: { quote: '"', of: escapeNonAscii },
  quoted: { quote: '\\"', of: (text) => JSON.stringify(escapeNonAscii(text)).slice(1, -1) },
} satisfies Record<string, Style>;

export type StyleName = keyof typeof STYLES;

/** What was written of objects that several responses share, by identity. */
const known: Record<StyleName, WeakMap<object, Uint8Array>> = { ascii: new WeakMap(), quoted: new WeakMap() };

/**
 * Writes a value as JSON.stringify does, and returns whether JSON has such a thing: nothing is written of what it has not. What is frozen is
 * written once: responses of the same plan share what describes it. By hand, byte by byte: text that is put together from parts and then
 * turned into bytes takes four times as long, and the engine's own writing more.
 */
export function writeJson(sink: ByteSink, value: unknown, style: StyleName): boolean {
  if (typeof value === 'number') return writeNumber(sink, value);
  if (typeof value === 'string') return writeString(sink, value, style);
  if (typeof value === 'boolean' || value === null) return written(sink, String(value));
  if (typeof value !== 'object') return writeAny(sink, value, style);
  if (Object.isFrozen(value)) return writeFrozen(sink, value, style);
  if ('toJSON' in value) return writeAny(sink, value, style);
  if (Array.isArray(value)) return writeList(sink, value, style);
  const isRecord = Object.getPrototypeOf(value) === Object.prototype;
  return isRecord ? writeRecord(sink, value as Record<string, unknown>, style) : writeAny(sink, value, style);
}

/** Names of members as `nameOf` writes them, by style: responses have the same few. */
const names: Record<StyleName, Map<string, Uint8Array>> = { ascii: new Map(), quoted: new Map() };
const MAX_NAMES = 512;

/** A member's name with its quotes and colon. */
export function nameOf(name: string, style: StyleName): string {
  const { quote } = STYLES[style];
  return `${quote}${escaped(name, style)}${quote}:`;
}

function writeName(sink: ByteSink, name: string, style: StyleName): void {
  const known = names[style].get(name);
  const bytes = known ?? ascii(nameOf(name, style));
  if (known === undefined && names[style].size < MAX_NAMES) names[style].set(name, bytes);
  sink.literal(bytes);
}

/**
 * Writes the members of an object as JSON does, after a comma unless they come first.
 * @returns whether what follows comes first still
 */
export function writeMembers(
  sink: ByteSink,
  object: Readonly<Record<string, unknown>>,
  style: StyleName,
  comesFirst = true,
): boolean {
  let isFirst = comesFirst;
  for (const name in object) {
    const value = object[name];
    if (isNothing(value)) continue;
    if (!isFirst) sink.literal(COMMA);
    writeName(sink, name, style);
    writeJson(sink, value, style);
    isFirst = false;
  }
  return isFirst;
}

/** Every other character by its escape, so that the text is ASCII. */
export function escapeNonAscii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What JSON leaves out of an object. */
function isNothing(value: unknown): boolean {
  if (typeof value === 'object') return value !== null && 'toJSON' in value && JSON.stringify(value) === undefined;
  return value === undefined || typeof value === 'function' || typeof value === 'symbol';
}

function written(sink: ByteSink, ascii: string): true {
  sink.text(ascii);
  return true;
}

function writeAny(sink: ByteSink, value: unknown, style: StyleName): boolean {
  const text = JSON.stringify(value);
  return text !== undefined && written(sink, STYLES[style].of(text));
}

function writeFrozen(sink: ByteSink, value: object, style: StyleName): boolean {
  let bytes = known[style].get(value);
  if (bytes === undefined) {
    const text = JSON.stringify(value);
    if (text === undefined) return false;
    bytes = Buffer.from(STYLES[style].of(text), 'latin1');
    known[style].set(value, bytes);
  }
  sink.bytes(bytes);
  return true;
}

function writeString(sink: ByteSink, value: string, style: StyleName): true {
  const { quote } = STYLES[style];
  sink.text(quote);
  if (!sink.plain(value)) sink.text(escaped(value, style));
  return written(sink, quote);
}

/** A string as it stands between its quotes. */
function escaped(text: string, style: StyleName): string {
  const { quote, of } = STYLES[style];
  return of(JSON.stringify(text)).slice(quote.length, -quote.length);
}

function writeList(sink: ByteSink, list: readonly unknown[], style: StyleName): true {
  sink.text('[');
  for (let i = 0; i < list.length; i++) {
    if (i > 0) sink.text(',');
    if (!writeJson(sink, list[i], style)) sink.text('null');
  }
  return written(sink, ']');
}

function writeRecord(sink: ByteSink, record: Readonly<Record<string, unknown>>, style: StyleName): true {
  sink.text('{');
  writeMembers(sink, record, style);
  return written(sink, '}');
}

/** Times have three decimals at most, and counts none. */
function writeNumber(sink: ByteSink, value: number): true {
  if (rounded(value) === value) sink.thousandths(value);
  else sink.text(Number.isFinite(value) ? `${value}` : 'null');
  return true;
}
