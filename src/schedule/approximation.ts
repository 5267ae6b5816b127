import type { Approximation, AttentionRequest } from '../contract/request.ts';
import { chooseApproximate, exactAtOnce, exactPlan, samplingWanted, unreachable } from '../plan/approximate/choose.ts';
import { compressionWanted } from '../plan/approximate/compression.ts';
import { type ApproximateContext, approximateContext } from '../plan/approximate/context.ts';
import { glancedPairs, isHopeless } from '../plan/approximate/glance.ts';
import { momentsWanted } from '../plan/approximate/moments.ts';
import { projectedTensors, projectionError } from '../plan/approximate/projections.ts';
import { blockBound } from '../plan/approximate/score-bound.ts';
import type { Survey } from '../plan/approximate/survey.ts';
import { compileSurvey, surveyed } from '../plan/approximate/survey-plan.ts';
import type { Machine, Plan } from '../plan/plan.ts';
import type { Compiler } from './compiler.ts';
import { type Compression, compress } from './compression.ts';
import { glanceAt } from './glance.ts';
import { largestScores } from './largest-scores.ts';
import { exactProblem, inPrecision, type Task } from './planned-task.ts';
import { sampledTask } from './sampling.ts';
import type { Finished, Session } from './session.ts';
import { outputSlices, surveyOf, withOutputs } from './survey.ts';

/**
 * Modes 'approximate' and 'auto' (math.md §3): looks at the tensors, then lets the planner choose by what was found. The tensors that the
 * survey left (mean rows, projections) are operands of the plan that it chose.
 * @throws ServiceError `tolerance_unreachable` in mode 'approximate', with the best certified error
 */
export async function chooseTask(
  request: AttentionRequest,
  { compile, machine }: { readonly compile: Compiler; readonly machine: Machine },
  session: Session,
): Promise<Task> {
  const exact = compile(exactProblem(request.problem));
  if (exactAtOnce(request.problem, exact, machine)) {
    return { request, plan: exactPlan(exact, 'exact costs no more than it would to look for an approximation') };
  }
  if (glanceIsEnough(request, exact)) {
    return { request, plan: exactPlan(exact, 'a few of the scores already say that features would outnumber the rows') };
  }
  const look = await lookAt(request, exact, machine, session);
  const { problem } = look.request;
  const now = compile(exactProblem(problem));
  const decision = chooseApproximate(look.context, machine, now, look.compression?.compressed ?? new Map());
  if (samplingWanted(look.context, now, decision)) return sampledTask(look.request, look.context, now, decision);
  if (decision.plan === null) return unreachable(look.context.wish, decision.best);
  return { request: inPrecision(look.compression?.request ?? look.request, decision.plan.precision), plan: decision.plan };
}

/** Whether a few scores say that a survey would be in vain. */
function glanceIsEnough(request: AttentionRequest, exact: Plan): boolean {
  const pairs = glancedPairs(request.problem, exact);
  return pairs.length > 0 && isHopeless(request.problem, glanceAt(request, pairs));
}

/** What was found: sizes for the planner, and the request with what was computed on the way. */
interface Look {
  readonly request: AttentionRequest;
  readonly context: ApproximateContext;
  readonly compression: Compression | null;
}

async function lookAt(request: AttentionRequest, exact: Plan, machine: Machine, session: Session): Promise<Look> {
  const { problem } = request;
  const deeper = compressionWanted(problem, exact);
  const plan = compileSurvey(problem, machine, { covariances: deeper, moments: momentsWanted(problem, exact) });
  session.admit([plan]);
  const { binding } = await session.run(request, plan);
  const looked = withOutputs(request, plan, binding);
  const measured = [...surveyed(problem), ...projectedTensors(problem)];
  const survey: Survey = new Map(measured.map(({ name }) => [name, surveyOf(plan, binding, name)]));
  const wish = problem.approximation as Approximation;
  const context = approximateContext(looked.problem, wish, machine, survey, problem.precision, projectionError(problem, survey));
  if (!deeper) return { request: looked, context: withMeasured(looked, withGlance(looked, context)), compression: null };
  const covariances = new Map(problem.rows.map((_, index) => [index + 1, outputSlices(plan, binding, `covariance q${index + 1}`)]));
  return {
    request: looked,
    context: withGlance(looked, context),
    compression: await compress(looked, context, covariances, session),
  };
}

/** Every score, where there are so few that the client's request for an approximation costs hardly more by it. */
function withMeasured(request: AttentionRequest, context: ApproximateContext): ApproximateContext {
  const { mode, scale } = request.problem;
  if (mode !== 'approximate') return context;
  const bounds = context.tree.blocks.map(({ monomials }) => blockBound(monomials, scale, context.survey));
  return { ...context, measured: largestScores(request, context, bounds) };
}

/** A few scores where pruning may be chosen. */
function withGlance(request: AttentionRequest, context: ApproximateContext): ApproximateContext {
  const wanted = context.wish.method === 'auto' || context.wish.method === 'prune';
  return wanted && request.problem.mask.type === 'none' ? { ...context, glance: glanceAt(request, context.tree.blocks) } : context;
}

/** Runs a task, and the ones that follow from it, to the end; `check` refuses what would take too long. */
export async function runTask(
  task: Task,
  session: Session,
  check: (task: Task) => void,
): Promise<{ readonly task: Task; readonly finished: Finished }> {
  const finished = await session.run(task.request, task.plan);
  const next = task.next?.(finished.binding) ?? task;
  if (next.next === undefined && next.plan.stages === task.plan.stages) return { task: next, finished };
  check(next);
  session.admit([next.plan]);
  return runTask(next, session, check);
}
