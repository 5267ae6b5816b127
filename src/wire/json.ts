import type { Envelope } from '../contract/envelope.ts';
import type { Lease } from '../tensor/lease.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Codec, Framing } from './codec.ts';
import { faultAt, pointerTo } from './fault.ts';
import { NumberArray } from './json-array.ts';
import { type JsonValue, readJsonObject } from './json-reader.ts';
import { toTensor } from './json-tensor.ts';
import { encodeJson, PRINTED_BYTES } from './json-writer.ts';
import { checkBytes, MAX_TENSORS, type WireLimits } from './limits.ts';

/** `/tensors/q1` and `/tensors/q1/data` hold numbers. */
function isNumbers(path: readonly (string | number)[]): boolean {
  return path[0] === 'tensors' && (path.length === 2 || (path.length === 3 && path[2] === 'data'));
}

/**
 * Decodes a JSON body (api.md §2): the tensors of its member `tensors`, and everything else as options. Names are not judged here.
 * @throws ServiceError `malformed`, `invalid_request`, `non_finite_input`, `too_large`, all with a pointer
 */
export function decodeJson(body: Uint8Array, limits: WireLimits, _framing?: Framing, lease?: Lease): Envelope {
  checkBytes(body.byteLength, limits.maxJsonBytes, 'MAX_JSON_BYTES');
  const options = readJsonObject(body, { isNumbers, maxElements: limits.maxElements });
  const { tensors } = options;
  delete options.tensors;
  return { tensors: readTensors(tensors, limits, lease), options };
}

function readTensors(value: JsonValue | undefined, limits: WireLimits, lease: Lease | undefined): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  if (value === undefined) return tensors;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof NumberArray) {
    faultAt('invalid_request', '/tensors', 'tensors is an object of tensors by name');
  }
  const entries = Object.entries(value);
  if (entries.length > MAX_TENSORS) faultAt('invalid_request', '/tensors', `More than ${MAX_TENSORS} tensors`);
  for (const [name, tensor] of entries) {
    tensors.set(name, toTensor({ name, pointer: pointerTo('/tensors', name), lease }, tensor, limits));
  }
  return tensors;
}

export { encodeJson };

export const jsonCodec = {
  name: 'json',
  mediaTypes: ['application/json'],
  decode: decodeJson,
  encode: (envelope, format) => [encodeJson(envelope, format)],
  encodeWork: ({ tensors }) => [...tensors.values()].reduce((bytes, { data }) => bytes + data.length * PRINTED_BYTES, 0),
} satisfies Codec;
