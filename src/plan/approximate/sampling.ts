import { finishPlan } from '../compile.ts';
import { addStage, bytesPerElement, type Draft, input, newDraft, scratch, supports } from '../draft.ts';
import type { Plan } from '../plan.ts';
import { attendWork, combineWork } from '../work.ts';
import { outputBound } from './certificate.ts';
import type { ApproximateContext } from './context.ts';
import { addPolynomial, addResidual, controlVariate, type SampledKeys } from './control-variate.ts';
import { sampleWork } from './work.ts';

/** Tuples of a first look; every further one is chosen by what the one before certified. */
export const PILOT = 2048;
/** Samples that one request may draw in turn. Each may be the one that is answered, so each has this part of the odds. */
export const ATTEMPTS = 8;
/** Keys of the largest sample: memory is m (d + 3 dv) numbers. */
const MAX_SAMPLES = 2 ** 21;

/**
 * m tuples drawn uniformly, as one attention call with m composite keys (math.md §6.2), and a second one on squared weights for the empirical
 * Bernstein bound: any h, any t, and a cost that does not depend on the n of any variable but the first. The certificate is probabilistic, entry
 * by entry, and known once the plan has run: its `bound` output holds it row by row. Draws are independent: stratified ones would vary less, but
 * no bound as sharp is known for them.
 *
 * What it can certify follows from the bound's last term, 7 R e^S ln(4/δ) / 3 m with S the largest possible score: it suits scores of a few
 * units, where polynomials need too many features, and no scores beyond some ten, where a single tuple may outweigh any sample.
 */
export function samplingPlan(context: ApproximateContext, samples: number, degree: number): Plan | null {
  return degree === 0 ? plainPlan(context, samples) : controlledPlan(context, samples, degree);
}

function plainPlan(context: ApproximateContext, samples: number): Plan | null {
  const { problem, backends, wish } = context;
  const withValues = problem.hasValues.some(Boolean);
  const draft = newDraft(problem, backends);
  if (problem.mask.type !== 'none' || !withValues || !supports(draft, ['sample', 'attend', 'judge', 'combine'])) return null;
  const drawn = addSample(draft, samples, wish.seed);
  const first = addAttention(draft, drawn, samples, 1);
  const second = addAttention(draft, drawn, samples, 2);
  addJudge(draft, first, second, context, samples);
  return finishSample(draft, context, { samples, scoreBound: context.largestScore });
}

/** With a polynomial's exact sums beside it, the same of what the exponential and the polynomial differ by (kernels/reference/residual.ts). */
function controlledPlan(context: ApproximateContext, samples: number, degree: number): Plan | null {
  const { problem, backends, wish, certificate } = context;
  const control = controlVariate(context, degree);
  const draft = newDraft(problem, backends);
  if (control === null || !supports(draft, ['sample', 'residual', 'accumulate', 'contract', 'apply', 'combine'])) return null;
  const known = addPolynomial(draft, control);
  const drawn = addSample(draft, samples, wish.seed, false);
  const { message, scaled, bound } = addResidual(draft, {
    ...{ known, drawn, control, samples },
    ...{ logOdds: logOdds(wish), values: certificate.values },
  });
  publish(draft, message, scaled, bound);
  return finishSample(draft, context, { samples, degree, rank: control.rank, scoreBound: control.bound });
}

type Drawing = Pick<NonNullable<Plan['approximation']>, 'samples' | 'degree' | 'rank' | 'scoreBound'> & {
  readonly samples: number;
};

/** What a sample certifies is known once it has been judged; until then its rounding is. */
function finishSample(draft: Draft, context: ApproximateContext, drawing: Drawing): Plan {
  const { threads, wish, certificate } = context;
  const maxAbsError = outputBound([context.attention(drawing.samples)], 0, certificate);
  return {
    ...finishPlan(draft, 'sampling', threads),
    exponent: 1,
    approximation: {
      used: true,
      method: 'sampling',
      ...drawing,
      reason: '',
      certificate: { kind: 'probabilistic', maxAbsError, confidence: wish.confidence },
    },
  };
}

/**
 * The degree of the control variate, 0 without one, and the fewest tuples with which the bound's last term alone meets the tolerance, were the
 * mean weight one: what planning can know. The cheapest of them by modelled time, where the client has fixed nothing.
 */
export function fewestSamples(context: ApproximateContext): { readonly degree: number; readonly samples: number } {
  const { certificate, wish, largestScore } = context;
  const needed = (range: number): number =>
    Math.max(PILOT, Math.ceil((7 * certificate.values.range * logOdds(wish) * range) / (3 * wish.tolerance)));
  const rangeOf = (degree: number): number => {
    const control = degree === 0 ? null : controlVariate(context, degree);
    return degree === 0 ? Math.exp(largestScore) : (control?.range ?? Number.POSITIVE_INFINITY);
  };
  if (wish.degree !== undefined || wish.samples !== undefined) {
    const degree = wish.degree ?? 0;
    return { degree, samples: wish.samples ?? needed(rangeOf(degree)) };
  }
  const choices = [0, 1, 2].map((degree) => ({ degree, samples: needed(rangeOf(degree)) }));
  const secondsOf = ({ degree, samples }: (typeof choices)[0]): number =>
    (samples <= MAX_SAMPLES ? samplingPlan(context, samples, degree)?.seconds : undefined) ?? Number.POSITIVE_INFINITY;
  return choices.reduce((best, one) => (secondsOf(one) < secondsOf(best) ? one : best));
}

/** The next sample after one that certified `bound`: with some to spare. Null where it would be too large. */
export function nextSamples(samples: number, bound: number, tolerance: number): number | null {
  const ratio = bound / tolerance;
  // The bound falls no faster than 1/m, so what would still be too far off at the largest sample is not worth drawing it.
  if (Number.isFinite(ratio) && samples * ratio > MAX_SAMPLES) return null;
  // Far off it is the term with 1/m that counts, nearby the one with its root.
  const factor = Number.isFinite(ratio) ? Math.min(16, Math.max(1.5, 1.2 * (ratio > 4 ? ratio : ratio ** 2))) : 16;
  const next = Math.min(MAX_SAMPLES, Math.ceil(samples * factor));
  return samples < next ? next : null;
}

/** ln(4 / δ) of the two-sided bound, δ shared out among the samples that may be drawn. */
function logOdds({ confidence, samples }: ApproximateContext['wish']): number {
  return Math.log((4 * (samples === undefined ? ATTEMPTS : 1)) / (1 - confidence));
}

interface Drawn extends SampledKeys {
  readonly doubledBias: number | null;
}

/** `squared`: with what the weights' squares need. */
function addSample(draft: Draft, samples: number, seed: number, squared = true): Drawn {
  const { polynomial, d, dv, scale, hasValues, hasBias, precision } = draft.problem;
  const extent = { variable: 0, count: samples };
  const operands = hasValues.map((has, index) => ({
    queries: input(draft, 'q', index + 1),
    values: has ? input(draft, 'v', index + 1) : null,
    // b1 says which rows there are, and is added to their log-sum-exp; the sample is the same for all of them.
    bias: index > 0 && hasBias[index] ? input(draft, 'b', index + 1) : null,
  }));
  const drawn = {
    keys: scratch(draft, 'keys', extent, d),
    bias: scratch(draft, 'bias', extent, 1),
    doubledBias: squared ? scratch(draft, 'doubled bias', extent, 1) : null,
    values: scratch(draft, 'values', extent, dv),
    moments: scratch(draft, 'moments', extent, 2 * dv),
  };
  const monomials = polynomial.monomials.map(({ coefficient, variables }) => ({ factor: scale * coefficient, variables }));
  const work = sampleWork(samples, monomials, d, dv, bytesPerElement(precision));
  addStage(draft, { kind: 'sample', operands, monomials, seed, ...drawn }, extent, 0, work);
  return drawn;
}

interface Averages {
  readonly message: number;
  readonly logSumExp: number;
}

/** Averages of the values by the weights to a power, 1 or 2; the squares go along with the second. */
function addAttention(draft: Draft, drawn: Drawn, samples: number, power: 1 | 2): Averages {
  const { d, dv, rows, precision } = draft.problem;
  const extent = { variable: 1, count: 1 };
  const cols = power * dv;
  const own = draft.problem.hasBias[0] ? 'u of the sample' : 'output';
  const message = scratch(draft, power === 1 ? own : 'u of squares', extent, cols);
  const logSumExp = scratch(draft, power === 1 ? 'L of the sample' : 'L of squares', extent, 1);
  const [keyBias, values] = power === 1 ? [drawn.bias, drawn.values] : [drawn.doubledBias, drawn.moments];
  const step = { queries: input(draft, 'q', 1), keys: drawn.keys, keyBias, values, scale: power, band: null } as const;
  const work = attendWork(rows[0] as number, samples, d, cols, bytesPerElement(precision));
  addStage(draft, { kind: 'attend', ...step, message, logSumExp }, extent, 0, work);
  return { message, logSumExp };
}

function addJudge(draft: Draft, first: Averages, second: Averages, context: ApproximateContext, samples: number): void {
  const { problem, certificate, wish, largestScore } = context;
  const extent = { variable: 1, count: 1 };
  const bound = scratch(draft, 'bound', extent, 1);
  const scaled = scratch(draft, problem.hasBias[0] ? 'L of all tuples' : 'logSumExp', extent, 1);
  const { logError, messageError } = context.attention(samples);
  const step = {
    kind: 'judge',
    message: first.message,
    logSumExp: first.logSumExp,
    moments: second.message,
    squaredLogSumExp: second.logSumExp,
    samples,
    logOdds: logOdds(wish),
    range: certificate.values.range,
    largestScore,
    // Squared weights have doubled scores.
    rounding: 2 * logError + messageError,
    bound,
    scaled,
    drawnFrom: problem.rows.slice(1).map((_, index) => input(draft, 'q', index + 2)),
  } as const;
  const work = combineWork(problem.rows[0] as number, problem.dv, 3, bytesPerElement(problem.precision));
  addStage(draft, step, extent, 0, work);
  publish(draft, first.message, scaled, bound);
}

function publish(draft: Draft, message: number, logSumExp: number, bound: number): void {
  for (const buffer of [...addOwnBias(draft, message, logSumExp), bound]) {
    draft.buffers[buffer] = { ...(draft.buffers[buffer] as (typeof draft.buffers)[0]), source: 'output' };
  }
}

/** Output and log-sum-exp with the bias of x1: it is added to the latter, and a row that it leaves out has output 0. */
function addOwnBias(draft: Draft, message: number, logSumExp: number): number[] {
  const { hasBias, rows, dv, precision } = draft.problem;
  if (!hasBias[0]) return [message, logSumExp];
  const extent = { variable: 1, count: 1 };
  const [product, sum] = [scratch(draft, 'output', extent, dv), scratch(draft, 'logSumExp', extent, 1)];
  const step = { kind: 'combine', factors: [message], product, addends: [logSumExp, input(draft, 'b', 1)], sum } as const;
  addStage(draft, step, extent, 0, combineWork(rows[0] as number, dv, 2, bytesPerElement(precision)));
  return [product, sum];
}
