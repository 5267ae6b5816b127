import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AttentionRequest } from '../contract/request.ts';
import { fail } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import { findNonFinite } from '../tensor/convert.ts';
import { sizeOf } from '../tensor/largest.ts';
import type { FloatDType, Tensor, TensorData } from '../tensor/tensor.ts';
import type { Binding } from './bind.ts';
import type { Result } from './result.ts';

/** Values that are looked at before the event loop has its next turn: a fraction of a millisecond. */
const TURN_VALUES = 1 << 19;

type Outputs = Pick<Result, 'output' | 'logSumExp' | 'emptyRows'>;

/** The outputs as tensors in the wanted type; rounding to it is the codec's. @throws ServiceError `non_finite_output` */
export async function collect(plan: Plan, request: AttentionRequest, binding: Binding): Promise<Outputs> {
  const rows = binding.output('output');
  let [seen, nonFinite] = [0, 0];
  for (; seen + TURN_VALUES < rows.length; seen += TURN_VALUES) {
    nonFinite += findNonFinite(rows.subarray(seen, seen + TURN_VALUES)).count;
    await nextTurn();
  }
  return collectNow(plan, request, binding, seen, nonFinite);
}

/** The same without a turn of the event loop between. @param seen values that were looked at, of which `nonFinite` were not finite */
export function collectNow(
  plan: Plan,
  request: AttentionRequest,
  binding: Pick<Binding, 'output'>,
  seen = 0,
  nonFinite = 0,
): Outputs {
  const { output, problem } = request;
  const sums = binding.output('logSumExp');
  const rows = binding.output('output');
  const unseen = seen === 0 ? rows : rows.subarray(seen);
  // Hardly any request has a row without an admissible tuple.
  const areAllFinite = sizeOf(sums as TensorData) < Number.POSITIVE_INFINITY;
  const wrongSums = areAllFinite ? 0 : findNonFinite(sums, { allowNegativeInfinity: true }).count;
  refuseNonFinite(nonFinite + findNonFinite(unseen).count + wrongSums);
  let emptyRows = 0;
  if (!areAllFinite) for (const sum of sums) if (sum === Number.NEGATIVE_INFINITY) emptyRows++;
  return {
    output: outputTensor(plan, request, [problem.dv], rows),
    logSumExp: output.logSumExp ? outputTensor(plan, request, [], sums) : null,
    emptyRows,
  };
}

/** P(l_j | l_1) of one variable, [.., n1, n_j]. */
export function marginalTensor(plan: Plan, request: AttentionRequest, binding: Binding): Tensor {
  const rows = binding.output('output');
  refuseNonFinite(findNonFinite(rows).count + findNonFinite(binding.output('logSumExp'), { allowNegativeInfinity: true }).count);
  const columns = rows.length / (plan.batch * plan.heads * (plan.rows[0] as number));
  return outputTensor(plan, request, [columns], rows);
}

function outputTensor(
  plan: Plan,
  { outputRank, output, problem }: AttentionRequest,
  columns: readonly number[],
  data: unknown,
): Tensor {
  const dtype: FloatDType = output.dtype ?? problem.precision;
  const lead = [plan.batch, plan.heads, plan.rows[0] as number].slice(4 - outputRank);
  return { dtype, shape: [...lead, ...columns], data: data as TensorData };
}

/** Finite inputs can still overflow: scores beyond the precision's range leave NaN, which must never go out as an answer. */
function refuseNonFinite(count: number): void {
  if (count === 0) return;
  const detail = `${count} results are not finite: the scores overflow the compute precision. Ask for precision float64, or use a smaller scale`;
  fail('non_finite_output', detail, { errors: [{ pointer: '/scale', detail }] });
}
