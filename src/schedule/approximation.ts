import type { Approximation, AttentionRequest, Operand, Problem } from '../contract/request.ts';
import {
  chooseApproximate,
  type Decision,
  exactAtOnce,
  exactPlan,
  samplingWanted,
  shortfall,
  unreachable,
} from '../plan/approximate/choose.ts';
import { type ApproximateContext, approximateContext } from '../plan/approximate/context.ts';
import { ATTEMPTS, nextSamples, PILOT, samplingPlan } from '../plan/approximate/sampling.ts';
import { type Survey, surveyedSlice } from '../plan/approximate/survey.ts';
import { compileSurvey, surveyed } from '../plan/approximate/survey-plan.ts';
import type { Machine, Plan } from '../plan/plan.ts';
import { cast } from '../tensor/convert.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Binding } from './bind.ts';
import type { Compiler } from './compiler.ts';
import type { Finished, Session } from './session.ts';

/** A request with the plan that answers it. */
export interface Task {
  readonly request: AttentionRequest;
  readonly plan: Plan;
  /** What follows from the run: the same plan with its certificate, or another one to run. */
  readonly next?: (binding: Binding) => Task;
}

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
  const { problem } = request;
  const exact = compile(exactProblem(problem));
  const plan = compileSurvey(problem, machine);
  if (exactAtOnce(problem, exact, plan)) {
    return { request, plan: exactPlan(exact, 'exact costs no more than it would to look for an approximation') };
  }
  session.admit([plan]);
  const { binding } = await session.run(request, plan);
  const looked = withSurveyed(request, plan, binding);
  const survey = readSurvey(plan, binding, problem);
  const wish = problem.approximation as Approximation;
  const exactNow = compile(exactProblem(looked.problem));
  const decision = chooseApproximate(looked.problem, exactNow, machine, survey);
  const context = approximateContext(looked.problem, wish, machine, survey, problem.precision);
  if (samplingWanted(problem, exactNow, decision, context)) return sampledTask(looked, context, exactNow, decision);
  if (decision.plan === null) return unreachable(wish, decision.best);
  return { request: inPrecision(looked, decision.plan.precision), plan: decision.plan };
}

/** The first sample; `next` judges it and grows it until the tolerance is met or something else is cheaper. */
function sampledTask(request: AttentionRequest, context: ApproximateContext, exact: Plan, { best }: Decision): Task {
  const { wish, problem } = context;
  const otherwise = (least: number): Task => {
    if (problem.mode === 'approximate') return unreachable(wish, least);
    return { request, plan: exactPlan(exact, `${shortfall(wish, least)}, so the answer is exact`) };
  };
  const attempt = (samples: number, left: number): Task => {
    const plan = samplingPlan(context, samples);
    if (plan === null) return otherwise(best);
    const grow = (larger: number): Task | null => (left > 1 ? attempt(larger, left - 1) : null);
    return { request, plan, next: (binding) => judgeSample({ request, plan }, binding, wish, grow, otherwise, exact) };
  };
  return attempt(wish.samples ?? PILOT, ATTEMPTS);
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
  const affordable = task.request.problem.mode === 'approximate' || (grown?.plan.seconds ?? 0) < exact.seconds;
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
  const reason = finite
    ? `${approximation.samples} tuples certify ${maxAbsError.toPrecision(2)} for each entry with confidence ${wish.confidence}`
    : `${approximation.samples} tuples are too few to certify anything`;
  return { request, plan: { ...plan, approximation: { ...approximation, certificate, reason } } };
}

/** Runs a task, and the ones that follow from it, to the end. */
export async function runTask(task: Task, session: Session): Promise<{ readonly task: Task; readonly finished: Finished }> {
  const finished = await session.run(task.request, task.plan);
  const next = task.next?.(finished.binding) ?? task;
  if (next.next === undefined && next.plan.stages === task.plan.stages) return { task: next, finished };
  session.admit([next.plan]);
  return runTask(next, session);
}

/** The problem without what only the approximate modes ask. */
export function exactProblem({ approximation: _, ...problem }: Problem): Problem {
  return { ...problem, mode: 'exact' };
}

function readSurvey(plan: Plan, binding: Binding, problem: Problem): Survey {
  const slices = plan.batch * plan.heads;
  return new Map(
    surveyed(problem).map(({ name }) => {
      const [mean, extremes, norms] = ['mean', 'extremes', 'norms'].map((what) => binding.output(`${what} ${name}`));
      const slice = (data: ArrayLike<number> | undefined, index: number): ArrayLike<number> => {
        const all = data as Float32Array;
        const length = all.length / slices;
        return all.subarray(index * length, (index + 1) * length);
      };
      return [
        name,
        Array.from({ length: slices }, (_, index) =>
          surveyedSlice(slice(mean, index), slice(extremes, index), slice(norms, index)),
        ),
      ];
    }),
  );
}

/** The request with what the survey computed among its operands, and its projections behind it. */
function withSurveyed(request: AttentionRequest, plan: Plan, binding: Binding): AttentionRequest {
  const operands = new Map(request.operands);
  for (const { name, source, extent, cols } of plan.buffers) {
    if (source !== 'output' || name.startsWith('extremes') || name.startsWith('norms')) continue;
    const rows = extent.variable === 0 ? extent.count : (plan.rows[extent.variable - 1] as number);
    const shape = [plan.batch, plan.heads, rows, cols];
    const tensor: Tensor = { dtype: plan.precision, shape, data: binding.output(name) as Tensor['data'] };
    operands.set(name, { name, tensor, batch: plan.batch, heads: plan.heads, rows, cols });
  }
  return { ...request, operands, problem: { ...request.problem, projected: { names: [], m: 0 } } };
}

/** The request with its tensors in the precision that the plan computes in. */
export function inPrecision(request: AttentionRequest, precision: Problem['precision']): AttentionRequest {
  if (request.problem.precision === precision) return request;
  const operands = new Map(
    [...request.operands].map(([name, operand]): [string, Operand] => [
      name,
      { ...operand, tensor: cast(operand.tensor, precision) },
    ]),
  );
  return { ...request, operands, problem: { ...request.problem, precision } };
}
