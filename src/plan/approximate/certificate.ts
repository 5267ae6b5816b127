import { type Precision, SCAN_LOSS } from '../../../kernels/backend.ts';
import type { FloatDType } from '../../tensor/tensor.ts';
import type { ExponentialPolynomial } from './exponential.ts';
import type { ScoreBound } from './score-bound.ts';
import type { ValueRange } from './survey.ts';

/**
 * From errors of parts to a bound on every entry of the output (math.md §3.1, §3.6). Each part says by how much it may change the logarithm
 * of a tuple's weight (Theorem A composes those), and how much rounding its sums may add to its own message beside that.
 */
export interface PartError {
  /** λ: |ln of the tuple's weight, changed - exact| up to a constant. */
  readonly logError: number;
  /** Additive error of the normalised message, relative to its largest possible size. */
  readonly messageError: number;
  /** Of Theorem D (moments.ts), where that says more of the polynomial than λ does: λ is then of the rest. */
  readonly meanError?: MeanError;
  /** What may be lost below the smallest normal number, of values of size one: absolute, since the values may be as small themselves. */
  readonly floor: number;
}

/** E|Δ| of a block, over all of its root's rows and for the worst of them. */
export interface MeanError {
  readonly average: number;
  readonly worst: number;
}

export const UNITS: Readonly<Record<Precision, number>> = { float32: 2 ** -24, float64: 2 ** -53 };

/** Half of the distance between 1 and the next value that the type has. */
const OUTPUT_UNITS: Readonly<Record<FloatDType, number>> = {
  float16: 2 ** -11,
  bfloat16: 2 ** -8,
  float32: 2 ** -24,
  float64: 2 ** -53,
};

/** Half of the distance between numbers below the smallest normal one; fp32 and fp64 results may be flushed to zero there. */
const OUTPUT_FLOORS: Readonly<Record<FloatDType, number>> = {
  float16: 2 ** -25,
  bfloat16: 2 ** -126,
  float32: 2 ** -126,
  float64: 2 ** -1022,
};

/** The smallest normal numbers: a kernel may take anything below for zero. */
export const TINY: Readonly<Record<Precision, number>> = { float32: 2 ** -126, float64: 2 ** -1022 };
/** A sum beyond this could overflow on its way. */
const HUGE: Readonly<Record<Precision, number>> = { float32: 2 ** 120, float64: 2 ** 1000 };

/**
 * Roundings on the way of one term through the feature kernels (accumulate.h, apply.h), beside one for each factor of its monomials in
 * each variable: chains of 64 rows and of 128 features in compute precision, or as many as there are, the products that they add, sums of four chains, and
 * what is stored between.
 */
const ACCUMULATE_CHAIN = 64;
const APPLY_CHAIN = 128;
const BESIDE_CHAIN = 8;

/** Keys that exact attention adds up in registers before it stores a sum (attend.h); roundings of an exponential, of its argument's too. */
const KEY_BLOCK = 192;
const EXPONENTIAL = 8;

const NOTHING: PartError = {
  logError: Number.POSITIVE_INFINITY,
  messageError: Number.POSITIVE_INFINITY,
  floor: Number.POSITIVE_INFINITY,
};

/** What the roundings of a block's features depend on. */
export interface FeatureSizes {
  /** n of every variable but the root. */
  readonly rows: readonly number[];
  readonly rank: number;
  /** The score that rows with all coordinates 1 in size would have: coordinates are divided by their largest entry (features.ts). */
  readonly spread: number;
  /** The largest product of values, none of them counted below 1. */
  readonly values: number;
  /** Largest |log-weight| of a tuple where sums move with the rows (scan); null: there is one sum for all rows. */
  readonly movingLog: number | null;
}

/**
 * Sums of features (math.md §3.6). Every term of z and of y is met with `gamma` relative roundings, and Σ|terms| <= P(M) Σω stands against
 * z >= (1 - η) e^-M Σω, once for y and once for z. Beside that coordinates are in [-1, 1], so that powers of the small ones may vanish
 * altogether while their coefficients, powers of `spread`, are large: rows whose large entries stand in different columns. Σω >= 1, since
 * the largest weight of every variable is 1.
 */
export function featureError(
  { coefficients, logError }: Pick<ExponentialPolynomial, 'coefficients' | 'logError'>,
  { bound, absolute }: Pick<ScoreBound, 'bound' | 'absolute'>,
  precision: Precision,
  { rows, rank, spread, values, movingLog }: FeatureSizes,
): PartError {
  const degree = coefficients.length - 1;
  const absoluteSum = coefficients.reduce((sum, c, k) => sum + Math.abs(c) * absolute ** k, 0);
  const beside = BESIDE_CHAIN + 2 * degree;
  const accumulated = rows.reduce((sum, n) => sum + Math.min(n, ACCUMULATE_CHAIN) + beside, 0);
  const gamma = (accumulated + Math.min(rank, APPLY_CHAIN) + beside) * UNITS[precision];
  const amplified = coefficients.reduce((sum, c, k) => sum + Math.abs(c) * spread ** k, 1);
  const tuples = rows.reduce((product, n) => product * n, 1);
  if (!(amplified * tuples * values < HUGE[precision])) return NOTHING;
  const keys = rows.reduce((sum, n) => sum + n, 1);
  const vanished = TINY[precision] * ((rows.length + 1) * (degree + 3) * amplified + rank + keys * absoluteSum);
  const moving = movingLog === null ? 0 : movingError(rows, (degree + 3) * amplified + rank, absoluteSum, movingLog);
  // e^2λ stands for 1/(1 - η): the polynomial may lie below the exponential by that.
  const share = Math.exp(bound + 2 * logError);
  const relative = (gamma * absoluteSum + vanished + moving) * share;
  if (!(relative < 0.5)) return NOTHING;
  return {
    logError: logError - Math.log1p(-relative),
    messageError: (2 * relative) / (1 - relative),
    floor: 2 * keys * vanished * share,
  };
}

/**
 * Sums that move are in fp64. What passed through them leaves its rounding behind, as often as rows were added or taken out since they were
 * last added up anew; and a window may hold none of the largest weights, so that Σω is not at least 1 but e^-2S.
 */
function movingError(rows: readonly number[], terms: number, absoluteSum: number, largestLog: number): number {
  const steps = rows.reduce((sum, n) => sum + 2 * (n + 1024), 0);
  const behind = UNITS.float64 * (SCAN_LOSS + 1) * steps * absoluteSum;
  return behind + TINY.float64 * (rows.length + 1) * terms * Math.exp(2 * largestLog);
}

/** What the rounding of an exact part depends on. */
export interface ExactSizes {
  /** Largest |score|, and largest |log-weight| that a key brings along: both in every partial sum of a score. */
  readonly score: number;
  readonly keyLog: number;
  /** Terms of one score. */
  readonly terms: number;
  readonly n: number;
  /** Whether it is one attention call; sums over several variables go through longer chains. */
  readonly pair: boolean;
}

/**
 * A part computed exactly, up to rounding: a chain of multiply-adds for the score, an exponential, and sums over keys, in blocks. Rescaling
 * by e^(m - m') goes to y and z alike: it is an error of weights.
 */
export function roundingError({ score, keyLog, terms, n, pair }: ExactSizes, precision: Precision): PartError {
  const unit = UNITS[precision];
  const blocks = Math.ceil(n / KEY_BLOCK);
  const chain = pair ? KEY_BLOCK + 4 * blocks + 48 : 2048 + Math.ceil(n / 8);
  return {
    logError: unit * ((terms + EXPONENTIAL) * (score + keyLog) + EXPONENTIAL + 2 * blocks),
    messageError: unit * chain,
    floor: 4 * n * TINY[precision],
  };
}

/** Keys below the row's largest score by `dropBelow` left out of n (math.md §3.7): mass of at most n e^-dropBelow a row. */
export function pruningError(n: number, dropBelow: number): number {
  return n * Math.exp(-dropBelow);
}

/** What rounding of projections changes (projections.ts). */
export interface ProjectionError {
  /** Of a tuple's score. */
  readonly score: number;
  /** Of a tuple's product of values, every entry. */
  readonly value: number;
}

export interface CertificateContext {
  readonly values: ValueRange;
  readonly precision: Precision;
  readonly outputType: FloatDType;
  /** |log-sum-exp| of every message that is added to a bias: it is stored in compute precision. */
  readonly largestLog: number;
  readonly variables: number;
  /** Bound on |score + biases| of any tuple, of the rows as they are. */
  readonly largestScore: number;
  readonly projections: ProjectionError;
  /** What rounding of the messages that are stored changes of a weight's logarithm, where that is known better than for all parts alike. */
  readonly stored?: number;
  /** The tensors came in float64 and were rounded to float32 before anything else. */
  readonly roundedInputs: boolean;
}

/**
 * Bound on |output - exact| over all entries, exact being the definition on the tensors as they were sent: R tanh(λ/2), rounding of sums, of
 * products of messages, of the tensors where they came wider than they are computed in, and of what is stored and written. A score is a sum
 * of products of at most t entries, so rounding those changes it by at most t u of its largest size; likewise the product of values. `reach`
 * is Theorem D's.
 */
export function outputBound(
  parts: readonly PartError[],
  lost: number,
  context: CertificateContext,
  reach: number = context.values.range,
): number {
  const { values, precision, outputType, largestLog, variables, largestScore, roundedInputs, projections } = context;
  const unit = UNITS[precision];
  const input = roundedInputs ? 1.01 * variables * UNITS.float32 : 0;
  const stored = context.stored ?? 4 * unit * (1 + largestLog) * parts.length;
  const lambda = parts.reduce((sum, { logError }) => sum + logError, stored + input * largestScore + projections.score);
  const rounding = parts.reduce((sum, { messageError }) => sum + messageError, 2 * (variables + 1) * unit + input);
  const floor = parts.reduce((sum, part) => sum + part.floor, variables * TINY[precision]) * values.product;
  const eta = averageError(parts);
  if (!(eta < 1)) return Number.POSITIVE_INFINITY;
  const bound =
    (reach * eta) / (1 - eta) +
    values.range * (Math.tanh(lambda / 2) + lost) +
    values.most * (rounding + OUTPUT_UNITS[outputType]) +
    projections.value +
    floor +
    OUTPUT_FLOORS[outputType];
  return Number.isFinite(bound) ? bound : Number.POSITIVE_INFINITY;
}

/** Σ of the averages, and what products of several can add. */
function averageError(parts: readonly PartError[]): number {
  const errors = parts.flatMap(({ meanError }) => meanError ?? []);
  const worst = errors.reduce((sum, one) => sum + one.worst, 0);
  const product = errors.reduce((all, one) => all * (1 + one.worst), 1);
  const several = errors.length < 2 ? 0 : Math.max(0, product - 1 - worst) + 1e-15;
  return errors.reduce((sum, { average }) => sum + average, several);
}
