import type { Machine, Plan } from '../plan/plan.ts';
import type { Execution } from './execution.ts';

/**
 * The plan, named after what ran: whether a cycle's fast products can hold is for the kernel to see in the tensors (math.md §6.3), and a
 * device that failed was stood in for.
 */
export function asRun(plan: Plan, { fastRows, failovers }: Pick<Execution, 'fastRows' | 'failovers'>, { backends }: Machine): Plan {
  const algorithm = plan.algorithm === 'cycle-gemm' && fastRows > 0 ? 'fast-matmul' : plan.algorithm;
  const failed = failovers.find(({ from }) => from === plan.backend.name);
  const backend = backends.find(({ name }) => name === failed?.to) ?? plan.backend;
  return { ...plan, algorithm, backend };
}
