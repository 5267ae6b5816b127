import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addon } from './sets.ts';

/** What one call read: as many bytes, and these values. */
interface Run {
  readonly bytes: number;
  readonly values: readonly number[];
}

const PACKED = 2 ** 23;
const CANARY = -12345.5;

/** `behind` the text there are numbers that must not be seen, or nothing, where a sanitizer sees who looks. */
function read(text: string, { room = 200, row = 0, inRow = 1, at = 0, from = 3, behind = ',7' } = {}): Run {
  const memory = Uint8Array.from(Buffer.from(`,7${text}${behind}`, 'latin1'));
  const bytes = memory.subarray(2, 2 + text.length);
  const values = new Float64Array(from + room + 2).fill(CANARY);
  const packed = addon.readNumbers(bytes, at, values.subarray(0, from + room), from, row, inRow);
  const count = Math.floor(packed / PACKED);
  const end = from + count;
  // Nothing beside its own places is written to.
  expect(values.every((value, i) => Object.is(value, CANARY) === !(i >= from && i < end))).toBe(true);
  return { bytes: packed % PACKED, values: [...values.subarray(from, end)] };
}

const NUMBER = /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const NEXT = /[ \n\r\t]*,[ \n\r\t]*/y;
const NEXT_ROW = /[ \n\r\t]*\][ \n\r\t]*,[ \n\r\t]*\[[ \n\r\t]*/y;

function isBroken([number, , fraction, exponent]: readonly string[], next = ''): boolean {
  if (/\d/.test(next)) return /^-?0$/.test(number as string);
  return exponent === undefined && (/[eE]/.test(next) || (next === '.' && fraction === undefined));
}

/** The same by the grammar (RFC 8259 §6) and the engine. */
function expected(text: string, { room = 200, row = 0, inRow = 1 } = {}): Run {
  const values: number[] = [];
  let at = 0;
  for (let left = row > 0 && inRow <= row ? row - inRow : Number.POSITIVE_INFINITY; values.length < room; left--) {
    const between = left > 0 ? NEXT : NEXT_ROW;
    between.lastIndex = at;
    if (!between.test(text)) break;
    NUMBER.lastIndex = between.lastIndex;
    const match = NUMBER.exec(text);
    // A number that breaks off, or goes on behind a leading zero, is not read to its half.
    if (match === null || isBroken(match, text[NUMBER.lastIndex])) break;
    const value = Number(match[0]);
    values.push(Number.isFinite(value) ? value : Number.NaN);
    at = NUMBER.lastIndex;
    if (left <= 0) left = row;
  }
  return { bytes: at, values };
}

/** Far enough from the end, where a number is left to others. */
const PAD = ' '.repeat(8);

const digits = (min: number, max: number) => fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max });
const whole = fc.oneof(
  fc.constant('0'),
  fc.tuple(fc.constantFrom(...'123456789'), digits(0, 40)).map((both) => both.join('')),
);
const fraction = fc.oneof(
  fc.constant(''),
  digits(1, 40).map((text) => `.${text}`),
  fc.tuple(digits(0, 30), digits(1, 20)).map(([zeros, text]) => `.${zeros.replace(/./g, '0')}${text}`),
);
const exponent = fc.oneof(
  fc.constant(''),
  fc.tuple(fc.constantFrom('e', 'E', 'e+', 'E-', 'e-'), fc.oneof(digits(1, 2), digits(1, 3))).map((both) => both.join('')),
);
const grammar = fc.tuple(fc.constantFrom('', '-'), whole, fraction, exponent).map((pieces) => pieces.join(''));

const double = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.double({ min: -4, max: 4, noNaN: true }));
const printed = fc
  .tuple(double, fc.integer({ min: 1, max: 25 }), fc.nat(3))
  .map(([value, precision, way]) =>
    way === 0
      ? String(value)
      : way === 1
        ? value.toPrecision(precision)
        : way === 2
          ? value.toExponential(precision % 21)
          : String(Math.fround(value) / 3),
  )
  .filter((text) => !text.includes('Inf'));

const tie = fc
  .tuple(
    fc.bigInt({ min: 2n ** 52n, max: 2n ** 53n - 1n }),
    fc.integer({ min: 0, max: 6 }),
    fc.constantFrom(-1n, 0n, 1n),
    fc.nat(22),
  )
  .map(([integer, shift, off, power]) => {
    const scaled = `${((2n * integer + 1n) * 10n ** BigInt(shift)) / 2n ** BigInt(shift) + off}`;
    return `${shift === 0 ? scaled : scaled.replace(new RegExp(`(\\d{${shift}})$`), '.$1')}${power > 6 ? `e${power - 14}` : ''}`;
  });

describe('a run of JSON numbers', () => {
  it.each([
    ['of every form of the grammar', grammar, 40_000],
    ['of every double in every precision', printed, 40_000],
    ['on ties and right beside them', tie, 20_000],
  ] as const)('%s is what the engine reads', (_, number, runs) => {
    fc.assert(
      fc.property(fc.array(number, { minLength: 4, maxLength: 12 }), fc.constantFrom(',', ', ', ' ,\n\t'), (numbers, comma) => {
        const text = `${comma}${numbers.join(comma)}]${PAD}`;
        const run = read(text);
        expect(run).toEqual(expected(text));
        expect(run.values.length).toBe(numbers.length);
      }),
      { numRuns: runs / 8, seed: 20262 },
    );
  });

  it.each([
    ['1e400', Number.NaN],
    ['-1e999999999999999999999', Number.NaN],
    ['1e-400', 0],
    ['-1e-400', -0],
    ['-0', -0],
    ['-0.0e5', -0],
    ['0e999', 0],
    ['0e-999', 0],
    ['9007199254740993', 9007199254740992],
    ['18446744073709551615', 2 ** 64],
    ['18446744073709551617', 2 ** 64],
    ['9999999999999999999', 1e19],
    ['5e-324', 5e-324],
    ['2.4703282292062327e-324', 0],
    ['2.4703282292062328e-324', 5e-324],
    ['2.2250738585072011e-308', 2 ** -1022 - 2 ** -1074],
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ['1.7976931348623159e308', Number.NaN],
    [`0.${'0'.repeat(400)}1e401`, 1],
    [`0.${'0'.repeat(400)}1`, 0],
    [`1${'0'.repeat(400)}e-400`, 1],
    [`1${'0'.repeat(400)}e-800`, 0],
    [`1${'0'.repeat(400)}`, Number.NaN],
    ['1e-54', 1e-54],
    ['1e-55', 1e-55],
    ['123456789e27', 123456789e27],
    ['123456789e28', 123456789e28],
  ])('reads %s', (text, value) => {
    expect(read(`,${text}]${PAD}`)).toEqual({ bytes: 1 + text.length, values: [value] });
  });

  it('ends where another thing stands, with nothing read of it', () => {
    const piece = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(',1', ', -2.5', ',1e3', ',0', '],[3', '], [4', ' ]\n,\t[ 5') },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          ...',[]"-+.eE019ntf \n\0\x80\xff/:',
          ',01',
          ',-',
          ',1.',
          ',.5',
          ',1e',
          ',1e+',
          ',+1',
          ',NaN',
          '[',
          ']]',
          '],',
        ),
      },
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 16 }), fc.nat(4), fc.nat(5), fc.nat(12), (pieces, row, inRow, room) => {
        const text = `${pieces.join('')}${PAD}`;
        expect(read(text, { row, inRow, room })).toEqual(expected(text, { row, inRow, room }));
      }),
      { numRuns: 20_000, seed: 20263 },
    );
  });

  it('goes over the ends of rows of the length that was said, and of no other', () => {
    const text = `,2],[3,4], [5, 6],[7],[8,9]${PAD}`;
    expect(read(text, { row: 2, inRow: 1 })).toEqual({ bytes: text.indexOf('],[8'), values: [2, 3, 4, 5, 6, 7] });
    expect(read(text, { row: 3, inRow: 2 }).values).toEqual([2, 3, 4]);
    expect(read(text, { row: 0, inRow: 1 }).values).toEqual([2]);
    expect(read(`],[3],[4]${PAD}`, { row: 1, inRow: 1 }).values).toEqual([3, 4]);
    expect(read(`,2,3],[4]${PAD}`, { row: 1, inRow: 2 }).values).toEqual([2, 3]);
  });

  it('of a text that is cut off anywhere is a beginning of the whole, right to the end', () => {
    const text = ',-1.25,3e-2, 0.30000000000000004,12345678901234567890123,1.5E+10,-0],[1,2,3';
    const whole = expected(text, { row: 7 });
    for (let length = 0; length <= text.length; length++) {
      const { bytes, values } = read(text.slice(0, length), { row: 7 });
      expect(read(text.slice(0, length), { row: 7, behind: '' })).toEqual({ bytes, values });
      expect(values).toEqual(whole.values.slice(0, values.length));
      expect(bytes).toBeLessThanOrEqual(length);
      expect(expected(text, { row: 7, room: values.length }).bytes).toBe(bytes);
      // A number that is whole, eight bytes before the end, is not left.
      expect(values.length).toBeGreaterThanOrEqual(expected(text.slice(0, Math.max(0, length - 8)), { row: 7 }).values.length - 1);
    }
  });

  it('goes on where the last one ended, 4 MiB at a time', () => {
    const count = 3_000_000;
    const bytes = Buffer.from(`${',7'.repeat(count)}]${PAD}`);
    const values = new Float64Array(new SharedArrayBuffer(8 * count));
    let [at, found, calls] = [0, 0, 0];
    for (; calls < 10; calls++) {
      const packed = addon.readNumbers(bytes, at, values, found, 0, 1);
      if (packed === 0) break;
      at += packed % PACKED;
      found += Math.floor(packed / PACKED);
    }
    expect([at, found, calls]).toEqual([2 * count, count, 2]);
    expect(values.every((value) => value === 7)).toBe(true);
  });

  it('is refused with arguments that are none', () => {
    const bytes = Buffer.from(`,1,2${PAD}`);
    const values = new Float64Array(4);
    const wrong: readonly (readonly unknown[])[] = [
      [new Int8Array(8), 0, values, 0, 0, 1],
      [bytes, 0, new Float32Array(4), 0, 0, 1],
      [bytes, bytes.length + 1, values, 0, 0, 1],
      [bytes, -1, values, 0, 0, 1],
      [bytes, 0, values, 5, 0, 1],
      [bytes, 0, values, Number.NaN, 0, 1],
      [bytes, 0, values, 0, -1, 1],
      [bytes, 0, values, 0, 0, Number.POSITIVE_INFINITY],
      [bytes, 0, values],
      [null, 0, values, 0, 0, 1],
    ];
    for (const list of wrong)
      expect(() => addon.readNumbers(...(list as Parameters<typeof addon.readNumbers>))).toThrow(/native kernels/);
    expect(addon.readNumbers(bytes, bytes.length, values, 4, 0, 1)).toBe(0);
  });
});
