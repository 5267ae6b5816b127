import type { Envelope } from '../contract/envelope.ts';
import { WIRE_BYTES } from '../tensor/allocate.ts';
import { tensorFromBytes } from '../tensor/bytes.ts';
import type { Lease } from '../tensor/lease.ts';
import { elementCount, isShape } from '../tensor/shape.ts';
import type { DType, Tensor } from '../tensor/tensor.ts';
import type { Framing } from './codec.ts';
import { checkFinite, clip, faultAt, pointerTo } from './fault.ts';
import { NumberArray } from './json-array.ts';
import { type JsonObject, type JsonValue, readJsonObject } from './json-reader.ts';
import { toTensor } from './json-tensor.ts';
import { checkBytes, MAX_TENSORS, type WireLimits } from './limits.ts';
import { OIP_DATATYPES, type OipOptions, type OipParameters } from './oip-types.ts';

const DTYPES = new Map(Object.entries(OIP_DATATYPES).map(([dtype, name]) => [name as string, dtype as DType]));
const HEADER = 'Inference-Header-Content-Length';

/** An input as the JSON describes it, before its numbers are looked at. */
interface Input {
  readonly name: string;
  readonly pointer: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: JsonValue | undefined;
  /** binary_data_size; undefined where the numbers stand in the JSON. */
  readonly bytes: number | undefined;
}

/** Bytes behind the JSON, read from the front in the order of the inputs. */
interface BinaryData {
  readonly bytes: Uint8Array;
  at: number;
}

/** What all inputs are read with. */
interface Reading {
  /** Undefined where all of the body is JSON. */
  readonly binary: BinaryData | undefined;
  readonly limits: WireLimits;
  readonly lease: Lease | undefined;
}

function isNumbers(path: readonly (string | number)[]): boolean {
  return path.length === 3 && path[0] === 'inputs' && path[2] === 'data';
}

/**
 * Decodes an inference request; `framing.headerBytes` is its Inference-Header-Content-Length, without which the whole body is JSON.
 * Members that are not known are left alone, as clients send some of their own.
 * @throws ServiceError `malformed` for sizes that contradict each other; `invalid_request`; `non_finite_input`; `too_large`;
 * `not_implemented` for shared memory
 */
export function decodeOip(body: Uint8Array, limits: WireLimits, { headerBytes }: Framing = {}, lease?: Lease): Envelope {
  checkBytes(body.byteLength, limits.maxBodyBytes, 'MAX_BODY_BYTES');
  if (headerBytes === 0)
    faultAt('malformed', '', `${HEADER} is 0: a raw tensor without JSON is not taken, these models have several inputs`);
  if (headerBytes !== undefined && headerBytes > body.length) {
    faultAt('malformed', '', `${HEADER} is ${headerBytes} and the body has ${body.length} bytes`);
  }
  const jsonBytes = headerBytes ?? body.length;
  checkBytes(jsonBytes, limits.maxJsonBytes, 'MAX_JSON_BYTES');
  const json = readJsonObject(body.subarray(0, jsonBytes), { isNumbers, maxElements: limits.maxElements });
  const inputs = readList(json.inputs, '/inputs').map((value, index) => readInput(value, `/inputs/${index}`));
  checkNames(inputs, '/inputs');
  const binary = { bytes: body.subarray(jsonBytes), at: 0 };
  const reading = { binary: headerBytes === undefined ? undefined : binary, limits, lease };
  const tensors = new Map<string, Tensor>();
  for (const input of inputs) tensors.set(input.name, readTensor(input, reading));
  const extra = binary.bytes.length - binary.at;
  if (extra > 0) faultAt('malformed', '', `Unexpected additional input data: ${extra} bytes follow the last input`);
  return { tensors, options: { ...readOptions(json) } };
}

function readOptions(json: JsonObject): OipOptions {
  const { id } = json;
  if (id !== undefined && typeof id !== 'string') faultAt('invalid_request', '/id', 'id is a string');
  const outputs = json.outputs === undefined ? undefined : readList(json.outputs, '/outputs').map(readOutput);
  if (outputs !== undefined) checkNames(outputs, '/outputs');
  return {
    ...(id !== undefined && { id }),
    parameters: readParameters(json.parameters, '/parameters'),
    ...(outputs !== undefined && { outputs }),
  };
}

function readOutput(value: JsonValue, index: number): NonNullable<OipOptions['outputs']>[number] {
  const pointer = `/outputs/${index}`;
  const output = asObject(value) ?? faultAt('invalid_request', pointer, 'An output is an object with a name');
  const parameters = readParameters(output.parameters, pointerTo(pointer, 'parameters'));
  refuseSharedMemory(parameters, pointer);
  return { name: readName(output, pointer), parameters };
}

function readInput(value: JsonValue, pointer: string): Input {
  const input = asObject(value) ?? faultAt('invalid_request', pointer, 'An input is an object with name, shape, datatype and data');
  const name = readName(input, pointer);
  const { shape, datatype, data } = input;
  const dtype = typeof datatype === 'string' ? DTYPES.get(datatype) : undefined;
  if (dtype === undefined) {
    const given = typeof datatype === 'string' ? clip(datatype) : 'nothing';
    const detail = `datatype of input ${clip(name)} is one of ${[...DTYPES.keys()].join(', ')}; got ${given}`;
    faultAt('invalid_request', pointerTo(pointer, 'datatype'), detail);
  }
  if (!isShape(shape))
    faultAt('invalid_request', pointerTo(pointer, 'shape'), 'shape is an array of at most 32 non-negative integers');
  const parameters = readParameters(input.parameters, pointerTo(pointer, 'parameters'));
  refuseSharedMemory(parameters, pointer);
  return { name, pointer, dtype, shape, data, bytes: readSize(parameters, data, name, pointer) };
}

/** Exactly one of data and binary_data_size. */
function readSize(parameters: OipParameters, data: JsonValue | undefined, name: string, pointer: string): number | undefined {
  const { binary_data_size: size } = parameters;
  if ((data === undefined) === (size === undefined)) {
    faultAt('malformed', pointer, `Input ${clip(name)} has one of data and parameters.binary_data_size`);
  }
  if (size !== undefined && (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)) {
    faultAt('malformed', pointerTo(pointer, 'parameters', 'binary_data_size'), 'binary_data_size is a number of bytes');
  }
  return size;
}

function readTensor(input: Input, { binary, limits, lease }: Reading): Tensor {
  const { name, pointer, dtype, shape, data, bytes } = input;
  if (bytes === undefined) {
    const value: JsonObject = Object.assign(Object.create(null), { dtype, shape, data: data as JsonValue });
    if (!(data instanceof NumberArray)) faultAt('invalid_request', pointerTo(pointer, 'data'), 'data is an array of numbers');
    return toTensor({ name, pointer, lease }, value, limits);
  }
  const place = pointerTo(pointer, 'parameters', 'binary_data_size');
  if (binary === undefined) faultAt('malformed', place, `binary_data_size needs the header ${HEADER}`);
  const wanted = elementCount(shape, limits.maxElements, pointer) * WIRE_BYTES[dtype];
  if (bytes !== wanted) {
    const type = OIP_DATATYPES[dtype];
    faultAt(
      'malformed',
      place,
      `binary_data_size is ${bytes}, the shape [${clip(String(shape))}] of ${type} takes ${wanted} bytes`,
    );
  }
  const left = binary.bytes.length - binary.at;
  if (bytes > left) faultAt('malformed', place, `Expecting ${bytes - left} additional bytes for input ${clip(name)}`);
  const tensor = tensorFromBytes(binary.bytes.subarray(binary.at, binary.at + bytes), dtype, shape, lease);
  binary.at += bytes;
  return checkFinite(name, pointer, tensor);
}

function readList(value: JsonValue | undefined, pointer: string): JsonValue[] {
  if (!Array.isArray(value)) faultAt('invalid_request', pointer, `${pointer.slice(1)} is an array of tensors`);
  if (value.length > MAX_TENSORS) faultAt('invalid_request', pointer, `More than ${MAX_TENSORS} tensors`);
  return value;
}

function readName({ name }: JsonObject, pointer: string): string {
  if (typeof name !== 'string' || name === '')
    faultAt('invalid_request', pointerTo(pointer, 'name'), 'name is a string that is not empty');
  return name;
}

function checkNames(all: readonly { readonly name: string }[], pointer: string): void {
  const seen = new Set<string>();
  for (const [index, { name }] of all.entries()) {
    if (seen.has(name)) faultAt('invalid_request', pointerTo(pointer, index, 'name'), `The name ${clip(name)} stands twice`);
    seen.add(name);
  }
}

function readParameters(value: JsonValue | undefined, pointer: string): OipParameters {
  const parameters: Record<string, string | number | boolean> = {};
  if (value === undefined || value === null) return parameters;
  const given = asObject(value) ?? faultAt('invalid_request', pointer, 'parameters is an object');
  for (const [key, one] of Object.entries(given)) {
    if (typeof one !== 'string' && typeof one !== 'number' && typeof one !== 'boolean') {
      faultAt('invalid_request', pointerTo(pointer, key), 'A parameter is a string, a number or a boolean');
    }
    parameters[key] = one;
  }
  return parameters;
}

function refuseSharedMemory(parameters: OipParameters, pointer: string): void {
  const key = Object.keys(parameters).find((name) => name.startsWith('shared_memory'));
  if (key === undefined) return;
  faultAt(
    'not_implemented',
    pointerTo(pointer, 'parameters', key),
    'Shared memory is not served here: send the tensor in the body',
  );
}

function asObject(value: JsonValue | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null ? (value as JsonObject) : undefined;
}
