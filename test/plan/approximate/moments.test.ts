import { describe, expect, it } from 'vitest';
import type { Problem } from '../../../src/contract/request.ts';
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

type Slice = ReturnType<typeof surveyedSlice>;

/** With a bias, the moments under its weights too; `squares`: of q. */
function surveyed(rows: Rows, bias: readonly number[] | null = null, squares = true): Slice {
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
  return surveyedSlice(mean, extremes, norms, covariance, bias && weightedMoments(rows, mean, weightsOf(bias), squares));
}

/** e^bias, brought to the sum 1; zeros where there is none. */
function weightsOf(bias: readonly number[]): number[] {
  const most = Math.max(...bias);
  const weights = bias.map((b) => (most === Number.NEGATIVE_INFINITY ? 0 : Math.exp(b - most)));
  const total = weights.reduce((sum, w) => sum + w, 0);
  return weights.map((w) => (total > 0 ? w / total : 0));
}

function weightedMoments(rows: Rows, mean: readonly number[], weights: readonly number[], squares: boolean): number[] {
  const average = (of: (y: readonly number[]) => number): number =>
    rows.reduce((sum, row, l) => sum + (weights[l] as number) * of(row.map((x, c) => x - (mean[c] as number))), 0);
  const drift = mean.map((_, c) => average((y) => y[c] as number));
  return squares
    ? [...drift, ...mean.flatMap((_, a) => mean.map((_, b) => average((y) => (y[a] as number) * (y[b] as number))))]
    : drift;
}

function problemOf(
  text: string,
  rows: readonly number[],
  d: number,
  dv: number,
  scale: number,
  biased: readonly boolean[] = [],
): Problem {
  const t = rows.length;
  const hasValues = Array.from({ length: t }, (_, j) => j > 0);
  const hasBias = Array.from({ length: t }, (_, j) => biased[j] === true);
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

  const biases: Record<string, (next: () => number, row: readonly number[]) => number> = {
    mild: (next) => 2 * next() - 1,
    spread: (next) => 60 * next(),
    'beyond all exponentials': (next) => 1e6 * next() - 3e6,
    'that rows have themselves': (_, row) => 4 * (row[0] as number),
    'of one row alone': (next) => (next() < 0.2 ? 0 : Number.NEGATIVE_INFINITY),
  };
  const weighted = POLYNOMIALS.flatMap((text) =>
    Object.keys(biases).flatMap((kind) => [0, 1, 3].flatMap((offset) => [1, 2, 3].map((seed) => ({ text, kind, offset, seed })))),
  );
  it.each(weighted)('bounds that of $text with biases $kind, offset $offset, seed $seed', ({ text, kind, offset, seed }) => {
    const next = random(100 + seed);
    const t = Math.max(...monomialsOf(text).flatMap(({ variables }) => variables));
    const [n, d, dv, scale] = [t > 3 ? 4 : 6, 3, 2, 0.2];
    const q = Array.from({ length: t }, () => randomRows(next, n, d, 0.8).map((row) => row.map((x) => x + (offset * next()) / 4)));
    const v = Array.from({ length: t }, () => randomRows(next, n, dv, 1).map((row) => row.map((x) => x + offset)));
    // Of one variable of those that are summed over, or of all.
    const biased = q.map((_, j) => j > 0 && (seed === 3 || j % 2 === seed % 2));
    const b = q.map((rows, j) => (biased[j] ? rows.map((row) => (biases[kind] as (typeof biases)[string])(next, row)) : null));
    const survey: Survey = new Map(
      q.flatMap((rows, j) => [
        [`q${j + 1}`, [surveyed(rows, b[j])]] as const,
        ...(j > 0 ? ([[`v${j + 1}`, [surveyed(v[j] as Rows, b[j], false)]]] as const) : []),
      ]),
    );
    const counts = q.map((rows) => rows.length);
    const problem = problemOf(text, counts, d, dv, scale, biased);
    const blocks = blockTree(problem.polynomial, []).blocks.map((block) => withMasks(block, []));
    const bounds = blocks.map(({ monomials }) => blockBound(monomials, scale, survey));
    const moments = momentsOf(problem, blocks, bounds, survey);
    if (moments === null) throw new Error('there are moments');
    const errors = averageErrors(blocks, bounds, { q, v, b, scale });
    blocks.forEach((_, index) => {
      const bound = (bounds[index] as { bound: number }).bound;
      const kappa = (Math.expm1(bound) - bound) / bound ** 2;
      expect(errors.average[index]).toBeLessThanOrEqual(kappa * (moments.average[index] as number));
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

  it('follows what the weights leave: few scores are large where their rows weigh little', () => {
    const next = random(9);
    const rows = randomRows(next, 40, 3, 1).map((row, l) => row.map((x) => (l < 4 ? x : x / 50)));
    const [light, even] = [rows.map((_, l) => (l < 4 ? -12 : 0)), rows.map(() => 0)];
    const average = (bias: readonly number[]): number => {
      const survey: Survey = new Map([
        ['q1', [surveyed(rows)]],
        ['q2', [surveyed(rows, bias)]],
        ['v2', [surveyed(rows, bias, false)]],
      ]);
      const problem = problemOf('x1*x2', [40, 40], 3, 3, 0.3, [false, true]);
      const blocks = blockTree(problem.polynomial, []).blocks.map((block) => withMasks(block, []));
      const bounds = blocks.map(({ monomials }) => blockBound(monomials, 0.3, survey));
      return momentsOf(problem, blocks, bounds, survey)?.average[0] as number;
    };
    expect(average(light)).toBeLessThan(average(even) / 15);
  });

  it('has nothing to say of rows with weights of their own where those were not surveyed', () => {
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
  readonly b?: readonly (readonly number[] | null)[];
  readonly scale: number;
}

/** The largest E|Δ_b| over rows of x1, for p = 1 + x, under the exact probabilities of the tuples; and the largest |v - Att|. */
function averageErrors(
  blocks: readonly { readonly monomials: readonly { coefficient: number; variables: readonly number[] }[] }[],
  bounds: readonly { readonly centred: boolean }[],
  { q, v, b: biases = [], scale }: Data,
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
    const own = biases.map((bias) => (bias ? weightsOf(bias) : null));
    const weights = all.map((tuple) =>
      own.reduce(
        (product, one, j) => product * (one?.[tuple[j] as number] ?? 1),
        Math.exp(blocks.reduce((sum, _, b) => sum + score(b, tuple, false), 0)),
      ),
    );
    if (weights.every((weight) => weight === 0)) return;
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
