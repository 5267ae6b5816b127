import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Matrix, Precision, ResidualStep } from '../../../kernels/backend.ts';
import { matrix, randomMatrix, randomSource, runStep } from '../cases.ts';
import { expectedStep, ROUNDING } from './approximate.ts';
import { SETS_AND_PRECISIONS } from './sets.ts';

const shapes = fc.record({
  seed: fc.integer({ min: 0, max: 1e9 }),
  n: fc.integer({ min: 1, max: 150 }),
  m: fc.integer({ min: 1, max: 200 }),
  d: fc.integer({ min: 1, max: 70 }),
  dv: fc.integer({ min: 1, max: 40 }),
  degree: fc.integer({ min: 0, max: 3 }),
});

function residualOf(precision: Precision, { seed, n, m, d, dv, degree }: typeof shapes extends fc.Arbitrary<infer S> ? S : never) {
  const random = randomSource(seed);
  const values = randomMatrix(random, precision, m, dv);
  const moment = (at: number): number => {
    const [row, c] = [Math.floor(at / (2 * dv)), at % (2 * dv)];
    const value = values.data[row * dv + (c % dv)];
    return c < dv ? value : value * value;
  };
  const step: ResidualStep<Matrix> = {
    kind: 'residual',
    queries: randomMatrix(random, precision, n, d),
    keys: matrix(precision, m, d, () => (2 * random() - 1) / d),
    bias: matrix(precision, m, 1, () => random() - 0.5),
    ...{ values, moments: matrix(precision, m, 2 * dv, moment) },
    coefficients: [1, 1, 0.5, 1 / 6].slice(0, degree + 1),
    average: randomMatrix(random, precision, n, dv),
    logSum: matrix(precision, n, 1, () => Math.log(24) + 0.3 * random()),
    ...{ logOdds: 6, range: 0.7, most: 1, rounding: { weight: 1e-6, sum: 1e-6 } },
    ...{ message: matrix(precision, n, dv), bound: matrix(precision, n, 1), scaled: matrix(precision, n, 1) },
    drawnFrom: [4, 6].map((rows) => randomMatrix(random, precision, rows, d)),
  };
  return step;
}

describe.each(SETS_AND_PRECISIONS)('residual on $isa, $precision', ({ backend, precision }) => {
  it('is that of the reference', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const step = residualOf(precision, shape);
        runStep(
          backend,
          step,
          shape.n,
          [1, 70].filter((cut) => cut < shape.n),
        );
        const truth = expectedStep(step, shape.n);
        // Scores of d terms below 1.5, weights below 5, chains of 64; and the second moment is a root of what errs by so much.
        const unit = ROUNDING[precision];
        const limit = 1e-13 + unit * 5 * (shape.d + 100);
        for (const name of ['message', 'scaled', 'bound'] as const) {
          step[name].data.forEach((value, at) => {
            const expected = truth[name].data[at];
            if (Number.isFinite(expected) === Number.isFinite(value) && !Number.isFinite(value)) return;
            const size = name === 'bound' ? 4 * (1 + Math.abs(expected)) ** 2 : 4 + Math.abs(expected);
            expect(Math.abs(value - expected), `${name} ${at}`).toBeLessThanOrEqual(limit * size);
          });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('has no output where a variable has no rows, and the polynomial alone where the sample leaves no weight', () => {
    const step = residualOf(precision, { seed: 1, n: 40, m: 30, d: 3, dv: 2, degree: 1 });
    const nothing = { ...step, drawnFrom: [matrix(precision, 0, 3), ...step.drawnFrom] };
    runStep(backend, nothing, 40);
    expect([...step.message.data]).toEqual(Array.from(step.message.data, () => 0));
    expect(step.scaled.data.every((value) => value === -Infinity)).toBe(true);
    const alone = { ...step, coefficients: [40, 1] };
    runStep(backend, alone, 40);
    expect(step.bound.data.every((value) => value === Infinity)).toBe(true);
    step.message.data.forEach((value, at) => {
      expect(value).toBeCloseTo(step.average.data[at], precision === 'float32' ? 6 : 13);
    });
  });
});
