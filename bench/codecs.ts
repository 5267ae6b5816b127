/** Prints the speed of the codecs on a million values, beside the engine's own JSON. Usage: node bench/codecs.ts [values] */
import { load } from '../kernels/native/numbers.ts';
import { allocate } from '../src/tensor/allocate.ts';
import { narrowHalf, widenHalf } from '../src/tensor/half.ts';
import type { DType, Tensor } from '../src/tensor/tensor.ts';
import { decodeJson, encodeJson } from '../src/wire/json.ts';
import { type NumberReader, useNumberReader } from '../src/wire/number-reader.ts';
import { decodeSafetensors, encodeSafetensors } from '../src/wire/safetensors.ts';

const VALUES = Number(process.argv[2] ?? 1 << 20);
const LIMITS = { maxBodyBytes: 1 << 30, maxJsonBytes: 1 << 30, maxElements: 1 << 28 };
const REPEATS = 7;

function measure(label: string, bytes: number, run: () => unknown): void {
  for (let i = 0; i < 3; i++) run();
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < REPEATS; i++) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  const size = (bytes / 1e6).toFixed(1).padStart(7);
  console.log(
    `${label.padEnd(58)} ${size} MB ${best.toFixed(2).padStart(9)} ms ${(bytes / best / 1e3).toFixed(0).padStart(7)} MB/s`,
  );
}

/** Two uniform numbers to one of a normal distribution (Box and Muller); no seed is needed for a bench. */
function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

function randomTensor(dtype: DType): Tensor {
  const tensor = allocate(dtype, [VALUES]);
  for (let i = 0; i < VALUES; i++) tensor.data[i] = normal();
  return tensor;
}

function asBody(numbers: number[], print: (value: number) => string): Buffer {
  return Buffer.from(`{"tensors":{"q1":{"shape":[${VALUES}],"dtype":"float32","data":[${numbers.map(print).join(', ')}]}}}`);
}

function measureDecoding(label: string, body: Buffer): void {
  const readers: readonly (readonly [string, NumberReader | null])[] = [
    [label, load()],
    ['  by JavaScript alone', null],
  ];
  for (const [name, reader] of readers) {
    useNumberReader(reader);
    measure(name, body.length, () => decodeJson(body, LIMITS));
  }
}

const single = randomTensor('float32');
const double = randomTensor('float64');
const numbers = Array.from(single.data);
const base64 = Buffer.from(single.data.buffer).toString('base64');

console.log(`${VALUES} values of a normal distribution\n`);
for (const [label, body] of [
  ['float32 printed as doubles', asBody(numbers, String)],
  ['doubles', asBody(Array.from(double.data), String)],
  ['9 digits', asBody(numbers, (value) => value.toPrecision(9))],
  ['4 decimals', asBody(numbers, (value) => value.toFixed(4))],
] as const) {
  measureDecoding(`decode ${label}`, body);
  measure('  JSON.parse alone (no checks, no conversion)', body.length, () => JSON.parse(body.toString()));
}
const rows = Array.from({ length: VALUES >> 3 }, (_, row) => `[${numbers.slice(8 * row, 8 * row + 8).join(', ')}]`);
measureDecoding('decode float32 printed as doubles, in rows of 8', Buffer.from(`{"tensors":{"q1":[${rows.join(', ')}]}}`));
const base64Body = Buffer.from(JSON.stringify({ tensors: { q1: { shape: [VALUES], base64 } } }));
measure('decode base64', base64Body.length, () => decodeJson(base64Body, LIMITS));

console.log('');
for (const dtype of ['float32', 'float16', 'bfloat16', 'float64'] as const) {
  const tensor = dtype === 'float64' ? double : { ...single, dtype };
  for (const encoding of ['flat', 'base64'] as const) {
    const envelope = { tensors: new Map([['output', tensor]]), options: {} };
    measure(`encode ${dtype} ${encoding}`, encodeJson(envelope, { encoding }).length, () => encodeJson(envelope, { encoding }));
  }
}
measure('  JSON.stringify of an array of the float32 values', JSON.stringify(numbers).length, () =>
  Buffer.from(JSON.stringify(numbers)),
);
const shortest = (value: number) =>
  [6, 7, 8, 9].map((digits) => value.toPrecision(digits)).find((text) => Math.fround(Number(text)) === value);
measure('  toPrecision 6..9', numbers.map(shortest).join().length, () => Buffer.from(numbers.map(shortest).join()));

console.log('');
const bits = new Uint16Array(VALUES);
const widened = new Float32Array(VALUES);
for (const dtype of ['float16', 'bfloat16'] as const) {
  measure(`${dtype} from float32`, VALUES * 4, () => narrowHalf(dtype, single.data, bits));
  measure(`${dtype} from float64`, VALUES * 8, () => narrowHalf(dtype, double.data, bits));
  measure(`${dtype} to float32`, VALUES * 4, () => widenHalf(dtype, bits, widened));
}

console.log('');
const large = 64 << 20;
for (const [dtype, width] of [
  ['float32', 4],
  ['float16', 2],
  ['bfloat16', 2],
] as const) {
  const envelope = { tensors: new Map([['q1', allocate(dtype, [large / width])]]), options: {} };
  const body = encodeSafetensors(envelope);
  measure(`decode safetensors ${dtype}`, body.length, () => decodeSafetensors(body, LIMITS));
  measure(`encode safetensors ${dtype}`, body.length, () => encodeSafetensors(envelope));
  if (dtype === 'float32') {
    measure('  one copy to new shared memory', body.length, () => new Uint8Array(new SharedArrayBuffer(body.length)).set(body));
    const warm = new Uint8Array(new SharedArrayBuffer(body.length));
    measure('  one copy to memory that is there', body.length, () => warm.set(body));
  }
}
