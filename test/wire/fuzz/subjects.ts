import { toBytes } from '../../../src/tensor/bytes.ts';
import { convert } from '../../../src/tensor/convert.ts';
import { DTYPES, type DType, type Tensor } from '../../../src/tensor/tensor.ts';
import { type Codec, type Encoding, type Framing, joinParts } from '../../../src/wire/codec.ts';
import { jsonCodec } from '../../../src/wire/json.ts';
import { npyCodec } from '../../../src/wire/npy.ts';
import { OIP_DATATYPES, oipCodec } from '../../../src/wire/oip.ts';
import { safetensorsCodec } from '../../../src/wire/safetensors.ts';
import type { Dice } from './dice.ts';
import { mutateTree, type Tree, treeOf, writeTree } from './tree.ts';

/** What is fuzzed: formats with bodies that are right, taken apart, so that what is mutated still fits together again. */

export interface Sent {
  readonly body: Buffer;
  readonly framing: Framing;
}

/** A body taken apart: its description, and the tensors' bytes. */
export interface Parts {
  readonly head: Tree;
  readonly bytes: Buffer;
}

export interface Subject {
  readonly name: string;
  readonly codec: Codec;
  readonly seeds: readonly Parts[];
  /** Puts it together as the format wants it: lengths are right, whatever the parts say. */
  assemble(parts: Parts): Sent;
}

function tensorOf(dtype: DType, shape: readonly number[]): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return { dtype, shape, data: convert(Array.from({ length: count }, (_, i) => i % 2), dtype) }; // biome-ignore format: one line
}

/** One tensor of each type. */
const TENSORS = new Map<string, Tensor>(DTYPES.map((dtype, i) => [`q${i + 1}`, tensorOf(dtype, [2, 1 + i])]));

/** Numbers of many digits, in rows of one length. */
const FRACTIONS = new Map(
  [[4, 5], [2, 3, 3]].map((shape, i): [string, Tensor] => [`q${i + 1}`, { dtype: 'float64', shape, data: convert(Array.from({ length: shape.reduce((a, b) => a * b) }, (_, at) => Math.sin(at + i) * 10 ** (at - 9)), 'float64') }]),
); // biome-ignore format: a table

const bytesOf = (tensor: Tensor): Buffer => Buffer.from(toBytes(tensor));

function safetensorsParts(metadata: object): Parts {
  const encoded = joinParts(safetensorsCodec.encode({ tensors: TENSORS, options: {} }, {}));
  const length = Number(encoded.readBigUInt64LE(0));
  const header = JSON.parse(encoded.toString('utf8', 8, 8 + length));
  return { head: treeOf({ ...header, ...metadata }), bytes: encoded.subarray(8 + length) };
}

const safetensors: Subject = {
  name: 'safetensors',
  codec: safetensorsCodec,
  seeds: [
    safetensorsParts({ __metadata__: {} }),
    safetensorsParts({ __metadata__: { request: JSON.stringify({ polynomial: 'x1*x2', mask: { type: 'none' } }) } }),
  ],
  assemble: ({ head, bytes }) => {
    const text = Buffer.from(writeTree(head));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(text.length));
    return { body: Buffer.concat([size, text, bytes]), framing: {} };
  },
};

/** The dictionary as a tree of its three values, written in Python. */
const npy: Subject = {
  name: 'npy',
  codec: npyCodec,
  seeds: DTYPES.filter((dtype) => dtype !== 'bfloat16').flatMap((dtype) =>
    [[], [0], [3], [2, 3], [2, 1, 2]].map((shape) => ({
      head: treeOf({
        descr: `${dtype === 'bool' ? '|' : '<'}${{ float16: 'f2', float32: 'f4', float64: 'f8', int32: 'i4', bool: 'b1' }[dtype]}`,
        fortran_order: false,
        shape,
      }),
      bytes: bytesOf(tensorOf(dtype, shape)),
    })),
  ),
  assemble: ({ head, bytes }) => {
    const text = writeTree(head)
      .replaceAll('"', "'")
      .replaceAll('false', 'False')
      .replaceAll('true', 'True')
      .replace(/\[([^[\]]*)\]/, (_, list: string) => (list === '' ? '()' : `(${list},)`));
    const start = Buffer.from('\x93NUMPY\x01\0\0\0', 'latin1');
    start.writeUInt16LE(text.length & 0xffff, 8);
    return { body: Buffer.concat([start, Buffer.from(text, 'latin1'), bytes]), framing: {} };
  },
};

function oipInputs(binary: boolean): object[] {
  return [...TENSORS].map(([name, tensor]) => ({
    name,
    datatype: OIP_DATATYPES[tensor.dtype],
    shape: tensor.shape,
    ...(binary ? { parameters: { binary_data_size: bytesOf(tensor).length } } : { data: Array.from(tensor.data) }),
  }));
}

const REST = {
  id: '42',
  parameters: { mode: 'exact', timeout: 1000 },
  outputs: [{ name: 'output', parameters: { binary_data: true } }],
};
const OIP_BYTES = Buffer.concat([...TENSORS.values()].map(bytesOf));

const oipBinary: Subject = {
  name: 'oip-binary',
  codec: oipCodec,
  seeds: [
    { head: treeOf({ ...REST, inputs: oipInputs(true) }), bytes: OIP_BYTES },
    {
      head: treeOf({ inputs: [...oipInputs(true).slice(0, 3), ...oipInputs(false).slice(3)] }),
      bytes: OIP_BYTES.subarray(
        0,
        [...TENSORS.values()].slice(0, 3).reduce((sum, tensor) => sum + bytesOf(tensor).length, 0),
      ),
    },
  ],
  assemble: ({ head, bytes }) => {
    const json = Buffer.from(writeTree(head));
    return { body: Buffer.concat([json, bytes]), framing: { headerBytes: json.length } };
  },
};

const inJson = ({ head }: Parts): Sent => ({ body: Buffer.from(writeTree(head)), framing: {} });
const NOTHING = Buffer.alloc(0);

const oipJson: Subject = {
  name: 'oip-json',
  codec: oipCodec,
  seeds: [{ head: treeOf({ ...REST, inputs: oipInputs(false) }), bytes: NOTHING }],
  assemble: inJson,
};

function jsonParts(tensors: ReadonlyMap<string, Tensor>, encoding: Encoding): Parts {
  const written = JSON.parse(joinParts(jsonCodec.encode({ tensors: new Map(tensors), options: {} }, { encoding })).toString());
  return { head: treeOf({ polynomial: 'x1*x2', tensors: written }), bytes: NOTHING };
}

const json: Subject = {
  name: 'json',
  codec: jsonCodec,
  seeds: [
    ...(['flat', 'nested', 'base64'] as const).map((encoding) => jsonParts(TENSORS, encoding)),
    ...(['flat', 'nested'] as const).map((encoding) => jsonParts(FRACTIONS, encoding)),
  ],
  assemble: inJson,
};

export const SUBJECTS: readonly Subject[] = [safetensors, npy, oipBinary, oipJson, json];

/** One part changed, the whole put together again. */
export function mutateParts(parts: Parts, dice: Dice): Parts {
  if (dice.below(5) > 0) return { ...parts, head: mutateTree(parts.head, dice) };
  const { bytes } = parts;
  const at = dice.below(bytes.length + 1);
  const way = dice.below(3);
  if (way === 0) return { ...parts, bytes: bytes.subarray(0, at) };
  if (way === 1) return { ...parts, bytes: Buffer.concat([bytes, Buffer.alloc(dice.below(20), dice.below(256))]) };
  const changed = Buffer.from(bytes);
  if (at < changed.length) changed[at] = dice.below(256);
  return { ...parts, bytes: changed };
}
