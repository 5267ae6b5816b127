import type { Problem } from '../contract/request.ts';
import { compile } from '../plan/compile.ts';
import type { Machine, Plan } from '../plan/plan.ts';

/** Plans kept; one is a few kilobytes. */
const CAPACITY = 256;

export type Compiler = (problem: Problem) => Plan;

/**
 * `compile` for one machine, remembering the plans used last: a plan depends on nothing but the problem. The contract gives requests of the
 * same options and shapes the same problem, so that most are known without being compared.
 */
export function createCompiler(machine: Machine): Compiler {
  const plans = new Map<string, Plan>();
  const byIdentity = new WeakMap<Problem, Plan>();
  const compileOnce: Compiler = (problem) => {
    const key = JSON.stringify(problem);
    const known = plans.get(key);
    const plan = known ?? compile(problem, machine);
    plans.delete(key);
    plans.set(key, plan);
    if (plans.size > CAPACITY) plans.delete(plans.keys().next().value as string);
    return plan;
  };
  return (problem) => {
    const known = byIdentity.get(problem);
    if (known !== undefined) return known;
    const plan = compileOnce(problem);
    byIdentity.set(problem, plan);
    return plan;
  };
}
