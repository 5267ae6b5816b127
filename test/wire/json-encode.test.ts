import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convert } from '../../src/tensor/convert.ts';
import type { DType, Tensor } from '../../src/tensor/tensor.ts';
import { decodeJson, encodeJson } from '../../src/wire/json.ts';
import { DECIMAL_FORMATS, writeDecimal } from '../../src/wire/json-decimal.ts';
import { FLOAT_TYPES, roundExactly, valueOfBits } from '../helpers/exact.ts';
import { errorOf, LIMITS } from '../helpers/wire.ts';

function tensorOf(dtype: DType, shape: number[], values: readonly number[], held: DType = dtype): Tensor {
  return { dtype, shape, data: convert(values, held) };
}

function encode(
  tensors: Record<string, Tensor>,
  options: Record<string, unknown> = {},
  encoding: 'flat' | 'nested' | 'base64' = 'flat',
): string {
  return encodeJson({ tensors: new Map(Object.entries(tensors)), options }, { encoding }).toString('latin1');
}

describe('the response', () => {
  it('has output, logSumExp and weights first, weights nested by name, then the rest in its own order', () => {
    const one = tensorOf('float32', [1], [1]);
    const text = encode(
      { 'weights.x1,x2': one, logSumExp: one, output: one, 'weights.x1,x3': one },
      { plan: { class: 'tree' }, emptyRows: 0, left: undefined },
    );
    const tensor = '{"shape":[1],"dtype":"float32","data":[1]}';
    expect(text).toBe(
      `{"output":${tensor},"logSumExp":${tensor},"weights":{"x1,x2":${tensor},"x1,x3":${tensor}},"plan":{"class":"tree"},"emptyRows":0}`,
    );
  });

  it('is ASCII, whatever the options say', () => {
    const text = encode({}, { 'réason "x"': 'λ 😀\u2028' });
    expect(text).toBe('{"r\\u00e9ason \\"x\\"":"\\u03bb \\ud83d\\ude00\\u2028"}');
    expect(JSON.parse(text)).toEqual({ 'réason "x"': 'λ 😀\u2028' });
    expect(encode({})).toBe('{}');
  });

  it.each([
    [[2, 3], '[[1,2,3],[4,5,6]]'],
    [[2, 1, 3], '[[[1,2,3]],[[4,5,6]]]'],
    [[6], '[1,2,3,4,5,6]'],
  ])('nests %j', (shape, wanted) => {
    const tensor = tensorOf('int32', shape, [1, 2, 3, 4, 5, 6]);
    expect(encode({ output: tensor }, {}, 'nested')).toBe(`{"output":{"shape":[${shape}],"dtype":"int32","data":${wanted}}}`);
  });

  it('nests tensors without elements or dimensions', () => {
    expect(encode({ output: tensorOf('float32', [2, 0], []) }, {}, 'nested')).toContain('"data":[[],[]]');
    expect(encode({ output: tensorOf('float32', [0, 2], []) }, {}, 'nested')).toContain('"data":[]');
    expect(encode({ output: tensorOf('float32', [], [5]) }, {}, 'nested')).toContain('"data":5');
    expect(encode({ output: tensorOf('bool', [2], [1, 0]) })).toContain('"data":[true,false]');
  });

  it('refuses non-finite numbers but carries them in base64', () => {
    const tensors = { logSumExp: tensorOf('float32', [4], [1, -1 / 0, Number.NaN, 2]) };
    const error = errorOf(() => encode(tensors));
    expect(error.code).toBe('non_finite_output');
    expect(error.message).toMatch(/2 of the 4 values of logSumExp, the first at flat index 1.*base64.*binary/);
    expect(errorOf(() => encode(tensors, {}, 'nested')).code).toBe('non_finite_output');
    expect(encode(tensors, {}, 'base64')).toContain('"base64":"AACAPwAAgP8AAMB/AAAAQA=="');
    // Finite as computed, infinite in the type that was asked for.
    expect(errorOf(() => encode({ output: tensorOf('float16', [1], [7e4], 'float64') })).code).toBe('non_finite_output');
    expect(errorOf(() => encode({ output: tensorOf('float32', [1], [1e39], 'float64') })).code).toBe('non_finite_output');
  });
});

describe('values', () => {
  const dtype = fc.constantFrom('float16', 'bfloat16', 'float32', 'float64');
  const held = fc.constantFrom('float32', 'float64');
  const value = fc.oneof(
    fc.double({ min: -6e4, max: 6e4, noNaN: true }),
    fc.double({ min: -1e-3, max: 1e-3, noNaN: true }),
    fc.integer({ min: -999, max: 999 }),
  );

  it('are rounded once to the dtype and read back the same from every encoding', () => {
    fc.assert(
      fc.property(
        dtype,
        held,
        fc.array(value, { minLength: 1, maxLength: 9 }),
        fc.constantFrom('flat', 'nested', 'base64'),
        (type, source, values, encoding) => {
          const tensor = tensorOf(type, [values.length, 1], values, source);
          const text = encode({ output: tensor }, {}, encoding);
          const back = decodeJson(Buffer.from(`{"tensors":${text}}`), LIMITS).tensors.get('output');
          const given = Array.from(tensor.data, (x) => (type === 'float64' ? x : roundExactly(x, FLOAT_TYPES[type])) + 0);
          expect(Array.from(back?.data ?? [], (x) => x + 0)).toEqual(given);
          expect(back).toMatchObject({ dtype: type, shape: [values.length, 1] });
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('read back over runs, chunks and pieces', () => {
    const values = Array.from({ length: 100_000 }, (_, i) => Math.fround(Math.sin(i) * 10 ** (i % 7)));
    for (const encoding of ['flat', 'nested', 'base64'] as const) {
      const text = encode({ output: tensorOf('float32', [10, 10_000], values) }, {}, encoding);
      expect(Array.from(decodeJson(Buffer.from(`{"tensors":${text}}`), LIMITS).tensors.get('output')?.data ?? [])).toEqual(values);
    }
  });
});

describe('the shortest decimals', () => {
  const out = Buffer.alloc(32);
  const words = new Uint32Array(1);
  const floats = new Float32Array(words.buffer);

  function print(dtype: keyof typeof DECIMAL_FORMATS, value: number): string {
    floats[0] = value;
    return out.toString('latin1', 0, writeDecimal(out, 0, value, words[0] as number, DECIMAL_FORMATS[dtype]));
  }

  function digitsOf(text: string): number {
    return (
      text
        .replace(/e.*|^-/g, '')
        .replace('.', '')
        .replace(/^0+/, '')
        .replace(/0+$/, '').length || 1
    );
  }

  /** Reads back to the same, and no decimal with fewer digits does. */
  function check(dtype: keyof typeof DECIMAL_FORMATS, value: number): void {
    const text = print(dtype, value);
    const type = FLOAT_TYPES[dtype];
    const valid = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]\d+)?$/.test(text);
    const read = roundExactly(Number(text), type);
    const digits = digitsOf(text);
    // On an exact tie a decimal reads back or not by the reader's rule for ties: those are not counted on.
    const candidate = Number(value.toPrecision(Math.max(digits - 1, 1)));
    const shorter = digits > 1 && [1 - 1e-9, 1 + 1e-9].every((off) => roundExactly(candidate * off, type) === value);
    if (!(valid && Object.is(read, value)) || shorter)
      expect({ dtype, value, text, read, shorter }).toEqual({ dtype, value, text, read: value, shorter: false });
  }

  it.each(['float16', 'bfloat16'] as const)('of every %s', (dtype) => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = valueOfBits(dtype, bits);
      if (Number.isFinite(value)) check(dtype, value);
    }
  });

  it('of float32, over all bit patterns and near powers of two and ten', () => {
    for (let exponent = 0; exponent < 255; exponent++) {
      for (const fraction of [0, 1, 2, 0x7fffff, 0x400000]) {
        words[0] = exponent * 2 ** 23 + fraction;
        check('float32', floats[0] as number);
      }
    }
    for (let power = -45; power <= 37; power++)
      for (const x of [1, 1.0000001, 9.999999, 9.9999995]) check('float32', Math.fround(x * 10 ** power));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (word) => {
        words[0] = word;
        if (Number.isFinite(floats[0])) check('float32', floats[0] as number);
      }),
      { numRuns: 30_000 },
    );
  });

  it.each([
    ['float32', 0.1, '0.1'],
    ['float32', -0, '-0'],
    ['float32', 16777216, '16777216'],
    ['float32', 1e10, '10000000000'],
    ['float32', 3.4028235e38, '3.4028235e+38'],
    ['float32', 1e-45, '1e-45'],
    ['float32', 1.5e-5, '0.000015'],
    ['float32', -123.25, '-123.25'],
    ['float16', 0.0999755859375, '0.1'],
    ['bfloat16', 0.10009765625, '0.1'],
  ] as const)('%s %d is %s', (dtype, value, text) => {
    expect(print(dtype, dtype === 'float32' ? Math.fround(value) : value)).toBe(text);
  });
});
