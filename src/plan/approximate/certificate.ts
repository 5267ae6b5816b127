import type { Precision } from '../../../kernels/backend.ts';
import type { FloatDType } from '../../tensor/tensor.ts';
import type { ExponentialPolynomial } from './exponential.ts';
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
}

export const UNITS: Readonly<Record<Precision, number>> = { float32: 2 ** -24, float64: 2 ** -53 };

/** Half of the distance between 1 and the next value that the type has. */
const OUTPUT_UNITS: Readonly<Record<FloatDType, number>> = {
  float16: 2 ** -11,
  bfloat16: 2 ** -8,
  float32: 2 ** -24,
  float64: 2 ** -53,
};

/** Longest chain of additions in compute precision in the feature kernels, of one stage; accumulate and apply are two. */
const CHAIN = 128;

/** Sums of features: C-S on Σ|terms| <= P(M) Σω against Σ >= (1 - η) e^-M Σω, twice, once for y and once for z. */
export function featureError(
  { coefficients, logError, absoluteSum }: ExponentialPolynomial,
  bound: number,
  precision: Precision,
): PartError {
  const degree = coefficients.length - 1;
  const gamma = 2 * (CHAIN + degree + 8) * UNITS[precision];
  // e^λ stands for 1/(1 - η): the polynomial may lie below the exponential by that.
  const relative = gamma * absoluteSum * Math.exp(bound + 2 * logError);
  if (!(relative < 0.5)) return { logError: Number.POSITIVE_INFINITY, messageError: Number.POSITIVE_INFINITY };
  return { logError: logError - Math.log1p(-relative), messageError: (2 * relative) / (1 - relative) };
}

/** A part computed exactly, up to rounding: measured and bounded in math.md §8, item 4. */
export function roundingError(largestScore: number, precision: Precision): PartError {
  const relative = 4e-7 * (UNITS[precision] / UNITS.float32) * (1 + largestScore);
  return { logError: relative, messageError: relative };
}

/** Keys below the row's largest score by `dropBelow` left out of n (math.md §3.7): mass of at most n e^-dropBelow a row. */
export function pruningError(n: number, dropBelow: number): number {
  return n * Math.exp(-dropBelow);
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
  /** The tensors came in float64 and were rounded to float32 before anything else. */
  readonly roundedInputs: boolean;
}

/**
 * Bound on |output - exact| over all entries, exact being the definition on the tensors as they were sent: R tanh(λ/2), rounding of sums, of
 * products of messages, of the tensors where they came wider than they are computed in, and of what is stored and written. A score is a sum
 * of products of at most t entries, so rounding those changes it by at most t u of its largest size; likewise the product of values.
 */
export function outputBound(parts: readonly PartError[], lost: number, context: CertificateContext): number {
  const { values, precision, outputType, largestLog, variables, largestScore, roundedInputs } = context;
  const unit = UNITS[precision];
  const input = roundedInputs ? 1.01 * variables * UNITS.float32 : 0;
  const stored = 4 * unit * (1 + largestLog) * parts.length;
  const lambda = parts.reduce((sum, { logError }) => sum + logError, stored + input * largestScore);
  const rounding = parts.reduce((sum, { messageError }) => sum + messageError, 2 * (variables + 1) * unit + input);
  const bound = values.range * (Math.tanh(lambda / 2) + lost) + values.most * (rounding + OUTPUT_UNITS[outputType]);
  return Number.isFinite(bound) ? bound : Number.POSITIVE_INFINITY;
}
