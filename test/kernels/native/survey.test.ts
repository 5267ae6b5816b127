import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Matrix, type Precision, SURVEYED_NORMS, type SurveyStep } from '../../../kernels/backend.ts';
import { matrix, randomSource, runStep } from '../cases.ts';
import { expectedStep, ROUNDING } from './approximate.ts';
import { SETS_AND_PRECISIONS } from './sets.ts';

function stepOf(
  precision: Precision,
  input: Matrix,
  covariance: boolean,
  norms = SURVEYED_NORMS,
  weights: { readonly bias: Matrix; readonly squares: boolean } | null = null,
): SurveyStep<Matrix> {
  const { cols } = input;
  return {
    kind: 'survey',
    input,
    mean: matrix(precision, 1, cols),
    extremes: matrix(precision, 2, cols),
    norms: matrix(precision, 2, norms),
    covariance: covariance ? matrix(precision, cols, cols) : null,
    bias: weights?.bias ?? null,
    weighted: weights === null ? null : matrix(precision, weights.squares ? 1 + cols : 1, cols),
  };
}

/** kernels/native/src/survey.h: norms are never low, and high by at most 2 (D + 20) u; everything else is as the reference has it. */
function expectSurvey(step: SurveyStep<Matrix>, precision: Precision): void {
  const u = ROUNDING[precision];
  const { cols } = step.input;
  const expected = expectedStep(step, 1);
  const largest = Array.from(expected.extremes.data, Math.abs).reduce((most, value) => Math.max(most, value), 0);
  for (const [c, mean] of expected.mean.data.entries()) {
    expect(Math.abs(step.mean.data[c] - mean)).toBeLessThanOrEqual(u * Math.abs(mean) + 1e-12 * largest);
  }
  expect(Array.from(step.extremes.data)).toEqual(Array.from(expected.extremes.data));
  // Centred rows are those less the mean as it was stored, rounded once.
  const mean = Float64Array.from(step.mean.data);
  for (let which = 0; which < 2; which++) {
    for (let p = 1; p <= (step.norms as Matrix).cols; p++) {
      let truth = 0;
      for (let row = 0; row < step.input.rows; row++) {
        let sum = 0;
        for (let c = 0; c < cols; c++) {
          const entry = step.input.data[row * cols + c] - (which === 0 ? mean[c] : 0);
          if (Number.isFinite(entry)) sum += (Math.abs(entry) / largest) ** p;
        }
        truth = Math.max(truth, largest * sum ** (1 / p));
      }
      const found = (step.norms as Matrix).data[which * (step.norms as Matrix).cols + p - 1];
      if (!(truth > 0)) expect(found).toBe(0);
      else {
        expect(found / truth, `p = ${p}, ${which}`).toBeGreaterThanOrEqual(1 - 3 * u);
        expect(found / truth, `p = ${p}, ${which}`).toBeLessThanOrEqual(1 + 2 * (cols + 22) * u);
      }
    }
  }
  for (const [i, value] of (expected.covariance?.data ?? []).entries()) {
    expect(Math.abs((step.covariance as Matrix).data[i] - value)).toBeLessThanOrEqual(70 * u * 4 * largest * largest);
  }
  // SLACK of row-moments.ts, against the rows less their mean.
  const slack = 2e-5 * (u / ROUNDING.float32);
  for (const [i, value] of (expected.weighted?.data ?? []).entries()) {
    const size = i < cols ? 2 * largest : 4 * largest * largest;
    expect(Math.abs((step.weighted as Matrix).data[i] - value), `weighted ${i}`).toBeLessThanOrEqual(slack * size);
  }
}

/** Log-weights of all kinds: alike, far apart, beyond what exponentials hold, none at all. */
function biasOf(random: () => number, precision: Precision, n: number, spread: number): Matrix {
  return matrix(precision, n, 1, () => (random() < 0.1 ? -Infinity : spread * (2 * random() - 1) - spread / 3));
}

const shapes = fc.record({
  seed: fc.integer({ min: 0, max: 1e6 }),
  n: fc.integer({ min: 1, max: 400 }),
  cols: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 90 })),
  size: fc.constantFrom(1e-30, 1e-6, 1, 1e5, 1e30),
  offset: fc.constantFrom(0, 1, 300),
  lost: fc.constantFrom(0, 0.01, 0.9),
  covariance: fc.boolean(),
  norms: fc.constantFrom(1, 2, 3, 5, SURVEYED_NORMS),
  spread: fc.constantFrom(null, 0, 1, 30, 200, 1e5, 1e37),
  squares: fc.boolean(),
});

describe.each(SETS_AND_PRECISIONS)('survey on $isa in $precision', ({ backend, precision }) => {
  it('agrees with the reference for any shape and size, passing over what is not finite', () => {
    fc.assert(
      fc.property(shapes, ({ seed, n, cols, size, offset, lost, covariance, norms, spread, squares }) => {
        const random = randomSource(seed);
        const entry = () => {
          const which = random();
          if (which < lost) return [-Infinity, Infinity, Number.NaN][Math.floor(3 * random())];
          return size * (offset + 2 * random() - 1) * (random() < 0.1 ? 1e-9 : 1);
        };
        const weights = spread === null ? null : { bias: biasOf(random, precision, n, spread), squares: squares && size < 1e19 };
        const step = stepOf(precision, matrix(precision, n, cols, entry), covariance && size < 1e19, norms, weights);
        runStep(backend, step, 1);
        if (size < 1e30 && size > 1e-30) expectSurvey(step, precision);
        else expectSurvey({ ...step, covariance: null, bias: null, weighted: null }, precision);
      }),
      { numRuns: 60, seed: 20263 },
    );
  });

  it('leaves norms out where they are not asked for', () => {
    const random = randomSource(5);
    const step = stepOf(precision, matrix(precision, 37, 6, random), true);
    const without = { ...stepOf(precision, step.input, true), norms: null };
    runStep(backend, step, 1);
    runStep(backend, without, 1);
    for (const name of ['mean', 'extremes', 'covariance'] as const) {
      expect(Array.from((without[name] as Matrix).data)).toEqual(Array.from((step[name] as Matrix).data));
    }
  });

  it('weighs rows as their biases say: one row alone, and none', () => {
    const random = randomSource(6);
    const input = matrix(precision, 70, 5, random);
    const alone = matrix(precision, 70, 1, (row) => (row === 66 ? 0 : -800));
    const step = stepOf(precision, input, true, 2, { bias: alone, squares: true });
    runStep(backend, step, 1);
    const weighted = Array.from((step.weighted as Matrix).data);
    const own = Array.from({ length: 5 }, (_, c) => input.data[66 * 5 + c] - step.mean.data[c]);
    const expected = [...own, ...own.flatMap((a) => own.map((b) => a * b))];
    for (const [i, value] of expected.entries()) expect(weighted[i]).toBeCloseTo(value, 5);
    const none = stepOf(precision, input, true, 2, { bias: matrix(precision, 70, 1, () => -Infinity), squares: true });
    runStep(backend, none, 1);
    expect((none.weighted as Matrix).data.every((value) => value === 0)).toBe(true);
  });

  it('gives zeros for no rows, for zeros and for nothing finite', () => {
    for (const input of [matrix(precision, 0, 5), matrix(precision, 9, 5, () => 0), matrix(precision, 9, 5, () => -Infinity)]) {
      const step = stepOf(precision, input, true);
      runStep(backend, step, 1);
      for (const { data } of [step.mean, step.extremes, step.norms as Matrix, step.covariance as Matrix]) {
        expect(data.every((value) => value === 0)).toBe(true);
      }
    }
  });
});
