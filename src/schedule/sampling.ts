import type { Approximation, AttentionRequest } from '../contract/request.ts';
import { type Decision, exactPlan, samplingSeconds, shortfall, unreachable } from '../plan/approximate/choose.ts';
import type { ApproximateContext } from '../plan/approximate/context.ts';
import { ATTEMPTS, fewestSamples, nextSamples, PILOT, samplingPlan } from '../plan/approximate/sampling.ts';
import type { Plan } from '../plan/plan.ts';
import type { Binding } from './bind.ts';
import type { Task } from './planned-task.ts';

/** The first sample; `next` judges it and grows it until the tolerance is met or something else is cheaper. */
export function sampledTask(request: AttentionRequest, context: ApproximateContext, exact: Plan, { best }: Decision): Task {
  const { wish, problem } = context;
  const otherwise = (least: number): Task => {
    if (problem.mode === 'approximate') return unreachable(wish, least);
    return { request, plan: exactPlan(exact, `${shortfall(wish, least)}, so the answer is exact`) };
  };
  const { degree, samples: fewest } = fewestSamples(context);
  const attempt = (samples: number, left: number): Task => {
    const plan = samplingPlan(context, samples, degree);
    if (plan === null) return otherwise(best);
    const grow = (larger: number): Task | null => (left > 1 ? attempt(larger, left - 1) : null);
    return { request, plan, next: (binding) => judgeSample({ request, plan }, binding, wish, grow, otherwise, exact) };
  };
  // A polynomial's sums are taken anew with every sample: no pilot below what is needed at least.
  return attempt(wish.samples ?? (degree === 0 ? PILOT : fewest), ATTEMPTS);
}

function judgeSample(
  task: Task,
  binding: Binding,
  wish: Approximation,
  grow: (samples: number) => Task | null,
  otherwise: (least: number) => Task,
  exact: Plan,
): Task {
  const { approximation } = task.plan;
  const { samples = 0, certificate } = approximation ?? {};
  let largest = 0;
  for (const bound of binding.output('bound')) largest = Math.max(largest, bound);
  const maxAbsError = largest + (certificate?.maxAbsError ?? 0);
  if (maxAbsError <= wish.tolerance || wish.samples !== undefined) return settled(task, maxAbsError, wish);
  const next = nextSamples(samples, maxAbsError, wish.tolerance);
  const grown = next === null ? null : grow(next);
  const { mode } = task.request.problem;
  const most = mode === 'auto' ? exact.seconds : wish.method === 'sampling' ? Number.POSITIVE_INFINITY : samplingSeconds(exact);
  const affordable = (grown?.plan.seconds ?? 0) < most;
  return grown !== null && affordable ? grown : otherwise(maxAbsError);
}

/** The task as it ended, with what its sample certifies. */
function settled({ request, plan }: Task, maxAbsError: number, wish: Approximation): Task {
  if (maxAbsError > wish.tolerance) return unreachable(wish, maxAbsError);
  const { approximation } = plan;
  if (approximation === undefined) return { request, plan };
  const finite = Number.isFinite(maxAbsError);
  const certificate = finite
    ? { kind: 'probabilistic' as const, maxAbsError, confidence: wish.confidence }
    : { kind: 'none' as const };
  const { degree = 0 } = approximation;
  const beside = degree === 0 ? '' : ` beside a polynomial of degree ${degree}`;
  const reason = finite
    ? `${approximation.samples} tuples${beside} certify ${maxAbsError.toPrecision(2)} for each entry with confidence ${wish.confidence}`
    : `${approximation.samples} tuples are too few to certify anything`;
  return { request, plan: { ...plan, approximation: { ...approximation, certificate, reason } } };
}
