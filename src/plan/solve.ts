import type { PairMask, StepKind } from '../../kernels/backend.ts';
import type { BlockTree } from '../polynomial/blocks.ts';
import { type MaskedBlock, withMasks } from './block.ts';
import { conditionedMessage } from './conditioning.ts';
import { cycleMessage, isCycle } from './cycle.ts';
import { addStage, bytesPerElement, type Draft, draftRows, type Message, scratch } from './draft.ts';
import { eliminatedMessage } from './elimination.ts';
import { bandBetween } from './masks.ts';
import { attendMessage, type Fold, type Gathered, gather, newFold, receive } from './messages.ts';
import type { BufferSpec, PlanAlgorithm } from './plan.ts';
import { isPrefix, prefixMessage } from './prefix.ts';
import { combineWork } from './work.ts';

/** One way to turn a block into a message onto its root. */
export interface BlockMethod {
  readonly algorithm: PlanAlgorithm;
  /** The steps that a back end must have for it. */
  readonly kinds: readonly StepKind[];
  applies(block: MaskedBlock): boolean;
  add(draft: Draft, block: MaskedBlock, gathered: ReadonlyMap<number, Gathered>): Message;
}

export const BLOCK_METHODS: readonly BlockMethod[] = [
  { algorithm: 'tree-messages', kinds: ['attend'], applies: (block) => block.variables.length === 2, add: pairMessage },
  { algorithm: 'tree-messages', kinds: ['prefix'], applies: isPrefix, add: prefixMessage },
  {
    algorithm: 'cycle-gemm',
    kinds: ['cycle'],
    applies: isCycle,
    // Whether fast products will hold shows in the tensors alone, so the choice is left to the kernel where the request leaves it open.
    add: (draft, block, gathered) => cycleMessage(draft, block, gathered, draft.problem.algorithm === 'auto' ? 'auto' : 'gemm'),
  },
  {
    algorithm: 'fast-matmul',
    kinds: ['cycle'],
    applies: isCycle,
    add: (draft, block, gathered) => cycleMessage(draft, block, gathered, 'fast'),
  },
  { algorithm: 'conditioning', kinds: ['conditioned', 'merge'], applies: () => true, add: conditionedMessage },
  { algorithm: 'elimination', kinds: ['eliminate'], applies: (block) => block.variables.length > 2, add: eliminatedMessage },
];

function pairMessage(draft: Draft, block: MaskedBlock, gathered: ReadonlyMap<number, Gathered>): Message {
  const child = block.variables[1] as number;
  const coefficient = block.monomials.reduce((sum, monomial) => sum + monomial.coefficient, 0);
  const edge = { child, parent: block.root, coefficient, band: bandBetween(block.masks, block.root, child) };
  return attendMessage(draft, edge, gathered.get(child) as Gathered);
}

/**
 * Message passing over the tree of blocks (math.md §2.2, §6.1): every block, once the messages to its other variables have come in, sends
 * one to its root. `choose` picks the method of each block.
 */
export function solve(
  draft: Draft,
  tree: BlockTree,
  masks: readonly PairMask[],
  choose: (block: MaskedBlock) => BlockMethod,
): void {
  const folds = draft.problem.rows.map((_, index) => newFold(draft, index + 1));
  const fold = (variable: number): Fold => folds[variable - 1] as Fold;
  for (const plain of tree.blocks) {
    const block = withMasks(plain, masks);
    const gathered = new Map(block.variables.slice(1).map((variable) => [variable, gather(draft, variable, fold(variable))]));
    receive(fold(block.root), choose(block).add(draft, block, gathered));
  }
  for (const root of tree.roots.slice(1)) {
    const edge = { child: root, parent: 0, coefficient: 0, band: null };
    receive(fold(1), attendMessage(draft, edge, gather(draft, root, fold(root))));
  }
  finish(draft, fold(1));
}

/** The output is the product of the messages to x1, and its log-normaliser the sum of theirs and b1 (math.md §6.1). */
function finish(draft: Draft, fold: Fold): void {
  const { dv, precision } = draft.problem;
  const extent = { variable: 1, count: 1 };
  if (renamed(draft, fold)) return;
  const product = scratch(draft, 'output', extent, dv);
  const sum = scratch(draft, 'logSumExp', extent, 1);
  const work = combineWork(draftRows(draft, extent), dv, fold.factors.length + 1, bytesPerElement(precision));
  addStage(draft, { kind: 'combine', factors: fold.factors, product, addends: fold.addends, sum }, extent, 0, work);
  publish(draft, product, 'output');
  publish(draft, sum, 'logSumExp');
}

/** A single message with one row per output row is the output itself: nothing is left to combine. */
function renamed(draft: Draft, fold: Fold): boolean {
  const [u, logSumExp] = [fold.factors[0], fold.addends[0]];
  if (u === undefined || logSumExp === undefined || fold.factors.length > 1 || fold.addends.length > 1) return false;
  const own = [u, logSumExp].every((buffer) => {
    const { source, extent } = draft.buffers[buffer] as BufferSpec;
    return source === 'scratch' && extent.variable === 1 && extent.count === 1;
  });
  if (!own) return false;
  publish(draft, u, 'output');
  publish(draft, logSumExp, 'logSumExp');
  return true;
}

function publish(draft: Draft, buffer: number, name: string): void {
  draft.buffers[buffer] = { ...(draft.buffers[buffer] as BufferSpec), name, source: 'output' };
}
