import type { Precision } from '../../../kernels/backend.ts';
import type { Approximation, Problem } from '../../contract/request.ts';
import { fail } from '../../errors.ts';
import type { ApproximationMethod, Machine, Plan } from '../plan.ts';
import { type ApproximateContext, approximateContext, type Candidate } from './context.ts';
import { polynomialCandidate } from './polynomial-method.ts';
import { pruningCandidate } from './pruning.ts';
import { randomFeaturesCandidate } from './random-features.ts';
import { fewestSamples, samplingPlan } from './sampling.ts';
import { surveySeconds } from './survey-plan.ts';
import { rank } from './work.ts';

/** One way to approximate. */
interface Method {
  readonly name: ApproximationMethod;
  /** The plan with its certificate, for a tolerance that it tries to meet; null where the method has nothing to offer here. */
  candidate(context: ApproximateContext): Candidate | null;
}

const METHODS: readonly Method[] = [
  {
    name: 'compress',
    candidate: (context) => (context.compressed.size > 0 ? polynomialCandidate(context, 'minimax', 'compress') : null),
  },
  { name: 'taylor', candidate: (context) => polynomialCandidate(context, 'taylor') },
  { name: 'minimax', candidate: (context) => polynomialCandidate(context, 'minimax') },
  { name: 'random-features', candidate: randomFeaturesCandidate },
  { name: 'prune', candidate: pruningCandidate },
];

/** Below this multiple of the survey's own cost the exact plan is taken without looking: a choice costs no more than it can save. */
const WORTH_LOOKING = 4;

/** Of the exact plan's time, what the smallest sample with a chance may take. */
const WORTH_SAMPLING = 0.25;

/** Whether mode 'auto' goes exact without a survey, since that would cost as much. */
export function exactAtOnce(problem: Problem, exact: Plan, machine: Machine): boolean {
  return problem.mode === 'auto' && exact.seconds < WORTH_LOOKING * surveySeconds(problem, machine) + 1e-3;
}

export function exactPlan(exact: Plan, reason: string): Plan {
  return { ...exact, approximation: { used: false, reason } };
}

/** What the deterministic methods come to. */
export interface Decision {
  /** The cheapest plan within the tolerance, the exact one included in mode 'auto'; null where there is none. */
  readonly plan: Plan | null;
  /** The best error that any method certifies. */
  readonly best: number;
}

/**
 * The cheapest plan by modelled time whose certificate meets the tolerance. In mode 'auto' the exact plan is one of them, and is what is
 * left when none does.
 */
export function chooseApproximate(
  context: ApproximateContext,
  machine: Machine,
  exact: Plan,
  compressed: ApproximateContext['compressed'],
): Decision {
  const { problem, wish } = context;
  const candidates = candidatesOf(context, machine, compressed);
  const within = candidates.filter(({ maxAbsError }) => maxAbsError <= wish.tolerance);
  const cheapest = within.reduce<Candidate | null>(
    (best, one) => (best === null || one.plan.estimatedMs < best.plan.estimatedMs ? one : best),
    null,
  );
  const best = candidates.reduce((least, { maxAbsError }) => Math.min(least, maxAbsError), Number.POSITIVE_INFINITY);
  if (problem.mode === 'approximate') return { plan: cheapest === null ? null : explained(cheapest, null), best };
  if (cheapest === null) return { plan: exactPlan(exact, `${shortfall(wish, best)}, so the answer is exact`), best };
  if (cheapest.plan.estimatedMs < exact.estimatedMs) return { plan: explained(cheapest, exact), best };
  const { method } = cheapest.plan.approximation ?? {};
  const times = `${milliseconds(exact)} against ${milliseconds(cheapest.plan)} of ${method}`;
  return { plan: exactPlan(exact, `exact is modelled at ${times}`), best };
}

/** What samples may take that nobody asked for by name. */
export function samplingSeconds(exact: Plan): number {
  return Math.max(exact.seconds, 0.1);
}

/** Sampling is tried where it was asked for, or where nothing else approximates and, in mode 'auto', the exact plan is long. */
export function samplingWanted(context: ApproximateContext, exact: Plan, decision: Decision): boolean {
  const { problem, wish } = context;
  const { method } = wish;
  if (method !== 'auto') return method === 'sampling';
  if (decision.plan?.approximation?.used === true) return false;
  const { samples, degree } = fewestSamples(context);
  const first = samplingPlan(context, samples, degree);
  if (first === null) return false;
  return first.seconds < WORTH_SAMPLING * (problem.mode === 'approximate' ? samplingSeconds(exact) : exact.seconds);
}

/** In the precision asked for; in float64 where rounding in float32 alone would cost the tolerance. */
function candidatesOf(
  { problem, wish, survey, certificate, glance, measured }: ApproximateContext,
  machine: Machine,
  compressed: ApproximateContext['compressed'],
): Candidate[] {
  const known = new Map<string, ApproximateContext>();
  const contextOf = (precision: Precision, fewer: ApproximateContext['compressed'] | undefined): ApproximateContext => {
    const key = `${precision} ${fewer === undefined}`;
    const own = known.get(key) ?? {
      ...approximateContext(problem, wish, machine, survey, precision, certificate.projections, fewer),
      glance,
      measured,
    };
    known.set(key, own);
    return own;
  };
  const methods = METHODS.filter(({ name }) => wish.method === 'auto' || wish.method === name);
  const precisions = problem.precision === 'float32' ? (['float32', 'float64'] as const) : (['float64'] as const);
  let fewest = false;
  return methods.flatMap((method) => {
    const found: Candidate[] = [];
    if (fewest && (method.name === 'taylor' || method.name === 'minimax')) return found;
    for (const precision of precisions) {
      const fewer = method.name === 'compress' ? compressed : undefined;
      const candidate = method.candidate(contextOf(precision, fewer));
      if (candidate !== null) found.push(candidate);
      if (candidate !== null && candidate.maxAbsError <= wish.tolerance) {
        fewest ||= method.name === 'compress' && precision === problem.precision && isBelowDegreeOne(candidate.plan, problem);
        break;
      }
    }
    return found;
  });
}

/** No polynomial in all coordinates has fewer features: looking for one would cost more than it could save. */
function isBelowDegreeOne({ approximation }: Plan, { d }: Problem): boolean {
  return approximation?.reason === '' && (approximation.rank ?? Number.POSITIVE_INFINITY) <= rank(d, 1);
}

function explained({ plan, maxAbsError }: Candidate, exact: Plan | null): Plan {
  const { approximation } = plan;
  if (approximation === undefined) return plan;
  const reason = [
    `${approximation.method} certifies ${Number.isFinite(maxAbsError) ? maxAbsError.toPrecision(2) : 'nothing'} at a modelled ${milliseconds(plan)}`,
    ...(exact === null ? [] : [`exact is modelled at ${milliseconds(exact)}`]),
    ...(approximation.reason === '' ? [] : [approximation.reason]),
  ].join('; ');
  return { ...plan, approximation: { ...approximation, reason } };
}

/** @throws ServiceError `tolerance_unreachable` with the best certified error */
export function unreachable(wish: Approximation, best: number): never {
  const detail = `${shortfall(wish, best)}; mode 'auto' goes exact there`;
  const actual = Number.isFinite(best) ? { actual: best } : {};
  fail('tolerance_unreachable', detail, {
    errors: [{ pointer: '/approximation/tolerance', detail }],
    ...(Number.isFinite(wish.tolerance) && { limit: wish.tolerance }),
    ...actual,
  });
}

export function shortfall({ method, tolerance }: Approximation, best: number): string {
  const who = method === 'auto' ? 'no method' : `method '${method}'`;
  const verb = method === 'auto' ? 'certifies' : 'does not certify';
  const most = Number.isFinite(best)
    ? `the best certified error is ${best.toPrecision(3)}`
    : 'it certifies nothing for scores, class and mask like these';
  const wanted = Number.isFinite(tolerance) ? `the tolerance ${tolerance}` : 'a bound';
  return `${who} ${verb} ${wanted}: ${most}`;
}

function milliseconds({ estimatedMs }: Plan): string {
  return `${estimatedMs.toPrecision(2)} ms`;
}
