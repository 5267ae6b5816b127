import type { Machine, Plan } from '../plan/plan.ts';
import type { Execution } from './execution.ts';

/**
 * The plan, named after what ran: whether a cycle's fast products can hold, and whether pruning has anything to leave out, is for the kernels to
 * see in the tensors (math.md §6.3, §3.7), and a device that failed was stood in for.
 */
export function asRun(
  plan: Plan,
  { fastRows, prunedPairs, failovers }: Pick<Execution, 'fastRows' | 'prunedPairs' | 'failovers'>,
  { backends }: Machine,
): Plan {
  const algorithm = plan.algorithm === 'cycle-gemm' && fastRows > 0 ? 'fast-matmul' : plan.algorithm;
  const failed = failovers.find(({ from }) => from === plan.backend.name);
  const backend = backends.find(({ name }) => name === failed?.to) ?? plan.backend;
  const { approximation } = plan;
  if (approximation?.used !== true || approximation.method !== 'prune') {
    return algorithm === plan.algorithm && backend === plan.backend ? plan : { ...plan, algorithm, backend };
  }
  const what = prunedPairs > 0 ? `${prunedPairs} pairs of a row and a key were left out` : 'no key could be left out, so none was';
  const reason = [approximation.reason, what].filter((part) => part !== '').join('; ');
  return { ...plan, algorithm, backend, approximation: { ...approximation, reason } };
}
