import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteSink } from '../../src/bytes/byte-sink.ts';
import { type StyleName, writeJson, writeMembers } from '../../src/wire/json-value.ts';

const PLAN = { class: 'tree', flops: 1.5e9, odd: undefined, nested: { 'ké"y': [1, null, 'x'] } };

/** What was written; undefined where JSON has no such thing. */
function jsonOf(value: unknown, style: StyleName = 'ascii'): string | undefined {
  const sink = new ByteSink();
  const isThere = writeJson(sink, value, style);
  const text = sink.join().toString('latin1');
  expect(isThere).toBe(text !== '');
  return isThere ? text : undefined;
}

function jsonMembers(object: Record<string, unknown>, style: StyleName = 'ascii', comesFirst = true): string {
  const sink = new ByteSink();
  const isFirst = writeMembers(sink, object, style, comesFirst);
  const text = sink.join().toString('latin1');
  expect(isFirst).toBe(comesFirst && text === '');
  return text;
}

/** As JSON.stringify writes it, in ASCII. */
function stringify(value: unknown): string | undefined {
  return JSON.stringify(value)?.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

describe('writeJson', () => {
  it.each([
    ...[[PLAN], [Object.freeze({ ...PLAN })], [[1, 2]], ['text'], [Number.NaN], [null], [undefined], [true], [-0], [[undefined]]],
    ...[[new Date(0)], [{ toJSON: () => 'own' }], [Object.assign(Object.create(null), { a: 1 })], [[new Map()]], [{ a: () => 1 }]],
  ])('is what JSON.stringify says: case %#', (value) => {
    expect(jsonOf(value)).toBe(stringify(value));
    expect(jsonOf(value)).toBe(stringify(value));
  });

  it('is what JSON.stringify says of whatever JSON can hold', () => {
    fc.assert(fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => jsonOf(value) === stringify(value)));
  });

  it('is what JSON.stringify says of every number, three decimals or not', () => {
    const decimals = fc.integer({ min: -(2 ** 40), max: 2 ** 40 }).map((thousandths) => thousandths / 1000);
    fc.assert(
      fc.property(fc.oneof(fc.double(), decimals), (value) => jsonOf({ value }) === JSON.stringify({ value })),
      {
        numRuns: 2000,
      },
    );
  });

  it('writes what is frozen once, and what may change every time', () => {
    let reads = 0;
    const counting = (): object => ({
      get value() {
        return ++reads;
      },
    });
    const frozen = Object.freeze(counting());
    expect([jsonOf(frozen), jsonOf(frozen)]).toEqual(['{"value":1}', '{"value":1}']);
    const [open, before] = [counting(), reads];
    expect(jsonOf(open)).not.toBe(jsonOf(open));
    expect(reads).toBeGreaterThan(before);
  });
});

describe('writeMembers', () => {
  const vanishing = { a: { toJSON: () => undefined }, b: 1, c: () => 1, d: Symbol('e') };
  const objects = [
    {},
    PLAN,
    vanishing,
    { a: undefined },
    { a: 1, b: undefined, c: Object.freeze({ d: '2"é\u2028\\' }), 'n"é': 'x"y' },
  ];

  it.each(objects)('is the inside of what JSON.stringify says: case %#', (object) => {
    expect(`{${jsonMembers(object)}}`).toBe(stringify(object));
    const more = jsonMembers(object, 'ascii', false);
    expect(`{"z":0${more}}`).toBe(stringify({ z: 0, ...object }));
  });

  it.each(objects)('in ASCII reads back to the same: case %#', (object) => {
    const text = `{${jsonMembers(object, 'ascii')}}`;
    expect(text).toMatch(/^[\x20-\x7e]*$/);
    expect(JSON.stringify(JSON.parse(text))).toBe(JSON.stringify(object));
  });

  it('stands within a JSON string', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), fc.boolean(), (object, isFrozen) => {
        if (isFrozen) for (const value of Object.values(object)) Object.freeze(value);
        const text = jsonMembers(object, 'quoted');
        expect(text).toMatch(/^[\x20-\x7e]*$/);
        expect(JSON.parse(`"{${text}}"`)).toBe(stringify(object));
      }),
    );
  });
});
