import { polynomialFacts } from '../polynomial/facts.ts';
import { residualGraph, toSet } from '../polynomial/graph.ts';
import { bestElimination } from '../polynomial/treewidth.ts';
import { type LocalBlock, localBlock, localOperands, type MaskedBlock } from './block.ts';
import { addStage, bytesPerElement, type Draft, type Message } from './draft.ts';
import { maskEdges } from './masks.ts';
import { type Gathered, newMessage } from './messages.ts';
import { eliminationSums, eliminationWork, tableBytes } from './tables.ts';

/** The order in which the free variables are summed out, x1 excepted, once the cutset is fixed. */
function eliminationOrder({ polynomial, masks }: LocalBlock, cutset: readonly number[]): number[] {
  const residual = residualGraph(polynomial, maskEdges(masks), toSet(cutset));
  if (residual === null) throw new Error('the cutset leaves a monomial of more than two variables');
  // A fixed variable is isolated in the residual graph, so where it stands in the order does not matter.
  return bestElimination(residual).order.filter((variable) => variable !== 1 && !cutset.includes(variable));
}

/** The message of a block onto its root by tables over pairs of variables (math.md §6.5). */
export function eliminatedMessage(draft: Draft, block: MaskedBlock, gathered: ReadonlyMap<number, Gathered>): Message {
  const { problem } = draft;
  const local = localBlock(block, problem.rows);
  const { cutsetToTreewidth2: cutset } = polynomialFacts(local.polynomial, maskEdges(local.masks));
  const variables = localOperands(draft, block, gathered);
  const withValues = variables.some(({ values }) => values !== null);
  const extent = { variable: block.root, count: 1 };
  const message = newMessage(draft, `tables ${block.variables.join(',')}`, extent, withValues);
  const order = eliminationOrder(local, cutset);
  const { monomials } = local.polynomial;
  const sums = eliminationSums({ monomials, masks: local.masks, cutset, order });
  const shape = { rows: local.rows, d: problem.d, dv: withValues ? problem.dv : 0, width: bytesPerElement(problem.precision) };
  addStage(
    draft,
    {
      kind: 'eliminate',
      variables,
      monomials,
      masks: local.masks,
      scale: problem.scale,
      cutset,
      order,
      message: message.u,
      logSumExp: message.logSumExp,
    },
    extent,
    0,
    ({ name }) => {
      const way = name === 'reference' ? 'reference' : local.masks.length > 0 ? 'logarithms' : 'products';
      return { work: eliminationWork(sums, cutset, shape, way), scratchBytes: tableBytes(sums, shape, draft.threads, way) };
    },
  );
  return message;
}
