import { describe, expect, it } from 'vitest';
import { largestEigenvalue } from '../../../src/plan/approximate/largest-eigenvalue.ts';
import { random, randomRows } from '../../helpers/random.ts';

describe('largestEigenvalue', () => {
  it.each([1, 2, 5, 16, 40])('is not below it, nor far above, for %d coordinates', (d) => {
    const next = random(d);
    const vector = randomRows(next, 1, d, 1)[0] as number[];
    const size = vector.reduce((sum, x) => sum + x * x, 0);
    // Identity plus a multiple of one direction: the largest eigenvalue is known.
    const matrix = Float64Array.from({ length: d * d }, (_, i) => {
      const [a, b] = [Math.floor(i / d), i % d];
      return (a === b ? 1 : 0) + (3 * (vector[a] as number) * (vector[b] as number)) / size;
    });
    const bound = largestEigenvalue(matrix, d);
    expect(bound).toBeGreaterThanOrEqual(4 * (1 - 1e-12));
    if (d > 2) expect(bound).toBeLessThan(4.3);
  });
});
