import type { AttentionRequest, Operand, Problem } from '../contract/request.ts';
import { chooseApproximate, exactAtOnce, exactPlan } from '../plan/approximate/choose.ts';
import { type Survey, surveyedSlice } from '../plan/approximate/survey.ts';
import { compileSurvey, surveyed } from '../plan/approximate/survey-plan.ts';
import type { Machine, Plan } from '../plan/plan.ts';
import { cast } from '../tensor/convert.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Binding } from './bind.ts';
import type { Compiler } from './compiler.ts';
import type { Session } from './session.ts';

/** A request with the plan that answers it. */
export interface Task {
  readonly request: AttentionRequest;
  readonly plan: Plan;
}

/**
 * Modes 'approximate' and 'auto' (math.md §3): looks at the tensors, then lets the planner choose by what was found. The tensors that the
 * survey left (mean rows, projections) are operands of the plan that it chose.
 * @throws ServiceError `tolerance_unreachable`
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
  const chosen = chooseApproximate(
    looked.problem,
    compile(exactProblem(looked.problem)),
    machine,
    readSurvey(plan, binding, problem),
  );
  return { request: inPrecision(looked, chosen.precision), plan: chosen };
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
