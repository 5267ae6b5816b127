import type { MaskedBlock } from '../block.ts';
import { type FeatureSizes, featureError, type MeanError, outputBound, type PartError, UNITS } from './certificate.ts';
import type { ApproximateContext } from './context.ts';
import { type ExponentialKind, type ExponentialPolynomial, exponentialPolynomial, roughError } from './exponential.ts';
import type { Moments } from './moments.ts';
import { largestEntry, type ScoreBound, sumOfRawBounds } from './score-bound.ts';
import { rank } from './work.ts';

/** Which polynomial each block gets: the smallest degrees with which the whole meets the tolerance. */

const MAX_RANK = 150_000;
/** Terms of a contraction: some seconds of walking. */
const MAX_VISITS = 3e7;
const MAX_DEGREE = 24;
/** Of the tolerance, what is left to the degree search once rounding has its share. */
const SHARE = 0.98;

/** A block with its polynomial. */
export interface Fit {
  readonly polynomial: ExponentialPolynomial;
  readonly bound: ScoreBound;
  readonly error: PartError;
  readonly rank: number;
}

/** Of the chosen blocks; null for the others, and where no degree gives a bound at all. */
export function fitBlocks(
  context: ApproximateContext,
  kind: 'taylor' | 'minimax',
  chosen: readonly boolean[],
  bounds: readonly ScoreBound[],
  moments: Moments | null,
): (Fit | null)[] {
  const count = chosen.filter(Boolean).length;
  const share = logShare(context, count);
  const averages = bounds.map((_, b) => averageOf(context, moments, b));
  const even = chosen.map((is, b) => (is ? fitBlock(context, kind, b, bounds[b] as ScoreBound, share, averages[b] ?? null) : null));
  return lowered(context, kind, even, averages, moments);
}

/** Shares are even and rough: block by block, a lower degree is taken while the whole stays within the tolerance. */
function lowered(
  context: ApproximateContext,
  kind: 'taylor' | 'minimax',
  even: readonly (Fit | null)[],
  averages: readonly (Average | null)[],
  moments: Moments | null,
): (Fit | null)[] {
  const { wish } = context;
  const fits = [...even];
  const step = kind === 'taylor' ? 2 : 1;
  for (let b = 0; b < fits.length && wish.degree === undefined; b++) {
    for (let fit = fits[b] ?? null; fit !== null; ) {
      const degree = fit.polynomial.coefficients.length - 1 - step;
      const less = degree < step ? null : bestOfDegree(context, kind, b, fit.bound, degree, averages[b] ?? null);
      const found = less !== null && errorOfFits(context, fits.with(b, less), moments) <= wish.tolerance;
      if (found) fits[b] = less;
      fit = found ? less : null;
    }
  }
  return fits;
}

function bestOfDegree(
  context: ApproximateContext,
  kind: 'taylor' | 'minimax',
  index: number,
  bound: ScoreBound,
  degree: number,
  average: Average | null,
): Fit {
  return kindsOf(kind, average)
    .map((one) => fitDegree(context, index, bound, one, degree, average))
    .reduce((best, fit) => (sizeOf(fit, average) < sizeOf(best, average) ? fit : best));
}

function kindsOf(kind: 'taylor' | 'minimax', average: Average | null): readonly ExponentialKind[] {
  return kind === 'taylor' || average === null ? [kind] : [kind, 'economised'];
}

function averageOf(context: ApproximateContext, moments: Moments | null, b: number): Average | null {
  if (moments === null) return null;
  return { average: moments.average[b] as number, worst: moments.worst[b] as number, reach: reachOf(context, moments) };
}

/** What the fits, and exact blocks in the place of those that are missing, come to. */
export function errorOfFits(context: ApproximateContext, fits: readonly (Fit | null)[], moments: Moments | null): number {
  const { tree, certificate, exactPart } = context;
  // Components without x1 end in an average of their own.
  const parts = [...fits.map((fit) => fit?.error ?? exactPart), ...tree.roots.slice(1).map(() => exactPart)];
  return outputBound(parts, 0, certificate, moments?.reach);
}

/** The λ that each of `count` blocks may have so that the whole meets the tolerance. */
export function logShare({ wish, certificate, exactPart }: ApproximateContext, count: number): number {
  const rounding = outputBound([exactPart], 0, certificate);
  const { range } = certificate.values;
  const rest = SHARE * wish.tolerance - rounding;
  if (!(rest > 0)) return 0;
  return Math.min(0.5, range === 0 ? 0.5 : 2 * Math.atanh(Math.min(0.5, rest / range))) / count;
}

/** What Theorem D makes of a polynomial's κ: E|Δ| is `average` times it, and counts as much as a λ of 2 `reach` times that. */
interface Average extends MeanError {
  /** In units of the values' range. */
  readonly reach: number;
}

function reachOf({ certificate }: ApproximateContext, { reach }: Moments): number {
  const { range } = certificate.values;
  return range === 0 ? 1 : Math.min(1, reach / range);
}

/** The smallest degree within the share, or else the degree with the smallest error. */
function fitBlock(
  context: ApproximateContext,
  kind: 'taylor' | 'minimax',
  index: number,
  bound: ScoreBound,
  share: number,
  average: Average | null,
): Fit | null {
  const { problem, tree, wish, compressed } = context;
  const { monomials } = tree.blocks[index] as MaskedBlock;
  const { dimension } = compressed.get(index) ?? { dimension: problem.d };
  const rough = (one: ExponentialKind, degree: number): number =>
    roughError(one, degree, bound.bound) * (one === 'economised' && average !== null ? 2 * average.reach * average.average : 1);
  const step = kind === 'taylor' ? 2 : 1;
  const allowed = (degree: number): boolean =>
    degree <= (wish.degree ?? MAX_DEGREE) &&
    rank(dimension, degree) <= MAX_RANK &&
    rank(monomials.length * dimension, degree) <= MAX_VISITS;
  let best: Fit | null = null;
  for (let degree = wish.degree ?? step; allowed(degree); degree += step) {
    for (const one of kindsOf(kind, average)) {
      // Far from enough, and there is a larger one.
      const guess = Math.min(rough(one, degree), kind === 'taylor' && average !== null ? rough('economised', degree) : Infinity);
      if (allowed(degree + step) && guess > 3 * share) continue;
      const fit = fitDegree(context, index, bound, one, degree, average);
      if (best === null || sizeOf(fit, average) < sizeOf(best, average)) best = fit;
    }
    if (best !== null && sizeOf(best, average) + best.error.messageError <= share) break;
  }
  return best !== null && Number.isFinite(sizeOf(best, average)) ? best : null;
}

function fitDegree(
  context: ApproximateContext,
  index: number,
  bound: ScoreBound,
  kind: ExponentialKind,
  degree: number,
  average: Average | null,
): Fit {
  const { problem, tree, survey, compressed } = context;
  const { monomials } = tree.blocks[index] as MaskedBlock;
  const { dimension, lost } = compressed.get(index) ?? { dimension: problem.d, lost: 0 };
  const polynomial = exponentialPolynomial(kind, degree, bound.bound);
  const r = rank(dimension, degree);
  const own = featureError(polynomial, bound, problem.precision, { ...featureSizes(context, index, bound), rank: r });
  // Means and tilts are exact up to rounding: sums of d terms, none of the three larger than twice the raw scores (score-bound.ts).
  const raw = sumOfRawBounds(monomials, problem.scale, survey);
  const tilts = bound.centred ? 5 * (problem.d + 8) * UNITS[problem.precision] * raw : 0;
  const error = { ...own, logError: own.logError + tilts + lost };
  const kappa = polynomial.squareError;
  const meanError = average === null ? null : { average: kappa * average.average, worst: kappa * average.worst };
  const onAverage = meanError !== null && Number.isFinite(error.logError) && asLog(meanError, average) < polynomial.logError;
  // What is left of λ is rounding.
  const part = onAverage ? { ...error, logError: error.logError - polynomial.logError, meanError } : error;
  return { polynomial, bound, error: part, rank: r };
}

/** As a λ. */
function sizeOf({ error: { logError, meanError } }: Fit, average: Average | null): number {
  return logError + (meanError === undefined ? 0 : asLog(meanError, average));
}

function asLog({ average, worst }: MeanError, averages: Average | null): number {
  return (2 * (averages?.reach ?? 1) * average) / Math.max(1e-300, 1 - 2 * worst);
}

/** What the coordinates of a variable's rows are divided by: at least the largest of them, and a power of two, which rounds nothing. */
export function coordinateSize(
  { survey, compressed }: ApproximateContext,
  index: number,
  variable: number,
  bound: ScoreBound,
): number {
  const slices = compressed.get(index)?.slices.get(variable);
  const entry = slices === undefined ? largestEntry(survey.get(`q${variable}`), bound.centred) : largestEntry(slices, false);
  // A variable whose rows are all zero has no size to divide by, and one far below the others' none that matters.
  const power = 2 ** Math.ceil(Math.log2(Math.max(1e-30, entry)));
  return power < entry ? 2 * power : power;
}

function featureSizes(context: ApproximateContext, index: number, bound: ScoreBound): Omit<FeatureSizes, 'rank'> {
  const { problem, tree, compressed, certificate } = context;
  const { root, variables, monomials, masks } = tree.blocks[index] as MaskedBlock;
  const size = (variable: number): number => coordinateSize(context, index, variable, bound);
  const spread = monomials.reduce(
    (sum, one) => sum + Math.abs(one.coefficient) * one.variables.reduce((product, variable) => product * size(variable), 1),
    0,
  );
  return {
    rows: variables.filter((variable) => variable !== root).map((variable) => problem.rows[variable - 1] as number),
    spread: Math.abs(problem.scale) * (compressed.get(index)?.dimension ?? problem.d) * spread,
    values: certificate.values.product,
    movingLog: masks.length > 0 ? context.largestScore : null,
  };
}
