import { describe, expect, it } from 'vitest';
import type { Problem } from '../../../src/contract/request.ts';
import { isHopeless, keptShare } from '../../../src/plan/approximate/glance.ts';
import { normal, random } from '../../helpers/random.ts';

function scores(size: number, peak = 0): Float64Array[] {
  const next = random(4);
  return Array.from({ length: 8 }, (_, i) =>
    Float64Array.from({ length: 64 }, (_, k) => size * normal(next) + (k % 8 === i ? peak : 0)),
  );
}

const problem = { rows: [4096, 4096], d: 64, approximation: { tolerance: 1e-3 } } as unknown as Problem;

describe('a glance at a few scores', () => {
  it('sees that unit-normal rows at scale 1/sqrt(d) are hopeless', () => {
    expect(isHopeless(problem, { scores: [scores(1)], range: 2 })).toBe(true);
  });

  it.each([
    ['small scores', { scores: [scores(0.02)], range: 2 }],
    ['peaks that leave most keys out', { scores: [scores(1, 60)], range: 2 }],
    ['values next to nothing', { scores: [scores(1)], range: 1e-9 }],
    ['one hopeless block of two', { scores: [scores(1), scores(0.02)], range: 2 }],
    ['no score in sight', { scores: [[]], range: 2 }],
  ])('leaves %s to the survey', (_, glance) => {
    expect(isHopeless(problem, glance)).toBe(false);
  });

  it('counts the keys that a row has near its best, and all where there is nothing to see', () => {
    expect(keptShare([Float64Array.of(0, -1, -5, Number.NEGATIVE_INFINITY)], 2)).toBe(0.5);
    expect(keptShare([], 2)).toBe(1);
  });
});
