import { describe, expect, it } from 'vitest';
import type { Problem } from '../../../src/contract/request.ts';
import { largestEigenvalue } from '../../../src/plan/approximate/largest-eigenvalue.ts';
import { momentsOf } from '../../../src/plan/approximate/moments.ts';
import { blockBound } from '../../../src/plan/approximate/score-bound.ts';
import { type Survey, surveyedSlice } from '../../../src/plan/approximate/survey.ts';
import { withMasks } from '../../../src/plan/block.ts';
import { blockTree } from '../../../src/polynomial/blocks.ts';
import { parsePolynomial } from '../../../src/polynomial/parse.ts';
import { monomialsOf } from '../../helpers/polynomials.ts';
import { random, randomRows } from '../../helpers/random.ts';

/** Theorem D's parts against the sums over all tuples that they bound. */

type Rows = number[][];

function surveyed(rows: Rows): ReturnType<typeof surveyedSlice> {
  const [n, D] = [rows.length, (rows[0] as number[]).length];
  const column = (c: number): number[] => rows.map((row) => row[c] as number);
  const columns = Array.from({ length: D }, (_, c) => column(c));
  const mean = columns.map((one) => one.reduce((sum, x) => sum + x, 0) / n);
  const norm = (center: readonly number[], p: number): number =>
    Math.max(...rows.map((row) => row.reduce((sum, x, c) => sum + Math.abs(x - (center[c] ?? 0)) ** p, 0) ** (1 / p)));
  const norms = [mean, []].flatMap((center) => Array.from({ length: 8 }, (_, p) => norm(center, p + 1)));
  const extremes = [...columns.map((one) => Math.min(...one)), ...columns.map((one) => Math.max(...one))];
  const covariance = columns.flatMap((a, i) =>
    columns.map(
      (b, j) => a.reduce((sum, x, l) => sum + (x - (mean[i] as number)) * ((b[l] as number) - (mean[j] as number)), 0) / n,
    ),
  );
  return surveyedSlice(mean, extremes, norms, covariance);
}

function problemOf(text: string, rows: readonly number[], d: number, dv: number, scale: number): Problem {
  const t = rows.length;
  const hasValues = Array.from({ length: t }, (_, j) => j > 0);
  const hasBias = new Array<boolean>(t).fill(false);
  const shape = { batch: 1, heads: 1, rows, d, dv, hasValues, hasBias, scale, mask: { type: 'none' } as const };
  const how = {
    projected: { names: [], m: 0 },
    mode: 'approximate',
    algorithm: 'auto',
    precision: 'float64',
    backend: 'auto',
  } as const;
  return { polynomial: parsePolynomial(text), ...shape, ...how };
}

const POLYNOMIALS = ['x1*x2', 'x1*x2 + x2*x3', 'x1*x2 + x1*x3', 'x1*x2*x3', 'x1*x2 + x2*x3 + x1*x3', 'x1*x2 + x3*x4'];

describe('Theorem D', () => {
  const cases = POLYNOMIALS.flatMap((text) => [0, 1, 3].flatMap((offset) => [1, 2, 3].map((seed) => ({ text, offset, seed }))));
  it.each(cases)('bounds the average error of $text with offset $offset, seed $seed', ({ text, offset, seed }) => {
    const next = random(seed);
    const t = Math.max(...monomialsOf(text).flatMap(({ variables }) => variables));
    const [n, d, dv, scale] = [t > 3 ? 4 : 6, 3, 2, 0.2];
    const q = Array.from({ length: t }, () => randomRows(next, n, d, 0.8).map((row) => row.map((x) => x + (offset * next()) / 4)));
    const v = Array.from({ length: t }, () => randomRows(next, n, dv, 1).map((row) => row.map((x) => x + offset)));
    const survey: Survey = new Map(
      q.flatMap((rows, j) => [
        [`q${j + 1}`, [surveyed(rows)]] as const,
        ...(j > 0 ? ([[`v${j + 1}`, [surveyed(v[j] as Rows)]]] as const) : []),
      ]),
    );
    const problem = problemOf(
      text,
      q.map((rows) => rows.length),
      d,
      dv,
      scale,
    );
    const { blocks: plain } = blockTree(problem.polynomial, []);
    const blocks = plain.map((block) => withMasks(block, []));
    const bounds = blocks.map(({ monomials }) => blockBound(monomials, scale, survey));
    const moments = momentsOf(problem, blocks, bounds, survey);
    if (moments === null) throw new Error('there are moments');
    const errors = averageErrors(blocks, bounds, { q, v, scale });
    blocks.forEach((_, b) => {
      const bound = (bounds[b] as { bound: number }).bound;
      // p = 1 + x: κ of the series.
      const kappa = (Math.expm1(bound) - bound) / bound ** 2;
      expect(errors.average[b]).toBeLessThanOrEqual(kappa * (moments.average[b] as number));
      expect(kappa * (moments.average[b] as number)).toBeLessThan(0.5 * Math.exp(2 * bound) * bound ** 2);
    });
    expect(errors.reach).toBeLessThanOrEqual(moments.reach);
  });

  it.each([1, 2, 3])('bounds that of blocks in fewer coordinates, seed %d', (seed) => {
    const next = random(seed);
    const [n, d, k, dv, scale] = [6, 4, 2, 2, 0.3];
    const basis = [
      [0.6, 0.8, 0, 0],
      [0, 0, 0.8, -0.6],
    ];
    const offset = randomRows(next, 1, d, 0.3)[0] as number[];
    const low = (): Rows =>
      randomRows(next, n, k, 1).map((a) => offset.map((x, c) => x + a.reduce((sum, y, i) => sum + y * (basis[i]?.[c] ?? 0), 0)));
    const [q, v] = [Array.from({ length: 3 }, low), Array.from({ length: 3 }, () => randomRows(next, n, dv, 1))];
    const names = (role: string, all: readonly Rows[]) => all.map((rows, j) => [`${role}${j + 1}`, [surveyed(rows)]] as const);
    const survey: Survey = new Map([...names('q', q), ...names('v', v).slice(1)]);
    const problem = problemOf('x1*x2 + x2*x3', [n, n, n], d, dv, scale);
    const blocks = blockTree(problem.polynomial, []).blocks.map((block) => withMasks(block, []));
    const kept = (variable: number): ReturnType<typeof surveyed> => {
      const { mean } = (survey.get(`q${variable}`) as ReturnType<typeof surveyed>[])[0] as ReturnType<typeof surveyed>;
      return surveyed(
        (q[variable - 1] as Rows).map((row) =>
          basis.map((one) => one.reduce((sum, x, c) => sum + x * ((row[c] as number) - (mean[c] as number)), 0)),
        ),
      );
    };
    const compressed = new Map(
      blocks.map(({ variables }, b) => [b, { dimension: k, lost: 0, slices: new Map(variables.map((j) => [j, [kept(j)]])) }]),
    );
    const bounds = blocks.map(({ monomials }) => ({ ...blockBound(monomials, scale, survey), centred: true }));
    const moments = momentsOf(problem, blocks, bounds, survey, compressed);
    if (moments === null) throw new Error('there are moments');
    const errors = averageErrors(blocks, bounds, { q, v, scale });
    const full = momentsOf(problem, blocks, bounds, survey);
    blocks.forEach((_, b) => {
      const bound = (bounds[b] as { bound: number }).bound;
      const kappa = (Math.expm1(bound) - bound) / bound ** 2;
      expect(errors.average[b]).toBeLessThanOrEqual(kappa * (moments.average[b] as number));
      // Nothing was dropped: the moments are those of all coordinates, but for what bounds by columns make of other coordinates.
      expect(moments.average[b]).toBeLessThan(1.5 * (full?.average[b] as number));
    });
    expect(errors.reach).toBeLessThanOrEqual(moments.reach);
  });

  it('knows no more than the interval of the values where scores are out of all bounds', () => {
    const next = random(4);
    const survey: Survey = new Map([
      ...['q1', 'q2', 'q3'].map((name) => [name, [surveyed(randomRows(next, 3, 2, 1e3))]] as const),
      ['v2', [surveyed([[5], [5], [5]])]],
      ['v3', [surveyed([[5], [5], [5]])]],
    ]);
    const problem = problemOf('x1*x2 + x2*x3', [3, 3, 3], 2, 1, 1);
    const blocks = blockTree(problem.polynomial, []).blocks.map((block) => withMasks(block, []));
    const bounds = blocks.map(({ monomials }) => blockBound(monomials, 1, survey));
    expect(momentsOf(problem, blocks, bounds, survey)?.reach).toBe(0);
  });

  it('has nothing to say of rows with weights of their own', () => {
    const rows = [[0.5], [0.25]];
    const survey: Survey = new Map(['q1', 'q2', 'v2'].map((name) => [name, [surveyed(rows)]]));
    const problem = { ...problemOf('x1*x2', [2, 2], 1, 1, 1), hasBias: [false, true] };
    const blocks = blockTree(problem.polynomial, []).blocks.map((block) => withMasks(block, []));
    expect(momentsOf(problem, blocks, [{ bound: 1, absolute: 1, centred: false }], survey)).toBeNull();
  });
});

interface Data {
  readonly q: readonly Rows[];
  readonly v: readonly Rows[];
  readonly scale: number;
}

/** The largest E|Δ_b| over rows of x1, for p = 1 + x, under the exact probabilities of the tuples; and the largest |v - Att|. */
function averageErrors(
  blocks: readonly { readonly monomials: readonly { coefficient: number; variables: readonly number[] }[] }[],
  bounds: readonly { readonly centred: boolean }[],
  { q, v, scale }: Data,
): { average: number[]; reach: number } {
  const means = q.map((rows) =>
    (rows[0] as number[]).map((_, c) => rows.reduce((sum, row) => sum + (row[c] as number), 0) / rows.length),
  );
  const score = (b: number, tuple: readonly number[], centred: boolean): number =>
    (blocks[b]?.monomials ?? []).reduce((sum, { coefficient, variables }) => {
      const entry = (j: number, c: number): number =>
        (q[j - 1]?.[tuple[j - 1] as number]?.[c] as number) - (centred ? (means[j - 1]?.[c] as number) : 0);
      const d = ((q[0] as Rows)[0] as number[]).length;
      let inner = 0;
      for (let c = 0; c < d; c++) inner += variables.reduce((all, j) => all * entry(j, c), 1);
      return sum + scale * coefficient * inner;
    }, 0);
  const average = blocks.map(() => 0);
  let reach = 0;
  (q[0] as Rows).forEach((_, first) => {
    const all = tuplesOf(
      q.map((rows) => rows.length),
      first,
    );
    const weights = all.map((tuple) => Math.exp(blocks.reduce((sum, _, b) => sum + score(b, tuple, false), 0)));
    const total = weights.reduce((sum, w) => sum + w, 0);
    blocks.forEach((_, b) => {
      const deltas = all.map((tuple) => {
        const x = score(b, tuple, bounds[b]?.centred === true);
        return Math.abs((1 + x) * Math.exp(-x) - 1);
      });
      const mean = deltas.reduce((sum, delta, i) => sum + (delta * (weights[i] as number)) / total, 0);
      average[b] = Math.max(average[b] as number, mean);
    });
    for (let c = 0; c < ((v[1] as Rows)[0] as number[]).length; c++) {
      const values = all.map((tuple) =>
        tuple.reduce((product, row, j) => (j === 0 ? 1 : product * (v[j]?.[row]?.[c] as number)), 1),
      );
      const att = values.reduce((sum, value, i) => sum + (value * (weights[i] as number)) / total, 0);
      reach = Math.max(reach, ...values.map((value) => Math.abs(value - att)));
    }
  });
  return { average, reach };
}

function tuplesOf(counts: readonly number[], first: number): number[][] {
  return counts
    .slice(1)
    .reduce<number[][]>((all, n) => all.flatMap((tuple) => Array.from({ length: n }, (_, l) => [...tuple, l])), [[first]]);
}

describe('largestEigenvalue', () => {
  it.each([1, 2, 5, 16, 40])('is not below it, nor far above, for %d coordinates', (d) => {
    const next = random(d);
    const vector = randomRows(next, 1, d, 1)[0] as number[];
    const size = vector.reduce((sum, x) => sum + x * x, 0);
    // Identity plus a multiple of one direction: the largest eigenvalue is known.
    const matrix = Float64Array.from({ length: d * d }, (_, i) => {
      const [a, b] = [Math.floor(i / d), i % d];
      return (a === b ? 1 : 0) + (3 * (vector[a] as number) * (vector[b] as number)) / size;
    });
    const bound = largestEigenvalue(matrix, d);
    expect(bound).toBeGreaterThanOrEqual(4 * (1 - 1e-12));
    if (d > 2) expect(bound).toBeLessThan(4.3);
  });
});
