/** Tensors as typed arrays, and the safetensors format both ways. */

const TYPES = {
  F16: ['float16', Uint16Array],
  BF16: ['bfloat16', Uint16Array],
  F32: ['float32', Float32Array],
  F64: ['float64', Float64Array],
} as const;
const CODES = { float16: 'F16', bfloat16: 'BF16', float32: 'F32', float64: 'F64' } as const;

export type DType = keyof typeof CODES;
export type TensorData = Float32Array | Float64Array | Uint16Array;

/** Row major. float16 and bfloat16 stand as their bits, in a Uint16Array; `toFloat32` reads them. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: TensorData;
}

/** A tensor from numbers (float32) or a typed array; 16-bit data say which type they are: `tensor([2, 2], bits, 'bfloat16')`. */
export function tensor(shape: readonly number[], data: TensorData | readonly number[], dtype?: DType): Tensor {
  const array = ArrayBuffer.isView(data) ? data : new (dtype === 'float64' ? Float64Array : Float32Array)(data);
  const own = array instanceof Float64Array ? 'float64' : array instanceof Float32Array ? 'float32' : undefined;
  const type = dtype ?? own;
  const fits = own === undefined ? type === 'float16' || type === 'bfloat16' : type === own;
  if (!fits || type === undefined)
    throw new TypeError(`${array.constructor.name} does not hold ${type ?? 'a dtype that is not named'}`);
  const count = shape.reduce((product, size) => product * size, 1);
  if (count !== array.length) throw new RangeError(`The shape [${shape}] takes ${count} elements, not ${array.length}`);
  return { shape, dtype: type, data: array };
}

/** The elements as float32; exact for every 16-bit type. */
export function toFloat32({ dtype, data }: Tensor): Float32Array {
  if (dtype === 'bfloat16') return new Float32Array(Uint32Array.from(data, (bits) => bits << 16).buffer);
  return dtype === 'float16' ? Float32Array.from(data, halfToNumber) : Float32Array.from(data);
}

function halfToNumber(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** One body of tensors by name, the widest types first so that each is aligned. */
export function encode(tensors: Readonly<Record<string, Tensor>>, metadata: Record<string, string>): Uint8Array<ArrayBuffer> {
  const sorted = Object.entries(tensors).sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    header[name] = { dtype: CODES[dtype], shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const body = new Uint8Array(start + end);
  new DataView(body.buffer).setBigUint64(0, BigInt(start - 8), true);
  body.fill(0x20, 8, start).set(text, 8);
  let at = start;
  for (const [, { data }] of sorted) {
    body.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return body;
}

interface Entry {
  readonly dtype: keyof typeof TYPES;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

/** Tensors are views of the body, copies only where it is not aligned. */
export function decode(body: ArrayBuffer): { tensors: Map<string, Tensor>; metadata: Record<string, string> } {
  const start = 8 + Number(new DataView(body).getBigUint64(0, true));
  const { __metadata__: metadata = {}, ...entries } = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 8, start - 8)));
  const tensors = Object.entries(entries as Record<string, Entry>).map(([name, { dtype: code, shape, data_offsets }]) => {
    const [dtype, View] = TYPES[code];
    const [begin, end] = [start + data_offsets[0], start + data_offsets[1]];
    const aligned = begin % View.BYTES_PER_ELEMENT === 0;
    const data = aligned ? new View(body, begin, (end - begin) / View.BYTES_PER_ELEMENT) : new View(body.slice(begin, end));
    return [name, { shape, dtype, data }] as const;
  });
  return { tensors: new Map(tensors), metadata };
}
