import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { binaryRequest, randomTensors } from '../../bench/wire/bodies.ts';
import { load } from '../../kernels/native/index.ts';
import { sizeOf, useSizeOf } from '../../src/tensor/largest.ts';
import { Lease } from '../../src/tensor/lease.ts';
import { BodySizes, sizesIn } from '../../src/wire/body-sizes.ts';
import { receiveBody } from '../../src/wire/receive.ts';
import { decodeSafetensors, safetensorsCodec } from '../../src/wire/safetensors.ts';
import { random } from '../helpers/random.ts';

const BLOCK = 1 << 14;
const LIMITS = { maxBodyBytes: 1 << 24, maxJsonBytes: 1 << 24, maxElements: 1 << 24 };

beforeAll(() => useSizeOf(load().sizeOf ?? null));
afterAll(() => useSizeOf(null));

function filled(values: number, pieceBytes: number): { sizes: BodySizes; data: Float32Array<SharedArrayBuffer> } {
  const data = new Float32Array(new SharedArrayBuffer(4 * values));
  const next = random(values);
  for (let i = 0; i < values; i++) data[i] = 2 * next() - 1;
  const sizes = new BodySizes(data.buffer);
  for (let bytes = 0; bytes < data.byteLength; bytes += pieceBytes) sizes.fill(Math.min(bytes + pieceBytes, data.byteLength));
  return { sizes, data };
}

describe('the sizes of a body that arrived piece by piece', () => {
  it.each([1, 999, 65_536, 65_537, 262_144, 1_000_003])('are those of its tensors, pieces of %d bytes', (pieceBytes) => {
    const values = pieceBytes === 1 ? 2 * BLOCK + 5 : 9 * BLOCK + 77;
    const { sizes, data } = filled(values, pieceBytes);
    const next = random(pieceBytes);
    for (let i = 0; i < 200; i++) {
      const [begin, end] = [next(), next()].map((share) => Math.floor(share * (values + 1))).sort((a, b) => a - b) as [
        number,
        number,
      ];
      const part = data.subarray(begin, end);
      const size = sizes.sizeOf(part);
      if (end - begin >= 2 * BLOCK) expect(size).not.toBeNull();
      if (size !== null) expect(size).toBe(sizeOf(part));
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('are infinite where %d is, and only there', (value) => {
    const { data } = filled(5 * BLOCK, 1 << 18);
    const [begin, end] = [BLOCK - 3, 4 * BLOCK + 2];
    for (const at of [begin - 1, begin, BLOCK - 1, BLOCK, 2 * BLOCK - 1, 2 * BLOCK, 4 * BLOCK - 1, 4 * BLOCK, end - 1, end]) {
      const before = data[at] as number;
      data[at] = value;
      const sizes = new BodySizes(data.buffer);
      sizes.fill(data.byteLength);
      const size = sizes.sizeOf(data.subarray(begin, end));
      if (at >= begin && at < end) expect(size).toBe(Number.POSITIVE_INFINITY);
      else expect(size).toBeLessThan(1);
      data[at] = before;
    }
  });

  it('say nothing of other memory, other types, what has not arrived and what is short', () => {
    const { data } = filled(4 * BLOCK, 1 << 18);
    const sizes = new BodySizes(data.buffer);
    sizes.fill(3 * 4 * BLOCK - 1);
    expect(sizes.sizeOf(data.subarray(0, 2 * BLOCK))).not.toBeNull();
    expect(sizes.sizeOf(data.subarray(0, 3 * BLOCK))).toBeNull();
    expect(sizes.sizeOf(data.subarray(5, BLOCK))).toBeNull();
    expect(sizes.sizeOf(new Int32Array(data.buffer, 0, 2 * BLOCK))).toBeNull();
    expect(sizes.sizeOf(new Float32Array(new SharedArrayBuffer(2 * 4 * BLOCK)))).toBeNull();
  });
});

describe('a body whose floats were looked at as they arrived', () => {
  const { body } = binaryRequest('path(3)', randomTensors(3, 1500, 64));
  const headerEnd = 8 + Number(body.readBigUInt64LE());
  const receive = (bytes: Uint8Array, holdsFloats: boolean): Promise<Uint8Array> => {
    const chunks = Array.from({ length: Math.ceil(bytes.length / 50_001) }, (_, i) => bytes.subarray(i * 50_001, (i + 1) * 50_001));
    const incoming = { contentLength: bytes.length, contentEncoding: undefined, holdsFloats };
    return receiveBody(Readable.from(chunks, { objectMode: false }), incoming, { maxBodyBytes: 1 << 24, inflates: false });
  };
  const answer = (bytes: Uint8Array): unknown => {
    try {
      return [...decodeSafetensors(bytes, LIMITS).tensors].map(([name, { largest }]) => [name, largest]);
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('is read as any other, whatever lies where in it', async () => {
    const tensorBytes = 4 * 1500 * 64;
    for (const [at, value] of [
      [0, 0.5],
      [0, Number.NaN],
      [tensorBytes - 4, Number.NaN],
      [tensorBytes, Infinity],
      [2.5 * tensorBytes, -Infinity],
      [5 * tensorBytes - 4, Number.NaN],
    ] as const) {
      const changed = Buffer.from(body);
      changed.writeFloatLE(value, headerEnd + at);
      const [seen, unseen] = [await receive(changed, true), await receive(changed, false)];
      expect([sizesIn(seen), sizesIn(unseen)]).toEqual([expect.any(BodySizes), undefined]);
      expect(answer(seen)).toEqual(answer(unseen));
      expect(typeof answer(seen)).toBe(Number.isFinite(value) ? 'object' : 'string');
    }
  });

  it('leaves nothing to the next one in its memory', async () => {
    const first = await receive(body, true);
    expect(typeof answer(first)).toBe('object');
    const lease = new Lease();
    lease.adopt(first.buffer);
    lease.end(true);
    const changed = Buffer.from(body);
    changed.writeFloatLE(Number.NaN, headerEnd + 700_000);
    const second = await receive(changed, true);
    expect(second.buffer).toBe(first.buffer);
    expect(answer(second)).toMatch(/NaN/);
  });

  it('is little work to read', async () => {
    const work = async (holdsFloats: boolean): Promise<number> =>
      safetensorsCodec.decodeWork(await receive(body, holdsFloats), LIMITS);
    expect(await work(true)).toBeLessThan((await work(false)) / 2);
  });
});
