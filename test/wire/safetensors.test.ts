import { describe, expect, it } from 'vitest';
import { convert } from '../../src/tensor/convert.ts';
import type { DType, Tensor } from '../../src/tensor/tensor.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/wire/safetensors.ts';
import { errorOf, LIMITS } from '../helpers/wire.ts';

/** A body from a header's text (or bytes) and the bytes after it; `length` overrides what the prefix says. */
function bodyOf(header: string | Uint8Array, buffer: Uint8Array | number = 0, length?: bigint): Buffer {
  const text = Buffer.from(header as string);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(text.length));
  return Buffer.concat([prefix, text, typeof buffer === 'number' ? Buffer.alloc(buffer) : buffer]);
}

const decode = (body: Uint8Array, limits = LIMITS) => decodeSafetensors(body, limits);
const entry = (dtype: string, shape: string, begin: number, end: number) =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

function tensorOf(dtype: DType, shape: number[], values: readonly number[], held: DType = dtype): Tensor {
  return { dtype, shape, data: convert(values, held) };
}

describe('golden bytes', () => {
  it('are read', () => {
    const body = Buffer.from(
      '5000000000000000' + // 80 bytes of header
        Buffer.from('{"q1":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"__metadata__":{"a":""}} ').toString('hex') +
        '003c00c1', // 1, -2.5
      'hex',
    );
    const { tensors, options } = decode(body);
    expect(tensors.size).toBe(1);
    expect(tensors.get('q1')).toMatchObject({ dtype: 'float16', shape: [2] });
    expect(Array.from(tensors.get('q1')?.data ?? [])).toEqual([1, -2.5]);
    expect(tensors.get('q1')?.data.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect({ ...options }).toEqual({});
  });

  it('are written: widest first, then by name, header padded to a multiple of 8', () => {
    const tensors = new Map([
      ['output', tensorOf('float32', [1, 2], [1, -2])],
      ['weights.x1,x2', tensorOf('bfloat16', [1], [1 + 2 ** -8 + 2 ** -40], 'float64')],
      ['logSumExp', tensorOf('float64', [1], [-1 / 0])],
      ['more', tensorOf('float32', [], [3])],
    ]);
    const header =
      '{"__metadata__":{"response":"{\\"a\\":\\"\\\\u00e9\\"}"},' +
      '"logSumExp":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},' +
      '"more":{"dtype":"F32","shape":[],"data_offsets":[8,12]},' +
      '"output":{"dtype":"F32","shape":[1,2],"data_offsets":[12,20]},' +
      '"weights.x1,x2":{"dtype":"BF16","shape":[1],"data_offsets":[20,22]}}';
    const bytes = Buffer.byteLength(header);
    const padded = header + ' '.repeat((8 - (bytes % 8)) % 8);
    const wanted = bodyOf(padded, Buffer.from('000000000000f0ff' + '00004040' + '0000803f' + '000000c0' + '813f', 'hex'));
    expect(encodeSafetensors({ tensors, options: { a: 'é' } })).toEqual(wanted);
    expect(wanted.readBigUInt64LE() % 8n).toBe(0n);
  });
});

describe('round trip', () => {
  it('keeps every type, shape and value, at any alignment of the body', () => {
    const values = [1, 0.5, -3, 0, 2, 65504];
    const tensors = new Map<string, Tensor>([
      ['z', tensorOf('float16', [2, 3], values)],
      ['a', tensorOf('bfloat16', [6], [1, 0.5, -3, 0, 2, 65536])],
      ['b', tensorOf('float32', [3, 2], values)],
      ['c', tensorOf('float64', [1, 6], [0.1, ...values.slice(1)])],
      ['d', tensorOf('int32', [6], values)],
      ['e', tensorOf('bool', [3], [1, 0, 1])],
      ['empty', tensorOf('float32', [0, 4], [])],
    ]);
    const body = encodeSafetensors({ tensors, options: {} });
    for (const shift of [0, 1, 2, 3, 5, 7]) {
      const moved = Buffer.concat([Buffer.alloc(shift), body]).subarray(shift);
      const back = decode(moved).tensors;
      expect(new Set(back.keys())).toEqual(new Set(tensors.keys()));
      for (const [name, tensor] of tensors) {
        expect(back.get(name)).toMatchObject({ dtype: tensor.dtype, shape: tensor.shape });
        expect(Array.from(back.get(name)?.data ?? [])).toEqual(Array.from(tensor.data));
      }
    }
  });

  it('carries options in __metadata__.request', () => {
    const request = JSON.stringify({ polynomial: 'x1*x2', scale: '1/d', output: { dtype: 'float16' } });
    const body = bodyOf(JSON.stringify({ __metadata__: { request, format: 'np' } }));
    expect(JSON.stringify(decode(body).options)).toBe(request);
  });
});

describe('the rules of the format', () => {
  const one = entry('F32', '[1]', 0, 4);
  it.each<[string, Buffer, string, string]>([
    ['a body below 8 bytes', Buffer.alloc(7), 'malformed', ''],
    ['an empty body', Buffer.alloc(0), 'malformed', ''],
    ['a header longer than the body', bodyOf('{}', 0, 3n), 'malformed', ''],
    ['a header of 2^53 + 1 bytes', bodyOf('{}', 0, 2n ** 53n + 1n), 'malformed', ''],
    ['a header of 2^63 bytes', bodyOf('{}', 0, 2n ** 63n), 'malformed', ''],
    ['a header of 2^64 - 8 bytes, which wraps', bodyOf('{}', 0, 2n ** 64n - 8n), 'malformed', ''],
    ['a header beyond 1 MiB', bodyOf(`{${' '.repeat(1 << 20)}}`), 'malformed', ''],
    ['no header', bodyOf('', 0), 'malformed', ''],
    ['space before the header', bodyOf(' {}'), 'malformed', ''],
    ['a header that is no object', bodyOf('[]'), 'malformed', ''],
    ['a header cut short', bodyOf(`{"q1":${one}`, 4), 'malformed', ''],
    ['text after the header', bodyOf('{} x'), 'malformed', ''],
    ['a header that is not UTF-8', bodyOf(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), 'malformed', ''],
    ['a hole before the first', bodyOf(`{"q1":${entry('F32', '[1]', 4, 8)}}`, 8), 'malformed', '/tensors/q1/data_offsets'],
    ['a hole between', bodyOf(`{"q1":${one},"q2":${entry('F32', '[1]', 8, 12)}}`, 12), 'malformed', '/tensors/q2/data_offsets'],
    [
      'an overlap',
      bodyOf(`{"q1":${entry('F32', '[2]', 0, 8)},"q2":${entry('F32', '[2]', 4, 12)}}`, 12),
      'malformed',
      '/tensors/q2/data_offsets',
    ],
    ['the same range twice', bodyOf(`{"q1":${one},"q2":${one}}`, 4), 'malformed', '/tensors/q2/data_offsets'],
    ['bytes after the last', bodyOf(`{"q1":${one}}`, 5), 'malformed', ''],
    ['bytes without a tensor', bodyOf('{}', 1), 'malformed', ''],
    ['a range beyond the body', bodyOf(`{"q1":${one}}`, 3), 'malformed', ''],
    ['a range backwards', bodyOf(`{"q1":${entry('F32', '[1]', 4, 0)}}`, 4), 'malformed', '/tensors/q1/data_offsets'],
    ['a negative offset', bodyOf(`{"q1":${entry('F32', '[1]', -4, 0)}}`, 4), 'malformed', '/tensors/q1/data_offsets'],
    ['an offset of 2^53', bodyOf(`{"q1":${entry('F32', '[1]', 0, 2 ** 53)}}`, 4), 'malformed', '/tensors/q1/data_offsets'],
    [
      'three offsets',
      bodyOf('{"q1":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}', 4),
      'malformed',
      '/tensors/q1/data_offsets',
    ],
    ['a range unlike its shape', bodyOf(`{"q1":${entry('F32', '[2]', 0, 4)}}`, 4), 'malformed', '/tensors/q1/data_offsets'],
    [
      'a shape whose product overflows',
      bodyOf(`{"q1":${entry('F32', '[4294967296,4294967296]', 0, 0)}}`),
      'too_large',
      '/tensors/q1',
    ],
    [
      'a shape that overflows beside a 0',
      bodyOf(`{"q1":${entry('F32', '[0,9007199254740991,9007199254740991]', 0, 0)}}`),
      'too_large',
      '/tensors/q1',
    ],
    ['a negative size', bodyOf(`{"q1":${entry('F32', '[-1]', 0, 4)}}`, 4), 'malformed', '/tensors/q1/shape'],
    ['a broken size', bodyOf(`{"q1":${entry('F32', '[0.5]', 0, 2)}}`, 2), 'malformed', '/tensors/q1/shape'],
    ['a size in words', bodyOf(`{"q1":${entry('F32', '["1"]', 0, 4)}}`, 4), 'malformed', '/tensors/q1/shape'],
    ['a type that is not ours', bodyOf(`{"q1":${entry('F8_E4M3', '[4]', 0, 4)}}`, 4), 'invalid_request', '/tensors/q1/dtype'],
    ['a type of the prototype', bodyOf(`{"q1":${entry('constructor', '[4]', 0, 4)}}`, 4), 'invalid_request', '/tensors/q1/dtype'],
    ['a duplicate name', bodyOf(`{"q1":${one},"q1":${one}}`, 4), 'malformed', '/q1'],
    ['a duplicate name, escaped', bodyOf(`{"q1":${one},"\\u00711":${one}}`, 4), 'malformed', '/q1'],
    [
      'a duplicate inside an entry',
      bodyOf('{"q1":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
      'malformed',
      '/q1/dtype',
    ],
    ['a member too many', bodyOf('{"q1":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}', 4), 'malformed', '/tensors/q1'],
    ['a member too few', bodyOf('{"q1":{"dtype":"F32","data_offsets":[0,4]}}', 4), 'malformed', '/tensors/q1'],
    ['an entry that is no object', bodyOf('{"q1":[1,2]}'), 'malformed', '/tensors/q1'],
    ['__proto__ as a name', bodyOf(`{"__proto__":${one}}`, 4), 'malformed', '/__proto__'],
    ['metadata that are no object', bodyOf('{"__metadata__":"x"}'), 'malformed', '/__metadata__'],
    ['metadata that are no strings', bodyOf('{"__metadata__":{"request":{}}}'), 'malformed', '/__metadata__/request'],
    ['a request that is no JSON', bodyOf('{"__metadata__":{"request":"{a"}}'), 'malformed', ''],
    ['a request with a key twice', bodyOf('{"__metadata__":{"request":"{\\"a\\":1,\\"a\\":2}"}}'), 'malformed', '/a'],
    ['a request with tensors', bodyOf('{"__metadata__":{"request":"{\\"tensors\\":{}}"}}'), 'invalid_request', '/tensors'],
    ['NaN', bodyOf(`{"q1":${one}}`, Buffer.from('0000c07f', 'hex')), 'non_finite_input', '/tensors/q1'],
    [
      'infinity in bfloat16',
      bodyOf(`{"q1":${entry('BF16', '[2]', 0, 4)}}`, Buffer.from('803f80ff', 'hex')),
      'non_finite_input',
      '/tensors/q1',
    ],
    [
      'too many tensors',
      bodyOf(`{${Array.from({ length: 65 }, (_, i) => `"a${i}":${entry('F32', '[0]', 0, 0)}`)}}`),
      'invalid_request',
      '',
    ],
  ])('refuse %s', (_, body, code, pointer) => {
    const error = errorOf(() => decode(body));
    expect({ code: error.code, pointer: error.extra.errors?.[0]?.pointer }).toEqual({ code, pointer });
  });

  it('let -Infinity into a bias', () => {
    const body = bodyOf(`{"b2":${one}}`, Buffer.from('000080ff', 'hex'));
    expect(decode(body).tensors.get('b2')?.data[0]).toBe(-1 / 0);
  });

  it('take ranges in any order of names, and empty tensors where others meet', () => {
    const header = `{"q2":${entry('F32', '[1]', 4, 8)},"q1":${one},"v":${entry('F64', '[0]', 4, 4)}}   `;
    const { tensors } = decode(bodyOf(header, Buffer.from(Float32Array.of(7, 8).buffer)));
    expect([...tensors].map(([name, { data }]) => [name, ...data])).toEqual([['q2', 8], ['q1', 7], ['v']]);
  });

  it('name the setting of a limit', () => {
    const body = bodyOf(`{"q1":${one}}`, 4);
    expect(errorOf(() => decode(body, { ...LIMITS, maxBodyBytes: 20 }))).toMatchObject({
      code: 'too_large',
      extra: { limit: 20, actual: body.length, setting: 'MAX_BODY_BYTES' },
    });
  });
});
