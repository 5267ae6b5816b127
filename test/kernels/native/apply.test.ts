import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Precision } from '../../../kernels/backend.ts';
import { featureCount } from '../../../kernels/reference/feature-table.ts';
import { matrix, randomSource, runStep } from '../cases.ts';
import {
  type Applied,
  absolute,
  expectedStep,
  MAP_SHAPES,
  type MapShape,
  ROUNDING,
  randomMap,
  sizesOf,
  tiltOf,
} from './approximate.ts';
import { SETS_AND_PRECISIONS } from './sets.ts';

/** `result` as contraction leaves it: every feature's part falls off, and that of feature 0 keeps the sum of weights positive. */
function randomStep(precision: Precision, shape: MapShape, shift = 3.25): Applied {
  const random = randomSource(shape.seed);
  const { n, dv, dimension, degree } = shape;
  const cols = dv + 1;
  const result = matrix(precision, featureCount(dimension, degree), cols, (at) =>
    at === dv ? 40 : (2 * random() - 1) / (1 + Math.floor(at / cols) ** 0.75),
  );
  return {
    kind: 'apply',
    ...randomMap(random, precision, shape),
    result,
    resultShift: matrix(precision, 1, 1, () => shift),
    message: matrix(precision, n, dv),
    logSumExp: matrix(precision, n, 1),
  };
}

/** kernels/native/src/apply.h: y and z within (128 + 2 g + 1) u of the sum of sizes, so u = y / z within that of (Y + |u| Z) / z. */
function expectApplied(step: Applied, precision: Precision): void {
  const rows = step.queries.rows;
  const dv = step.message.cols;
  const expected = expectedStep(step, rows);
  const sizes = expectedStep({ ...step, ...sizesOf(step), result: absolute(step.result) }, rows);
  const shift = step.resultShift.data[0];
  const relative = (129 + 2 * step.degree) * ROUNDING[precision] + 1e-14;
  for (let row = 0; row < rows; row++) {
    const tilt = tiltOf(step, row);
    const z = Math.exp(expected.logSumExp.data[row] - shift - tilt);
    const most = Math.exp(sizes.logSumExp.data[row] - shift);
    const truth = expected.logSumExp.data[row];
    const error = (relative * most) / z;
    expect(error, 'the case is not one of cancellation beyond all bounds').toBeLessThan(0.5);
    expect(Math.abs(step.logSumExp.data[row] - truth)).toBeLessThanOrEqual(
      2 * error + 4 * ROUNDING[precision] * (1 + Math.abs(truth) + Math.abs(tilt)),
    );
    for (let c = 0; c < dv; c++) {
      const at = row * dv + c;
      const limit = (error * sizes.message.data[at] + error * Math.abs(expected.message.data[at])) / (1 - error);
      const own = 2 * ROUNDING[precision] * Math.abs(expected.message.data[at]);
      expect(Math.abs(step.message.data[at] - expected.message.data[at]), `row ${row}, channel ${c}`).toBeLessThanOrEqual(
        limit + own + 1e-36,
      );
    }
  }
}

describe.each(SETS_AND_PRECISIONS)('apply on $isa in $precision', ({ backend, precision }) => {
  it('agrees with the reference for any shape and tilt, in tiles', () => {
    fc.assert(
      fc.property(MAP_SHAPES, fc.double({ min: 0, max: 1, noNaN: true }), (shape, cut) => {
        const step = randomStep(precision, shape);
        runStep(backend, step, shape.n, [Math.floor(cut * shape.n)]);
        expectApplied(step, precision);
      }),
      { numRuns: 40, seed: 20262 },
    );
  });

  it.each([
    { dimension: 16, degree: 3, dv: 16 },
    { dimension: 64, degree: 2, dv: 65 },
    { dimension: 70, degree: 1, dv: 0 },
    { dimension: 5, degree: 0, dv: 3 },
  ])('crosses blocks of rows, chains and tiles: D = $dimension, g = $degree, dv = $dv', (shape) => {
    const step = randomStep(precision, { ...shape, seed: 4, n: 150, tilts: 2, centred: true });
    runStep(backend, step, 150, [50]);
    expectApplied(step, precision);
  });

  it('leaves empty rows where the result has no weight', () => {
    const step = randomStep(precision, { seed: 2, n: 70, dimension: 3, degree: 2, dv: 2, tilts: 1, centred: true }, -Infinity);
    runStep(backend, step, 70);
    expect(step.message.data.every((value) => value === 0)).toBe(true);
    expect(step.logSumExp.data.every((value) => value === -Infinity)).toBe(true);
  });

  it.each([0, -1])('gives NaN where the sum of weights is %d', (z) => {
    const step = randomStep(precision, { seed: 3, n: 5, dimension: 2, degree: 1, dv: 2, tilts: 0, centred: false });
    step.result.data.fill(0).fill(z, 2, 3);
    runStep(backend, step, 5);
    expect(step.message.data.every(Number.isNaN)).toBe(true);
    expect(step.logSumExp.data.every(Number.isNaN)).toBe(true);
  });

  it('computes the log-sum-exp alone when no message is wanted', () => {
    const step = randomStep(precision, { seed: 5, n: 40, dimension: 6, degree: 3, dv: 4, tilts: 1, centred: true });
    runStep(backend, step, 40);
    const alone = { ...step, message: null, logSumExp: matrix(precision, 40, 1) };
    runStep(backend, alone, 40);
    expect(alone.logSumExp.data).toEqual(step.logSumExp.data);
  });
});
