import { Readable } from 'node:stream';
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ServiceError } from '../../src/errors.ts';
import { receiveBody } from '../../src/wire/receive.ts';

const LIMITS = { maxBodyBytes: 4 << 20, inflates: true };

function chunksOf(body: Uint8Array, size = 65_536): Readable {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size) chunks.push(body.subarray(at, at + size));
  return Readable.from(chunks, { objectMode: false });
}

function pattern(bytes: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => i % 251));
}

const plain = (contentLength?: number) => ({ contentLength, contentEncoding: undefined });
const refusal = (work: Promise<unknown>): Promise<ServiceError> =>
  work.then(
    () => Promise.reject(new Error('It was taken')),
    (error: ServiceError) => error,
  );

describe('a body', () => {
  it.each([0, 1, 70_000, (1 << 20) + 1, 3 << 20])('of %d bytes arrives whole, its length known or not', async (bytes) => {
    const body = pattern(bytes);
    for (const length of [bytes, undefined]) {
      const received = await receiveBody(chunksOf(body), plain(length), LIMITS);
      expect(Buffer.from(received).equals(body)).toBe(true);
      expect(received.buffer instanceof SharedArrayBuffer).toBe(bytes > 1 << 20);
    }
  });

  it.each([0, 3, 8, 178])('has its byte %d aligned where tensors begin there', async (alignedAt) => {
    const body = pattern(2 << 20);
    for (const contentLength of [body.length, undefined]) {
      const received = await receiveBody(chunksOf(body), { ...plain(contentLength), alignedAt }, LIMITS);
      expect((received.byteOffset + alignedAt) % 8).toBe(0);
      expect(Buffer.from(received).equals(body)).toBe(true);
    }
  });

  it.each([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
  ] as const)('is inflated from %s', async (contentEncoding, compress) => {
    for (const bytes of [10, 3 << 20]) {
      const packed = compress(pattern(bytes));
      const received = await receiveBody(chunksOf(packed, 1000), { contentLength: packed.length, contentEncoding }, LIMITS);
      expect(Buffer.from(received).equals(pattern(bytes))).toBe(true);
    }
  });
});

describe('what is refused', () => {
  it('is a length beyond the limit, before a byte is read', async () => {
    let read = 0;
    const source = new Readable({
      read() {
        read++;
        this.push(null);
      },
    });
    const error = await refusal(receiveBody(source, plain((4 << 20) + 1), LIMITS));
    expect(error).toMatchObject({ code: 'too_large', extra: { limit: 4 << 20, actual: (4 << 20) + 1, setting: 'MAX_BODY_BYTES' } });
    expect(read).toBe(0);
  });

  it('is a stream beyond the limit, and the rest of it is let go', async () => {
    const source = chunksOf(pattern((4 << 20) + 1));
    expect(await refusal(receiveBody(source, plain(), LIMITS))).toMatchObject({ code: 'too_large' });
    await new Promise((resolve) => source.once('close', resolve));
  });

  it.each([gzipSync, deflateSync])('is a bomb: bytes are counted after inflation', async (compress) => {
    const bomb = compress(Buffer.alloc(64 << 20));
    expect(bomb.length).toBeLessThan(1 << 17);
    const contentEncoding = compress === gzipSync ? 'gzip' : 'deflate';
    const error = await refusal(receiveBody(chunksOf(bomb), { contentLength: bomb.length, contentEncoding }, LIMITS));
    expect(error).toMatchObject({ code: 'too_large', extra: { setting: 'MAX_BODY_BYTES' } });
  });

  it.each([
    ['what does not inflate', Buffer.from('not gzip at all'), 'gzip', 'malformed'],
    ['a stream cut short', gzipSync(pattern(5000)).subarray(0, 100), 'gzip', 'malformed'],
    ['brotli', Buffer.from('x'), 'br', 'unsupported_media_type'],
    ['two encodings', gzipSync('x'), 'gzip, gzip', 'unsupported_media_type'],
  ])('is %s', async (_, body, contentEncoding, code) => {
    expect(await refusal(receiveBody(chunksOf(body), { contentLength: body.length, contentEncoding }, LIMITS))).toMatchObject({
      code,
    });
  });

  it('is any encoding where none is taken', async () => {
    const incoming = { contentLength: 1, contentEncoding: 'gzip' };
    expect(await refusal(receiveBody(chunksOf(gzipSync('x')), incoming, { ...LIMITS, inflates: false }))).toMatchObject({
      code: 'unsupported_media_type',
    });
  });

  it.each([4, 6])('is a body of 5 bytes that says %d', async (length) => {
    expect(await refusal(receiveBody(chunksOf(pattern(5)), plain(length), LIMITS))).toMatchObject({ code: 'malformed' });
  });

  it('is a large body that there is no room for, before its memory is taken', async () => {
    const admitted: number[] = [];
    const admit = (bytes: number): void => {
      admitted.push(bytes);
      throw new Error('full');
    };
    await expect(receiveBody(chunksOf(pattern(2 << 20)), plain(2 << 20), { ...LIMITS, admit })).rejects.toThrow('full');
    await expect(receiveBody(chunksOf(pattern(2 << 20)), plain(), { ...LIMITS, admit })).rejects.toThrow('full');
    expect(admitted).toEqual([2 << 20, 4 << 20]);
    expect((await receiveBody(chunksOf(pattern(10)), plain(10), { ...LIMITS, admit })).length).toBe(10);
  });

  it('is a client that leaves half way', async () => {
    const source = new Readable({ read() {} });
    source.push(Buffer.from('half'));
    const received = refusal(receiveBody(source, plain(100), LIMITS));
    source.destroy();
    expect(await received).toMatchObject({ code: 'client_closed_request' });
  });
});
