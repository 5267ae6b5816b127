import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ContractStep, Matrix, Precision } from '../../../kernels/backend.ts';
import { binomial, featureCount } from '../../../kernels/reference/feature-table.ts';
import { matrix, randomMatrix, randomSource, runStep } from '../cases.ts';
import { expectedStep, ROUNDING } from './approximate.ts';
import { SETS_AND_PRECISIONS } from './sets.ts';

const POLYNOMIALS = [
  [[1, 2]],
  [[1, 2, 3]],
  [
    [1, 2],
    [2, 3],
    [1, 3],
  ],
  [
    [1, 3],
    [2, 3, 4],
    [1, 2],
  ],
  [[2, 3]],
  [],
];

const shapes = fc
  .record({
    seed: fc.integer({ min: 0, max: 1e6 }),
    monomials: fc.constantFrom(...POLYNOMIALS),
    dimension: fc.integer({ min: 1, max: 7 }),
    degree: fc.integer({ min: 0, max: 8 }),
    dv: fc.integer({ min: 0, max: 5 }),
    parts: fc.integer({ min: 1, max: 3 }),
    empty: fc.constantFrom(0, 0.3),
    offsets: fc.integer({ min: 0, max: 2 }),
  })
  .filter(({ monomials, dimension, degree }) => binomial(monomials.length * dimension + degree, degree) < 5000);
type Shape = typeof shapes extends fc.Arbitrary<infer S> ? S : never;

function randomStep(precision: Precision, shape: Shape): ContractStep<Matrix> {
  const random = randomSource(shape.seed);
  const { dimension, degree, dv, parts } = shape;
  const t = Math.max(2, ...shape.monomials.flat());
  const r = featureCount(dimension, degree);
  const vector = () => randomMatrix(random, precision, 1, dimension);
  return {
    kind: 'contract',
    dimension,
    coefficients: Array.from({ length: degree + 1 }, () => 2 * random() - 1),
    monomials: shape.monomials.map((variables) => ({ factor: 2 * random() - 1, variables })),
    sums: Array.from({ length: t - 1 }, (_, j) => ({
      sums: randomMatrix(random, precision, parts * r, j === 0 && t > 2 ? 1 : dv + 1),
      shift: matrix(precision, parts, 1, () => (random() < shape.empty ? -Infinity : 6 * random() - 3)),
      parts,
    })),
    offsets: Array.from({ length: shape.offsets }, () => ({ left: vector(), right: vector(), factor: random() })),
    result: matrix(precision, r, dv + 1),
    resultShift: matrix(precision, 1, 1),
  };
}

describe.each(SETS_AND_PRECISIONS)('contract on $isa in $precision', ({ backend, precision }) => {
  it('agrees with the reference for any polynomial, degree, parts and offsets', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const step = randomStep(precision, shape);
        runStep(backend, step, 1);
        const expected = expectedStep(step, 1);
        const shift = expected.resultShift.data[0];
        if (shift === -Infinity) expect(step.resultShift.data[0]).toBe(-Infinity);
        else
          expect(Math.abs(step.resultShift.data[0] - shift)).toBeLessThanOrEqual(ROUNDING[precision] * (1 + Math.abs(shift)) * 4);
        const largest = Array.from(expected.result.data).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        for (const [i, value] of expected.result.data.entries()) {
          expect(Math.abs(step.result.data[i] - value), `${i}`).toBeLessThanOrEqual(
            ROUNDING[precision] * Math.abs(value) + 1e-13 * largest,
          );
        }
      }),
      { numRuns: 60, seed: 20265 },
    );
  });
});
