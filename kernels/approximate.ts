/**
 * The steps of the approximate modes (math.md §3), as backend.ts has those of the exact ones: pure data, operands by `T`.
 *
 * Feature maps (math.md §3.4). The features of a vector y of D coordinates are its monomials y^δ, |δ| <= g, degree by degree, and
 * within a degree by their largest coordinate, then by the next: with sorted coordinates c_1 <= .. <= c_m the place within degree m is
 * Σ_i C(c_i + i - 1, i). There are C(D + g, g). Degree m is thus, for c = 0 .. D-1, y_c times the first C(c + m - 1, m - 1) features of
 * degree m - 1.
 */

/** A row of queries as its feature map sees it: y = (q - center) · stretch, which keeps every coordinate within [-1, 1]. */
export interface FeatureMap<T> {
  readonly queries: T; // [n, D]
  /** null: zero. */
  readonly center: T | null; // [1, D]
  readonly stretch: number;
  readonly degree: number;
  /** What centring leaves over and is exact: row l gets the log-weight Σ factor <vector, q_l - center> (math.md §3.3). */
  readonly tilts: readonly { readonly vector: T; readonly factor: number }[]; // [1, D]
}

/**
 * What features need to know of a tensor, row by row: math.md §3.1's bounds start here. One tile, row 0.
 * Non-finite entries (-Infinity in a bias) are passed over.
 */
export interface SurveyStep<T> {
  readonly kind: 'survey';
  readonly input: T; // [n, D]
  readonly mean: T; // [1, D]
  readonly extremes: T; // [2, D]: the smallest and the largest entry of every column
  /**
   * Largest p-norm of a row, p = 1..P in columns, P at most 8: of the rows less `mean` as it was stored, and of the rows as they are; null: not
   * asked for.
   */
  readonly norms: T | null; // [2, P]
  /** Σ_l (q_l - mean)(q_l - mean)^T / n of the rows less `mean`; null: not asked for. */
  readonly covariance: T | null; // [D, D]
  /** Log-weights of the rows, for `weighted`. */
  readonly bias: T | null; // [n, 1]
  /**
   * With w_l = e^bias_l / Σ e^bias: Σ_l w_l (q_l - mean), and below it, where there is room for that, Σ_l w_l (q_l - mean)(q_l - mean)^T. Zeros
   * where no row has a weight; null: not asked for.
   */
  readonly weighted: T | null; // [1, D] or [1 + D, D]
}

/**
 * Sums of features over the rows of one variable: sums[δ, c] = Σ_l ω_l φ_δ(y_l) X[l, c] with X = [values | 1] and
 * ω_l = e^(bias_l + tilts_l - shift). Tiles are `parts`: part p takes the p-th of `parts` contiguous ranges of rows and leaves rows
 * p·r .. (p+1)·r of `sums` and its own shift, the largest log-weight in it (-Infinity, and zero sums, where there is none).
 */
export interface AccumulateStep<T> extends FeatureMap<T> {
  readonly kind: 'accumulate';
  readonly values: T | null; // [n, dv]
  readonly bias: T | null; // [n, 1]
  readonly parts: number;
  readonly sums: T; // [parts * r, dv + 1], or [parts * r, 1] without values
  readonly shift: T; // [parts, 1]
}

/**
 * Contraction over features (math.md §3.5): with p(x) = Σ_k coefficients[k] x^k and h = Σ_m factor_m <y_j : j in m>, the sum over all
 * tuples of p(h) times values is, for each row of variable 1, its features times `result`:
 *   result[δ_1, c] = Σ over multi-indices (α_m) of c_k k!/Π α_m! Π factor_m^|α_m| Π_{j>=2} sums_j[δ_j, c],  δ_j = Σ_{m ∋ j} α_m,  k = Σ |α_m|.
 * C(s D + g, g) terms, independent of n. One tile, row 0.
 */
export interface ContractStep<T> {
  readonly kind: 'contract';
  readonly dimension: number; // D
  readonly coefficients: readonly number[]; // of p, degree g
  readonly monomials: readonly { readonly factor: number; readonly variables: readonly number[] }[]; // variables from 1
  /** Of variables 2, 3, ...: what their accumulate steps left. */
  readonly sums: readonly { readonly sums: T; readonly shift: T; readonly parts: number }[];
  /** Constants of centring, added to the shift: Σ factor <left, right>. */
  readonly offsets: readonly { readonly left: T; readonly right: T; readonly factor: number }[]; // [1, D]
  readonly result: T; // [r, dv + 1] or [r, 1]
  readonly resultShift: T; // [1, 1]
}

/** [y | z] = Φ(y) result; u = y / z, L = ln z + shift + tilts. Tiles: rows. */
export interface ApplyStep<T> extends FeatureMap<T> {
  readonly kind: 'apply';
  readonly result: T; // [r, dv + 1] or [r, 1]
  readonly resultShift: T; // [1, 1]
  readonly message: T | null; // [n, dv]
  readonly logSumExp: T; // [n, 1]
}

/**
 * Rows in fewer coordinates (math.md §3.4's rank is C(k + g, g) then): output = (q - center) basis, with what is lost as a number and not
 * in silence. Tiles are `parts` as in `accumulate`; every part leaves the largest 2-norm of q - center - output basis^T of its rows.
 */
export interface CompressStep<T> {
  readonly kind: 'compress';
  readonly input: T; // [n, D]
  readonly center: T | null; // [1, D]
  readonly basis: T; // [D, k], columns orthonormal up to rounding
  readonly tilts: FeatureMap<T>['tilts']; // [1, D], against q - center
  readonly parts: number;
  readonly output: T; // [n, k]
  readonly unary: T; // [n, 1]: Σ factor <vector, q_l - center>
  readonly residual: T; // [parts, 1]
}

/**
 * Tuples (l2 .. lt) drawn uniformly and independently, as one attention call on the rows of x1: key ∂h/∂x1 with the scale in it, bias the
 * rest of the score and the biases, value the product of value rows. Draw i of x_j depends on the seed, i and j alone, so that tiles and
 * threads change nothing. Tiles: rows of the results.
 */
export interface SampleStep<T> {
  readonly kind: 'sample';
  /** Of x1, x2, ..; of x1 only the number of columns is read. */
  readonly operands: readonly SampledOperands<T>[];
  readonly monomials: readonly { readonly factor: number; readonly variables: readonly number[] }[];
  readonly seed: number;
  readonly keys: T; // [m, d]
  readonly bias: T; // [m, 1]
  readonly doubledBias: T | null; // [m, 1]
  readonly values: T | null; // [m, dv]
  /** [m, 2 dv]: the values and their squares, for the variance. */
  readonly moments: T | null;
}

export interface SampledOperands<T> {
  readonly queries: T; // [n_j, d]
  readonly values: T | null; // [n_j, dv]
  readonly bias: T | null; // [n_j, 1]
}

/**
 * How far the answer of a sample may be off, entry by entry: the empirical Bernstein bound (Maurer and Pontil 2009) of w (v - A), solved for
 * the unknown A. Row's L and message are those of the sample, L2 and moments those of squared weights. Tiles: rows.
 */
export interface JudgeStep<T> {
  readonly kind: 'judge';
  readonly message: T | null; // [n, dv]
  readonly logSumExp: T; // [n, 1]
  readonly moments: T | null; // [n, 2 dv]
  readonly squaredLogSumExp: T; // [n, 1]
  readonly samples: number;
  /** ln(4 / δ). */
  readonly logOdds: number;
  readonly range: number;
  /** ln of the largest weight that a tuple can have. */
  readonly largestScore: number;
  readonly bound: T; // [n, 1]: largest error of the row; Infinity where there is none
  /** Relative error that rounding may have left in the sums of weights, and in those of the moments. */
  readonly rounding: number;
  /** [n, 1]: L of all tuples, from that of the sample: adds ln(tuples / samples). */
  readonly scaled: T;
  /** q2..qt as the sample was drawn from them: their rows make the tuples. */
  readonly drawnFrom: readonly T[];
}

/**
 * What a sample adds to a polynomial's exact sums: with r = e^x - p(x) of the m tuples of a `sample` step, the answer is
 * (Σ p v / N + mean r v) / (Σ p / N + mean r), N all tuples, and its bound is the empirical Bernstein bound of r (v - A). Tiles: rows of x1.
 */
export interface ResidualStep<T> {
  readonly kind: 'residual';
  readonly queries: T; // [n, d]
  readonly keys: T; // [m, d]
  readonly bias: T; // [m, 1]
  readonly values: T; // [m, dv]
  readonly moments: T; // [m, 2 dv]
  /** Of p. */
  readonly coefficients: readonly number[];
  /** The average of the values with p(x) as weights, and the logarithm of Σ p(x), over all tuples. */
  readonly average: T; // [n, dv]
  readonly logSum: T; // [n, 1]
  /** ln(4 / δ). */
  readonly logOdds: number;
  /** Length of an interval that holds r (v - A). */
  readonly range: number;
  /** The largest |v|. */
  readonly most: number;
  /** What rounding may have left in a weight p(x) or r, and in a sum of products, relative to those. */
  readonly rounding: { readonly weight: number; readonly sum: number };
  readonly message: T; // [n, dv]
  readonly bound: T; // [n, 1]: largest error of the row; Infinity where there is none
  readonly scaled: T; // [n, 1]: L of all tuples
  /** q2..qt as the sample was drawn from them: their rows make the tuples. */
  readonly drawnFrom: readonly T[];
}

/** Positive random features (FAVOR+): output[l, i] = exp(factor <w_i, q_l> - factor^2 |q_l|^2 / 2) / sqrt(F), w_i Gaussian by seed. Tiles: rows. */
export interface RandomFeaturesStep<T> {
  readonly kind: 'random-features';
  readonly input: T; // [n, D]
  readonly factor: number;
  readonly seed: number;
  readonly output: T; // [n, F]
}

/**
 * Features of one monomial under masks from its first variable to each of the others (math.md §3.5): what a row of the first may see of the
 * others are windows that move with it, so their sums of features are kept and moved along, and every row meets them as they stand. Tiles:
 * rows; a tile first adds up what its first row may see. Sums are in fp64 and what has left them may weigh at most SCAN_LOSS times what they
 * hold: its rounding stays behind.
 */
export interface ScanStep<T> {
  readonly kind: 'scan';
  readonly root: FeatureMap<T>; // [n, D]
  /** Key l of variable j counts for row r iff lowest <= r - l <= highest. */
  readonly others: readonly (FeatureMap<T> & SampledWeights<T> & { readonly lowest: number; readonly highest: number })[];
  readonly coefficients: readonly number[];
  /** Of the monomial, scale and stretches in it. */
  readonly factor: number;
  readonly offsets: ContractStep<T>['offsets'];
  readonly message: T | null; // [n, dv]
  readonly logSumExp: T; // [n, 1]
}

interface SampledWeights<T> {
  readonly values: T | null; // [n_j, dv]
  readonly bias: T | null; // [n_j, 1]
}

export type ApproximateStep<T> =
  | ScanStep<T>
  | SurveyStep<T>
  | AccumulateStep<T>
  | ContractStep<T>
  | ApplyStep<T>
  | CompressStep<T>
  | SampleStep<T>
  | JudgeStep<T>
  | ResidualStep<T>
  | RandomFeaturesStep<T>;

export const SCAN_LOSS = 1024;

/** Columns of the `norms` of a survey. */
export const SURVEYED_NORMS = 8;
