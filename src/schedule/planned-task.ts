import type { AttentionRequest, Operand, Problem } from '../contract/request.ts';
import type { Plan } from '../plan/plan.ts';
import { cast } from '../tensor/convert.ts';
import type { Binding } from './bind.ts';

/** A request with the plan that answers it. */
export interface Task {
  readonly request: AttentionRequest;
  readonly plan: Plan;
  /** What follows from the run: the same plan with its certificate, or another one to run. */
  readonly next?: (binding: Binding) => Task;
}

/** The problem without what only the approximate modes ask. */
export function exactProblem({ approximation: _, ...problem }: Problem): Problem {
  return { ...problem, mode: 'exact' };
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
