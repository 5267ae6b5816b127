import { ByteSink } from '../bytes/byte-sink.ts';
import type { Envelope } from '../contract/envelope.ts';
import { fail } from '../errors.ts';
import { toBytes } from '../tensor/bytes.ts';
import { findNonFinite } from '../tensor/convert.ts';
import { roundToHalf } from '../tensor/half.ts';
import { DTYPES, type DType, type Tensor } from '../tensor/tensor.ts';
import type { WireFormat } from './codec.ts';
import { clip } from './fault.ts';
import { DECIMAL_FORMATS, MAX_DECIMAL_BYTES, writeDecimal } from './json-decimal.ts';
import { writeJson } from './json-value.ts';
import { writeResponse } from './response-members.ts';

/** Of one value, about: digits, sign, point and comma. */
export const PRINTED_BYTES = 12;

const FIRST_MEMBERS = ['output', 'logSumExp', 'weights'];
/** Values to a reservation, and bytes of base64's source to a piece (a multiple of 3, so that pieces join). */
const RUN = 4096;
const PIECE = 3 << 16;

const DTYPE_MEMBERS = Object.fromEntries(DTYPES.map((dtype) => [dtype, `,"dtype":"${dtype}",`])) as Record<DType, string>;

type Member = Tensor | Map<string, Tensor>;

/**
 * Encodes a response as ASCII JSON. A tensor's name is its path: `output` at the top, `weights.x1,x2` as member `x1,x2` of `weights`.
 * Values are rounded to nearest even to the tensor's dtype and printed with the fewest digits that read back to the same.
 * @throws ServiceError `non_finite_output` where numbers are asked for that JSON has not got; base64 carries them
 */
export function encodeJson(envelope: Envelope, format: WireFormat): Buffer {
  const sink = new ByteSink();
  sink.text('{');
  let isFirst = true;
  for (const [name, member] of membersOf(envelope.tensors)) {
    writeName(sink, name, isFirst);
    writeMember(sink, name, member, format);
    isFirst = false;
  }
  writeResponse(sink, envelope, format.clock, 'ascii', isFirst);
  sink.text('}');
  return sink.join();
}

function writeName(sink: ByteSink, name: string, isFirst: boolean): void {
  if (!isFirst) sink.text(',');
  writeJson(sink, name, 'ascii');
  sink.text(':');
}

function membersOf(tensors: ReadonlyMap<string, Tensor>): Iterable<[string, Member]> {
  if (tensors.size === 1 && tensors.has('output')) return tensors;
  const members = new Map<string, Member>();
  for (const [path, tensor] of tensors) {
    const dot = path.indexOf('.');
    if (dot < 0) {
      members.set(path, tensor);
      continue;
    }
    const group = members.get(path.slice(0, dot));
    const inner = path.slice(dot + 1);
    if (group instanceof Map) group.set(inner, tensor);
    else members.set(path.slice(0, dot), new Map([[inner, tensor]]));
  }
  const rank = (name: string) => (FIRST_MEMBERS.indexOf(name) + FIRST_MEMBERS.length + 1) % (FIRST_MEMBERS.length + 1);
  return [...members].sort(([a], [b]) => rank(a) - rank(b));
}

function writeMember(sink: ByteSink, name: string, member: Member, format: WireFormat): void {
  if (!(member instanceof Map)) {
    writeTensor(sink, name, member, format);
    return;
  }
  sink.text('{');
  let isFirst = true;
  for (const [inner, tensor] of member) {
    writeName(sink, inner, isFirst);
    writeTensor(sink, `${name}.${inner}`, tensor, format);
    isFirst = false;
  }
  sink.text('}');
}

function writeTensor(sink: ByteSink, name: string, tensor: Tensor, format: WireFormat): void {
  const { dtype, shape } = tensor;
  sink.text('{"shape":');
  writeJson(sink, shape, 'ascii');
  sink.text(DTYPE_MEMBERS[dtype]);
  if (format.encoding === 'base64') {
    writeBase64(sink, toBytes(tensor));
  } else {
    sink.text('"data":');
    if (format.encoding === 'nested') writeNested(sink, shape, 0, 0, rowWriter(name, tensor));
    else writeFlat(sink, name, tensor);
  }
  sink.text('}');
}

/** Writes a tensor's values as one flat array of numbers. @throws ServiceError `non_finite_output` */
export function writeFlat(sink: ByteSink, name: string, tensor: Tensor): void {
  writeRow(sink, 0, tensor.data.length, rowWriter(name, tensor));
}

function writeBase64(sink: ByteSink, bytes: Uint8Array): void {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  sink.text('"base64":"');
  for (let from = 0; from < source.length; from += PIECE)
    sink.text(source.toString('base64', from, Math.min(from + PIECE, source.length)));
  sink.text('"');
}

/** Writes values `[from, to)` of a tensor, separated by commas; at most RUN of them. */
type RowWriter = (sink: ByteSink, from: number, to: number) => void;

function writeNested(sink: ByteSink, shape: readonly number[], axis: number, start: number, write: RowWriter): void {
  if (axis >= shape.length - 1) {
    if (shape.length === 0) write(sink, 0, 1);
    else writeRow(sink, start, start + (shape[axis] as number), write);
    return;
  }
  const stride = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const size = shape[axis] as number;
  sink.text('[');
  for (let i = 0; i < size; i++) {
    if (i > 0) sink.text(',');
    writeNested(sink, shape, axis + 1, start + i * stride, write);
  }
  sink.text(']');
}

function writeRow(sink: ByteSink, start: number, end: number, write: RowWriter): void {
  sink.text('[');
  for (let from = start; from < end; from += RUN) {
    if (from > start) sink.text(',');
    write(sink, from, Math.min(from + RUN, end));
  }
  sink.text(']');
}

function rowWriter(name: string, tensor: Tensor): RowWriter {
  const { dtype, data } = tensor;
  if (dtype === 'bool') return (sink, from, to) => sink.text(Array.from(data.subarray(from, to), (value) => value !== 0).join());
  if (dtype === 'int32') return (sink, from, to) => sink.text(data.subarray(from, to).join());
  refuseNonFinite(name, tensor, data);
  if (dtype === 'float64') return (sink, from, to) => sink.text(data.subarray(from, to).join());
  const values = roundedTo(dtype, tensor);
  refuseNonFinite(name, tensor, values);
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const decimal = DECIMAL_FORMATS[dtype];
  return (sink, from, to) => {
    const out = sink.reserve((to - from) * MAX_DECIMAL_BYTES);
    let pos = 0;
    for (let i = from; i < to; i++) {
      if (i > from) out[pos++] = 0x2c;
      pos = writeDecimal(out, pos, values[i] as number, words[i] as number, decimal);
    }
    sink.commit(pos);
  };
}

function roundedTo(dtype: 'float16' | 'bfloat16' | 'float32', { data }: Tensor): Float32Array {
  if (dtype === 'float32') return data instanceof Float32Array ? data : Float32Array.from(data);
  const out = new Float32Array(data.length);
  roundToHalf(dtype, data, out);
  return out;
}

function refuseNonFinite(name: string, tensor: Tensor, values: ArrayLike<number>): void {
  const { count, firstIndex } = findNonFinite(values);
  if (count === 0) return;
  const of = `${count} of the ${values.length} values of ${clip(name)}, the first at flat index ${firstIndex}, are NaN or infinite`;
  fail('non_finite_output', `${of} in ${tensor.dtype}. Ask for output.encoding "base64" or for binary output, which carry them`);
}
