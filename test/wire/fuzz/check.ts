import { load } from '../../../kernels/native/numbers.ts';
import type { Envelope } from '../../../src/contract/envelope.ts';
import type { Tensor, TensorData } from '../../../src/tensor/tensor.ts';
import type { Codec } from '../../../src/wire/codec.ts';
import { useNumberReader } from '../../../src/wire/number-reader.ts';
import { encodeSafetensors, safetensorsCodec } from '../../../src/wire/safetensors.ts';
import { LIMITS, survives } from '../../helpers/wire.ts';
import type { Sent } from './subjects.ts';

/** Bytes around a body in shared memory, which nothing may read or write. */
const MARGIN = 64;
const CANARY = 0xa5;

/** The sanitizers' build takes the place of the release build (sanitize.test.ts). */
const reader = load(process.env.NATIVE_ADDON_PATH);

/** What a codec made of a body. */
interface Outcome {
  readonly envelope?: Envelope;
  /** How the body was refused. */
  readonly refusal?: string;
}

/** Decodes, with numbers read by JavaScript and by the native back end; what is accepted must be whole: in bounds, finite, and the same when written and read again. @returns whether it was accepted */
export function check(codec: Codec, { body, framing }: Sent, offset = 0): boolean {
  const { envelope: decoded, refusal } = decodeCopy(codec, body, framing);
  const { envelope: shared, refusal: other } = decodeShared(codec, { body, framing }, offset);
  assert(refusal === other, `memory or reader decides what is said of the body: ${refusal} and ${other}`);
  if (decoded === undefined || shared === undefined) return false;
  let bytes = 0;
  for (const [name, tensor] of decoded.tensors) {
    checkTensor(name, tensor);
    assert(isSame(tensor, shared.tensors.get(name)), `${name} is another tensor when the body lies in shared memory`);
    bytes += tensor.data.byteLength;
  }
  assert(bytes <= 8 * body.length, 'more memory than the body can hold values');
  checkWritten([...decoded.tensors.values()]);
  return true;
}

function decodeCopy(codec: Codec, body: Buffer, framing: Sent['framing']): Outcome {
  const before = Buffer.from(body);
  useNumberReader(null);
  const decoded = attempt(() => codec.decode(body, LIMITS, framing));
  assert(before.equals(body), 'the body was changed');
  return decoded;
}

/** As large bodies come: in shared memory that tensors may become views of, here with more bytes on both sides. */
function decodeShared(codec: Codec, { body, framing }: Sent, offset: number): Outcome {
  const from = MARGIN + offset;
  const memory = new Uint8Array(new SharedArrayBuffer(from + body.length + MARGIN)).fill(CANARY);
  memory.set(body, from);
  useNumberReader(reader);
  const decoded = attempt(() => codec.decode(memory.subarray(from, from + body.length), LIMITS, framing));
  for (const [name, { data }] of decoded.envelope?.tensors ?? []) {
    if (data.buffer !== memory.buffer) continue;
    const isInside = data.byteOffset >= from && data.byteOffset + data.byteLength <= from + body.length;
    assert(isInside, `${name} views what is not its body`);
  }
  const margins = [memory.subarray(0, from), memory.subarray(from + body.length)];
  assert(
    margins.every((margin) => margin.every((byte) => byte === CANARY)),
    'memory beside the body was written to',
  );
  return decoded;
}

function attempt(decode: () => Envelope): Outcome {
  let envelope: Envelope | undefined;
  const error = survives(() => {
    envelope = decode();
  });
  return envelope !== undefined ? { envelope } : { refusal: JSON.stringify([error?.code, error?.message, error?.extra]) };
}

/** Written and read again, under names of their own: what JSON may call a tensor, `__metadata__` for one, safetensors may not. */
function checkWritten(tensors: readonly Tensor[]): void {
  const named = new Map(tensors.map((tensor, index) => [`b${index}`, tensor]));
  const again = safetensorsCodec.decode(encodeSafetensors({ tensors: named, options: {} }), LIMITS).tensors;
  for (const [name, tensor] of named) assert(isSame(tensor, again.get(name)), `tensor ${name} is another one when read again`);
}

function checkTensor(name: string, { shape, data }: Tensor): void {
  assert(data.length === shape.reduce((product, size) => product * size, 1), `${name} has another length than its shape`);
  const isPlaced = data.buffer instanceof SharedArrayBuffer && data.byteOffset % data.BYTES_PER_ELEMENT === 0;
  assert(isPlaced, `${name} is not in shared memory, aligned`);
  assert(/^b\d+$/.test(name) || data.every(Number.isFinite), `${name} holds what is not finite`);
}

function isSame({ dtype, shape, data }: Tensor, other: Tensor | undefined): boolean {
  return other?.dtype === dtype && String(other.shape) === String(shape) && bytesOf(other.data).equals(bytesOf(data));
}

function bytesOf({ buffer, byteOffset, byteLength }: TensorData): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function assert(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}
