/** Flops of a forest's dispatches for one assignment; exponentials and reads count as some, so that no dispatch is longer than it seems. */
import type { ForestPlan, NodePlan } from './forest-plan.ts';
import { NONE } from './shaders/fields.ts';

/** Of an online merge, by one thread for each row and channel. */
const MERGE_FLOPS = 32;
const AVERAGE_FLOPS = 4;

/** Of what stands at a node's rows before its message is sent. */
export function fillFlops({ d, dv }: ForestPlan, { width, unary }: NodePlan): number {
  return width * ((unary === NONE ? 0 : 2 * d) + AVERAGE_FLOPS * (dv + 1));
}

/** Of the message to the parent, or of the average at a root. */
export function messageFlops({ d, dv }: ForestPlan, { node, width, parentRows, edge }: NodePlan): number {
  if (node.parent === 0) return AVERAGE_FLOPS * width * (dv + 1);
  return 2 * width * parentRows * (edge === null ? d + dv : dv + 1);
}

/** Of the merge of one contribution. */
export function foldFlops({ dv, root, resultRows }: ForestPlan): number {
  return MERGE_FLOPS * Math.max(1, dv) * (root === null ? 1 : resultRows);
}

/** The longest dispatch that one assignment more makes longer. */
export function sliceFlops(plan: ForestPlan): number {
  const each = plan.nodes.map((node) =>
    Math.max(node.filled === 'always' ? fillFlops(plan, node) : 0, node.sent === 'always' ? messageFlops(plan, node) : 0),
  );
  return Math.max(foldFlops(plan), ...each);
}
