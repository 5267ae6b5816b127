/**
 * Structure-aware mutation of bodies, for every codec. As a script: `node test/wire/fuzz.ts [bodies per codec] [seed]`; the same seed
 * makes the same bodies, and a failure prints the body in base64.
 */
import type { Envelope } from '../../src/contract/envelope.ts';
import { convert } from '../../src/tensor/convert.ts';
import { DTYPES, type DType, type Tensor, type TensorData } from '../../src/tensor/tensor.ts';
import { type Codec, joinParts, type WireFormat } from '../../src/wire/codec.ts';
import { jsonCodec } from '../../src/wire/json.ts';
import { npyCodec } from '../../src/wire/npy.ts';
import { encodeSafetensors, safetensorsCodec } from '../../src/wire/safetensors.ts';
import { random } from '../helpers/random.ts';
import { LIMITS, survives } from '../helpers/wire.ts';

export const CODECS: readonly Codec[] = [jsonCodec, safetensorsCodec, npyCodec];

type Pick = <T>(from: readonly T[]) => T;
type Mutation = (body: Buffer, below: (limit: number) => number, pick: Pick) => Buffer;

const NUMBERS = ['0', '1', '-1', '4', '8', '255', '65536', '4294967295', '4294967296', '9007199254740991', '9007199254740993', '18446744073709551615', '1e400', '0.5', '1e3', '']; // biome-ignore format: a table
const WORDS = ['"', '{', '}', '[', ']', ',', ':', '(', ')', "'", 'null', 'NaN', '"__proto__":', '"q1":', '"\\u0071\\u0031":', '"\\ud800"', '[[', '"F16"', '"F64"', '"float16"', "'<f2'", "'>f4'", '\\', ' ', '\n', '\0', 'é']; // biome-ignore format: a table
const LENGTHS = [
  0n,
  1n,
  7n,
  8n,
  9n,
  100n,
  1n << 20n,
  1n << 32n,
  1n << 53n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 8n,
  (1n << 64n) - 1n,
];

function splice(body: Buffer, from: number, to: number, put: Uint8Array | string): Buffer {
  return Buffer.concat([body.subarray(0, from), Buffer.from(put as string, 'latin1'), body.subarray(to)]);
}

/** Ends of a run of digits near a position, or an empty range there. */
function digitsNear(body: Buffer, at: number): [number, number] {
  const digits = /\d+/g;
  digits.lastIndex = at;
  const match = digits.exec(body.toString('latin1'));
  return match === null ? [at, at] : [match.index, match.index + match[0].length];
}

const MUTATIONS: readonly Mutation[] = [
  (body, below) => body.subarray(0, below(body.length + 1)),
  (body, below) => splice(body, below(body.length + 1), body.length, Buffer.alloc(below(40), below(256))),
  (body, below) => {
    const copy = Buffer.from(body);
    if (copy.length > 0) copy[below(copy.length)] = below(256);
    return copy;
  },
  (body, below) => {
    const copy = Buffer.from(body);
    if (copy.length > 0) copy[below(copy.length)] = (copy[below(copy.length)] as number) ^ (1 << below(8));
    return copy;
  },
  (body, below, pick) => splice(body, ...digitsNear(body, below(body.length + 1)), pick(NUMBERS)),
  (body, below, pick) => splice(body, ...digitsNear(body, below(body.length + 1)), pick(NUMBERS)),
  (body, below, pick) => {
    const at = below(body.length + 1);
    return splice(body, at, at + below(4), pick(WORDS));
  },
  (body, below) => {
    const from = below(body.length + 1);
    return splice(body, from, from + below(24), '');
  },
  (body, below) => {
    const from = below(body.length + 1);
    const to = below(body.length + 1);
    return splice(body, to, to, body.subarray(from, from + below(64)));
  },
  (body, below, pick) => {
    const copy = Buffer.concat([body, Buffer.alloc(Math.max(0, 8 - body.length))]);
    copy.writeBigUInt64LE(BigInt.asUintN(64, pick([...LENGTHS, BigInt(below(copy.length + 9))])));
    return copy;
  },
  // Makes a header that has grown or shrunk count again, so that what stands in it is reached.
  (body) => {
    const end = body.lastIndexOf('}') + 1;
    if (end <= 8) return body;
    const copy = Buffer.from(body);
    if (copy[0] === 0x93) copy.writeUInt16LE(end - 10 > 0 ? (end - 10) & 0xffff : 0, 8);
    else if (copy[0] !== 0x7b) copy.writeBigUInt64LE(BigInt(end - 8));
    return copy;
  },
];

function seedsOf(codec: Codec): Buffer[] {
  const tensorOf = (dtype: DType, shape: number[]): Tensor => {
    const count = shape.reduce((product, size) => product * size, 1);
    return { dtype, shape, data: convert(Array.from({ length: count }, (_, i) => i % 2), dtype) }; // biome-ignore format: one line
  };
  const many = new Map<string, Tensor>(DTYPES.map((dtype, i) => [`q${i + 1}`, tensorOf(dtype, [2, 1 + i])]));
  const options = { polynomial: 'x1*x2', mask: { type: 'none' } };
  if (codec.name === 'npy')
    return DTYPES.map((dtype, i) =>
      encodeWhole(codec, { tensors: new Map([['output', tensorOf(dtype, [2, i])]]), options }, { encoding: 'flat' }),
    );
  if (codec.name === 'safetensors') {
    return [
      encodeWhole(codec, { tensors: many, options: {} }, { encoding: 'flat' }),
      requestOf(encodeWhole(codec, { tensors: many, options }, { encoding: 'flat' })),
    ];
  }
  return (['flat', 'nested', 'base64'] as const).map((encoding) => {
    const tensors = encodeWhole(codec, { tensors: many, options: {} }, { encoding });
    return Buffer.concat([Buffer.from('{"polynomial":"x1*x2","tensors":'), tensors, Buffer.from('}')]);
  });
}

function encodeWhole(codec: Codec, envelope: Envelope, format: WireFormat): Buffer {
  return joinParts(codec.encode(envelope, format));
}

/** The response's options as a request's: `response` becomes `request `, of the same length with the quote moved. */
function requestOf(body: Buffer): Buffer {
  return Buffer.from(body.toString('latin1').replace('"response":', '"request" :'), 'latin1');
}

function bytesOf({ buffer, byteOffset, byteLength }: TensorData): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function assert(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

/** Decodes; what is accepted must be whole: in bounds, in memory of its own, finite, and the same when written and read again. */
export function check(codec: Codec, body: Buffer): boolean {
  const before = Buffer.from(body);
  let decoded: ReturnType<Codec['decode']> | undefined;
  survives(() => {
    decoded = codec.decode(body, LIMITS);
  });
  assert(before.equals(body), 'the body was changed');
  if (decoded === undefined) return false;
  let bytes = 0;
  for (const [name, { shape, data }] of decoded.tensors) {
    assert(data.length === shape.reduce((product, size) => product * size, 1), `${name} has another length than its shape`);
    assert(
      data.buffer instanceof SharedArrayBuffer && data.byteOffset % data.BYTES_PER_ELEMENT === 0,
      `${name} is not in shared memory, aligned`,
    );
    assert(/^b\d+$/.test(name) || data.every(Number.isFinite), `${name} holds what is not finite`);
    bytes += data.byteLength;
  }
  assert(bytes <= 8 * body.length, 'more memory than the body can hold values');
  const again = safetensorsCodec.decode(encodeSafetensors({ tensors: decoded.tensors, options: {} }), LIMITS).tensors;
  for (const [name, { dtype, shape, data }] of decoded.tensors) {
    const copy = again.get(name);
    assert(copy?.dtype === dtype && String(copy.shape) === String(shape), `${name} is another tensor when read again`);
    assert(bytesOf(copy?.data as TensorData).equals(bytesOf(data)), `${name} has other values when read again`);
  }
  return true;
}

/** Runs mutated bodies through a codec. @returns how many of them were accepted */
export function fuzz(codec: Codec, bodies: number, seed: number): number {
  const next = random(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  const pick: Pick = (from) => from[below(from.length)] as (typeof from)[number];
  const seeds = seedsOf(codec);
  for (const body of seeds) assert(check(codec, body), `${codec.name}: a seed is not accepted`);
  let accepted = 0;
  for (let i = 0; i < bodies; i++) {
    let body = pick(seeds);
    for (let steps = 1 + below(4); steps > 0; steps--) body = pick(MUTATIONS)(body, below, pick);
    if (body.length > 1 << 16) body = body.subarray(0, 1 << 16);
    try {
      if (check(codec, body)) accepted++;
    } catch (cause) {
      throw new Error(`${codec.name}, seed ${seed}, body ${i}: ${body.toString('base64')}`, { cause });
    }
  }
  return accepted;
}

if (import.meta.main) {
  const bodies = Number(process.argv[2] ?? 20_000);
  const seed = Number(process.argv[3] ?? 1);
  for (const codec of CODECS) {
    const start = performance.now();
    const accepted = fuzz(codec, bodies, seed);
    console.log(`${codec.name}: ${bodies} bodies, ${accepted} accepted, ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
}
