import { describe, expect, it } from 'vitest';
import type { Codec } from '../../src/wire/codec.ts';
import { diceOf } from './fuzz/dice.ts';
import { bodyOf, fuzz } from './fuzz/fuzz.ts';
import { SUBJECTS, type Subject } from './fuzz/subjects.ts';

const BODIES = 20_000;
const SEED = 20260202;

describe('mutated bodies', () => {
  it.each(SUBJECTS.map((subject) => [subject.name, subject] as const))(
    'of %s end in a client error or a whole envelope',
    (_, subject) => {
      const accepted = fuzz(subject, { bodies: BODIES, seed: SEED });
      // Both outcomes are met often enough to mean something.
      expect(accepted).toBeGreaterThan(BODIES / 50);
      expect(accepted).toBeLessThan((2 * BODIES) / 3);
    },
  );

  it('are made again from seed and number', () => {
    for (const subject of SUBJECTS) {
      const [one, two, other] = [7, 7, 8].map((index) => bodyOf(subject, diceOf(SEED, index)));
      expect(two).toEqual(one);
      expect(other).not.toEqual(one);
    }
  });

  it('that fail are reported with what makes them again', () => {
    const [safetensors] = SUBJECTS as [Subject];
    const decode: Codec['decode'] = (body, limits) => {
      const envelope = safetensors.codec.decode(body, limits);
      if ([...envelope.tensors.values()].some(({ shape }) => shape.length !== 2)) throw new RangeError('offset is out of bounds');
      return envelope;
    };
    const faulty = { ...safetensors, codec: { ...safetensors.codec, decode } };
    const report = /seed 5, body (\d+): offset is out of bounds; again by npm run fuzz:codecs -- 1 5 safetensors \1; /;
    expect(() => fuzz(faulty, { bodies: BODIES, seed: 5 })).toThrow(report);
  });
});
