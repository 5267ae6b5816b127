import { describe, expect, it } from 'vitest';
import { allocate } from '../../src/tensor/allocate.ts';
import type { DType, Tensor } from '../../src/tensor/tensor.ts';
import { joinParts } from '../../src/wire/codec.ts';
import { oipCodec } from '../../src/wire/oip.ts';
import { errorOf, LIMITS } from '../helpers/wire.ts';

/** The framing of the Open Inference Protocol, byte by byte (serving.md §B.3, B.4). */

interface Framed {
  readonly body: Uint8Array;
  readonly headerBytes: number;
}

function frame(json: unknown, ...data: readonly Uint8Array[]): Framed {
  const header = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
  return { body: Buffer.concat([header, ...data]), headerBytes: header.length };
}

function bytesOf(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

const input = (name: string, shape: number[], size: number, rest: object = {}): object => ({
  name,
  shape,
  datatype: 'FP32',
  parameters: { binary_data_size: size },
  ...rest,
});
const decode = ({ body, headerBytes }: Framed) => oipCodec.decode(body, LIMITS, { headerBytes });
const decodeJson = (json: unknown) => oipCodec.decode(Buffer.from(JSON.stringify(json)), LIMITS);
const valuesOf = (tensor: Tensor | undefined): number[] => [...(tensor?.data ?? [])];

describe('a request', () => {
  it('in JSON has its tensors in place, flat or nested', () => {
    const { tensors, options } = decodeJson({
      id: '42',
      model_name: 'ignored',
      parameters: { mode: 'exact', tolerance: 0.5, causal: true },
      inputs: [
        { name: 'q1', shape: [2, 2], datatype: 'FP32', data: [1, 2, 3, 4] },
        { name: 'q2', shape: [1, 2], datatype: 'FP64', data: [[0.1, 0.2]] },
        { name: 'm', shape: [2], datatype: 'BOOL', data: [true, false] },
        { name: 'e', shape: [0, 3], datatype: 'FP32', data: [] },
      ],
      outputs: [{ name: 'output', parameters: { binary_data: false } }],
    });
    expect([...tensors.keys()]).toEqual(['q1', 'q2', 'm', 'e']);
    expect([tensors.get('q1')?.dtype, valuesOf(tensors.get('q1'))]).toEqual(['float32', [1, 2, 3, 4]]);
    expect([tensors.get('q2')?.dtype, valuesOf(tensors.get('q2'))]).toEqual(['float64', [0.1, 0.2]]);
    expect(valuesOf(tensors.get('m'))).toEqual([1, 0]);
    expect(tensors.get('e')?.shape).toEqual([0, 3]);
    expect(options).toEqual({
      id: '42',
      parameters: { mode: 'exact', tolerance: 0.5, causal: true },
      outputs: [{ name: 'output', parameters: { binary_data: false } }],
    });
  });

  it('may mix bytes and JSON; bytes come in the order of the inputs that have them', () => {
    const json = {
      inputs: [
        input('q1', [1, 2], 8),
        { name: 'q2', shape: [1], datatype: 'FP32', data: [9] },
        input('v2', [2], 8),
        input('none', [0], 0),
      ],
    };
    const { tensors } = decode(frame(json, bytesOf(1, 2), bytesOf(3, 4)));
    expect([...tensors].map(([name, tensor]) => [name, valuesOf(tensor)])).toEqual([
      ['q1', [1, 2]],
      ['q2', [9]],
      ['v2', [3, 4]],
      ['none', []],
    ]);
  });

  it.each([
    ['FP16', [0x3c00, 0xc000], [1, -2], 'float16'],
    ['BF16', [0x3f80, 0xc000], [1, -2], 'bfloat16'],
  ] as const)('of %s is widened', (datatype, bits, values, dtype) => {
    const json = { inputs: [input('q1', [2], 4, { datatype })] };
    const tensor = decode(frame(json, new Uint8Array(Uint16Array.from(bits).buffer))).tensors.get('q1');
    expect([tensor?.dtype, valuesOf(tensor)]).toEqual([dtype, values]);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('is read at any alignment: JSON with %d spaces behind it', (spaces) => {
    const json = JSON.stringify({ inputs: [input('q1', [2], 8)] }) + ' '.repeat(spaces);
    expect(valuesOf(decode(frame(json, bytesOf(5, 6))).tensors.get('q1'))).toEqual([5, 6]);
  });
});

describe('what is refused', () => {
  const one = (rest: object, data?: number[]): unknown => ({ inputs: [{ name: 'q1', shape: [2], datatype: 'FP32', ...(data && { data }), ...rest }] }); // biome-ignore format: one line

  it.each([
    ['no inputs', {}, 'invalid_request', '/inputs'],
    ['inputs that are no list', { inputs: {} }, 'invalid_request', '/inputs'],
    ['an input that is no object', { inputs: [1] }, 'invalid_request', '/inputs/0'],
    ['no name', one({ name: undefined }, [1, 2]), 'invalid_request', '/inputs/0/name'],
    ['an empty name', one({ name: '' }, [1, 2]), 'invalid_request', '/inputs/0/name'],
    ['no datatype', one({ datatype: undefined }, [1, 2]), 'invalid_request', '/inputs/0/datatype'],
    ['INT64', one({ datatype: 'INT64' }, [1, 2]), 'invalid_request', '/inputs/0/datatype'],
    ['UINT8', one({ datatype: 'UINT8' }, [1, 2]), 'invalid_request', '/inputs/0/datatype'],
    ['no shape', one({ shape: undefined }, [1, 2]), 'invalid_request', '/inputs/0/shape'],
    ['a negative size', one({ shape: [-1, 2] }, [1, 2]), 'invalid_request', '/inputs/0/shape'],
    ['too few numbers', one({}, [1]), 'invalid_request', '/inputs/0/data'],
    ['text for numbers', one({ data: 'AAAA' }), 'invalid_request', '/inputs/0/data'],
    ['no data', one({}), 'malformed', '/inputs/0'],
    ['data and a size', one({ parameters: { binary_data_size: 8 } }, [1, 2]), 'malformed', '/inputs/0'],
    [
      'a size without the header',
      one({ parameters: { binary_data_size: 8 } }),
      'malformed',
      '/inputs/0/parameters/binary_data_size',
    ],
    ['shared memory', one({ parameters: { shared_memory_region: 'x' } }, [1, 2]), 'not_implemented', '/inputs/0/parameters/shared_memory_region'], // biome-ignore format: a table
    ['an array as parameter', { inputs: [], parameters: { lengths: [1] } }, 'invalid_request', '/parameters/lengths'],
    ['a number as id', { inputs: [], id: 3 }, 'invalid_request', '/id'],
    ['outputs without names', { inputs: [], outputs: [{}] }, 'invalid_request', '/outputs/0/name'],
    ['two outputs of one name', { inputs: [], outputs: [{ name: 'a' }, { name: 'a' }] }, 'invalid_request', '/outputs/1/name'],
  ])('is JSON with %s', (_, json, code, pointer) => {
    const error = errorOf(() => decodeJson(json));
    expect([error.code, error.extra.errors?.[0]?.pointer]).toEqual([code, pointer]);
  });

  it('is two inputs of one name', () => {
    const twice = frame({ inputs: [input('q1', [1], 4), input('q1', [1], 4)] }, bytesOf(1, 2));
    expect(errorOf(() => decode(twice)).extra.errors?.[0]?.pointer).toBe('/inputs/1/name');
  });

  it.each([
    ['bytes missing', frame({ inputs: [input('q1', [2], 8)] }, bytesOf(1)), /Expecting 4 additional bytes/],
    ['bytes left over', frame({ inputs: [input('q1', [1], 4)] }, bytesOf(1, 2)), /Unexpected additional input data: 4 bytes/],
    ['a size that the shape contradicts', frame({ inputs: [input('q1', [2], 4)] }, bytesOf(1)), /binary_data_size is 4.* takes 8/],
    ['a negative size', frame({ inputs: [input('q1', [2], -8)] }, bytesOf(1, 2)), /number of bytes/],
    ['a fraction of a byte', frame({ inputs: [input('q1', [2], 8.5)] }, bytesOf(1, 2)), /number of bytes/],
    ['a size in text', frame({ inputs: [input('q1', [2], 8, { parameters: { binary_data_size: '8' } })] }, bytesOf(1, 2)), /number of bytes/], // biome-ignore format: a table
    ['a header longer than the body', { body: Buffer.from('{}'), headerBytes: 3 }, /is 3 and the body has 2/],
    ['a header of 0: a raw tensor', { body: bytesOf(1), headerBytes: 0 }, /raw tensor/],
    ['a header that cuts the JSON', { body: Buffer.from('{"inputs":[]}'), headerBytes: 5 }, /ends early/],
  ])('is framing with %s', (_, framed, words) => {
    const error = errorOf(() => decode(framed));
    expect([error.code, error.status]).toEqual(['malformed', 400]);
    expect(error.message).toMatch(words);
  });

  it('is NaN in bytes, with its place', () => {
    const error = errorOf(() => decode(frame({ inputs: [input('q1', [2], 8)] }, bytesOf(1, Number.NaN))));
    expect([error.code, error.extra.errors?.[0]?.pointer]).toEqual(['non_finite_input', '/inputs/0']);
  });

  it('is a shape whose product no memory holds', () => {
    const error = errorOf(() => decode(frame({ inputs: [input('q1', [2 ** 40, 2 ** 40], 8)] }, bytesOf(1, 2))));
    expect([error.code, error.extra.setting]).toEqual(['too_large', 'MAX_BODY_BYTES']);
  });

  it('is nesting beyond 32 levels and JSON beyond its limit, the tensors not counted', () => {
    expect(errorOf(() => decodeJson(JSON.parse(`{"inputs":${'['.repeat(40)}${']'.repeat(40)}}`))).code).toBe('malformed');
    const limits = { ...LIMITS, maxJsonBytes: 200 };
    const framed = frame({ inputs: [input('q1', [1000], 4000)] }, bytesOf(...new Array(1000).fill(1)));
    expect(oipCodec.decode(framed.body, limits, framed).tensors.size).toBe(1);
    expect(errorOf(() => oipCodec.decode(framed.body, { ...LIMITS, maxJsonBytes: 20 }, framed)).extra.setting).toBe(
      'MAX_JSON_BYTES',
    );
  });
});

function tensorOf(dtype: DType, values: readonly number[]): Tensor {
  const tensor = allocate(dtype, [1, values.length]);
  tensor.data.set(values);
  return tensor;
}

const MEMBERS = { model_name: 'attention', model_version: '1', id: '7', parameters: { backend: 'reference' } };

describe('a response', () => {
  it('in JSON is JSON alone', () => {
    const tensors = new Map([['output', tensorOf('float32', [1, 0.1])]]);
    expect(joinParts(oipCodec.encode({ tensors, options: MEMBERS }, {})).toString()).toBe(
      '{"model_name":"attention","model_version":"1","id":"7","outputs":[{"name":"output","datatype":"FP32","shape":[1,2],"data":[1,0.1]}],' +
        '"parameters":{"backend":"reference"}}',
    );
  });

  it('with bytes is JSON, spaces up to a multiple of 8, and the bytes in order', () => {
    const tensors = new Map([
      ['output', tensorOf('float16', [1, -2])],
      ['other', tensorOf('float32', [3])],
      ['log_sum_exp', tensorOf('float64', [0.5])],
    ]);
    const parts = oipCodec.encode({ tensors, options: { ...MEMBERS, id: undefined } }, { binary: ['output', 'log_sum_exp'] });
    const [header = new Uint8Array(), ...bytes] = parts;
    expect(Buffer.from(header).toString().trimEnd()).toBe(
      '{"model_name":"attention","model_version":"1","outputs":[' +
        '{"name":"output","datatype":"FP16","shape":[1,2],"parameters":{"binary_data_size":4}},' +
        '{"name":"other","datatype":"FP32","shape":[1,1],"data":[3]},' +
        '{"name":"log_sum_exp","datatype":"FP64","shape":[1,1],"parameters":{"binary_data_size":8}}],"parameters":{"backend":"reference"}}',
    );
    expect(header.length % 8).toBe(0);
    expect(bytes.map((part) => Buffer.from(part).toString('hex'))).toEqual(['003c00c0', '000000000000e03f']);
  });

  it('of BF16 is rounded to nearest even', () => {
    const tensors = new Map([['output', { ...tensorOf('float32', [1.00390625, 1.01171875]), dtype: 'bfloat16' as const }]]);
    const [, bytes = new Uint8Array()] = oipCodec.encode({ tensors, options: MEMBERS }, { binary: ['output'] });
    expect([...new Uint16Array(new Uint8Array(bytes).buffer)]).toEqual([0x3f80, 0x3f82]);
  });

  it('carries non-finite values as bytes only', () => {
    const tensors = new Map([['log_sum_exp', tensorOf('float32', [Number.NEGATIVE_INFINITY])]]);
    const error = errorOf(() => oipCodec.encode({ tensors, options: MEMBERS }, {}));
    expect([error.code, error.message]).toEqual(['non_finite_output', expect.stringMatching(/binary output/)]);
    expect(oipCodec.encode({ tensors, options: MEMBERS }, { binary: ['log_sum_exp'] })).toHaveLength(2);
  });

  it('says how long it took where it is asked to', () => {
    const clock = { startedMs: 0, elapsedMs: 5 };
    const [json = new Uint8Array()] = oipCodec.encode({ tensors: new Map(), options: MEMBERS }, { clock });
    const { parameters } = JSON.parse(Buffer.from(json).toString());
    expect(parameters.timing_total_ms - parameters.timing_encode_ms).toBeCloseTo(5, 2);
  });
});
