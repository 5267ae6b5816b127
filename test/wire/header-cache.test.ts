import { describe, expect, it } from 'vitest';
import { HeaderCache } from '../../src/wire/header-cache.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

describe('HeaderCache', () => {
  it('reads a header once, and another one for itself', () => {
    const cache = new HeaderCache<string>();
    const read: string[] = [];
    const reader = (given: Uint8Array): string => {
      read.push(Buffer.from(given).toString('latin1'));
      return `value of ${read.at(-1)}`;
    };
    expect(['a', 'b', 'a', '\u00ff', 'a'].map((text) => cache.get(bytes(text), reader))).toEqual([
      'value of a',
      'value of b',
      'value of a',
      'value of \u00ff',
      'value of a',
    ]);
    expect(read).toEqual(['a', 'b', '\u00ff']);
  });

  it('does not remember what could not be read', () => {
    const cache = new HeaderCache<number>();
    const refuse = (): number => {
      throw new Error('refused');
    };
    expect(() => cache.get(bytes('a'), refuse)).toThrow('refused');
    expect(() => cache.get(bytes('a'), refuse)).toThrow('refused');
    expect(cache.get(bytes('a'), () => 1)).toBe(1);
  });

  it('forgets the oldest of many, and never holds a long one', () => {
    const cache = new HeaderCache<number>();
    for (let i = 0; i < 600; i++) cache.get(bytes(`header ${i}`), () => i);
    expect(cache.get(bytes('header 0'), () => -1)).toBe(-1);
    expect(cache.get(bytes('header 599'), () => -1)).toBe(599);
    const long = bytes('x'.repeat(5000));
    cache.get(long, () => 1);
    expect(cache.get(long, () => 2)).toBe(2);
  });
});
