import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dot, leadingEigen, symmetricEigen } from '../../../src/plan/approximate/eigen.ts';
import { random } from '../../helpers/random.ts';

/** Σ size_i x_i x_i^T of directions at random. */
function covariance(n: number, sizes: readonly number[], seed: number): Float64Array {
  const next = random(seed);
  const matrix = new Float64Array(n * n);
  for (const size of sizes) {
    const x = Float64Array.from({ length: n }, () => 2 * next() - 1);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) matrix[i * n + j] = (matrix[i * n + j] as number) + size * (x[i] as number) * (x[j] as number);
  }
  return matrix;
}

describe('the leading eigenvectors', () => {
  it('are orthonormal, or zero, whatever the matrix: what compression proves rests on that', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 40 }),
        fc.integer({ min: 0, max: 12 }),
        fc.integer({ min: 0, max: 1e6 }),
        fc.constantFrom(0.1, 1e-6, 1e-14),
        (n, rank, seed, decay) => {
          const matrix = covariance(
            n,
            Array.from({ length: rank }, (_, i) => decay ** i),
            seed,
          );
          const { vectors } = leadingEigen(matrix, n, Math.min(n, 8));
          for (const [i, a] of vectors.entries()) {
            const size = dot(a, a);
            if (size !== 0) expect(Math.abs(size - 1)).toBeLessThan(1e-13);
            for (const b of vectors.slice(0, i)) expect(Math.abs(dot(a, b))).toBeLessThan(1e-13);
          }
        },
      ),
      { seed: 20281 },
    );
  });

  it('hold as much as those of the whole decomposition where there is a gap behind them', () => {
    const n = 48;
    const sizes = [...Array.from({ length: 6 }, (_, i) => 1 + i), ...Array.from({ length: 40 }, () => 1e-4)];
    const matrix = covariance(n, sizes, 3);
    const [few, all] = [leadingEigen(matrix, n, 16), symmetricEigen(matrix, n)];
    for (let i = 0; i < 6; i++) expect(few.values[i]).toBeCloseTo(all.values[i] as number, 4);
  });
});
