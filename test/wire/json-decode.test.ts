import { describe, expect, it } from 'vitest';
import { decodeJson } from '../../src/wire/json.ts';
import { errorOf, LIMITS, survives } from '../helpers/wire.ts';

const decode = (text: string | Uint8Array, limits = LIMITS) =>
  decodeJson(typeof text === 'string' ? Buffer.from(text) : text, limits);
const tensor = (json: string, name = 'q1') => decode(`{"tensors":{"${name}":${json}}}`).tensors.get(name);

function values(json: string, name?: string): number[] {
  return Array.from(tensor(json, name)?.data ?? []);
}

describe('tensors', () => {
  it('are read nested, flat and in base64 to the same', () => {
    const wanted = { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, -2.5, 0.1, 4e5), largest: 4e5 };
    for (const json of [
      '[[1,-2.5],[0.1,4e5]]',
      ' [ [ 1 , -2.5 ] ,\n[ 0.1 ,\t4e5 ] ] ',
      '{"shape":[2,2],"data":[1,-2.5,0.1,4E+5]}',
      '{"data":[[1,-2.5],[0.1,400000]],"shape":[2,2],"dtype":"float32"}',
      '{"data":[[1,-2.5],[0.1,400000]]}',
      '{"shape":[2,2],"dtype":"float32","base64":"AACAPwAAIMDNzMw9AFDDSA=="}',
    ]) {
      const read = tensor(json);
      expect(read?.data.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect({ ...read, data: Float32Array.from(read?.data ?? []) }).toEqual(wanted);
    }
  });

  it.each([
    ['float16', '[1,0.1,65519]', [1, 0.0999755859375, 65504]],
    ['bfloat16', '[1,0.1,65519]', [1, 0.10009765625, 65536]],
    ['float64', '[1,0.1,1e300]', [1, 0.1, 1e300]],
    ['int32', '[1,-2147483648,2.147483647e9]', [1, -2147483648, 2147483647]],
    ['bool', '[true,false,1]', [1, 0, 1]],
  ])('%s is rounded to its own precision', (dtype, data, wanted) => {
    expect(values(`{"shape":[3],"dtype":"${dtype}","data":${data}}`)).toEqual(wanted);
  });

  it.each([
    ['float16', 'ADyuL/97', [1, 0.1199951171875, 65504]],
    ['bool', 'AQAB', [1, 0, 1]],
    ['int32', '/v///w==', [-2]],
  ])('%s in base64', (dtype, base64, wanted) => {
    expect(values(`{"shape":[${wanted.length}],"dtype":"${dtype}","base64":"${base64}"}`)).toEqual(wanted);
  });

  it('may be empty or of no dimension: the contract decides', () => {
    expect(tensor('[]')?.shape).toEqual([0]);
    expect(tensor('[[],[]]')?.shape).toEqual([2, 0]);
    expect(tensor('{"shape":[],"data":[3]}')).toMatchObject({ shape: [] });
    expect(tensor('{"shape":[3,0],"base64":""}')?.data.length).toBe(0);
  });

  it('keep their order and their names, whatever they are', () => {
    const envelope = decode('{"mode":"exact","tensors":{"z":[1],"constructor":[2],"a/b":[3]},"backend":"auto"}');
    expect([...envelope.tensors.keys()]).toEqual(['z', 'constructor', 'a/b']);
    expect(Object.getPrototypeOf(envelope.options)).toBeNull();
    expect({ ...envelope.options }).toEqual({ mode: 'exact', backend: 'auto' });
  });

  it('let -Infinity into a bias, and only there', () => {
    expect(values('[0,"-Infinity"]', 'b2')).toEqual([0, -1 / 0]);
    expect(values('{"shape":[1],"base64":"AACA/w=="}', 'b12')).toEqual([-1 / 0]);
    expect(errorOf(() => tensor('[0,"-Infinity"]'))).toMatchObject({
      code: 'invalid_request',
      extra: { errors: [{ pointer: '/tensors/q1/1' }] },
    });
    expect(errorOf(() => tensor('{"shape":[1],"base64":"AACA/w=="}')).code).toBe('non_finite_input');
    expect(errorOf(() => tensor('{"shape":[1],"base64":"AACAfw=="}', 'b2')).code).toBe('non_finite_input');
    // Numbers that overflow are mistakes, in a bias too.
    expect(errorOf(() => tensor('[-1e400]', 'b2')).code).toBe('non_finite_input');
    expect(errorOf(() => tensor('[-1e39]', 'b2')).code).toBe('non_finite_input');
  });
});

describe('faults name their place', () => {
  const deep = (levels: number) => `${'['.repeat(levels)}1${']'.repeat(levels)}`;
  it.each([
    ['', 'malformed', '', 'empty'],
    ['  ', 'malformed', '', 'ends early, at byte 2'],
    ['[1]', 'malformed', '', 'must be a JSON object'],
    ['"x"', 'malformed', '', 'must be a JSON object'],
    ['hello', 'malformed', '', 'unexpected "h" at line 1, column 1 (byte 0)'],
    ['{}x', 'malformed', '', 'byte 2'],
    ['{"a":1,}', 'malformed', '', 'byte 7'],
    ['{"a" 1}', 'malformed', '', 'byte 5'],
    ["{'a':1}", 'malformed', '', 'byte 1'],
    ['{"a":tru}', 'malformed', '/a', 'byte 5'],
    ['{\n "a": [1,\n  2 3]}', 'malformed', '/a', 'line 3, column 5 (byte 16)'],
    ['{"a":"\u0001"}', 'malformed', '/a', '0x01'],
    ['{"a":"\\x"}', 'malformed', '/a', 'wrong escape'],
    ['\ufeff{}', 'malformed', '', '0xef'],
    ['{"a":1,"a":2}', 'malformed', '/a', 'twice'],
    ['{"x":{"a":1,"\\u0061":2}}', 'malformed', '/x/a', 'twice'],
    ['{"tensors":{"q1":[1],"q\\u0031":[2]}}', 'malformed', '/tensors/q1', 'twice'],
    ['{"tensors":{"q1":{"shape":[1],"shape":[1],"data":[1]}}}', 'malformed', '/tensors/q1/shape', 'twice'],
    ['{"tensors":{"__proto__":[1]}}', 'malformed', '/tensors/__proto__', '__proto__'],
    ['{"x":[{"\\u005f_proto__":{"a":1}}]}', 'malformed', '/x/0/__proto__', '__proto__'],
    ['{"\\ud800":1}', 'malformed', '', 'lone surrogate'],
    ['{"tensors":{"q1\\udc00":[1]}}', 'malformed', '/tensors', 'lone surrogate'],
    ['{"mode":["a","\\ud83d"]}', 'malformed', '/mode/1', 'lone surrogate'],
    ['{"timeoutMs":1e400}', 'invalid_request', '/timeoutMs', 'range'],
    [`{"a":${deep(32)}}`, 'malformed', `/a${'/0'.repeat(31)}`, '32 levels'],
    [`{"tensors":{"q1":${deep(31)}}}`, 'malformed', '/tensors/q1', '32 levels'],
    ['{"tensors":[]}', 'invalid_request', '/tensors', 'by name'],
    ['{"tensors":null}', 'invalid_request', '/tensors', 'by name'],
    ['{"tensors":{"q1":[1,NaN]}}', 'malformed', '/tensors/q1', 'NaN and Infinity are not JSON'],
    ['{"tensors":{"q1":[1,-Infinity]}}', 'malformed', '/tensors/q1', 'byte 20'],
    [
      '{"tensors":{"q1":[[1,2],[1e400,-1e999]]}}',
      'non_finite_input',
      '/tensors/q1',
      '2 NaN or infinite values, the first at flat index 2',
    ],
    ['{"tensors":{"q1":{"shape":[2],"data":[1,1e39]}}}', 'non_finite_input', '/tensors/q1', 'flat index 1'],
    ['{"tensors":{"q1":{"shape":[2],"dtype":"float16","data":[65520,1]}}}', 'non_finite_input', '/tensors/q1', 'flat index 0'],
    ['{"tensors":{"q1":{"shape":[1],"dtype":"int32","data":[1e400]}}}', 'non_finite_input', '/tensors/q1', 'flat index 0'],
    ['{"tensors":{"q1":{"shape":[2],"dtype":"float16","base64":"AHwA/A=="}}}', 'non_finite_input', '/tensors/q1', '2 NaN'],
    ['{"tensors":{"q1":[[1,2],[3]]}}', 'invalid_request', '/tensors/q1/1', 'ragged'],
    ['{"tensors":{"q1":[[1,2],3]}}', 'invalid_request', '/tensors/q1/1', 'ragged'],
    ['{"tensors":{"q1":[1,[2]]}}', 'invalid_request', '/tensors/q1/1', 'ragged'],
    ['{"tensors":{"q1":[[],[[]]]}}', 'invalid_request', '/tensors/q1/1', 'ragged'],
    ['{"tensors":{"q1":[[[]],[1]]}}', 'invalid_request', '/tensors/q1/1/0', 'ragged'],
    ['{"tensors":{"q1":[[],1]}}', 'invalid_request', '/tensors/q1/1', 'ragged'],
    ['{"tensors":{"q1":[[1],[null]]}}', 'invalid_request', '/tensors/q1/1/0', 'null'],
    ['{"tensors":{"q1":[1,"2"]}}', 'invalid_request', '/tensors/q1/1', 'string "2"'],
    ['{"tensors":{"q1":[1,{}]}}', 'invalid_request', '/tensors/q1/1', 'object'],
    ['{"tensors":{"q1":[1,true]}}', 'invalid_request', '/tensors/q1/1', 'boolean'],
    ['{"tensors":{"q1":{"shape":[2],"dtype":"int32","data":[1,1.5]}}}', 'invalid_request', '/tensors/q1/data/1', '1.5'],
    ['{"tensors":{"q1":{"shape":[1],"dtype":"int32","data":[2147483648]}}}', 'invalid_request', '/tensors/q1/data/0', '2147483648'],
    ['{"tensors":{"q1":{"dtype":"bool","data":[[1],[2]]}}}', 'invalid_request', '/tensors/q1/data/1/0', 'true, false, 0 or 1'],
    ['{"tensors":{"q1":3}}', 'invalid_request', '/tensors/q1', 'nested array'],
    ['{"tensors":{"q1":{}}}', 'invalid_request', '/tensors/q1', 'one of data and base64'],
    ['{"tensors":{"q1":{"shape":[1],"data":[1],"base64":"AA=="}}}', 'invalid_request', '/tensors/q1', 'one of'],
    ['{"tensors":{"q1":{"data":[1]}}}', 'invalid_request', '/tensors/q1/shape', 'missing'],
    ['{"tensors":{"q1":{"shape":[-1],"data":[1]}}}', 'invalid_request', '/tensors/q1/shape', 'non-negative'],
    ['{"tensors":{"q1":{"shape":[1.5],"data":[1]}}}', 'invalid_request', '/tensors/q1/shape', 'non-negative'],
    ['{"tensors":{"q1":{"shape":[2,1],"data":[[1,2]]}}}', 'invalid_request', '/tensors/q1/data', '[1,2]'],
    ['{"tensors":{"q1":{"shape":[3],"data":[1,2]}}}', 'invalid_request', '/tensors/q1/data', '[2]'],
    ['{"tensors":{"q1":{"shape":[1],"dtype":"float8","data":[1]}}}', 'invalid_request', '/tensors/q1/dtype', 'one of'],
    ['{"tensors":{"q1":{"shape":[1],"data":[1],"extra":1}}}', 'invalid_request', '/tensors/q1/extra', 'members'],
    ['{"tensors":{"q1":{"shape":[1],"data":1}}}', 'invalid_request', '/tensors/q1/data', 'array'],
    ['{"tensors":{"q1":{"shape":[1],"base64":"AACAPw="}}}', 'invalid_request', '/tensors/q1/base64', '7 characters'],
    ['{"tensors":{"q1":{"shape":[1],"base64":"AACA_w=="}}}', 'invalid_request', '/tensors/q1/base64', 'strict'],
    ['{"tensors":{"q1":{"shape":[1],"base64":"AACAPx=="}}}', 'invalid_request', '/tensors/q1/base64', 'strict'],
    ['{"tensors":{"q1":{"shape":[1],"base64":"AAC APw="}}}', 'invalid_request', '/tensors/q1/base64', 'strict'],
    ['{"tensors":{"q1":{"shape":[1],"base64":[1]}}}', 'invalid_request', '/tensors/q1/base64', 'string'],
    ['{"tensors":{"a/~b":[[1],[]]}}', 'invalid_request', '/tensors/a~1~0b/1', 'ragged'],
  ])('%s', (body, code, pointer, detail) => {
    const error = errorOf(() => decode(body));
    expect({ code: error.code, pointer: error.extra.errors?.[0]?.pointer }).toEqual({ code, pointer });
    expect(error.message).toContain(detail);
  });

  it('invalid UTF-8, with the byte anywhere', () => {
    for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xc0, 0x80]]) {
      const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]);
      expect(errorOf(() => decode(body))).toMatchObject({ code: 'malformed', message: expect.stringContaining('UTF-8') });
    }
  });

  it('limits, with the setting', () => {
    const small = { ...LIMITS, maxJsonBytes: 10 };
    expect(errorOf(() => decode('{"a":12345}', small))).toMatchObject({
      code: 'too_large',
      extra: { limit: 10, actual: 11, setting: 'MAX_JSON_BYTES' },
    });
    for (const json of [
      '{"shape":[4503599627370496,4503599627370496],"data":[1]}',
      '{"shape":[100,11],"base64":""}',
      `[${'1,'.repeat(1000)}1]`,
    ]) {
      expect(errorOf(() => decode(`{"tensors":{"q1":${json}}}`, { ...LIMITS, maxElements: 1000 }))).toMatchObject({
        code: 'too_large',
        extra: { limit: 1000, setting: 'MAX_BODY_BYTES', errors: [{ pointer: '/tensors/q1' }] },
      });
    }
    const many = Array.from({ length: 65 }, (_, i) => `"a${i}":[1]`).join();
    expect(errorOf(() => decode(`{"tensors":{${many}}}`))).toMatchObject({ code: 'invalid_request' });
  });

  it('never repeats more than 40 characters of the body', () => {
    const long = 'x'.repeat(5000);
    for (const body of [
      `{"${long}":1,"${long}":2}`,
      `{"tensors":{"q1":["${long}"]}}`,
      `{"tensors":{"q1":{"shape":[5000],"dtype":"bool","base64":"${'-'.repeat(6668)}"}}}`,
    ]) {
      const error = errorOf(() => decode(body));
      expect(error.message).not.toContain(long.slice(0, 41));
      expect(error.message.length).toBeLessThan(250);
      expect(JSON.stringify(error.extra).length).toBeLessThan(400);
    }
  });
});

describe('hostile bodies', () => {
  it.each(['[', '{"a":', '{"tensors":{"q1":[', '{"tensors":{"q1":{"data":['])('100,000 times %s', (piece) => {
    expect(survives(() => decode(piece.repeat(100_000), { ...LIMITS, maxJsonBytes: 1 << 26 }))).toBeDefined();
    expect(errorOf(() => decode(`{"tensors":{"q1":${'['.repeat(100_000)}`)).code).toBe('malformed');
  });

  it('cut off anywhere, or with any byte changed, end in a client error', () => {
    const body = Buffer.from(
      '{"tensors":{"q1":[[1,-2.5e1],[0.1,4]],"b\\u0032":{"shape":[2],"dtype":"float16","data":["-Infinity",1]},"v":{"shape":[1],"base64":"AACAPw=="}},"mode":"ex\\n\\ud83d\\ude00é","x":[true,null,{"y":[[]]}]}',
    );
    expect(survives(() => decode(body))).toBeUndefined();
    for (let end = 0; end < body.length; end++) {
      expect(survives(() => decode(body.subarray(0, end)))).toMatchObject({ code: 'malformed' });
      for (const byte of [0, 0x22, 0x2c, 0x30, 0x5b, 0x5d, 0x65, 0x7b, 0x7d, 0xff]) {
        const changed = Buffer.from(body);
        changed[end] = byte;
        survives(() => decode(changed));
      }
    }
  });
});
