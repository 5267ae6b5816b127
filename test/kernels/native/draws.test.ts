import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JudgeStep, Matrix, Precision, RandomFeaturesStep, SampleStep } from '../../../kernels/backend.ts';
import { cosine, logarithm, normal } from '../../../kernels/reference/draws.ts';
import { matrix, randomMatrix, randomSource, runStep } from '../cases.ts';
import { expectedStep, ROUNDING } from './approximate.ts';
import { addon, SETS_AND_PRECISIONS } from './sets.ts';

/** The steps that draw, and the one that judges what was drawn, against the reference. */

const SEEDS = [0, 1, 7, 2 ** 31, 2 ** 32 + 5, 2 ** 53 - 1, (2 ** 53 - 1) * 8 + 8];

describe('draws', () => {
  it.each(SEEDS)('are the numbers of the reference, bit for bit, seed %d', (seed) => {
    for (const stream of [0, 3, 30000]) {
      const out = new Float64Array(500);
      addon.normals(seed, stream, out);
      expect(out).toEqual(Float64Array.from(out, (_, i) => normal(seed, stream, i)));
    }
  });

  it('are made of a logarithm and a cosine that err by few units', () => {
    const random = randomSource(1);
    for (let i = 0; i < 20000; i++) {
      const u = random();
      const x = i % 2 === 0 ? 1 - u : 2 ** (-53 * u);
      expect(Math.abs(logarithm(x) - Math.log(x))).toBeLessThanOrEqual(8 * 2 ** -53 * Math.abs(Math.log(x)));
      expect(Math.abs(cosine(u) - Math.cos(2 * Math.PI * u))).toBeLessThanOrEqual(1e-15);
    }
    expect([logarithm(1), cosine(0), cosine(0.5)]).toEqual([0, 1, -1]);
  });
});

/** Rows [0, n) in tiles cut at a few places. */
const cuts = (n: number): number[] => [1, 5, 130].filter((cut) => cut < n);

describe.each(SETS_AND_PRECISIONS)('random-features on $isa, $precision', ({ backend, precision }) => {
  const shapes = fc.record({
    seed: fc.integer({ min: 0, max: 1e9 }),
    n: fc.integer({ min: 1, max: 120 }),
    cols: fc.integer({ min: 1, max: 70 }),
    count: fc.integer({ min: 1, max: 80 }),
    factor: fc.double({ min: -1, max: 1, noNaN: true }),
  });
  it('are those of the reference', () => {
    fc.assert(
      fc.property(shapes, ({ seed, n, cols, count, factor }) => {
        const input = randomMatrix(randomSource(seed), precision, n, cols);
        const step: RandomFeaturesStep<Matrix> = {
          ...{ kind: 'random-features', input, factor, seed, output: matrix(precision, n, count) },
        };
        runStep(backend, step, n, cuts(n));
        const { data } = expectedStep(step, n).output;
        step.output.data.forEach((value, at) => {
          expect(Math.abs(value - data[at])).toBeLessThanOrEqual((1.01 * ROUNDING[precision] + 1e-12) * data[at]);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('are infinite, and not some other number, where they overflow', () => {
    const input = matrix(precision, 40, 1, (at) => (at === 7 ? 40 : 0.25));
    const output = matrix(precision, 40, 50);
    // factor^2 |q|^2 / 2 = 8000 against factor <w, q> = 4000 w: some exponents are beyond 709, others below -708.
    const wide = { kind: 'random-features', input, factor: 100, seed: 3, output } as const;
    runStep(backend, wide, 40, cuts(40));
    const truth = expectedStep(wide, 40).output.data;
    const most = precision === 'float32' ? 3.4e38 : 1e307;
    for (let at = 0; at < truth.length; at++) {
      if (truth[at] > most) expect(output.data[at]).toBeGreaterThan(most);
      else expect(Math.abs(output.data[at] - truth[at])).toBeLessThanOrEqual(1e-6 * truth[at] + 1e-37);
    }
  });
});

function sampleOf(precision: Precision, seed: number): SampleStep<Matrix> {
  const random = randomSource(seed);
  const pick = (most: number): number => Math.floor(random() * most);
  const [m, d, dv, t] = [1 + pick(300), 1 + pick(40), pick(20), 2 + pick(3)];
  const rows = Array.from({ length: t }, () => 1 + pick(9));
  const operands = rows.map((n, j) => ({
    queries: randomMatrix(random, precision, n, d),
    values: j > 0 && dv > 0 && random() < 0.8 ? randomMatrix(random, precision, n, dv) : null,
    bias: j > 0 && random() < 0.4 ? matrix(precision, n, 1, () => (random() < 0.2 ? -Infinity : random())) : null,
  }));
  const monomials = [
    { factor: 0.7, variables: rows.map((_, j) => j + 1) },
    ...(t > 2 ? [{ factor: -0.4, variables: [2, 3] }] : []),
  ];
  return {
    ...{ kind: 'sample', operands, monomials, seed: pick(1e6) },
    ...{ keys: matrix(precision, m, d), bias: matrix(precision, m, 1), doubledBias: matrix(precision, m, 1) },
    values: dv > 0 ? matrix(precision, m, dv) : null,
    moments: dv > 0 ? matrix(precision, m, 2 * dv) : null,
  };
}

describe.each(SETS_AND_PRECISIONS)('sample on $isa, $precision', ({ backend, precision }) => {
  it.each(Array.from({ length: 20 }, (_, seed) => seed))('is that of the reference, seed %d', (seed) => {
    const step = sampleOf(precision, seed);
    runStep(backend, step, step.keys.rows, cuts(step.keys.rows));
    const truth = expectedStep(step, step.keys.rows);
    for (const name of ['keys', 'bias', 'doubledBias', 'values', 'moments'] as const) {
      const [own, other] = [step[name], truth[name]];
      own?.data.forEach((value, at) => {
        const expected = (other as Matrix).data[at];
        if (expected === -Infinity) expect(value).toBe(-Infinity);
        else expect(Math.abs(value - expected)).toBeLessThanOrEqual(1.01 * ROUNDING[precision] * Math.abs(expected) + 1e-13);
      });
    }
  });
});

function judgeOf(precision: Precision, seed: number): JudgeStep<Matrix> {
  const random = randomSource(seed);
  const [n, dv, samples] = [1 + Math.floor(random() * 60), Math.floor(random() * 9), seed % 7 === 0 ? 1 : 500];
  const logSumExp = matrix(precision, n, 1, () => (random() < 0.1 ? -Infinity : Math.log(samples) + random() - 0.5));
  return {
    ...{ kind: 'judge', samples, logOdds: 8, range: 2, largestScore: 1.5, rounding: 1e-5 },
    ...{ message: dv > 0 ? randomMatrix(random, precision, n, dv) : null, logSumExp },
    moments: dv > 0 ? matrix(precision, n, 2 * dv, (at) => (at % (2 * dv) < dv ? random() - 0.5 : 1 + random())) : null,
    squaredLogSumExp: matrix(precision, n, 1, (at) => 2 * logSumExp.data[at] - Math.log(samples) + 3 * random() ** 4),
    ...{ bound: matrix(precision, n, 1), scaled: matrix(precision, n, 1) },
    drawnFrom: [3, 8].map((rows) => randomMatrix(random, precision, rows, 2)),
  };
}

describe.each(SETS_AND_PRECISIONS)('judge on $isa, $precision', ({ backend, precision }) => {
  it.each(Array.from({ length: 20 }, (_, seed) => seed))('says what the reference says, seed %d', (seed) => {
    const step = judgeOf(precision, seed);
    const n = step.logSumExp.rows;
    runStep(backend, step, n, cuts(n));
    const truth = expectedStep(step, n);
    for (const name of ['bound', 'scaled'] as const) {
      step[name].data.forEach((value, at) => {
        const expected = truth[name].data[at];
        if (Number.isFinite(expected))
          expect(Math.abs(value - expected)).toBeLessThanOrEqual((1.01 * ROUNDING[precision] + 1e-12) * Math.abs(expected));
        else expect(value).toBe(expected);
      });
    }
  });

  it('says NaN and no number where a moment is none', () => {
    const step = [1, 2, 3, 4, 5]
      .map((seed) => judgeOf(precision, seed))
      .find(({ message }) => message !== null) as JudgeStep<Matrix>;
    const broken = { ...step, samples: 500, moments: matrix(precision, step.logSumExp.rows, 2 * (step.message?.cols ?? 0)) };
    broken.logSumExp.data.fill(Math.log(500));
    broken.squaredLogSumExp.data.fill(Math.log(500));
    runStep(backend, broken, step.logSumExp.rows);
    expect(step.bound.data.every(Number.isNaN)).toBe(true);
  });
});
