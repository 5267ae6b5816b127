/** How a chunk of assignments ends: its components joined, then merged with what came before (shaders/fold.ts). */
import type { ForestPlan } from './forest-plan.ts';
import { foldFlops } from './forest-work.ts';
import type { Recorder } from './recorder.ts';
import { NONE } from './shaders/fields.ts';
import { foldGroups } from './shaders/fold.ts';

/** weight and factor of every assignment: as a fill of one row a slice, one component after the other. */
export async function joinComponents(recorder: Recorder, plan: ForestPlan, slices: number): Promise<void> {
  const { d, dv, nodes, root, members, memberStride } = plan;
  let bias = plan.constants;
  let values = plan.factors;
  for (const { node, logSumExp, message } of nodes) {
    if (node.parent !== 0 || node.variable === root?.node.variable) continue;
    await recorder.dispatch(
      'fill',
      {
        members,
        memberStride,
        rows: 1,
        d,
        dv,
        bias,
        biasStride: 1,
        values,
        valueStride: dv,
        childSum: logSumExp.at,
        childSumStride: logSumExp.stride,
        childMessage: message.at,
        childMessageStride: message.stride,
        weights: NONE,
        queries: 0,
        halves: 0,
        ranges: NONE,
        sum: plan.weight,
        sumStride: 1,
        product: message.at === NONE ? NONE : plan.factor,
        productStride: dv,
        loose: NONE,
        maxima: NONE,
        tops: NONE,
      },
      [1, slices, 1],
    );
    bias = plan.weight;
    if (message.at !== NONE) values = plan.factor;
  }
}

/** Joins a chunk to the running results; `contributions` 0 starts or ends them. */
export async function foldChunk(
  recorder: Recorder,
  plan: ForestPlan,
  stage: 'start' | 'chunk' | 'end',
  contributions: number,
  groups: number,
): Promise<void> {
  const { dv, root, resultRows, members, memberStride, groupRows } = plan;
  const columns = Math.max(1, dv);
  const rows = stage === 'chunk' ? groups * groupRows : resultRows;
  await recorder.dispatch(
    'fold',
    {
      members,
      memberStride,
      rows,
      dv,
      columns,
      contributions,
      groups: stage === 'chunk' ? plan.groups : NONE,
      groupRows,
      weight: plan.weight,
      factor: plan.factor,
      ranges: root?.ranges ?? NONE,
      sums: root?.sum.at ?? NONE,
      sumStride: root?.sum.stride ?? 0,
      product: root?.product.at ?? NONE,
      productStride: root?.product.stride ?? 0,
      state: plan.state,
      isFirst: stage === 'start' ? 1 : 0,
      isLast: stage === 'end' ? 1 : 0,
      message: dv > 0 ? plan.message : NONE,
      logSumExp: plan.logSumExp,
    },
    foldGroups(rows * columns),
    contributions * foldFlops(plan),
  );
}
