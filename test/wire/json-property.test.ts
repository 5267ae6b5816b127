import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeJson } from '../../src/wire/json.ts';
import { errorOf, LIMITS, survives } from '../helpers/wire.ts';

const decode = (text: string) => decodeJson(Buffer.from(text), LIMITS);

/** JSON values as JSON.parse makes them: no __proto__, no lone surrogates, nothing too deep. */
const json = fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }).filter((value) => !JSON.stringify(value).includes('__proto__'));

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('options', () => {
  it('are what the engine reads', () => {
    fc.assert(
      fc.property(json, fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const text = JSON.stringify({ value }, null, indent);
        expect(plain(decode(text).options)).toEqual(JSON.parse(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('never hold a key twice, however it is escaped', () => {
    const escaped = (text: string) =>
      Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('');
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.integer(), { minKeys: 1, maxKeys: 8 }),
        fc.nat(),
        fc.boolean(),
        (object, pick, asEscapes) => {
          const keys = Object.keys(object).filter((name) => name !== '__proto__' && name !== 'tensors');
          fc.pre(keys.length > 0);
          const members = keys.map((name) => `${JSON.stringify(name)}:1`);
          expect(survives(() => decode(`{${members.join()}}`))).toBeUndefined();
          const again = keys[pick % keys.length] as string;
          members.push(`${asEscapes ? `"${escaped(again)}"` : JSON.stringify(again)}:2`);
          expect(errorOf(() => decode(`{"x":{${members.join()}}}`))).toMatchObject({
            code: 'malformed',
            message: expect.stringContaining('twice'),
          });
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('any text', () => {
  it('is refused exactly when the engine refuses it, strings and structure alike', () => {
    const piece = fc.constantFrom(...'{}[],:"0123.-+eE\\ntfu ', 'true', 'null', '"a":', '1', '\\u00e9', '\n', 'é');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = `{"a":${pieces.join('')}}`;
        let parsed: unknown;
        try {
          parsed = JSON.parse(text);
        } catch {
          // A number beyond the range may come before what is malformed.
          const error = survives(() => decode(text));
          expect(error?.status === 400 || error?.message.includes('beyond the range')).toBe(true);
          return;
        }
        const error = survives(() => decode(text));
        if (error === undefined) expect(plain(decode(text).options)).toEqual(plain(parsed));
        else expect(error.message).toMatch(/twice|beyond/);
      }),
      { numRuns: 20_000 },
    );
  });

  it('never does worse than a client error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        survives(() => decodeJson(bytes, LIMITS));
        survives(() => decodeJson(Buffer.concat([Buffer.from('{"tensors":{"q1":'), bytes, Buffer.from('}}')]), LIMITS));
      }),
      { numRuns: 5000 },
    );
  });
});

describe('nested arrays', () => {
  it('are read to the shape and values that they have', () => {
    const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(shape, fc.double({ min: -10, max: 10, noNaN: true }), (sizes, seed) => {
        let next = 0;
        const build = (axis: number): unknown =>
          axis === sizes.length ? seed + next++ : Array.from({ length: sizes[axis] as number }, () => build(axis + 1));
        const text = JSON.stringify(build(0));
        const tensor = decode(`{"tensors":{"q1":{"dtype":"float64","data":${text},"shape":[${sizes}]}}}`).tensors.get('q1');
        expect(tensor?.shape).toEqual(sizes);
        expect(Array.from(tensor?.data ?? [])).toEqual(JSON.parse(text).flat(4));
      }),
      { numRuns: 500 },
    );
  });

  it('are refused when any one of them has another length', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 5 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(),
        fc.boolean(),
        (rows, columns, pick, longer) => {
          const table = Array.from({ length: rows }, () => Array.from({ length: columns }, () => 1));
          const row = table[pick % rows] as number[];
          if (longer) row.push(1);
          else row.pop();
          expect(errorOf(() => decode(JSON.stringify({ tensors: { q1: table } })))).toMatchObject({ code: 'invalid_request' });
        },
      ),
      { numRuns: 300 },
    );
  });
});
