import { describe, expect, it } from 'vitest';
import type { Matrix, ResidualStep, SampleStep } from '../../../kernels/backend.ts';
import { load } from '../../../kernels/reference/index.ts';
import { matrix, randomMatrix, randomSource, runStep } from '../cases.ts';

const backend = load();
const [N, D, DV, SCALE, P] = [[3, 5, 4], 2, 2, 0.6, [1, 1, 0.5]] as const;

/** A polynomial's exact sums and a sample of what is left, against the sum over all tuples. */
function judged(seed: number, m: number, confidence: number): { errors: number[]; bounds: number[]; scaled: number[] } {
  const random = randomSource(seed % 7);
  const q = N.map((n) => randomMatrix(random, 'float64', n, D));
  const v = N.map((n) => randomMatrix(random, 'float64', n, DV));
  const score = ([a, b, c]: readonly number[]): number =>
    [0, 1].reduce((sum, i) => sum + SCALE * q[0].data[a * D + i] * q[1].data[b * D + i] * q[2].data[c * D + i], 0);
  const tuples = (a: number): number[][] => Array.from({ length: 20 }, (_, i) => [a, Math.floor(i / 4), i % 4]);
  const sums = (a: number, weight: (x: number) => number): number[] =>
    tuples(a).reduce(
      ([z, ...y], tuple) => {
        const w = weight(score(tuple));
        return [z + w, ...y.map((sum, i) => sum + w * v[1].data[tuple[1] * DV + i] * v[2].data[tuple[2] * DV + i])];
      },
      [0, 0, 0],
    );
  const known = [0, 1, 2].map((a) => sums(a, (x) => P.reduce((sum, c, k) => sum + c * x ** k, 0)));
  const exact = [0, 1, 2].map((a) => sums(a, Math.exp));
  const sample: SampleStep<Matrix> = {
    ...{ kind: 'sample', seed, monomials: [{ factor: SCALE, variables: [1, 2, 3] }] },
    operands: q.map((queries, j) => ({ queries, values: j === 0 ? null : v[j], bias: null })),
    ...{ keys: matrix('float64', m, D), bias: matrix('float64', m, 1), doubledBias: null },
    ...{ values: matrix('float64', m, DV), moments: matrix('float64', m, 2 * DV) },
  };
  runStep(backend, sample, m);
  const [bound, residual] = [2 * SCALE, (x: number): number => Math.exp(x) - P.reduce((sum, c, k) => sum + c * x ** k, 0)];
  const step: ResidualStep<Matrix> = {
    ...{ kind: 'residual', queries: q[0], keys: sample.keys, bias: sample.bias },
    ...{ values: sample.values as Matrix, moments: sample.moments as Matrix, coefficients: P },
    average: matrix('float64', 3, DV, (at) => known[Math.floor(at / DV)][1 + (at % DV)] / known[Math.floor(at / DV)][0]),
    logSum: matrix('float64', 3, 1, (a) => Math.log(known[a][0])),
    ...{ logOdds: Math.log(4 / (1 - confidence)), range: 2 * (residual(bound) - residual(-bound)), most: 1 },
    rounding: { weight: 1e-14, sum: 1e-14 },
    ...{ message: matrix('float64', 3, DV), bound: matrix('float64', 3, 1), scaled: matrix('float64', 3, 1) },
    drawnFrom: [q[1], q[2]],
  };
  runStep(backend, step, 3, [1]);
  const errors = Array.from(step.message.data, (value, at) => {
    const row = exact[Math.floor(at / DV)];
    return Math.abs(value - row[1 + (at % DV)] / row[0]);
  });
  const scaled = Array.from(step.scaled.data, (value, a) => value - Math.log(exact[a][0]));
  return { errors, bounds: [...step.bound.data], scaled };
}

describe('residual', () => {
  it('bounds the error of what is drawn as often as it says, and shrinks with the sample', () => {
    let missed = 0;
    const worst: number[] = [];
    for (const m of [64, 256, 1024, 4096]) {
      for (let seed = 0; seed < 50; seed++) {
        const { errors, bounds } = judged(seed, m, 0.9);
        missed += errors.filter((error, at) => !(error <= bounds[Math.floor(at / DV)])).length;
        if (seed === 0) worst.push(Math.max(...bounds));
      }
    }
    // 1200 entries at confidence 0.9: 120 may be missed, and Bernstein's inequality is far from tight.
    expect(missed).toBeLessThan(12);
    expect(worst).toEqual([...worst].sort((a, b) => b - a));
    expect(worst.at(-1)).toBeLessThan(0.02);
  });

  it('comes nearer to the answer with more tuples', () => {
    const [few, many] = [64, 8192].map((m) => judged(3, m, 0.9));
    expect(Math.max(...many.errors)).toBeLessThan(2e-4);
    expect(Math.max(...many.errors)).toBeLessThan(Math.max(...few.errors));
    for (const off of many.scaled) expect(Math.abs(off)).toBeLessThan(2e-3);
  });
});
