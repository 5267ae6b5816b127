import type { Problem } from '../contract/request.ts';
import { compile } from '../plan/compile.ts';
import type { Machine, Plan } from '../plan/plan.ts';

/** Plans kept; one is a few kilobytes. */
const CAPACITY = 256;

export type Compiler = (problem: Problem) => Plan;

/** `compile` for one machine, remembering the plans used last: a plan depends on nothing but the problem. */
export function createCompiler(machine: Machine): Compiler {
  const plans = new Map<string, Plan>();
  return (problem) => {
    const key = JSON.stringify(problem);
    const known = plans.get(key);
    const plan = known ?? compile(problem, machine);
    plans.delete(key);
    plans.set(key, plan);
    if (plans.size > CAPACITY) plans.delete(plans.keys().next().value as string);
    return plan;
  };
}
