import type { Readable, Transform } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { fail, ServiceError } from '../errors.ts';
import { takeMemory } from '../tensor/lease.ts';
import { collectYoung } from '../tensor/shared-memory.ts';
import { BodySizes, keepSizes } from './body-sizes.ts';
import { clip } from './fault.ts';
import { LARGE_BYTES } from './limits.ts';
import { tapSocket } from './socket-tap.ts';

export interface Incoming {
  /** The header, where there is one: the bytes that will come, before inflation. */
  readonly contentLength: number | undefined;
  readonly contentEncoding: string | undefined;
  /** Which position of the body shall be aligned to 8 bytes: where tensors begin. */
  readonly alignedAt?: number;
  /** Whether most of it are float32, to be looked at as they arrive (body-sizes.ts). */
  readonly holdsFloats?: boolean;
}

export interface ReceiveLimits {
  readonly maxBodyBytes: number;
  /** Whether gzip and deflate are taken. */
  readonly inflates: boolean;
  /** Called once, before a large body takes memory, with the most that it can take; what it throws refuses the body. */
  readonly admit?: (bytes: number) => void;
}

const ALIGNMENT = 8;
/** Bytes of chunks after which those that were copied are given back. */
const CHUNK_BYTES = 1 << 23;

let copiedBytes = 0;

/** Chunks that were copied, of all bodies: what V8 would let pile up is given back before it takes a full collection. */
function countCopied(bytes: number): void {
  copiedBytes += bytes;
  if (copiedBytes < CHUNK_BYTES) return;
  copiedBytes = 0;
  collectYoung();
}

/** Gathers chunks: what stays small as it came, what is or gets large in one piece of shared memory, each byte copied once. */
class BodySink {
  readonly #limit: number;
  readonly #expected: number | undefined;
  readonly #offset: number;
  readonly #admit: ReceiveLimits['admit'];
  #chunks: Uint8Array[] = [];
  readonly #holdsFloats: boolean;
  #memory: Buffer | undefined;
  #sizes: BodySizes | undefined;
  #size = 0;

  constructor(
    { maxBodyBytes, admit }: ReceiveLimits,
    expected: number | undefined,
    { alignedAt = 0, holdsFloats = false }: Incoming,
  ) {
    this.#limit = maxBodyBytes;
    this.#admit = admit;
    this.#expected = expected;
    this.#holdsFloats = holdsFloats;
    this.#offset = (ALIGNMENT - (alignedAt % ALIGNMENT)) % ALIGNMENT;
    if ((expected ?? 0) > LARGE_BYTES) this.#share();
  }

  /** @throws ServiceError `too_large` */
  write(chunk: Uint8Array): void {
    const size = this.#size + chunk.length;
    if (size > this.#limit) tooLarge(this.#limit);
    if (size > (this.#expected ?? size)) fail('malformed', `The body is longer than its Content-Length, ${this.#expected} bytes`);
    if (this.#memory === undefined && size > LARGE_BYTES) this.#share();
    if (this.#memory === undefined) this.#chunks.push(chunk);
    else put(this.#memory, chunk, this.#size);
    this.took(chunk.length);
  }

  /** Whether chunks are let go of once they are written. */
  get copies(): boolean {
    return this.#memory !== undefined;
  }

  /** Where the rest of a large body goes whose length is known; null of any other. What is written there counts once `took` says so. */
  get room(): Buffer | null {
    return this.#memory === undefined || this.#expected === undefined ? null : this.#memory.subarray(this.#size);
  }

  took(bytes: number): void {
    this.#size += bytes;
    this.#sizes?.fill(this.#offset + this.#size);
  }

  /** @throws ServiceError `malformed` */
  end(): Uint8Array {
    if (this.#size < (this.#expected ?? 0)) {
      fail('malformed', `The body has ${this.#size} bytes and its Content-Length is ${this.#expected}`);
    }
    if (this.#memory !== undefined) {
      const body = this.#memory.subarray(0, this.#size);
      if (this.#sizes !== undefined) keepSizes(body, this.#sizes);
      return body;
    }
    return this.#chunks.length === 1 ? (this.#chunks[0] as Uint8Array) : Buffer.concat(this.#chunks);
  }

  /** Of unknown length, a body gets room for the largest: what is never written to is never taken from the system. */
  #share(): void {
    const bytes = Math.min(this.#expected ?? this.#limit, this.#limit);
    this.#admit?.(bytes);
    const memory = Buffer.from(takeMemory(this.#offset + bytes), this.#offset, bytes);
    let at = 0;
    for (const chunk of this.#chunks) {
      put(memory, chunk, at);
      at += chunk.length;
    }
    this.#chunks = [];
    this.#memory = memory;
    if (this.#holdsFloats) this.#sizes = new BodySizes(memory.buffer);
  }
}

/**
 * Copies bytes. To fill with as many bytes as there is room for is one memcpy, 11 GB/s; `set` on shared memory goes word by word, 8 GB/s, and
 * byte by byte where source and target are aligned differently, as what follows a request's header always is: 2 GB/s.
 */
function put(memory: Buffer, bytes: Uint8Array, at: number): void {
  if (bytes.length > 0) memory.fill(bytes, at, at + bytes.length);
}

/**
 * Reads a request's body, inflated. Above 1 MiB it lies in shared memory, for threads and tensors to view.
 * @throws ServiceError `too_large`, `unsupported_media_type` for an encoding that is not taken, `malformed` for what does not inflate,
 * `client_closed_request`
 */
export async function receiveBody(source: Readable, incoming: Incoming, limits: ReceiveLimits): Promise<Uint8Array> {
  const { contentLength } = incoming;
  const inflater = chooseInflater(incoming.contentEncoding, limits.inflates);
  if (contentLength !== undefined && contentLength > limits.maxBodyBytes) tooLarge(limits.maxBodyBytes, contentLength);
  try {
    const sink = new BodySink(limits, inflater === null ? contentLength : undefined, incoming);
    await pour(source, inflater, sink);
    return sink.end();
  } finally {
    // What nobody reads any more has to go, or the answer waits behind it.
    source.resume();
  }
}

function pour(source: Readable, inflater: Transform | null, sink: BodySink): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stream = inflater ?? source;
  const stop = (error: unknown): void => {
    source
      .off('error', leave)
      .off('close', onClose)
      .on('error', () => {});
    stream.off('data', onData).off('end', finish);
    untap?.();
    if (inflater !== null) {
      source.unpipe(inflater);
      inflater.destroy();
    }
    if (error === undefined) resolve();
    else reject(error);
  };
  const onData = (chunk: Uint8Array): void => {
    try {
      sink.write(chunk);
      if (sink.copies) countCopied(chunk.length);
    } catch (error) {
      stop(error);
    }
  };
  const finish = (): void => stop(undefined);
  const leave = (): void => stop(new ServiceError('client_closed_request', 'The client closed the connection'));
  const onClose = (): void => {
    if (!source.readableEnded) leave();
  };
  source.on('error', leave).on('close', onClose);
  stream.on('data', onData).on('end', finish);
  if (inflater !== null) {
    inflater.on('error', (cause) => stop(new ServiceError('malformed', 'The body does not inflate', { cause })));
    source.pipe(inflater);
  }
  const untap = tapSocket(source, sink);
  return promise;
}

function chooseInflater(encoding: string | undefined, inflates: boolean): Transform | null {
  const name = encoding?.trim().toLowerCase() ?? 'identity';
  if (name === 'identity' || name === '') return null;
  if (!inflates) fail('unsupported_media_type', `Content-Encoding '${clip(name)}' is not taken here; send the body as it is`);
  if (name === 'gzip' || name === 'x-gzip') return createGunzip();
  if (name === 'deflate') return createInflate();
  fail('unsupported_media_type', `Content-Encoding '${clip(name)}' is not taken; gzip and deflate are`);
}

function tooLarge(limit: number, actual?: number): never {
  fail('too_large', `The body is larger than MAX_BODY_BYTES, ${limit} bytes`, {
    limit,
    setting: 'MAX_BODY_BYTES',
    ...(actual !== undefined && { actual }),
  });
}
