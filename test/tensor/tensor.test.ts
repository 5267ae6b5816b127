import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocate, view, WIRE_BYTES } from '../../src/tensor/allocate.ts';
import { fromBytes, tensorAt, tensorFromBytes, toBytes } from '../../src/tensor/bytes.ts';
import { cast, convert, findNonFinite } from '../../src/tensor/convert.ts';
import { elementCount } from '../../src/tensor/shape.ts';
import { DTYPES } from '../../src/tensor/tensor.ts';

describe('elementCount', () => {
  it('is the product as long as the limit allows', () => {
    expect(elementCount([])).toBe(1);
    expect(elementCount([3, 4, 5])).toBe(60);
    expect(elementCount([3, 4, 5], 60)).toBe(60);
    expect(() => elementCount([3, 4, 5], 59)).toThrow(expect.objectContaining({ code: 'too_large' }));
    expect(elementCount([3, 0, 5])).toBe(0);
  });

  it.each([[[2 ** 52, 2 ** 52]], [[2 ** 27, 2 ** 26, 2 ** 26]], [[0, 2 ** 53 - 1, 2 ** 53 - 1]]])(
    'refuses the overflow of %j',
    (shape) => {
      expect(() => elementCount(shape)).toThrow(
        expect.objectContaining({ code: 'too_large', extra: expect.objectContaining({ setting: 'MAX_BODY_BYTES' }) }),
      );
    },
  );

  it.each([[[-1]], [[1.5]], [[2 ** 53]], [[Number.NaN]], [new Array(33).fill(1)]])('refuses %j, which is no shape', (shape) => {
    expect(() => elementCount(shape, 10, '/tensors/q1')).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});

describe('memory', () => {
  it.each(DTYPES)('%s lives in shared memory and views share it', (dtype) => {
    const tensor = allocate(dtype, [2, 3]);
    expect(tensor.data.buffer).toBeInstanceOf(SharedArrayBuffer);
    const row = view(tensor, 3, [3]);
    row.data[0] = 1;
    expect(Array.from(tensor.data)).toEqual([0, 0, 0, 1, 0, 0]);
    expect(() => view(tensor, 4, [3])).toThrow();
  });

  it('casts without a copy where the memory already is of the type', () => {
    const half = { dtype: 'float16', shape: [2], data: convert([0.1, 2], 'float16') } as const;
    expect(cast(half, 'float32').data).toBe(half.data);
    const wide = cast(half, 'float64');
    expect(wide.dtype).toBe('float64');
    expect(Array.from(wide.data)).toEqual([0.0999755859375, 2]);
    expect(cast(wide, 'float64')).toBe(wide);
  });
});

describe('bytes', () => {
  it('are little-endian, of the tensor own type, at any alignment', () => {
    const golden = {
      float16: [0x00, 0x3c, 0x00, 0xc1, 0xff, 0x7b],
      bfloat16: [0x80, 0x3f, 0x20, 0xc0, 0x80, 0x47],
      float32: [0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0, 0, 0xe0, 0x7f, 0x47],
      int32: [1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xe0, 0xff, 0, 0],
    } as const;
    for (const [dtype, bytes] of Object.entries(golden) as [keyof typeof golden, readonly number[]][]) {
      const values = dtype === 'int32' ? [1, -2, 65504] : [1, -2.5, 65504];
      expect(Array.from(toBytes({ dtype, shape: [3], data: convert(values, dtype) }))).toEqual(bytes);
      const wanted = dtype === 'bfloat16' ? [1, -2.5, 65536] : values;
      expect(Array.from(fromBytes(Uint8Array.from([9, ...bytes]).subarray(1), dtype))).toEqual(wanted);
      expect(Array.from(fromBytes(Buffer.concat([Buffer.alloc(1), Buffer.from(bytes)]).subarray(1), dtype))).toEqual(wanted);
    }
  });

  it('becomes the tensor of a part of it, as a view wherever it can', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(96), 8);
    for (let i = 0; i < shared.length; i++) shared[i] = i % 120;
    for (const bytes of [shared, Buffer.from(shared)])
      for (const dtype of DTYPES)
        for (const begin of [0, 1, 4, 16]) {
          const end = begin + 3 * WIRE_BYTES[dtype];
          const tensor = tensorAt(bytes, begin, end, dtype, [3]);
          expect(tensor).toEqual(tensorFromBytes(bytes.subarray(begin, end), dtype, [3]));
          const isView = ['float32', 'float64', 'int32'].includes(dtype) && begin % WIRE_BYTES[dtype] === 0 && bytes === shared;
          expect(tensor.data.buffer === bytes.buffer).toBe(isView);
        }
  });

  it('of float16 in shared memory are kept beside the values that they widen to, where they are aligned', () => {
    const memory = new Uint8Array(new SharedArrayBuffer(9));
    memory.set([9, 0x00, 0x3c, 0x00, 0xc1, 0xff, 0x7b, 7, 7]);
    const even = new Uint8Array(memory.buffer, 2, 6);
    even.set(memory.slice(1, 7));
    const { half, ...tensor } = tensorFromBytes(even, 'float16', [3]);
    expect(tensor).toEqual({ dtype: 'float16', shape: [3], data: new Float32Array([1, -2.5, 65504]) });
    expect(half).toEqual(Uint16Array.of(0x3c00, 0xc100, 0x7bff));
    expect(half?.buffer).toBe(memory.buffer);
    for (const [bytes, dtype] of [
      [new Uint8Array(memory.buffer, 1, 6), 'float16'],
      [Uint8Array.from(even), 'float16'],
      [even, 'bfloat16'],
    ] as const) {
      expect(tensorFromBytes(bytes, dtype, [3])).toEqual({ dtype, shape: [3], data: fromBytes(bytes, dtype) });
    }
  });

  it('round wider data to the type that the tensor names', () => {
    const data = convert([1 + 2 ** -8 + 2 ** -40, 0.1], 'float64');
    expect(Array.from(fromBytes(toBytes({ dtype: 'bfloat16', shape: [2], data }), 'bfloat16'))).toEqual([
      1 + 2 ** -7,
      0.10009765625,
    ]);
    expect(Array.from(fromBytes(toBytes({ dtype: 'float32', shape: [2], data }), 'float32'))).toEqual([
      1.00390625,
      Math.fround(0.1),
    ]);
  });
});

describe('findNonFinite', () => {
  it('finds what a plain loop finds', () => {
    const value = fc.oneof(
      { weight: 6, arbitrary: fc.double() },
      { weight: 1, arbitrary: fc.constantFrom(Number.NaN, 1 / 0, -1 / 0) },
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 40 }), fc.boolean(), (values, allowNegativeInfinity) => {
        const bad = values
          .map((x, i) => (Number.isFinite(x) || (allowNegativeInfinity && x === -1 / 0) ? -1 : i))
          .filter((i) => i >= 0);
        expect(findNonFinite(Float64Array.from(values), { allowNegativeInfinity })).toEqual({
          count: bad.length,
          firstIndex: bad[0] ?? -1,
        });
      }),
      { numRuns: 2000 },
    );
  });
});
