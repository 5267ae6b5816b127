import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readNumber } from '../../src/wire/json-number.ts';
import { JsonText } from '../../src/wire/json-text.ts';
import { errorOf } from '../helpers/wire.ts';

function read(text: string): { value: number; length: number } {
  const json = new JsonText(Buffer.from(text), { label: 'The body', base: '' });
  const value = readNumber(json);
  return { value, length: json.pos };
}

function agrees(text: string): boolean {
  const { value, length } = read(text);
  return length === text.length && Object.is(value, Number(text));
}

const digits = (min: number, max: number) => fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max });
const grammar = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(
      fc.constant('0'),
      fc.tuple(fc.constantFrom(...'123456789'), digits(0, 20)).map((both) => both.join('')),
    ),
    fc.oneof(
      fc.constant(''),
      digits(1, 24).map((text) => `.${text}`),
      fc.tuple(digits(0, 12), digits(1, 20)).map(([zeros, text]) => `.${zeros.replace(/./g, '0')}${text}`),
    ),
    fc.oneof(
      fc.constant(''),
      fc.tuple(fc.constantFrom('e', 'E', 'e+', 'E-', 'e-'), digits(1, 3)).map((both) => both.join('')),
    ),
  )
  .map((pieces) => pieces.join(''));

describe('JSON numbers', () => {
  it('are what the engine reads, for every form of the grammar', () => {
    fc.assert(fc.property(grammar, agrees), { numRuns: 50_000 });
  });

  it('are what the engine reads, for every double in every precision', () => {
    const double = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.double({ min: -4, max: 4, noNaN: true }));
    const printed = fc
      .tuple(double, fc.integer({ min: 1, max: 25 }))
      .chain(([value, precision]) =>
        fc.constantFrom(
          String(value),
          value.toPrecision(precision),
          value.toExponential(Math.min(precision, 20)),
          String(Math.fround(value) / 3),
        ),
      );
    fc.assert(
      fc.property(
        printed.filter((text) => !text.includes('Inf')),
        agrees,
      ),
      { numRuns: 50_000 },
    );
  });

  it('are rounded to even on exact ties, and right beside them', () => {
    const tie = fc.tuple(
      fc.bigInt({ min: 2n ** 52n, max: 2n ** 53n - 1n }),
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom(-1n, 0n, 1n),
    );
    const text = tie.map(([integer, shift, off]) => {
      const scaled = ((2n * integer + 1n) * 10n ** BigInt(shift)) / 2n ** BigInt(shift) + off;
      return `${scaled}`.replace(new RegExp(`(\\d{${shift}})$`), '.$1');
    });
    fc.assert(fc.property(text, agrees), { numRuns: 20_000 });
  });

  it.each([
    ['1e400', Number.POSITIVE_INFINITY],
    ['-1e999999999999999999999', Number.NEGATIVE_INFINITY],
    ['1e-400', 0],
    ['-0', -0],
    ['-0.0e5', -0],
    ['9007199254740993', 9007199254740992],
    ['0.1', 0.1],
    [`0.${'0'.repeat(400)}1e401`, 1],
    [`1${'0'.repeat(400)}e-400`, 1],
  ])('%s', (text, wanted) => {
    expect(read(text).value).toBe(wanted);
  });

  it.each(['', '-', '+1', '.5', '1.', '1.e5', '1e', '1e+', '-a', 'NaN', 'Infinity', '-Infinity', '0x10', '1.x'])(
    '%j is malformed or ends early',
    (text) => {
      const outcome = (() => {
        try {
          return read(text).length;
        } catch (error) {
          return (error as { code?: string }).code;
        }
      })();
      // "0x10" reads as 0 and leaves the rest, on which the reader around it fails.
      expect(outcome).toBe(text === '0x10' ? 1 : 'malformed');
    },
  );

  it('names NaN and Infinity for what they are', () => {
    expect(errorOf(() => read('NaN')).message).toContain('NaN and Infinity are not JSON');
    expect(errorOf(() => read('-Infinity')).message).toContain('line 1, column 1 (byte 0)');
  });
});
