import { describe, expect, it } from 'vitest';
import { CODECS, fuzz } from './fuzz.ts';

describe('mutated bodies', () => {
  it.each(CODECS.map((codec) => [codec.name, codec] as const))('of %s end in a client error or a whole envelope', (_, codec) => {
    const bodies = 20_000;
    const accepted = fuzz(codec, bodies, 20260202);
    // Both outcomes are met often enough to mean something.
    expect(accepted).toBeGreaterThan(bodies / 200);
    expect(accepted).toBeLessThan(bodies / 2);
  });
});
