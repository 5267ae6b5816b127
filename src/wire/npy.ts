/**
 * NPY, one array to a body, both directions (NumPy's format 1.0 to 3.0): magic, version, header length, a Python dictionary, the bytes.
 * It carries no options, and only `output` of a response.
 */
import type { Envelope } from '../contract/envelope.ts';
import { fail } from '../errors.ts';
import { WIRE_BYTES } from '../tensor/allocate.ts';
import { conversionBytes, fromBytes, tensorFromBytes, toBytes } from '../tensor/bytes.ts';
import type { Lease } from '../tensor/lease.ts';
import { elementCount } from '../tensor/shape.ts';
import type { DType, Tensor } from '../tensor/tensor.ts';
import { type Codec, type Framing, joinParts } from './codec.ts';
import { checkFinite, clip, faultAt, pointerTo } from './fault.ts';
import { checkBytes, type WireLimits } from './limits.ts';

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
const MAX_HEADER_BYTES = 10_000;
const ALIGNMENT = 64;
/** The name of the one tensor that a body holds. */
export const NPY_TENSOR = 'array';
const POINTER = `/tensors/${NPY_TENSOR}`;

const DTYPES: ReadonlyMap<string, DType> = new Map([
  ['<f2', 'float16'],
  ['<f4', 'float32'],
  ['<f8', 'float64'],
  ['<i4', 'int32'],
  ['|b1', 'bool'],
]);

/** NumPy has no bfloat16: its values go out as float32, which holds them exactly. */
const DESCRIPTIONS = {
  float16: '<f2',
  bfloat16: '<f4',
  float32: '<f4',
  float64: '<f8',
  int32: '<i4',
  bool: '|b1',
} as const satisfies Record<DType, string>;

/**
 * Decodes an NPY body to one tensor, named `array`.
 * @throws ServiceError `malformed`; `invalid_request` for element types and orders that are not taken; `non_finite_input`; `too_large`
 */
export function decodeNpy(body: Uint8Array, limits: WireLimits, _framing?: Framing, lease?: Lease): Envelope {
  checkBytes(body.byteLength, limits.maxBodyBytes, 'MAX_BODY_BYTES');
  const { text, start } = readHeader(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  const fields = readFields(text);
  const shape = readShape(fields.get('shape') as string);
  const dtype = readDType(fields.get('descr') as string);
  const fortran = fields.get('fortran_order');
  if (fortran !== 'True' && fortran !== 'False') faultAt('malformed', POINTER, 'fortran_order is True or False');
  if (fortran === 'True' && shape.length > 1) {
    faultAt('invalid_request', POINTER, 'Column-major arrays are not taken: send numpy.ascontiguousarray(a)');
  }
  const bytes = elementCount(shape, limits.maxElements, POINTER) * WIRE_BYTES[dtype];
  if (body.length - start !== bytes) {
    const detail = `${body.length - start} bytes follow the header, the shape [${clip(String(shape))}] of ${dtype} takes ${bytes}`;
    faultAt('malformed', POINTER, detail);
  }
  const tensor = checkFinite(NPY_TENSOR, POINTER, tensorFromBytes(body.subarray(start), dtype, shape, lease));
  return { tensors: new Map([[NPY_TENSOR, tensor]]), options: Object.create(null) };
}

/** The dictionary's text and where the array's bytes begin. */
function readHeader(body: Buffer): { text: string; start: number } {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) faultAt('malformed', '', 'The body does not begin as NPY does');
  const [major, minor] = [body[6], body[7]];
  if (minor !== 0 || major === undefined || major < 1 || major > 3)
    faultAt('malformed', '', `Not a version of NPY: ${major}.${minor}`);
  const lengthBytes = major === 1 ? 2 : 4;
  const first = 8 + lengthBytes;
  if (body.length < first) faultAt('malformed', '', 'The body ends in its header length');
  const length = body.readUIntLE(8, lengthBytes);
  if (length > MAX_HEADER_BYTES) faultAt('malformed', '', `A header of ${length} bytes; at most ${MAX_HEADER_BYTES} are read`);
  if (first + length > body.length)
    faultAt('malformed', '', `A header of ${length} bytes does not fit a body of ${body.length} bytes`);
  return { text: body.toString('latin1', first, first + length), start: first + length };
}

/** The dictionary literal: three known keys, once each, and values of the few forms they have. Nothing is evaluated. */
function readFields(text: string): Map<string, string> {
  const inner = /^\{(.*)\}[ \n]*$/s.exec(text)?.[1];
  if (inner === undefined) faultAt('malformed', '', 'The header is no dictionary');
  const field = / *'(descr|fortran_order|shape)' *: *('[^'\\]*'|True|False|\([0-9, ]*\)|\[[^\]]*\]) *(?:,|$) */y;
  const fields = new Map<string, string>();
  while (field.lastIndex < inner.length) {
    const at = field.lastIndex;
    const match = field.exec(inner);
    if (match === null) {
      if (inner.slice(at).trim() === '') break;
      faultAt('malformed', '', `The header cannot be read at ${JSON.stringify(clip(inner.slice(at)))}`);
    }
    const [, key = '', value = ''] = match;
    if (fields.has(key)) faultAt('malformed', '', `The header has ${key} twice`);
    fields.set(key, value);
  }
  if (fields.size !== 3) faultAt('malformed', '', 'The header has descr, fortran_order and shape');
  return fields;
}

function readDType(description: string): DType {
  const dtype = DTYPES.get(description.slice(1, -1));
  if (dtype === undefined) {
    const pointer = pointerTo(POINTER, 'dtype');
    faultAt('invalid_request', pointer, `descr is one of ${[...DTYPES.keys()].join(', ')}; got ${clip(description)}`);
  }
  return dtype;
}

/** A Python tuple of integers: `()`, `(3,)`, `(2, 3)`. */
function readShape(tuple: string): number[] {
  if (!/^\(((\d+ *, *)+(\d+ *)?)?\)$/.test(tuple))
    faultAt('malformed', pointerTo(POINTER, 'shape'), `${clip(tuple)} is no tuple of integers`);
  return Array.from(tuple.matchAll(/\d+/g), ([digits]) => Number(digits));
}

/** The one tensor of a response that goes out: its `output`, or the only one there is. */
function chosenTensor({ tensors }: Envelope): Tensor {
  const [only] = tensors.size === 1 ? tensors.values() : [tensors.get('output')];
  return only ?? fail('internal', 'NPY holds one tensor, and there is no output');
}

/** Encodes a response's `output` alone; the data begin at a multiple of 64 bytes. @returns The header, then the tensor's bytes */
export function npyParts(envelope: Envelope): Uint8Array[] {
  const only = chosenTensor(envelope);
  const tensor: Tensor = only.dtype === 'bfloat16' ? roundedBfloat16(only) : only;
  const tuple = tensor.shape.length === 1 ? `(${tensor.shape[0]},)` : `(${tensor.shape.join(', ')})`;
  const dictionary = `{'descr': '${DESCRIPTIONS[tensor.dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const start = Math.ceil((MAGIC.length + 4 + dictionary.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = Buffer.allocUnsafeSlow(start).fill(' ');
  MAGIC.copy(header);
  header.writeUInt16LE(1, 6);
  header.writeUInt16LE(start - 10, 8);
  header.write(dictionary, 10, 'latin1');
  header[start - 1] = 0x0a;
  return [header, toBytes(tensor)];
}

/** The same as one buffer. */
export function encodeNpy(envelope: Envelope): Buffer {
  return joinParts(npyParts(envelope));
}

function roundedBfloat16(tensor: Tensor): Tensor {
  return { dtype: 'float32', shape: tensor.shape, data: fromBytes(toBytes(tensor), 'bfloat16') };
}

export const npyCodec = {
  name: 'npy',
  mediaTypes: ['application/x-npy'],
  decode: decodeNpy,
  encode: npyParts,
  encodeWork: (envelope) => conversionBytes(chosenTensor(envelope)),
} satisfies Codec;
