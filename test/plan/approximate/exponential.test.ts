import { describe, expect, it } from 'vitest';
import { type ExponentialKind, exponentialPolynomial } from '../../../src/plan/approximate/exponential.ts';

/** math.md §3.3: smallest degree with relative error <= ε on [-M, M], by Taylor and by relative minimax. */
const TOLERANCES = [1e-1, 1e-2, 1e-3, 1e-4, 1e-6];
const TABLE: readonly { bound: number; taylor: readonly number[]; minimax: readonly number[] }[] = [
  { bound: 0.25, taylor: [1, 2, 3, 4, 5], minimax: [1, 2, 2, 3, 4] },
  { bound: 0.5, taylor: [2, 3, 4, 5, 7], minimax: [1, 2, 3, 4, 5] },
  { bound: 1, taylor: [3, 5, 6, 7, 9], minimax: [2, 3, 4, 5, 7] },
  { bound: 2, taylor: [7, 8, 10, 11, 14], minimax: [3, 5, 6, 7, 9] },
  { bound: 4, taylor: [14, 15, 17, 19, 21], minimax: [6, 7, 9, 10, 13] },
  { bound: 8, taylor: [28, 30, 31, 33, 36], minimax: [10, 12, 14, 16, 19] },
];

function evaluate(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((sum, c) => sum * x + c, 0);
}

/** Smallest and largest p(x) e^-x - 1 on a grid far finer than the nodes of the bound, the ends in it. */
function errorsOf(coefficients: readonly number[], bound: number, points = 20_000): [lowest: number, highest: number] {
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i <= points; i++) {
    const x = bound * ((2 * i) / points - 1);
    const error = evaluate(coefficients, x) * Math.exp(-x) - 1;
    lowest = Math.min(lowest, error);
    highest = Math.max(highest, error);
  }
  return [lowest, highest];
}

function relativeError(kind: ExponentialKind, degree: number, bound: number): number {
  return Math.max(...errorsOf(exponentialPolynomial(kind, degree, bound).coefficients, bound).map(Math.abs));
}

describe('degrees', () => {
  it.each(TABLE)('are those of the table for M = $bound', ({ bound, ...columns }) => {
    for (const kind of ['taylor', 'minimax'] as const) {
      TOLERANCES.forEach((tolerance, i) => {
        const degree = columns[kind][i] as number;
        expect(relativeError(kind, degree, bound), `${kind} ${degree}`).toBeLessThanOrEqual(tolerance);
        expect(relativeError(kind, degree - 1, bound), `${kind} ${degree - 1}`).toBeGreaterThan(tolerance);
      });
    }
  });
});

describe('logError', () => {
  const bounds = [1e-6, 0.01, 0.3, 1, 2.5, 4, 6, 9, 12];
  it.each(bounds)('holds on a dense grid, and is no guess, for M = %d', (bound) => {
    for (const kind of ['taylor', 'minimax'] as const) {
      for (let degree = 1; degree <= 24; degree++) {
        const { coefficients, logError, absoluteSum } = exponentialPolynomial(kind, degree, bound);
        const [lowest, highest] = errorsOf(coefficients, bound, 4000);
        const measured = lowest > -1 ? (Math.log1p(highest) - Math.log1p(lowest)) / 2 : Number.POSITIVE_INFINITY;
        const rounding = 1e-15 * absoluteSum * Math.exp(bound);
        expect(measured, `${kind} ${degree}`).toBeLessThanOrEqual(logError + rounding);
        if (measured < 0.1) expect(logError, `${kind} ${degree}`).toBeLessThanOrEqual(1.02 * measured + 200 * rounding + 1e-11);
      }
    }
  });

  it('stays finite where fp64 makes the exchange stall, and falls until it does', () => {
    for (const [bound, last] of [
      [4, 17],
      [8, 20],
      [10, 20],
      [12, 20],
    ] as const) {
      const errors = Array.from({ length: 24 }, (_, i) => exponentialPolynomial('minimax', i + 1, bound).logError);
      for (let degree = 14; degree <= 24; degree++) expect(errors[degree - 1], `M ${bound}, degree ${degree}`).toBeLessThan(1);
      for (let degree = 14; degree <= last; degree++) {
        expect(errors[degree - 1], `M ${bound}, degree ${degree}`).toBeLessThan(errors[degree - 2] as number);
      }
    }
  });
});

it('has Taylor polynomials of even degree positive everywhere (§3.6)', () => {
  const smallest = [2, 4, 6, 8].map((degree) => {
    const { coefficients } = exponentialPolynomial('taylor', degree, 1);
    return Math.min(...Array.from({ length: 8001 }, (_, i) => evaluate(coefficients, i / 200 - 20)));
  });
  [0.5, 0.27, 0.149, 0.083].forEach((value, i) => {
    expect(smallest[i]).toBeCloseTo(value, 2);
  });
  for (let degree = 2; degree <= 24; degree += 2) {
    const { coefficients } = exponentialPolynomial('taylor', degree, 1);
    for (let x = -60; x <= 20; x += 0.05) expect(evaluate(coefficients, x), `${degree} at ${x}`).toBeGreaterThan(0);
  }
});

it('has no certificate where a polynomial is not positive', () => {
  expect(exponentialPolynomial('taylor', 1, 1.5).logError).toBe(Number.POSITIVE_INFINITY);
  expect(exponentialPolynomial('minimax', 1, 12).logError).toBe(Number.POSITIVE_INFINITY);
});

describe('squareError', () => {
  const bounds = [1e-3, 0.05, 0.3, 1, 2.5, 4, 9];
  it.each(bounds)('holds on a dense grid, and is no guess, for M = %d', (bound) => {
    for (const kind of ['taylor', 'economised'] as const) {
      for (let degree = 1; degree <= 12; degree++) {
        const { coefficients, squareError } = exponentialPolynomial(kind, degree, bound);
        expect(coefficients.slice(0, 2)).toEqual([1, 1]);
        expect(coefficients.length).toBe(degree + 1);
        let measured = 0;
        for (let i = 0; i < 4000; i++) {
          const x = bound * Math.cos((Math.PI * (i + 0.5)) / 4000);
          measured = Math.max(measured, Math.abs(remainder(coefficients, x)));
        }
        expect(measured, `${kind} ${degree}`).toBeLessThanOrEqual(squareError);
        // What is left of the series is more than its first Chebyshev term where M is large.
        if (bound <= 1 && measured > 1e-11) expect(squareError, `${kind} ${degree}`).toBeLessThan(1.3 * measured);
      }
    }
  });

  it('is smaller by half a degree and more than that of the series', () => {
    const [series, best] = (['taylor', 'economised'] as const).map((kind) => exponentialPolynomial(kind, 6, 2).squareError);
    expect(best).toBeLessThan((series as number) / 6);
  });
});

/** (p(x) - e^x) / x^2 by its series, which does not cancel near zero. */
function remainder(coefficients: readonly number[], x: number): number {
  let [sum, power, factorial] = [0, 1, 2];
  for (let k = 2; k < 60; k++) {
    sum += ((coefficients[k] ?? 0) - 1 / factorial) * power;
    power *= x;
    factorial *= k + 1;
  }
  return sum;
}
