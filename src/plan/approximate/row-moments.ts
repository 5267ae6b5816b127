import type { MaskedBlock } from '../block.ts';
import { largestEigenvalue } from './largest-eigenvalue.ts';
import type { SurveyedSlice } from './survey.ts';

/** Second moments and means of rows and of scores, under ν (moments.ts), from what a survey found. */

/**
 * Of moments, against the sizes of the rows: far more than chains of 64 in float32, the product with a weight, and what 50 roundings make of weights
 * (kernels/native/src/survey-products.h).
 */
export const SLACK = 2e-5;
/** Of stored means that are not weighted, against the rows as they are. */
const MEAN_SLACK = 2e-7;
/**
 * What products of coordinates lose below float32's smallest number, on average over the rows: of weighted ones n times that, n at most 2^31, since their
 * weights add up to at least one. Scores need not be small for it: rows of x1 may be as large as others' are small.
 */
const VANISHED = 2 ** -124;
export const VANISHED_WEIGHTED = 2 ** -93;

/** Of one variable's rows as the features take them. */
export interface RowMoments {
  /** E y y^T, [d, d]. */
  readonly second: Float64Array;
  /** Bounds on |E y|, by coordinate. */
  readonly mean: Float64Array;
  readonly columns: ArrayLike<number>;
  readonly norm: number;
  /** The stored mean, and largest less smallest entry of every column: what tilts are made of. */
  readonly center: ArrayLike<number>;
  readonly widths: Float64Array;
}

/** Whether `rowMoments` has what it takes. */
export function hasMoments({ covariance, weighted }: SurveyedSlice, isWeighted: boolean): boolean {
  return isWeighted ? weighted !== null && weighted.second !== null : covariance !== null;
}

/**
 * Of the rows that scores are made of, and of those that tilts are: E y y^T from what it is of the rows less their mean m, with E y - m the drift.
 * `second` is zero where nothing is known (rows of x1 are not averaged over).
 */
export function rowMoments(one: SurveyedSlice, own: SurveyedSlice, centred: boolean, isWeighted: boolean): RowMoments {
  const d = one.mean.length;
  const known = isWeighted ? one.weighted?.second : one.covariance;
  const drift = (c: number): number => (isWeighted ? (one.weighted?.drift[c] as number) : 0);
  const center = (c: number): number => (centred ? 0 : (one.mean[c] as number));
  const sizes = centred ? one.centred : one.raw;
  const crossed = isWeighted && !centred ? 2 * one.raw.entry * one.centred.entry + one.centred.entry ** 2 : 0;
  const vanished = isWeighted ? VANISHED_WEIGHTED : VANISHED;
  const slack = d * (SLACK * (sizes.entry * sizes.entry + crossed) + vanished);
  const second = new Float64Array(d * d);
  for (let a = 0; a < d && known != null; a++) {
    for (let b = 0; b < d; b++) {
      const rest = center(a) * (center(b) + drift(b)) + drift(a) * center(b);
      second[a * d + b] = (known[a * d + b] as number) + rest;
    }
    // A positive diagonal covers what is lost in any entry of its row: rounding is relative to the sizes of both.
    second[a * d + a] = (second[a * d + a] as number) + slack;
  }
  const rounding = isWeighted ? 2 * SLACK : MEAN_SLACK;
  const mean = Float64Array.from(
    { length: d },
    (_, c) => Math.abs(center(c) + drift(c)) + rounding * (one.raw.columns[c] as number) + vanished,
  );
  const widths = Float64Array.from(own.mean, (_, c) => (own.highest[c] as number) - (own.lowest[c] as number));
  return { second, mean, columns: sizes.columns, norm: sizes.norms[1] as number, center: own.mean, widths };
}

/** Of the sum of a block's scores over rows of all variables but its root, the largest over rows of the root (Minkowski). */
export function scoreMoments(
  { root, monomials }: MaskedBlock,
  scale: number,
  rows: ReadonlyMap<number, RowMoments>,
  d: number,
): { deviation: number; typical: number; mean: number } {
  let [deviation, typical, mean] = [0, 0, 0];
  for (const { coefficient, variables } of monomials) {
    const others = variables.filter((variable) => variable !== root).map((variable) => rows.get(variable) as RowMoments);
    const product = new Float64Array(d * d).fill(1);
    for (const { second } of others) times(product, second, product);
    const own = variables.includes(root) ? (rows.get(root) as RowMoments) : null;
    const factor = Math.abs(scale * coefficient);
    deviation += factor * Math.sqrt(Math.max(0, own === null ? total(product) : largestForm(product, own, d)));
    typical += factor * Math.sqrt(Math.max(0, total(own === null ? product : times(product, own.second))));
    mean += factor * largestMean(others, own, d);
  }
  return { deviation, typical, mean: mean < deviation ? mean : deviation };
}

/** Bound on the sum over the coordinates of the rows' means, times a row of the root where the monomial has it: by columns, or by its length. */
function largestMean(others: readonly RowMoments[], own: RowMoments | null, d: number): number {
  let [byColumns, squares] = [0, 0];
  for (let c = 0; c < d; c++) {
    const product = others.reduce((all, one) => all * (one.mean[c] as number), 1);
    byColumns += product * (own === null ? 1 : (own.columns[c] as number));
    squares += product * product;
  }
  return own === null ? byColumns : Math.min(byColumns, own.norm * Math.sqrt(squares));
}

/** Entry by entry. */
function times(a: Float64Array, b: Float64Array, into: Float64Array = new Float64Array(a.length)): Float64Array {
  for (let i = 0; i < a.length; i++) into[i] = (a[i] as number) * (b[i] as number);
  return into;
}

function total(matrix: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < matrix.length; i++) sum += matrix[i] as number;
  return sum;
}

/** Bound on y^T A y over the rows y of a variable. */
function largestForm(matrix: Float64Array, { norm, columns }: RowMoments, d: number): number {
  let byColumns = 0;
  for (let a = 0; a < d; a++) {
    let row = 0;
    for (let b = 0; b < d; b++) row += Math.abs(matrix[a * d + b] as number) * (columns[b] as number);
    byColumns += row * (columns[a] as number);
  }
  return Math.min(byColumns, norm * norm * largestEigenvalue(matrix, d));
}

/** Largest less smallest of Σ factor <mean_i, q_j> over the rows of j (math.md §3.3). */
export function tiltOf({ monomials }: MaskedBlock, variable: number, scale: number, rows: ReadonlyMap<number, RowMoments>): number {
  const { widths } = rows.get(variable) as RowMoments;
  return monomials.reduce((sum, { coefficient, variables }) => {
    const other = variables.includes(variable) ? variables.find((one) => one !== variable) : undefined;
    if (other === undefined) return sum;
    const { center } = rows.get(other) as RowMoments;
    const width = widths.reduce((all, one, c) => all + one * Math.abs(center[c] as number), 0);
    return sum + 1.001 * Math.abs(scale * coefficient) * width;
  }, 0);
}
