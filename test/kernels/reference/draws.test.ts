import { describe, expect, it } from 'vitest';
import type { JudgeStep, Matrix, SampleStep } from '../../../kernels/backend.ts';
import { drawIndex } from '../../../kernels/reference/draws.ts';
import { load } from '../../../kernels/reference/index.ts';
import { matrix, randomMatrix, randomSource, runStep } from '../cases.ts';

/** The steps that draw: random-features, sample and judge; and compress, which is judged by what it loses. */

const backend = load();

describe('random-features', () => {
  it('have products whose mean is the exponential of the score', () => {
    const random = randomSource(1);
    const [n, d, count, factor] = [4, 3, 4000, 0.5];
    const [a, b] = [randomMatrix(random, 'float64', n, d), randomMatrix(random, 'float64', n, d)];
    const [first, second] = [a, b].map((input) => {
      const output = matrix('float64', n, count);
      runStep(backend, { kind: 'random-features', input, factor, seed: 7, output }, n, [2]);
      return output;
    }) as [Matrix, Matrix];
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let [mean, score, size] = [0, 0, 0];
        for (let f = 0; f < count; f++) mean += first.data[i * count + f] * second.data[j * count + f];
        for (let c = 0; c < d; c++) {
          const [x, y] = [factor * a.data[i * d + c], factor * b.data[j * d + c]];
          score += x * y;
          size += (x + y) ** 2;
        }
        // math.md §3.9: relative variance (e^|a+b|^2 - 1) / F; four standard deviations.
        expect(Math.abs(mean / Math.exp(score) - 1)).toBeLessThan(4 * Math.sqrt(Math.expm1(size) / count) + 1e-9);
      }
    }
    expect(first.data.every((value) => value > 0)).toBe(true);
  });
});

const MONOMIALS = [
  { factor: 0.4, variables: [1, 2, 3] },
  { factor: -0.3, variables: [2, 3] },
];

function sampleStep(seed: number, m: number): SampleStep<Matrix> {
  const random = randomSource(3);
  const [d, dv] = [2, 2];
  const operands = [2, 3, 4].map((n, j) => ({
    queries: randomMatrix(random, 'float64', n, d),
    values: j === 0 ? null : randomMatrix(random, 'float64', n, dv),
    bias: j === 2 ? matrix('float64', n, 1, random) : null,
  }));
  return {
    ...{ kind: 'sample', operands, monomials: MONOMIALS, seed },
    ...{ keys: matrix('float64', m, d), bias: matrix('float64', m, 1), doubledBias: matrix('float64', m, 1) },
    ...{ values: matrix('float64', m, dv), moments: matrix('float64', m, 2 * dv) },
  };
}

/** Score with biases, and product of values, of one tuple. */
function tupleOf({ operands }: SampleStep<Matrix>, tuple: readonly number[]): { score: number; values: number[] } {
  let score = tuple.reduce((sum, row, j) => sum + (operands[j].bias?.data[row] ?? 0), 0);
  for (const { factor, variables } of MONOMIALS) {
    for (let c = 0; c < 2; c++)
      score += variables.reduce((all, j) => all * operands[j - 1].queries.data[tuple[j - 1] * 2 + c], factor);
  }
  const values = [0, 1].map((c) => tuple.reduce((all, row, j) => all * (operands[j].values?.data[row * 2 + c] ?? 1), 1));
  return { score, values };
}

describe('sample', () => {
  it('is of tuples as keys, biases and values that make their scores', () => {
    const step = sampleStep(5, 200);
    runStep(backend, step, 200, [13, 150]);
    const { keys, bias, doubledBias, values, moments, operands } = step;
    for (let i = 0; i < 200; i++) {
      const drawn = [1, 2].map((j) => drawIndex(5, j, i, operands[j].queries.rows));
      for (let first = 0; first < 2; first++) {
        const truth = tupleOf(step, [first, ...drawn]);
        const score =
          bias.data[i] + [0, 1].reduce((sum, c) => sum + operands[0].queries.data[first * 2 + c] * keys.data[i * 2 + c], 0);
        expect(score).toBeCloseTo(truth.score, 12);
        expect(doubledBias?.data[i]).toBeCloseTo(2 * bias.data[i], 12);
        truth.values.forEach((value, c) => {
          expect((values as Matrix).data[i * 2 + c]).toBeCloseTo(value, 12);
          expect((moments as Matrix).data[i * 4 + c]).toBeCloseTo(value, 12);
          expect((moments as Matrix).data[i * 4 + 2 + c]).toBeCloseTo(value * value, 12);
        });
      }
    }
  });

  it.each([1, 2, 3, 4, 5])('draws every tuple equally often, seed %d', (seed) => {
    const [m, sizes] = [6000, [2, 3, 2]];
    const counts = new Map<string, number>();
    for (let i = 0; i < m; i++) {
      const tuple = sizes.map((n, j) => drawIndex(seed, j + 1, i, n)).join();
      counts.set(tuple, (counts.get(tuple) ?? 0) + 1);
    }
    expect(counts.size).toBe(12);
    const expected = m / 12;
    const square = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // χ² with 11 degrees of freedom: beyond 35 once in 4,000 times.
    expect(square).toBeLessThan(35);
  });
});

/** The answer of a sample by its definition, judged: L, L of squares and moments as attention calls leave them. */
function judged(step: SampleStep<Matrix>, m: number, confidence: number): { errors: number[]; bound: number; scaled: number } {
  runStep(backend, step, m);
  const drawn = Array.from({ length: m }, (_, i) =>
    tupleOf(step, [0, ...[1, 2].map((j) => drawIndex(step.seed, j, i, step.operands[j].queries.rows))]),
  );
  const all = [0, 1, 2].flatMap((a) => [0, 1, 2, 3].map((b) => tupleOf(step, [0, a, b])));
  const average = (tuples: typeof all, power: 1 | 2, of: (values: number[]) => number): number => {
    const weights = tuples.map(({ score }) => Math.exp(power * score));
    const total = weights.reduce((sum, w) => sum + w, 0);
    return tuples.reduce((sum, { values }, i) => sum + weights[i] * of(values), 0) / total;
  };
  const logSum = (power: 1 | 2): number => Math.log(drawn.reduce((sum, { score }) => sum + Math.exp(power * score), 0));
  const values = all.map((one) => one.values);
  const range = Math.max(...[0, 1].map((c) => Math.max(...values.map((v) => v[c])) - Math.min(...values.map((v) => v[c]))));
  const one = (value: number): Matrix => matrix('float64', 1, 1, () => value);
  const message = [0, 1].map((c) => average(drawn, 1, (v) => v[c]));
  const moments = [...[0, 1].map((c) => average(drawn, 2, (v) => v[c])), ...[0, 1].map((c) => average(drawn, 2, (v) => v[c] ** 2))];
  const judge: JudgeStep<Matrix> = {
    ...{ kind: 'judge', samples: m, logOdds: Math.log(4 / (1 - confidence)), range, rounding: 0 },
    ...{ message: matrix('float64', 1, 2, (c) => message[c]), logSumExp: one(logSum(1)) },
    ...{ moments: matrix('float64', 1, 4, (c) => moments[c]), squaredLogSumExp: one(logSum(2)) },
    largestScore: Math.max(...all.map(({ score }) => score)),
    ...{ bound: one(Number.NaN), scaled: one(Number.NaN), drawnFrom: step.operands.slice(1).map(({ queries }) => queries) },
  };
  runStep(backend, judge, 1);
  const errors = [0, 1].map((c) => Math.abs(message[c] - average(all, 1, (v) => v[c])));
  return { errors, bound: judge.bound.data[0], scaled: judge.scaled.data[0] };
}

describe('judge', () => {
  it('bounds the error of a sample as often as it says, and shrinks with its size', () => {
    let missed = 0;
    const bounds: number[] = [];
    for (const m of [64, 256, 1024, 4096]) {
      for (let seed = 0; seed < 50; seed++) {
        const { errors, bound } = judged(sampleStep(seed, m), m, 0.9);
        missed += errors.filter((error) => !(error <= bound)).length;
        if (seed === 0) bounds.push(bound);
      }
    }
    // 400 entries at confidence 0.9: forty may be missed, and Bernstein's inequality is far from tight.
    expect(missed).toBeLessThan(4);
    expect(bounds).toEqual([...bounds].sort((a, b) => b - a));
    expect(bounds.at(-1)).toBeLessThan(0.2);
  });

  it('scales the log-sum-exp to all tuples', () => {
    const step = sampleStep(1, 20000);
    const { scaled } = judged(step, 20000, 0.9);
    const total = [0, 1, 2].flatMap((a) => [0, 1, 2, 3].map((b) => Math.exp(tupleOf(step, [0, a, b]).score)));
    expect(scaled).toBeCloseTo(Math.log(total.reduce((sum, w) => sum + w, 0)), 1);
  });

  it('says nothing where a sample has no weight or a single tuple', () => {
    expect(judged(sampleStep(1, 1), 1, 0.9).bound).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('compress', () => {
  it('keeps the coordinates in the basis, and measures the rest', () => {
    const random = randomSource(4);
    const [n, d, k] = [7, 4, 2];
    const input = randomMatrix(random, 'float64', n, d);
    const center = randomMatrix(random, 'float64', 1, d);
    const angle = 0.7;
    // Two orthonormal directions: e1 and e2 turned, e4.
    const directions = [
      [Math.cos(angle), Math.sin(angle), 0, 0],
      [0, 0, 0, 1],
    ];
    const basis = matrix('float64', d, k, (at) => directions[at % k][Math.floor(at / k)]);
    const vector = randomMatrix(random, 'float64', 1, d);
    const [output, unary, residual] = [matrix('float64', n, k), matrix('float64', n, 1), matrix('float64', 3, 1)];
    const step = {
      kind: 'compress',
      input,
      center,
      basis,
      tilts: [{ vector, factor: 2 }],
      parts: 3,
      output,
      unary,
      residual,
    } as const;
    runStep(backend, step, 3, [1]);
    const lost: number[] = [];
    for (let row = 0; row < n; row++) {
      const y = Array.from({ length: d }, (_, c) => input.data[row * d + c] - center.data[c]);
      const kept = directions.map((direction) => direction.reduce((sum, x, c) => sum + x * y[c], 0));
      kept.forEach((value, i) => {
        expect(output.data[row * k + i]).toBeCloseTo(value, 12);
      });
      expect(unary.data[row]).toBeCloseTo(2 * y.reduce((sum, value, c) => sum + value * vector.data[c], 0), 12);
      const rest = y.map((value, c) => value - kept.reduce((sum, x, i) => sum + x * directions[i][c], 0));
      lost.push(Math.hypot(...rest));
    }
    // Parts are rows 0-1, 2-3 and 4-6.
    const parts = [lost.slice(0, 2), lost.slice(2, 4), lost.slice(4)];
    parts.forEach((own, part) => {
      expect(residual.data[part]).toBeCloseTo(Math.max(...own), 12);
    });
  });
});
