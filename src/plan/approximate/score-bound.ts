import type { Monomial } from '../../../kernels/backend.ts';
import type { RowSizes, Survey, SurveyedSlice } from './survey.ts';

/**
 * Bounds M on |scale · Σ_c Π_j q_j[c]| over all tuples of rows, from the sizes of rows alone (math.md §3.1, §3.3): the smallest of Hölder's
 * inequality with k equal exponents, Cauchy-Schwarz on two of the rows with the largest entries of the others, and the columns' own
 * largest entries. All of them bound Σ_c |Π_j q_j[c]| too, which is what rounding errors are relative to (§3.6).
 */
export interface ScoreBound {
  readonly bound: number;
  /** Bound on the sum of the sizes of a score's terms, Σ_c |Π_j q_j[c]|, which is what rounding is relative to. */
  readonly absolute: number;
  /** Whether it is of the rows less their means: for pairs only, since what centring leaves over must be unary (§3.3). */
  readonly centred: boolean;
}

/** Of a block's monomials together. Where all are pairs, centring never makes the bound worse than it helps: the smaller one is taken. */
export function blockBound(monomials: readonly Monomial[], scale: number, survey: Survey): ScoreBound {
  const raw = sumOfRawBounds(monomials, scale, survey);
  if (monomials.some(({ variables }) => variables.length !== 2)) return { bound: raw, absolute: raw, centred: false };
  const centred = sumOfBounds(monomials, scale, survey, ({ centred }) => centred);
  return centred < raw ? { bound: centred, absolute: centred, centred: true } : { bound: raw, absolute: raw, centred: false };
}

/** The smaller of both, of bounds that are of the same rows. */
export function tighter(bound: ScoreBound, other: ScoreBound | null): ScoreBound {
  if (other === null || other.centred !== bound.centred) return bound;
  const absolute = Math.min(bound.absolute, other.absolute);
  return { bound: Math.min(bound.bound, other.bound), absolute, centred: bound.centred };
}

/** Of the rows as they are: no score, and nothing that centring splits it into, is larger by more than a factor 3. */
export function sumOfRawBounds(monomials: readonly Monomial[], scale: number, survey: Survey): number {
  return sumOfBounds(monomials, scale, survey, ({ raw }) => raw);
}

/** Σ_c weight(c) |scale Π_j q_j[c]| at most, of the rows as they are: by columns, or by the largest weight. */
export function weightedBound(monomials: readonly Monomial[], scale: number, survey: Survey, weights: readonly number[]): number {
  const most = Math.max(0, ...weights);
  return sumOfBounds(
    monomials,
    scale,
    survey,
    ({ raw }) => raw,
    (rows) => {
      const byColumn = weights.reduce(
        (sum, w, c) => sum + rows.reduce((product, row) => product * (row.columns[c] as number), w),
        0,
      );
      return Math.min(byColumn, most * productBound(rows));
    },
  );
}

function sumOfBounds(
  monomials: readonly Monomial[],
  scale: number,
  survey: Survey,
  sizes: (slice: SurveyedSlice) => RowSizes,
  bound: (rows: readonly RowSizes[]) => number = productBound,
): number {
  const slices = survey.values().next().value?.length ?? 0;
  let most = 0;
  for (let slice = 0; slice < slices; slice++) {
    const sum = monomials.reduce((total, { coefficient, variables }) => {
      const rows = variables.map((variable) =>
        sizes((survey.get(`q${variable}`) as readonly SurveyedSlice[])[slice] as SurveyedSlice),
      );
      return total + Math.abs(scale * coefficient) * bound(rows);
    }, 0);
    most = Math.max(most, sum);
  }
  return most;
}

/** Bound on Σ_c Π_j |x_j[c]| over rows x_j of the given sizes. */
export function productBound(rows: readonly RowSizes[]): number {
  const k = rows.length;
  const hoelder = rows.reduce((product, { norms }) => product * (norms[k - 1] as number), 1);
  const columns = (rows[0] as RowSizes).columns;
  let byColumn = 0;
  for (let c = 0; c < columns.length; c++) byColumn += rows.reduce((product, row) => product * (row.columns[c] as number), 1);
  let best = Math.min(hoelder, byColumn);
  for (let a = 0; a < k; a++) {
    for (let b = a + 1; b < k; b++) {
      const product = rows.reduce((all, { norms, entry }, j) => all * (j === a || j === b ? (norms[1] as number) : entry), 1);
      best = Math.min(best, product);
    }
  }
  return best;
}

/** The largest absolute entry of a variable's rows over all slices: what brings its coordinates within [-1, 1]. */
export function largestEntry(slices: readonly SurveyedSlice[] | undefined, centred: boolean): number {
  return (slices ?? []).reduce((most, slice) => Math.max(most, (centred ? slice.centred : slice.raw).entry), 0);
}
