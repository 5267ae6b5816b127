import { WIRE_BYTES } from '../tensor/allocate.ts';
import { fromBytes } from '../tensor/bytes.ts';
import { convert } from '../tensor/convert.ts';
import { largestOf, sizeOf } from '../tensor/largest.ts';
import type { Lease } from '../tensor/lease.ts';
import { elementCount, isSameShape, isShape } from '../tensor/shape.ts';
import { DTYPES, type DType, type Tensor, type TensorData } from '../tensor/tensor.ts';
import { checkFinite, clip, faultAt, isBias, pointerTo, refuseNonFinite } from './fault.ts';
import { NumberArray } from './json-array.ts';
import type { JsonObject, JsonValue } from './json-reader.ts';
import type { WireLimits } from './limits.ts';

const MEMBERS = ['shape', 'dtype', 'data', 'base64'];

/** Where a tensor stands and what it is called, and whose memory it gets. */
export interface Place {
  readonly name: string;
  readonly pointer: string;
  readonly lease?: Lease | undefined;
}

/**
 * A tensor as JSON writes it: a nested array (float32), `{shape, dtype, data}` with flat or nested data, or `{shape, dtype, base64}`.
 * @throws ServiceError `invalid_request`, `non_finite_input`, `too_large`, with a pointer
 */
export function toTensor(place: Place, value: JsonValue, limits: WireLimits): Tensor {
  if (value instanceof NumberArray) return fromNumbers(place, value, 'float32', value.shape, place.pointer, limits);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    faultAt(
      'invalid_request',
      place.pointer,
      'A tensor is a nested array of numbers, {shape, dtype, data} or {shape, dtype, base64}',
    );
  }
  return fromObject(place, value, limits);
}

function fromObject(place: Place, object: JsonObject, limits: WireLimits): Tensor {
  for (const key of Object.keys(object)) {
    if (!MEMBERS.includes(key)) {
      faultAt('invalid_request', pointerTo(place.pointer, key), `A tensor has only the members ${MEMBERS.join(', ')}`);
    }
  }
  const dtype = readDType(place, object.dtype);
  const { data, base64 } = object;
  if ((data === undefined) === (base64 === undefined))
    faultAt('invalid_request', place.pointer, 'A tensor has one of data and base64');
  const shape =
    object.shape === undefined && data instanceof NumberArray && data.shape.length > 1 ? data.shape : readShape(place, object);
  if (base64 !== undefined) return fromBase64(place, base64, dtype, shape, limits);
  const pointer = pointerTo(place.pointer, 'data');
  if (!(data instanceof NumberArray)) faultAt('invalid_request', pointer, 'data is an array of numbers, flat or nested');
  return fromNumbers(place, data, dtype, shape, pointer, limits);
}

function readDType(place: Place, value: JsonValue | undefined): DType {
  if (value === undefined) return 'float32';
  const dtype = DTYPES.find((known) => known === value);
  if (dtype === undefined) faultAt('invalid_request', pointerTo(place.pointer, 'dtype'), `dtype is one of ${DTYPES.join(', ')}`);
  return dtype;
}

function readShape(place: Place, object: JsonObject): readonly number[] {
  if (isShape(object.shape)) return object.shape;
  const missing = object.shape === undefined ? 'shape is missing: it' : 'shape';
  faultAt('invalid_request', pointerTo(place.pointer, 'shape'), `${missing} is an array of at most 32 non-negative integers`);
}

/** `pointer` is where the numbers stand; `shape` is what was declared. */
function fromNumbers(
  place: Place,
  numbers: NumberArray,
  dtype: DType,
  shape: readonly number[],
  pointer: string,
  limits: WireLimits,
): Tensor {
  const count = elementCount(shape, limits.maxElements, place.pointer);
  const { values } = numbers;
  if (values.length !== count || (numbers.shape.length > 1 && !isSameShape(numbers.shape, shape))) {
    faultAt(
      'invalid_request',
      pointer,
      `The numbers have the shape [${clip(String(numbers.shape))}], the shape [${clip(String(shape))}] was declared`,
    );
  }
  const at = (flat: number) => pointerTo(pointer, ...numbers.indices(flat));
  if (numbers.firstBoolean >= 0 && dtype !== 'bool') {
    faultAt('invalid_request', at(numbers.firstBoolean), `Expected a number, got a boolean, in a tensor of ${dtype}`);
  }
  if (numbers.firstInfinity >= 0 && !(isBias(place.name) && dtype !== 'int32' && dtype !== 'bool')) {
    faultAt('invalid_request', at(numbers.firstInfinity), 'Expected a number, got a string: only a bias may hold "-Infinity"');
  }
  return store(place, values, dtype, shape, at);
}

function store(place: Place, values: Float64Array, dtype: DType, shape: readonly number[], at: (flat: number) => string): Tensor {
  if (dtype === 'int32' || dtype === 'bool') {
    if (sizeOf(values) === Number.POSITIVE_INFINITY) refuseOverflow(place, values, values);
    const wrong = values.findIndex((value) => (dtype === 'int32' ? (value | 0) !== value : value !== 0 && value !== 1));
    const wanted = dtype === 'int32' ? 'an integer of 32 bits' : 'true, false, 0 or 1';
    if (wrong >= 0) faultAt('invalid_request', at(wrong), `Expected ${wanted}, got ${values[wrong]}`);
    return { dtype, shape, data: convert(values, dtype, place.lease) };
  }
  const data = convert(values, dtype, place.lease);
  const largest = sizeOf(data);
  if (largest < Number.POSITIVE_INFINITY) return { dtype, shape, data, largest };
  refuseOverflow(place, values, data);
  return { dtype, shape, data, largest: largestOf({ dtype, shape, data }) };
}

/** What was finite (or too large a number) in the text and is not in the tensor; a bias's own "-Infinity" stays. */
function refuseOverflow(place: Place, values: Float64Array, data: Float64Array | TensorData): void {
  let count = 0;
  let firstIndex = -1;
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i]) || values[i] === Number.NEGATIVE_INFINITY) continue;
    if (count++ === 0) firstIndex = i;
  }
  refuseNonFinite(place.name, place.pointer, { count, firstIndex });
}

/** Strict base64 (RFC 4648 §4): the standard alphabet, padded, nothing else, no stray bits. */
function fromBase64(place: Place, value: JsonValue, dtype: DType, shape: readonly number[], limits: WireLimits): Tensor {
  const pointer = pointerTo(place.pointer, 'base64');
  if (typeof value !== 'string') faultAt('invalid_request', pointer, 'base64 is a string');
  const wanted = elementCount(shape, limits.maxElements, place.pointer) * WIRE_BYTES[dtype];
  const characters = 4 * Math.ceil(wanted / 3);
  if (value.length !== characters) {
    const detail = `${value.length} characters of base64, where the shape [${clip(String(shape))}] of ${dtype} takes ${wanted} bytes in ${characters} characters`;
    faultAt('invalid_request', pointer, detail);
  }
  const bytes = Buffer.from(value, 'base64');
  // The decoder skips what it does not know; encoding again shows whether it had to.
  if (bytes.length !== wanted || bytes.toString('base64') !== value) {
    faultAt(
      'invalid_request',
      pointer,
      `Not strict base64 near ${JSON.stringify(clip(value.match(/[^A-Za-z0-9+/=].*/s)?.[0] ?? value.slice(-8)))}`,
    );
  }
  return checkFinite(place.name, place.pointer, { dtype, shape, data: fromBytes(bytes, dtype, place.lease) });
}
