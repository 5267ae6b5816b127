import { describe, expect, it } from 'vitest';
import { convert } from '../../src/tensor/convert.ts';
import type { DType, Tensor } from '../../src/tensor/tensor.ts';
import { decodeNpy, encodeNpy, NPY_TENSOR } from '../../src/wire/npy.ts';
import { errorOf, LIMITS } from '../helpers/wire.ts';

function bodyOf(dictionary: string, data: Uint8Array | number = 0, version = 1, length?: number): Buffer {
  const text = Buffer.from(dictionary, 'latin1');
  const prefix = Buffer.alloc(version === 1 ? 10 : 12);
  prefix.write('\x93NUMPY', 'latin1');
  prefix[6] = version;
  prefix.writeUIntLE(length ?? text.length, 8, version === 1 ? 2 : 4);
  return Buffer.concat([prefix, text, typeof data === 'number' ? Buffer.alloc(data) : data]);
}

const dictionary = (descr: string, shape: string, order = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
const decode = (body: Uint8Array) => decodeNpy(body, LIMITS).tensors.get(NPY_TENSOR);

function encode(dtype: DType, shape: number[], values: readonly number[], held: DType = dtype): Buffer {
  const output: Tensor = { dtype, shape, data: convert(values, held) };
  return encodeNpy({ tensors: new Map([['output', output]]), options: {} });
}

describe('golden bytes', () => {
  // What numpy.save writes for numpy.array([[1, 2, 3], [4, 5, 6]], dtype="<f4"), by the format's text: 128 bytes, then the data.
  const golden = bodyOf(
    `${dictionary('<f4', '(2, 3)').trimEnd().padEnd(117)}\n`,
    Buffer.from('0000803f000000400000404000008040' + '0000a0400000c040', 'hex'),
  );

  it('are read', () => {
    expect(golden.length).toBe(128 + 24);
    expect(decode(golden)).toMatchObject({ dtype: 'float32', shape: [2, 3] });
    expect(Array.from(decode(golden)?.data ?? [])).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('are written', () => {
    expect(encode('float32', [2, 3], [1, 2, 3, 4, 5, 6])).toEqual(golden);
  });
});

describe('round trip', () => {
  it.each<[DType, number[], number[]]>([
    ['float16', [3], [1, 0.0999755859375, -65504]],
    ['float32', [1, 1, 2], [0.5, -0]],
    ['float64', [2, 1], [0.1, 1e300]],
    ['int32', [2], [-2147483648, 7]],
    ['bool', [2, 2], [1, 0, 0, 1]],
    ['float32', [], [3]],
    ['float32', [0, 5], []],
  ])('%s %j', (dtype, shape, values) => {
    const body = encode(dtype, shape, values);
    expect(body.indexOf(0x0a) % 64).toBe(63);
    expect(decode(body)).toMatchObject({ dtype, shape });
    expect(Array.from(decode(body)?.data ?? [])).toEqual(values);
  });

  it('writes bfloat16 as float32 of the rounded values', () => {
    const back = decode(encode('bfloat16', [2], [1 + 2 ** -8 + 2 ** -40, -3], 'float64'));
    expect(back).toMatchObject({ dtype: 'float32', shape: [2] });
    expect(Array.from(back?.data ?? [])).toEqual([1 + 2 ** -7, -3]);
  });

  it('writes output alone', () => {
    const of = (value: number): Tensor => ({ dtype: 'float32', shape: [1], data: convert([value], 'float32') });
    const tensors = new Map([['logSumExp', of(1)], ['output', of(2)]]); // biome-ignore format: one line
    expect(decode(encodeNpy({ tensors, options: { plan: 1 } }))?.data[0]).toBe(2);
  });
});

describe('other writers', () => {
  it.each([
    ['keys in another order, no trailing comma', bodyOf("{'shape':(2,),'descr':'<f4','fortran_order':False}", 8)],
    ['version 2', bodyOf(dictionary('<f4', '(2,)'), 8, 2)],
    ['version 3', bodyOf(dictionary('<f4', '(2,)'), 8, 3)],
    ['column-major of one dimension', bodyOf(dictionary('<f4', '(2,)', 'True'), 8)],
  ])('%s', (_, body) => {
    expect(decode(body)).toMatchObject({ dtype: 'float32', shape: [2] });
  });
});

describe('refused', () => {
  const good = dictionary('<f4', '(1,)');
  it.each<[string, Buffer, string]>([
    ['an empty body', Buffer.alloc(0), 'malformed'],
    ['another magic', Buffer.concat([Buffer.from('\x92', 'latin1'), bodyOf(good, 4).subarray(1)]), 'malformed'],
    ['version 4', bodyOf(good, 4, 4), 'malformed'],
    ['a cut header length', bodyOf(good, 4).subarray(0, 9), 'malformed'],
    ['a header longer than the body', bodyOf(good, 4, 1, 500), 'malformed'],
    ['a header beyond 10,000 bytes', bodyOf(good.trimEnd().padEnd(10_001), 4), 'malformed'],
    ['a header of 2^32 - 1 bytes', bodyOf(good, 4, 2, 2 ** 32 - 1), 'malformed'],
    ['pickled objects', bodyOf(dictionary('|O', '(1,)'), 8), 'invalid_request'],
    ['big-endian', bodyOf(dictionary('>f4', '(1,)'), 4), 'invalid_request'],
    ['void', bodyOf(dictionary('|V2', '(1,)'), 2), 'invalid_request'],
    ['records', bodyOf("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4), 'invalid_request'],
    ['column-major', bodyOf(dictionary('<f4', '(1, 2)', 'True'), 8), 'invalid_request'],
    ['an expression', bodyOf("{'descr': '<f4', 'fortran_order': __import__('os'), 'shape': (1,), }", 4), 'malformed'],
    ['no dictionary', bodyOf("('descr', 1)", 4), 'malformed'],
    ['an order in numbers', bodyOf(dictionary('<f4', '(1,)', '()'), 4), 'malformed'],
    ['a key missing', bodyOf("{'descr': '<f4', 'shape': (1,), }", 4), 'malformed'],
    ['a key twice', bodyOf("{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", 4), 'malformed'],
    ['another key', bodyOf("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': True}", 4), 'malformed'],
    ['a shape that is no tuple', bodyOf(dictionary('<f4', '(1)'), 4), 'malformed'],
    ['a shape with a hole', bodyOf(dictionary('<f4', '(1,,1)'), 4), 'malformed'],
    ['a negative size', bodyOf(dictionary('<f4', '(-1,)'), 4), 'malformed'],
    ['too few bytes', bodyOf(dictionary('<f4', '(2,)'), 7), 'malformed'],
    ['too many bytes', bodyOf(dictionary('<f4', '(2,)'), 9), 'malformed'],
    ['a product that overflows', bodyOf(dictionary('<f4', '(4294967296, 4294967296, 0)')), 'too_large'],
    ['a size beyond all numbers', bodyOf(dictionary('<f4', `(${'9'.repeat(400)},)`)), 'invalid_request'],
    ['NaN', bodyOf(good, Buffer.from('0000c07f', 'hex')), 'non_finite_input'],
  ])('%s', (_, body, code) => {
    expect(errorOf(() => decode(body)).code).toBe(code);
  });
});
