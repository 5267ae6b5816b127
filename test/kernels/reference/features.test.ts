import { describe, expect, it } from 'vitest';
import type { AccumulateStep, Matrix, ScanStep } from '../../../kernels/backend.ts';
import { featureCount } from '../../../kernels/reference/feature-table.ts';
import { load } from '../../../kernels/reference/index.ts';
import { matrix, randomMatrix, randomSource, runStep } from '../cases.ts';

/** accumulate, contract, apply and scan against the sum over all tuples of p(h), which is what they are for (math.md §3.5). */

const backend = load();

interface Rows {
  readonly queries: Matrix;
  readonly values: Matrix | null;
  readonly bias: Matrix | null;
}

interface Summed {
  readonly rows: readonly Rows[];
  readonly monomials: readonly { readonly factor: number; readonly variables: readonly number[] }[];
  readonly coefficients: readonly number[];
  readonly dv: number;
  readonly admissible: (tuple: readonly number[]) => boolean;
}

/** u and L of every row of variable 1, tuple by tuple. */
function definition({ rows, monomials, coefficients, dv, admissible }: Summed): { u: number[]; L: number[] } {
  const [u, L]: [number[], number[]] = [[], []];
  for (let first = 0; first < rows[0].queries.rows; first++) {
    let z = 0;
    const y = new Array<number>(dv).fill(0);
    for (const tuple of tuplesOf(rows, first)) {
      if (!admissible(tuple)) continue;
      const score = scoreOf(rows, monomials, tuple);
      const bias = tuple.reduce((sum, row, j) => sum + (j === 0 ? 0 : (rows[j].bias?.data[row] ?? 0)), 0);
      const weight = Math.exp(bias) * coefficients.reduceRight((sum, c) => sum * score + c, 0);
      z += weight;
      for (let c = 0; c < dv; c++) y[c] += tuple.reduce((all, row, j) => all * (j === 0 ? 1 : valueAt(rows[j], row, c)), weight);
    }
    u.push(...y.map((value) => (z === 0 ? 0 : value / z)));
    L.push(Math.log(z));
  }
  return { u, L };
}

function valueAt({ values }: Rows, row: number, c: number): number {
  return values === null ? 1 : values.data[row * values.cols + c];
}

function scoreOf(rows: readonly Rows[], monomials: Summed['monomials'], tuple: readonly number[]): number {
  const d = rows[0].queries.cols;
  let score = 0;
  for (const { factor, variables } of monomials) {
    for (let c = 0; c < d; c++) score += variables.reduce((all, j) => all * rows[j - 1].queries.data[tuple[j - 1] * d + c], factor);
  }
  return score;
}

function tuplesOf(rows: readonly Rows[], first: number): number[][] {
  return rows
    .slice(1)
    .reduce<number[][]>(
      (all, { queries }) => all.flatMap((one) => Array.from({ length: queries.rows }, (_, l) => [...one, l])),
      [[first]],
    );
}

function randomRows(random: () => number, n: number, d: number, dv: number, withValues: boolean): Rows {
  return {
    queries: randomMatrix(random, 'float64', n, d),
    values: withValues ? randomMatrix(random, 'float64', n, dv) : null,
    bias: matrix('float64', n, 1, () => 2 * random() - 1),
  };
}

/** Positive on the scores that occur here. */
const EXPONENTIAL = [1, 1, 0.5, 1 / 6, 1 / 24];

const POLYNOMIALS: readonly (readonly (readonly number[])[])[] = [
  [[1, 2]],
  [[1, 2, 3]],
  [
    [1, 2],
    [2, 3],
    [1, 3],
  ],
  [
    [1, 2],
    [1, 3],
  ],
  [[2, 3]],
];

function expectClose(found: ArrayLike<number>, wanted: readonly number[]): void {
  wanted.forEach((value, i) => {
    expect(Math.abs(found[i] - value), `at ${i}`).toBeLessThan(1e-11);
  });
}

describe('accumulate, contract and apply', () => {
  const cases = POLYNOMIALS.flatMap((monomials) => [1, 3].flatMap((parts) => [1, 2].map((seed) => ({ monomials, parts, seed }))));
  it.each(cases)('sum p(h) over all tuples: $monomials in $parts parts, seed $seed', ({ monomials, parts, seed }) => {
    const random = randomSource(seed);
    const [t, d, dv, degree] = [Math.max(2, ...monomials.flat()), 3, 2, EXPONENTIAL.length - 1];
    const rows = Array.from({ length: t }, (_, j) => randomRows(random, 3 + j, d, dv, j !== 1 || seed === 1));
    const weighted = monomials.map((variables, m) => ({ factor: 0.1 * (m + 1), variables }));
    const r = featureCount(d, degree);
    const map = { center: null, stretch: 1, degree, tilts: [] };
    const sums = rows.slice(1).map((own) => {
      const cols = own.values === null ? 1 : dv + 1;
      const step: AccumulateStep<Matrix> = {
        ...{ kind: 'accumulate', ...map, ...own, parts },
        ...{ sums: matrix('float64', parts * r, cols), shift: matrix('float64', parts, 1) },
      };
      runStep(backend, step, parts);
      return { sums: step.sums, shift: step.shift, parts };
    });
    const [result, resultShift] = [matrix('float64', r, dv + 1), matrix('float64', 1, 1)];
    const contract = { kind: 'contract', dimension: d, coefficients: EXPONENTIAL, monomials: weighted, sums, offsets: [] } as const;
    runStep(backend, { ...contract, result, resultShift }, 1);
    const { queries } = rows[0];
    const [message, logSumExp] = [matrix('float64', queries.rows, dv), matrix('float64', queries.rows, 1)];
    runStep(backend, { kind: 'apply', ...map, queries, result, resultShift, message, logSumExp }, queries.rows);
    const { u, L } = definition({ rows, monomials: weighted, coefficients: EXPONENTIAL, dv, admissible: () => true });
    expectClose(message.data, u);
    expectClose(logSumExp.data, L);
  });

  it('take centred pairs apart without changing the whole', () => {
    const random = randomSource(9);
    const [d, dv, degree] = [3, 2, 4];
    const rows = [randomRows(random, 4, d, dv, false), randomRows(random, 5, d, dv, true)];
    const center = rows.map(() => randomMatrix(random, 'float64', 1, d));
    const factor = 0.2;
    const r = featureCount(d, degree);
    const map = (j: number) => ({ ...{ center: center[j], stretch: 1, degree }, tilts: [{ vector: center[1 - j], factor }] });
    const [sums, shift] = [matrix('float64', r, dv + 1), matrix('float64', 1, 1)];
    runStep(backend, { kind: 'accumulate', ...map(1), ...rows[1], parts: 1, sums, shift }, 1);
    const [result, resultShift] = [matrix('float64', r, dv + 1), matrix('float64', 1, 1)];
    const monomials = [{ factor, variables: [1, 2] }];
    const offsets = [{ left: center[0], right: center[1], factor }];
    const contract = { kind: 'contract', dimension: d, coefficients: EXPONENTIAL, monomials, offsets } as const;
    runStep(backend, { ...contract, sums: [{ sums, shift, parts: 1 }], result, resultShift }, 1);
    const { queries } = rows[0];
    const [message, logSumExp] = [matrix('float64', 4, dv), matrix('float64', 4, 1)];
    runStep(backend, { kind: 'apply', ...map(0), queries, result, resultShift, message, logSumExp }, 4);
    // p of the centred score alone, the rest in the exponent.
    for (let first = 0; first < 4; first++) {
      let z = 0;
      for (let l = 0; l < 5; l++) {
        let [inner, rest] = [0, 0];
        for (let c = 0; c < d; c++) {
          const [a, b] = [rows[0].queries.data[first * d + c], rows[1].queries.data[l * d + c]];
          const [p, q] = [a - center[0].data[c], b - center[1].data[c]];
          inner += factor * p * q;
          rest += factor * (a * b - p * q);
        }
        z += Math.exp(rest + (rows[1].bias?.data[l] ?? 0)) * EXPONENTIAL.reduceRight((sum, c) => sum * inner + c, 0);
      }
      expect(Math.abs(logSumExp.data[first] - Math.log(z))).toBeLessThan(1e-11);
    }
  });
});

describe('scan', () => {
  const bands = [
    { lowest: 0, highest: Number.POSITIVE_INFINITY },
    { lowest: 0, highest: 2 },
    { lowest: -1, highest: 3 },
  ];
  const cases = bands.flatMap((band) => [2, 3].flatMap((t) => [[], [4], [1, 7]].map((cuts) => ({ band, t, cuts }))));
  it.each(cases)('sums p(h) over what $t variables may see: $band, tiles cut at $cuts', ({ band, t, cuts }) => {
    const random = randomSource(t);
    const [n, d, dv, degree] = [9, 2, 2, EXPONENTIAL.length - 1];
    const rows = Array.from({ length: t }, () => randomRows(random, n, d, dv, true));
    const variables = rows.map((_, j) => j + 1);
    const map = (queries: Matrix) => ({ queries, center: null, stretch: 1, degree, tilts: [] });
    const step: ScanStep<Matrix> = {
      kind: 'scan',
      root: map(rows[0].queries),
      others: rows.slice(1).map(({ queries, values, bias }) => ({ ...map(queries), values, bias, ...band })),
      ...{ coefficients: EXPONENTIAL, factor: 0.3, offsets: [] },
      ...{ message: matrix('float64', n, dv), logSumExp: matrix('float64', n, 1) },
    };
    runStep(backend, step, n, cuts);
    const admissible = (tuple: readonly number[]): boolean =>
      tuple.slice(1).every((l) => tuple[0] - l >= band.lowest && tuple[0] - l <= band.highest);
    const monomials = [{ factor: 0.3, variables }];
    const { u, L } = definition({ rows, monomials, coefficients: EXPONENTIAL, dv, admissible });
    expectClose((step.message as Matrix).data, u);
    expectClose(step.logSumExp.data, L);
  });
});
