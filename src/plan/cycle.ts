import type { CycleStep } from '../../kernels/backend.ts';
import type { Block } from '../polynomial/blocks.ts';
import { polynomialFacts } from '../polynomial/facts.ts';
import { localOperands, localPolynomial } from './conditioning.ts';
import { addStage, bytesPerElement, type Draft, type Message } from './draft.ts';
import { type Gathered, newMessage } from './messages.ts';
import { cycleWork } from './work.ts';

/** Whether the block is one cycle of pair monomials, and nothing more. */
export function isCycle(block: Block): boolean {
  return cycleOrder(block) !== null;
}

function cycleOrder(block: Block): readonly number[] | null {
  return polynomialFacts(localPolynomial(block)).cycleOrder;
}

/** The message of a cycle onto its root by shared exponential matrices and GEMM (math.md §6.3). */
export function cycleMessage(
  draft: Draft,
  block: Block,
  gathered: ReadonlyMap<number, Gathered>,
  product: CycleStep<number>['product'],
): Message {
  const { problem } = draft;
  const order = cycleOrder(block);
  if (order === null) throw new Error('a block that is no cycle was given to cycleMessage');
  const variables = localOperands(draft, block, gathered);
  const withValues = variables.some(({ values }) => values !== null);
  const extent = { variable: block.root, count: 1 };
  const message = newMessage(draft, `cycle ${block.variables.join(',')}`, extent, withValues);
  const rows = order.map((local) => problem.rows[(block.variables[local - 1] as number) - 1] as number);
  addStage(
    draft,
    {
      kind: 'cycle',
      variables,
      monomials: localPolynomial(block).monomials,
      masks: [],
      scale: problem.scale,
      order,
      product,
      message: message.u,
      logSumExp: message.logSumExp,
    },
    extent,
    0,
    cycleWork(rows, problem.d, withValues ? problem.dv : 0, bytesPerElement(problem.precision)),
  );
  return message;
}
