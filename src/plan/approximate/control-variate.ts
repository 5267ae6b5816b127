import { addStage, bytesPerElement, type Draft, input, type Message, scratch } from '../draft.ts';
import { featureError, UNITS } from './certificate.ts';
import type { ApproximateContext } from './context.ts';
import { type FeatureSpec, featureMessage } from './features.ts';
import { largestEntry, sumOfRawBounds } from './score-bound.ts';
import type { ValueRange } from './survey.ts';
import { rank, residualWork } from './work.ts';

/**
 * Taylor's polynomial of the whole score as control variate of a sample: its sums over all tuples are exact, by features, and only e^x - p(x)
 * is drawn, which is far smaller than e^x where scores are. Taylor's and not the best polynomial: its residual is of the order of x^(g+1) at the
 * scores that most tuples have, so that the variance all but vanishes, and the interval [r(-M), r(M)] that is left to Bernstein's last term
 * would be shorter by a quarter at most.
 */
export interface ControlVariate {
  readonly coefficients: readonly number[];
  readonly rank: number;
  /** Largest |score|. */
  readonly bound: number;
  /** Length of an interval that holds 0 and e^x - p(x) for all scores. */
  readonly range: number;
  readonly spec: FeatureSpec;
  /** Of a weight p(x) or e^x - p(x), absolute, and of a sum of products, relative. */
  readonly rounding: { readonly weight: number; readonly sum: number };
}

/** Beyond that the sums of features would be what takes the time. */
const MAX_RANK = 4096;
const MAX_VISITS = 3e6;
/** Beyond that the exponential is of the polynomial's size, and there is nothing to gain. */
const LARGEST_SCORE = 4;
/** Roundings of a weight beside those of its score, and of the longest chain of sums (residual.h). */
const WEIGHT_ROUNDINGS = 16;
const CHAIN = 80;

/** Null where it does not apply: masks, weights of the rows' own, scores or ranks too large, an odd polynomial that may be negative. */
export function controlVariate({ problem, survey, certificate }: ApproximateContext, degree: number): ControlVariate | null {
  const { polynomial, d, rows, scale, mask, hasBias, hasValues, precision } = problem;
  const { monomials, variableCount } = polynomial;
  const bound = sumOfRawBounds(monomials, scale, survey);
  const r = rank(d, degree);
  const plain = mask.type === 'none' && hasValues.some(Boolean) && !hasBias.slice(1).some(Boolean) && monomials.length > 0;
  if (!plain || r > MAX_RANK || rank(monomials.length * d, degree) > MAX_VISITS) return null;
  if (!(bound <= LARGEST_SCORE) || (degree % 2 === 1 && bound >= 1)) return null;
  const coefficients = taylor(degree);
  const residual = (x: number): number => Math.exp(x) - value(coefficients, x);
  // An odd degree's is never negative, an even one's grows with x.
  const range = 1.0001 * (degree % 2 === 1 ? residual(bound) : residual(bound) - residual(-bound)) + 1e-12;
  const variables = rows.map((_, j) => j + 1);
  const entries = new Map(variables.map((j) => [j, Math.max(1e-30, largestEntry(survey.get(`q${j}`), false))]));
  const size = (all: readonly number[]): number => all.reduce((product, j) => product * (entries.get(j) as number), 1);
  const spread = monomials.reduce((sum, one) => sum + Math.abs(one.coefficient) * size(one.variables), 0) * Math.abs(scale) * d;
  const sizes = { rows: rows.slice(1), rank: r, spread, values: certificate.values.product, movingLog: null };
  const features = featureError({ coefficients, logError: 0 }, { bound, absolute: bound }, precision, sizes).messageError;
  const unit = UNITS[precision];
  const logs = rows.reduce((sum, n) => sum + Math.log(n), 0);
  const most = value(coefficients, bound);
  // Of p's sums their features and their logarithm; of r its score, its exponential and polynomial, and its sum.
  const score = (monomials.length * (d + variableCount) + variableCount) * bound * Math.exp(bound);
  const weight = features + unit * (most * (logs + 8) + score + WEIGHT_ROUNDINGS * (Math.exp(bound) + most) + CHAIN * range);
  if (!(weight < 0.5)) return null;
  const spec = { coefficients, centred: false, entries, prepared: null };
  return { coefficients, rank: r, bound, range, spec, rounding: { weight, sum: CHAIN * unit } };
}

function taylor(degree: number): number[] {
  let factorial = 1;
  return Array.from({ length: degree + 1 }, (_, k) => {
    factorial *= Math.max(1, k);
    return 1 / factorial;
  });
}

function value(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((sum, one) => sum * x + one, 0);
}

/** The average with p(x) as weights, and the logarithm of their sum: the message of one block that is the whole polynomial. */
export function addPolynomial(draft: Draft, { spec }: ControlVariate): Message {
  const { polynomial, hasValues, rows } = draft.problem;
  const variables = rows.map((_, j) => j + 1);
  const gathered = new Map(
    variables.slice(1).map((j) => [j, { values: hasValues[j - 1] ? input(draft, 'v', j) : null, bias: null }]),
  );
  return featureMessage(draft, { root: 1, variables, monomials: polynomial.monomials }, gathered, spec);
}

export interface SampledKeys {
  readonly keys: number;
  readonly bias: number;
  readonly values: number;
  readonly moments: number;
}

interface Residual {
  readonly known: Message;
  readonly drawn: SampledKeys;
  readonly control: ControlVariate;
  readonly samples: number;
  readonly logOdds: number;
  readonly values: ValueRange;
}

/** The answer, what its bound is, and L of all tuples, before the bias of x1. */
export function addResidual(draft: Draft, { known, drawn, control, samples, logOdds, values }: Residual) {
  const { rows, d, dv, hasBias, precision } = draft.problem;
  const extent = { variable: 1, count: 1 };
  const own = hasBias[0];
  const message = scratch(draft, own ? 'u of the sample' : 'output', extent, dv);
  const scaled = scratch(draft, own ? 'L of all tuples' : 'logSumExp', extent, 1);
  const bound = scratch(draft, 'bound', extent, 1);
  const step = {
    kind: 'residual',
    queries: input(draft, 'q', 1),
    ...{ keys: drawn.keys, bias: drawn.bias, values: drawn.values, moments: drawn.moments },
    ...{ coefficients: control.coefficients, average: known.u as number, logSum: known.logSumExp as number },
    ...{ logOdds, range: control.range * values.range, most: values.most, rounding: control.rounding },
    ...{ message, bound, scaled, drawnFrom: rows.slice(1).map((_, index) => input(draft, 'q', index + 2)) },
  } as const;
  addStage(draft, step, extent, 0, residualWork(rows[0] as number, samples, d, dv, bytesPerElement(precision)));
  return { message, scaled, bound };
}
