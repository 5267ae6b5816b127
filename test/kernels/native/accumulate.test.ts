import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccumulateStep, Matrix, Precision } from '../../../kernels/backend.ts';
import { featureCount } from '../../../kernels/reference/feature-table.ts';
import { matrix, randomMatrix, randomSource, runStep } from '../cases.ts';
import { absolute, expectedStep, MAP_SHAPES, type MapShape, ROUNDING, randomMap, sizesOf, tiltOf } from './approximate.ts';
import { SETS_AND_PRECISIONS } from './sets.ts';

interface Shape extends MapShape {
  readonly parts: number;
  readonly blocked: number; // share of rows with bias -Infinity
}

type Accumulate = AccumulateStep<Matrix>;

function randomStep(precision: Precision, shape: Shape): Accumulate {
  const random = randomSource(shape.seed);
  const { n, dv, parts, dimension, degree, blocked } = shape;
  const r = featureCount(dimension, degree);
  return {
    kind: 'accumulate',
    ...randomMap(random, precision, shape),
    values: dv > 0 ? randomMatrix(random, precision, n, dv) : null,
    bias: blocked > 0 ? matrix(precision, n, 1, () => (random() < blocked ? -Infinity : 10 * random() - 5)) : null,
    parts,
    sums: matrix(precision, parts * r, dv + 1),
    shift: matrix(precision, parts, 1),
  };
}

/** Σ ω |φ| |X|, on the shift of `expected`. */
function sizes(step: Accumulate): Accumulate {
  const { bias, values, queries } = step;
  const logWeight = (row: number) => (bias?.data[row] ?? 0) + tiltOf(step, row);
  return expectedStep(
    { ...step, ...sizesOf(step), values: values && absolute(values), bias: matrix('float64', queries.rows, 1, logWeight) },
    step.parts,
  );
}

/** kernels/native/src/accumulate.h: (64 + 2 g + 6) u, and what the shift was rounded by is in the shift. */
function expectSums(step: Accumulate, precision: Precision): void {
  const expected = expectedStep(step, step.parts);
  const size = sizes(step);
  const u = ROUNDING[precision];
  // Log-weights are sums of D fp64 products of at most four in size.
  const weight = 4 * step.tilts.length * step.queries.cols ** 2 * 2 ** -53;
  const perPart = step.sums.data.length / step.parts;
  for (let part = 0; part < step.parts; part++) {
    const truth = expected.shift.data[part];
    if (truth === -Infinity) expect(step.shift.data[part]).toBe(-Infinity);
    else expect(Math.abs(step.shift.data[part] - truth)).toBeLessThanOrEqual(2 * u * (1 + Math.abs(truth)) + weight);
    const scale = truth === -Infinity ? 1 : Math.exp(step.shift.data[part] - truth);
    const limit = (70 + 2 * step.degree) * u + weight + 1e-14;
    for (let i = part * perPart; i < (part + 1) * perPart; i++) {
      expect(Math.abs(step.sums.data[i] * scale - expected.sums.data[i]), `sum ${i}`).toBeLessThanOrEqual(
        limit * size.sums.data[i] + 1e-36,
      );
    }
  }
}

const shapes = fc
  .tuple(MAP_SHAPES, fc.integer({ min: 1, max: 4 }), fc.constantFrom(0, 0.2, 0.9, 1))
  .map(([map, parts, blocked]): Shape => ({ ...map, parts, blocked }));

describe.each(SETS_AND_PRECISIONS)('accumulate on $isa in $precision', ({ backend, precision }) => {
  it('agrees with the reference for any shape, bias, tilt and number of parts', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const step = randomStep(precision, shape);
        runStep(backend, step, shape.parts, [Math.floor(shape.parts / 2)]);
        expectSums(step, precision);
      }),
      { numRuns: 40, seed: 20261 },
    );
  });

  it.each([
    { dimension: 16, degree: 2, dv: 16 },
    { dimension: 16, degree: 3, dv: 16 },
    { dimension: 5, degree: 4, dv: 48 },
    { dimension: 64, degree: 2, dv: 65 },
    { dimension: 1, degree: 40, dv: 1 },
    { dimension: 70, degree: 1, dv: 0 },
  ])('crosses blocks of rows, panels and tiles: D = $dimension, g = $degree, dv = $dv', (shape) => {
    const step = randomStep(precision, { ...shape, seed: 4, n: 333, tilts: 1, centred: true, parts: 1, blocked: 0.05 });
    runStep(backend, step, 1);
    expectSums(step, precision);
  });

  it('leaves zeros and -Infinity where no row has weight, and where there are no rows', () => {
    const step = randomStep(precision, {
      seed: 1,
      n: 2,
      dimension: 3,
      degree: 2,
      dv: 2,
      tilts: 0,
      centred: false,
      parts: 4,
      blocked: 1,
    });
    runStep(backend, step, 4);
    expect(step.sums.data.every((value) => value === 0)).toBe(true);
    expect(step.shift.data.every((value) => value === -Infinity)).toBe(true);
  });
});
