import type { AttentionRequest } from '../contract/request.ts';
import { type SurveyedSlice, surveyedSlice } from '../plan/approximate/survey.ts';
import { extentRows, type Plan } from '../plan/plan.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Binding } from './bind.ts';

/** Reading what a survey plan left: numbers for the planner, and operands for the plan that follows. */

/** One of its outputs, slice by slice. */
export function outputSlices(plan: Plan, binding: Binding, name: string): ArrayLike<number>[] {
  const slices = plan.batch * plan.heads;
  const all = binding.output(name) as Float32Array;
  const length = all.length / slices;
  return Array.from({ length: slices }, (_, slice) => all.subarray(slice * length, (slice + 1) * length));
}

/** Sizes of one surveyed tensor by slice. */
export function surveyOf(plan: Plan, binding: Binding, name: string): SurveyedSlice[] {
  const slices = (what: string): readonly (ArrayLike<number> | null)[] => {
    const buffer = `${what} ${name}`;
    return plan.buffers.some((one) => one.name === buffer) ? outputSlices(plan, binding, buffer) : [];
  };
  const [means, extremes, norms, covariances, weighted] = ['mean', 'extremes', 'norms', 'covariance', 'weighted'].map(slices);
  return (means ?? []).map((mean, slice) =>
    surveyedSlice(
      mean as ArrayLike<number>,
      extremes?.[slice] as ArrayLike<number>,
      norms?.[slice] ?? null,
      covariances?.[slice] ?? null,
      weighted?.[slice] ?? null,
    ),
  );
}

/** What only the planner reads. */
const NUMBERS = /^(extremes|norms|covariance|weighted|residual) /;

/** The request with the outputs of a survey among its operands, and its projections behind it. */
export function withOutputs(request: AttentionRequest, plan: Plan, binding: Binding): AttentionRequest {
  const operands = new Map(request.operands);
  for (const { name, source, extent, cols } of plan.buffers) {
    if (source !== 'output' || NUMBERS.test(name)) continue;
    const rows = extentRows(extent, plan.rows);
    const shape = [plan.batch, plan.heads, rows, cols];
    const tensor: Tensor = { dtype: plan.precision, shape, data: binding.output(name) as Tensor['data'] };
    operands.set(name, { name, tensor, batch: plan.batch, heads: plan.heads, rows, cols });
  }
  return { ...request, operands, problem: { ...request.problem, projected: { names: [], m: 0 } } };
}
