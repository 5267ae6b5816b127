import type { Plan } from '../plan/plan.ts';
import type { Execution } from './execution.ts';

/** The plan, named after what ran: whether a cycle's fast products can hold is for the kernel to see in the tensors (math.md §6.3). */
export function asRun(plan: Plan, { fastRows }: Pick<Execution, 'fastRows'>): Plan {
  return plan.algorithm === 'cycle-gemm' && fastRows > 0 ? { ...plan, algorithm: 'fast-matmul' } : plan;
}
