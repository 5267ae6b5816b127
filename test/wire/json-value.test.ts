import { describe, expect, it } from 'vitest';
import { jsonMembers, jsonOf } from '../../src/wire/json-value.ts';

const PLAN = { class: 'tree', flops: 1.5e9, odd: undefined, nested: { 'ké"y': [1, null, 'x'] } };

describe('jsonOf', () => {
  it.each([[PLAN], [Object.freeze({ ...PLAN })], [[1, 2]], ['text'], [Number.NaN], [null], [undefined], [true]])(
    'is what JSON.stringify says: case %#',
    (value) => {
      expect(jsonOf(value)).toBe(JSON.stringify(value));
      expect(jsonOf(value)).toBe(JSON.stringify(value));
    },
  );

  it('writes what is frozen once, and what may change every time', () => {
    let reads = 0;
    const counting = (): object => ({
      get value() {
        return ++reads;
      },
    });
    const frozen = Object.freeze(counting());
    expect([jsonOf(frozen), jsonOf(frozen)]).toEqual(['{"value":1}', '{"value":1}']);
    const open = counting();
    expect([jsonOf(open), jsonOf(open)]).toEqual(['{"value":2}', '{"value":3}']);
  });
});

describe('jsonMembers', () => {
  it.each([[{}], [PLAN], [{ a: undefined }], [{ a: 1, b: undefined, c: Object.freeze({ d: 2 }) }]])(
    'is the inside of what JSON.stringify says: case %#',
    (object) => {
      expect(`{${jsonMembers(object)}}`).toBe(JSON.stringify(object));
    },
  );
});
