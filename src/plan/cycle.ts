import type { CycleStep } from '../../kernels/backend.ts';
import { polynomialFacts } from '../polynomial/facts.ts';
import { localBlock, localOperands, type MaskedBlock } from './block.ts';
import { addStage, bytesPerElement, type Draft, type Message } from './draft.ts';
import { type Gathered, newMessage } from './messages.ts';
import { cycleWork } from './work.ts';

/** Whether the block is one cycle of pair monomials, and nothing more. */
export function isCycle(block: MaskedBlock): boolean {
  return block.masks.length === 0 && cycleOrder(block) !== null;
}

function cycleOrder(block: MaskedBlock): readonly number[] | null {
  return polynomialFacts(localBlock(block, []).polynomial).cycleOrder;
}

/** Each thread keeps the exponential matrix of every edge that does not meet the root; two levels of fast products pack 3.1 of it more. */
function matrixBytes(rows: readonly number[], width: number, product: CycleStep<number>['product']): number {
  const numbers = rows.slice(1, -1).reduce((sum, n, index) => sum + n * (rows[index + 2] as number), 0);
  return width * numbers * (mayBeFast(rows, product) ? 4.1 : 1);
}

/** Rows from which the native kernels halve a triangle's one product a channel: asked to, or left to see whether it pays (probe.h there). */
const FAST_ROWS = { gemm: Number.POSITIVE_INFINITY, fast: 384, auto: 768 } as const;

function mayBeFast([, n, m, ...more]: readonly number[], product: CycleStep<number>['product']): boolean {
  return more.length === 0 && Math.min(n as number, m as number) >= FAST_ROWS[product];
}

/** The message of a cycle onto its root by shared exponential matrices and GEMM (math.md §6.3). */
export function cycleMessage(
  draft: Draft,
  block: MaskedBlock,
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
      monomials: localBlock(block, []).polynomial.monomials,
      masks: [],
      scale: problem.scale,
      order,
      product,
      message: message.u,
      logSumExp: message.logSumExp,
    },
    extent,
    0,
    () => ({
      work: cycleWork(rows, problem.d, withValues ? problem.dv : 0, bytesPerElement(problem.precision)),
      scratchBytes: matrixBytes(rows, bytesPerElement(problem.precision), product) * draft.threads,
    }),
  );
  return message;
}
