import { SURVEYED_NORMS } from '../../../kernels/backend.ts';
import type { Problem } from '../../contract/request.ts';

/** What a survey of the tensors found (kernels/approximate.ts, `survey` step): numbers only, so that planning stays pure. */

/** One tensor in one slice. Sizes are inflated, so that the rounding of the survey itself is covered. */
export interface SurveyedSlice {
  readonly mean: ArrayLike<number>; // [D]
  /** Of the rows less their mean, [D, D], where it was asked for. */
  readonly covariance: ArrayLike<number> | null;
  /** Under the weights that the rows have of their own, where that was asked for. */
  readonly weighted: WeightedRows | null;
  /** Smallest and largest entry of every column, as they are. */
  readonly lowest: ArrayLike<number>; // [D]
  readonly highest: ArrayLike<number>; // [D]
  readonly centred: RowSizes;
  readonly raw: RowSizes;
}

/** Averages of the rows less `mean`, each row with the weight e^bias. */
export interface WeightedRows {
  readonly drift: ArrayLike<number>; // [D]
  /** Of their products, [D, D]; null: not asked for. */
  readonly second: ArrayLike<number> | null;
}

/** Whether averages over a variable's rows are weighted ones. Biases of x1 cancel. */
export function weighs({ hasBias }: Pick<Problem, 'hasBias'>, variable: number): boolean {
  return variable > 1 && hasBias[variable - 1] === true;
}

/** Sizes of rows: less the mean row, or as they are. */
export interface RowSizes {
  /** Largest p-norm of a row at index p - 1, p = 1..8. */
  readonly norms: ArrayLike<number>;
  /** Largest absolute entry of every column. */
  readonly columns: ArrayLike<number>; // [D]
  /** Largest absolute entry. */
  readonly entry: number;
}

/** Norms that are enough for products of two rows, and for lengths. */
export const PAIR_NORMS = 2;

/** By tensor name (q1.., v2.., b1..), then by slice. */
export type Survey = ReadonlyMap<string, readonly SurveyedSlice[]>;

/** A block in its fewer coordinates, as they were computed. */
export interface CompressedBlock {
  readonly dimension: number;
  /** Of each of the two variables, the compressed rows' sizes by slice. */
  readonly slices: ReadonlyMap<number, readonly SurveyedSlice[]>;
  /** Bound on what the dropped coordinates change a score by. */
  readonly lost: number;
}

/** Norms and means are rounded to float32 at worst: far more than that. */
const INFLATION = 1 + 1e-6;

/**
 * One slice from what the step wrote: mean [D], extremes [2, D], norms [2, P], covariance [D, D], weighted [1, D] or [1 + D, D]; norms that were
 * not asked for are infinite.
 */
export function surveyedSlice(
  mean: ArrayLike<number>,
  extremes: ArrayLike<number>,
  norms: ArrayLike<number> | null,
  covariance: ArrayLike<number> | null = null,
  weighted: ArrayLike<number> | null = null,
): SurveyedSlice {
  const D = mean.length;
  const lowest = Array.from({ length: D }, (_, c) => extremes[c] as number);
  const highest = Array.from({ length: D }, (_, c) => extremes[D + c] as number);
  const half = norms === null ? 0 : norms.length / 2;
  const sizes = (center: (c: number) => number, from: number): RowSizes => {
    const columns = lowest.map((low, c) => INFLATION * Math.max((highest[c] as number) - center(c), center(c) - low, 0));
    return {
      columns,
      entry: Math.max(0, ...columns),
      norms: Array.from({ length: SURVEYED_NORMS }, (_, p) =>
        p < half ? INFLATION * (norms?.[from + p] as number) : Number.POSITIVE_INFINITY,
      ),
    };
  };
  const centred = sizes((c) => mean[c] as number, 0);
  return { mean, covariance, weighted: weightedRows(weighted, D), lowest, highest, centred, raw: sizes(() => 0, half) };
}

function weightedRows(written: ArrayLike<number> | null, D: number): WeightedRows | null {
  if (written === null) return null;
  const part = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => written[from + i] as number);
  return { drift: part(0, D), second: written.length > D ? part(D, written.length) : null };
}

/** The range of the product of values over all tuples, by channel and slice (math.md §3.1's a and b). */
export interface ValueRange {
  /** max over channels of b - a. */
  readonly range: number;
  /** max over channels of the absolute product. */
  readonly most: number;
  /** The product of the largest values of every variable, none of them counted below 1: no part of a product of values is larger. */
  readonly product: number;
}

export function valueRange({ hasValues }: Pick<Problem, 'hasValues'>, survey: Survey): ValueRange {
  const tensors = hasValues.flatMap((has, j) => (has ? [survey.get(`v${j + 1}`) as readonly SurveyedSlice[]] : []));
  if (tensors.length === 0) return { range: 0, most: 1, product: 1 };
  let [range, most] = [0, 0];
  const largest = tensors.map((slices) => Math.max(1, ...slices.map(({ raw }) => raw.entry)));
  (tensors[0] as readonly SurveyedSlice[]).forEach((first, slice) => {
    for (let c = 0; c < first.lowest.length; c++) {
      let [low, high] = [1, 1];
      for (const tensor of tensors) {
        const { lowest, highest } = tensor[slice] as SurveyedSlice;
        const [a, b] = [lowest[c] as number, highest[c] as number];
        const ends = [low * a, low * b, high * a, high * b];
        [low, high] = [Math.min(...ends), Math.max(...ends)];
      }
      range = Math.max(range, high - low);
      most = Math.max(most, Math.abs(low), Math.abs(high));
    }
  });
  const product = largest.reduce((all, one) => all * one, 1);
  return { range: range * INFLATION, most: most * INFLATION, product };
}
