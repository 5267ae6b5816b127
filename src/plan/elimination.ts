import { polynomialFacts } from '../polynomial/facts.ts';
import { residualGraph, toSet } from '../polynomial/graph.ts';
import { bestElimination } from '../polynomial/treewidth.ts';
import { type LocalBlock, localBlock, localOperands, type MaskedBlock } from './block.ts';
import { addStage, bytesPerElement, type Draft, type Message } from './draft.ts';
import { maskEdges } from './masks.ts';
import { type Gathered, newMessage } from './messages.ts';
import { eliminateWork } from './work.ts';

/** Whether elimination saves a factor n over conditioning (math.md §6.5): nowhere else is it worth its tables. */
export function eliminationPays(block: MaskedBlock): boolean {
  const { polynomial, masks } = localBlock(block, []);
  const { cutset, cutsetToTreewidth2 } = polynomialFacts(polynomial, maskEdges(masks));
  return cutsetToTreewidth2.length + 3 < cutset.length + 2;
}

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
  addStage(
    draft,
    {
      kind: 'eliminate',
      variables,
      monomials: local.polynomial.monomials,
      masks: local.masks,
      scale: problem.scale,
      cutset,
      order: eliminationOrder(local, cutset),
      message: message.u,
      logSumExp: message.logSumExp,
    },
    extent,
    0,
    eliminateWork(local.rows, cutset, problem.d, withValues ? problem.dv : 0, bytesPerElement(problem.precision)),
  );
  return message;
}
