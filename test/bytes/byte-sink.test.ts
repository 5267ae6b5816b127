import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteSink } from '../../src/bytes/byte-sink.ts';

function written(write: (sink: ByteSink) => unknown): string {
  const sink = new ByteSink();
  write(sink);
  const bytes = sink.join();
  expect(sink.size).toBe(bytes.length);
  return bytes.toString();
}

describe('a sink', () => {
  it('joins what it was given in order, over however many chunks, while others are written', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }).map((text) => ({ text, write: (sink: ByteSink) => sink.utf8(text) })),
      fc.string({ unit: 'binary-ascii', maxLength: 60 }).map((text) => ({ text, write: (sink: ByteSink) => sink.text(text) })),
      fc.nat(2 ** 31 - 1).map((value) => ({ text: String(value), write: (sink: ByteSink) => sink.integer(value) })),
      fc.nat(40_000).map((n) => ({ text: 'x'.repeat(n), write: (sink: ByteSink) => sink.bytes(Buffer.alloc(n, 'x')) })),
      fc.nat(9).map((n) => ({ text: ' '.repeat(n), write: (sink: ByteSink) => sink.fill(0x20, n) })),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), fc.array(part, { maxLength: 40 }), (some, others) => {
        const [one, other] = [new ByteSink(), new ByteSink()];
        for (let i = 0; i < Math.max(some.length, others.length); i++) {
          some[i]?.write(one);
          others[i]?.write(other);
        }
        // As UTF-8 has it: half a character is the replacement character.
        const whole = (parts: typeof some) => Buffer.from(parts.map(({ text }) => text.toWellFormed()).join('')).toString();
        expect(one.join().toString()).toBe(whole(some));
        expect(other.join().toString()).toBe(whole(others));
      }),
    );
  });

  it('writes as JSON what is plain, and nothing of what is not', () => {
    expect(written((sink) => expect(sink.plain('tree-messages (2)')).toBe(true))).toBe('tree-messages (2)');
    for (const text of ['a"b', 'a\\', 'é', 'tab\t']) expect(written((sink) => expect(sink.plain(text)).toBe(false))).toBe('');
  });
});

const NUMBERS = [0, 0.001, 0.0004, 0.9996, 1, 9, 10, 12.34567, 99.5, 999.9999, 123456.789, 2_147_483.647, 5e9, -1, Number.NaN];

describe('a number', () => {
  it.each(NUMBERS)('has three decimals as toFixed has them: %d', (ms) => {
    expect(written((sink) => sink.milliseconds(ms))).toBe(ms.toFixed(3));
  });

  it.each([...NUMBERS, 0.1, 0.12, 1e18, Number.POSITIVE_INFINITY])('rounded to three decimals is what JSON has: %d', (value) => {
    expect(written((sink) => sink.thousandths(value))).toBe(JSON.stringify(Math.round(value * 1e3) / 1e3));
  });
});
