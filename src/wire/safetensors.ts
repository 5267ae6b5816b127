/**
 * safetensors, both directions (format: serving.md §C.1). A u64 header length, a JSON header of tensors by name with their byte ranges,
 * the bytes. Options travel as JSON text in `__metadata__.request`, the response's in `__metadata__.response`.
 */

import { ascii, ByteSink } from '../bytes/byte-sink.ts';
import type { Envelope } from '../contract/envelope.ts';
import { WIRE_BYTES } from '../tensor/allocate.ts';
import { conversionBytes, isNative, sharedBytes, tensorAt, toBytes } from '../tensor/bytes.ts';
import type { Lease } from '../tensor/lease.ts';
import { elementCount, isShape } from '../tensor/shape.ts';
import type { DType, Tensor } from '../tensor/tensor.ts';
import { EDGE_BYTES, sizesIn } from './body-sizes.ts';
import { type Codec, type Framing, joinParts, type WireFormat } from './codec.ts';
import { checkFinite, clip, faultAt, pointerTo } from './fault.ts';
import { HeaderCache } from './header-cache.ts';
import { type JsonObject, type JsonValue, readJsonObject } from './json-reader.ts';
import { writeJson } from './json-value.ts';
import { checkBytes, MAX_TENSORS, type WireLimits } from './limits.ts';
import { writeResponse } from './response-members.ts';

const PREFIX_BYTES = 8;
const MAX_HEADER_BYTES = 1 << 20;
const ALIGNMENT = 8;
/** Bodies up to this long are written as one piece. */
const JOINED_BYTES = 1 << 15;
const METADATA = '__metadata__';
const MEMBERS = ['dtype', 'shape', 'data_offsets'];

const NAMES = {
  float16: 'F16',
  bfloat16: 'BF16',
  float32: 'F32',
  float64: 'F64',
  int32: 'I32',
  bool: 'BOOL',
} as const satisfies Record<DType, string>;
const DTYPE_MEMBERS = Object.fromEntries(
  Object.entries(NAMES).map(([dtype, name]) => [dtype, ascii(`:{"dtype":"${name}","shape":`)]),
) as Record<DType, Uint8Array>;
const BEGIN = ascii(`{"${METADATA}":{"response":"{`);
const END_OF_METADATA = ascii('}"}');
const OFFSETS = ascii(',"data_offsets":[');
const END_OF_ENTRY = ascii(']}');
const COMMA = ascii(',');
const DTYPES = new Map(Object.entries(NAMES).map(([dtype, name]) => [name as string, dtype as DType]));

/** A tensor as the header describes it: bytes `[begin, end)` of the buffer after the header. */
interface Entry {
  readonly name: string;
  readonly pointer: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** What a header says: all but the bytes. */
interface Header {
  readonly entries: readonly Entry[];
  /** Bytes that the tensors take after the header. */
  readonly bytes: number;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Headers depend on the limits too; a process has one set of them. */
const caches = new WeakMap<WireLimits, HeaderCache<Header>>();

/**
 * Decodes a safetensors body.
 * @throws ServiceError `malformed` for what the format forbids, holes and overlaps included; `invalid_request` for element types that
 * this service has no use for; `non_finite_input`; `too_large`
 */
export function decodeSafetensors(body: Uint8Array, limits: WireLimits, _framing?: Framing, lease?: Lease): Envelope {
  checkBytes(body.byteLength, limits.maxBodyBytes, 'MAX_BODY_BYTES');
  const headerEnd = PREFIX_BYTES + readHeaderLength(body);
  const header = headerOf(body, headerEnd, limits);
  const { entries, bytes, options } = header;
  const given = body.byteLength - headerEnd;
  if (bytes !== given) faultAt('malformed', '', `The tensors take ${bytes} bytes, the body holds ${given} after its header`);
  const buffer = sharedBytes(body.subarray(headerEnd), lease);
  const sizes = sizesIn(body);
  const tensors = new Map<string, Tensor>();
  for (const { name, pointer, dtype, shape, begin, end } of entries) {
    tensors.set(name, checkFinite(name, pointer, tensorAt(buffer, begin, end, dtype, shape, lease), sizes));
  }
  return { tensors, options, likeness: header };
}

function headerOf(body: Uint8Array, headerEnd: number, limits: WireLimits): Header {
  const cache = caches.get(limits) ?? new HeaderCache<Header>();
  caches.set(limits, cache);
  return cache.get(body.subarray(PREFIX_BYTES, headerEnd), (text) => readHeader(text, limits));
}

/** Native types in shared memory are looked at where they lie; everything else is made anew. A body that is at fault is refused at once. */
function decodeWork(body: Uint8Array, limits: WireLimits): number {
  if (!(body.buffer instanceof SharedArrayBuffer)) return body.byteLength;
  try {
    const { entries } = headerOf(body, PREFIX_BYTES + readHeaderLength(body), limits);
    const isSeen = sizesIn(body) !== undefined;
    const lookedAt = (dtype: DType, bytes: number): number => (isSeen && dtype === 'float32' ? Math.min(bytes, EDGE_BYTES) : bytes);
    return entries.reduce(
      (work, { dtype, begin, end }) => work + (isNative(dtype) ? lookedAt(dtype, end - begin) / 8 : end - begin),
      0,
    );
  } catch {
    return 0;
  }
}

function readHeaderLength(body: Uint8Array): number {
  if (body.length < PREFIX_BYTES)
    faultAt('malformed', '', `The body has ${body.length} bytes; safetensors begins with ${PREFIX_BYTES} of length`);
  let length = 0;
  // Beyond 2^53 it would round, and is too long anyway.
  for (let i = PREFIX_BYTES - 1; i >= 0; i--) length = 256 * length + (body[i] as number);
  if (length > MAX_HEADER_BYTES) {
    const exact = new DataView(body.buffer, body.byteOffset, PREFIX_BYTES).getBigUint64(0, true);
    faultAt('malformed', '', `A header of ${exact} bytes; at most ${MAX_HEADER_BYTES} are read`);
  }
  if (length > body.length - PREFIX_BYTES) {
    faultAt('malformed', '', `A header of ${length} bytes does not fit a body of ${body.length} bytes`);
  }
  return length;
}

function readHeader(bytes: Uint8Array, limits: WireLimits): Header {
  if (bytes[0] !== 0x7b) faultAt('malformed', '', 'The header does not begin with "{"');
  const header = readJsonObject(bytes, {}, { label: 'The header', base: '' });
  const entries = Object.entries(header)
    .filter(([name]) => name !== METADATA)
    .map(([name, value]) => readEntry(name, value, limits));
  if (entries.length > MAX_TENSORS) faultAt('invalid_request', '', `More than ${MAX_TENSORS} tensors`);
  return { entries, bytes: tiledBytes(entries), options: frozen(readOptions(header[METADATA])) };
}

/** Requests with the same header share it. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}

function readEntry(name: string, value: JsonValue, limits: WireLimits): Entry {
  const pointer = pointerTo('/tensors', name);
  const entry = asObject(value);
  if (entry === undefined || Object.keys(entry).length !== MEMBERS.length || !MEMBERS.every((member) => member in entry)) {
    faultAt('malformed', pointer, `A header entry has exactly the members ${MEMBERS.join(', ')}`);
  }
  const { shape, data_offsets: offsets } = entry;
  const dtype = typeof entry.dtype === 'string' ? DTYPES.get(entry.dtype) : undefined;
  if (dtype === undefined)
    faultAt('invalid_request', pointerTo(pointer, 'dtype'), `dtype is one of ${[...DTYPES.keys()].join(', ')}`);
  if (!isShape(shape)) faultAt('malformed', pointerTo(pointer, 'shape'), 'shape is an array of at most 32 non-negative integers');
  if (!isShape(offsets) || offsets.length !== 2)
    faultAt('malformed', pointerTo(pointer, 'data_offsets'), 'data_offsets is [begin, end]');
  const [begin, end] = offsets as [number, number];
  const bytes = elementCount(shape, limits.maxElements, pointer) * WIRE_BYTES[dtype];
  if (end - begin !== bytes) {
    const detail = `data_offsets span ${end - begin} bytes, the shape [${clip(String(shape))}] of ${entry.dtype} takes ${bytes}`;
    faultAt('malformed', pointerTo(pointer, 'data_offsets'), detail);
  }
  return { name, pointer, dtype, shape, begin, end };
}

function asObject(value: JsonValue | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null ? (value as JsonObject) : undefined;
}

/** No holes and no overlaps: every byte up to the end of the last tensor, which is what is returned, belongs to exactly one. */
function tiledBytes(entries: readonly Entry[]): number {
  let end = 0;
  for (const entry of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin !== end) {
      const what = entry.begin > end ? 'leaves a hole' : 'overlaps another tensor';
      faultAt(
        'malformed',
        pointerTo(entry.pointer, 'data_offsets'),
        `The range [${entry.begin}, ${entry.end}] ${what} at byte ${end}`,
      );
    }
    end = entry.end;
  }
  return end;
}

function readOptions(value: JsonValue | undefined): Record<string, unknown> {
  const empty: Record<string, unknown> = Object.create(null);
  if (value === undefined) return empty;
  const metadata = asObject(value);
  if (metadata === undefined) faultAt('malformed', `/${METADATA}`, '__metadata__ is an object of strings');
  for (const [key, text] of Object.entries(metadata)) {
    if (typeof text !== 'string') faultAt('malformed', pointerTo(`/${METADATA}`, key), '__metadata__ holds strings only');
  }
  if (typeof metadata.request !== 'string') return empty;
  const options = readJsonObject(Buffer.from(metadata.request), {}, { label: '__metadata__.request', base: '' });
  if ('tensors' in options)
    faultAt('invalid_request', '/tensors', 'In safetensors the tensors stand in the body, not in __metadata__.request');
  return options;
}

/**
 * Encodes a response. Tensors keep their path as name (`weights.x1,x2`), the widest types first and then by name, after a header padded
 * to a multiple of 8: each is aligned to its own type wherever the body itself is. Values are rounded to nearest even to their dtype;
 * NaN and infinities are carried.
 * @returns The prefix with the header, then each tensor's bytes; a small body in one piece
 */
export function safetensorsParts(envelope: Envelope, format: WireFormat = {}): Uint8Array[] {
  const sorted = inOrder(envelope.tensors);
  const sink = new ByteSink();
  sink.fill(0, PREFIX_BYTES);
  sink.literal(BEGIN);
  writeResponse(sink, envelope, format.clock, 'quoted');
  sink.literal(END_OF_METADATA);
  let size = 0;
  for (const [name, tensor] of sorted) size = writeEntry(sink, name, tensor, size);
  sink.text('}');
  sink.fill(0x20, -sink.size & (ALIGNMENT - 1));
  const headerEnd = sink.size;
  const bytes = sorted.map(([, tensor]) => toBytes(tensor));
  // Small bodies are one piece, which saves who sends them to join it.
  const isWhole = headerEnd + size <= JOINED_BYTES;
  if (isWhole) for (const part of bytes) sink.bytes(part);
  const start = sink.join();
  // The length has eight bytes, and a header never four gigabytes.
  start.writeUInt32LE(headerEnd - PREFIX_BYTES, 0);
  return isWhole ? [start] : [start, ...bytes];
}

function inOrder(tensors: ReadonlyMap<string, Tensor>): [string, Tensor][] {
  const entries = [...tensors];
  if (entries.length < 2) return entries;
  return entries.sort(([a, x], [b, y]) => WIRE_BYTES[y.dtype] - WIRE_BYTES[x.dtype] || (a < b ? -1 : Number(a > b)));
}

/** @returns where the tensor ends that begins at `begin` */
function writeEntry(sink: ByteSink, name: string, { dtype, shape, data }: Tensor, begin: number): number {
  const end = begin + data.length * WIRE_BYTES[dtype];
  sink.literal(COMMA);
  writeJson(sink, name, 'ascii');
  sink.literal(DTYPE_MEMBERS[dtype]);
  writeJson(sink, shape, 'ascii');
  sink.literal(OFFSETS);
  writeJson(sink, begin, 'ascii');
  sink.literal(COMMA);
  writeJson(sink, end, 'ascii');
  sink.literal(END_OF_ENTRY);
  return end;
}

/** The same as one buffer. */
export function encodeSafetensors(envelope: Envelope, format: WireFormat = {}): Buffer {
  return joinParts(safetensorsParts(envelope, format));
}

export const safetensorsCodec = {
  name: 'safetensors',
  mediaTypes: ['application/octet-stream', 'application/vnd.safetensors', 'application/x-safetensors'],
  decode: decodeSafetensors,
  decodeWork,
  encode: safetensorsParts,
  encodeWork: ({ tensors }) => [...tensors.values()].reduce((bytes, tensor) => bytes + conversionBytes(tensor), 0),
} satisfies Codec;
