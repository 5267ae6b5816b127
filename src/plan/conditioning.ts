import type { ConditionedStep, ForestNode } from '../../kernels/backend.ts';
import { polynomialFacts } from '../polynomial/facts.ts';
import { rootForest } from '../polynomial/forest.ts';
import { type LocalBlock, localBlock, localOperands, type MaskedBlock } from './block.ts';
import { addStage, bytesPerElement, type Draft, draftRows, type Message, scratch } from './draft.ts';
import { maskEdges } from './masks.ts';
import { type Gathered, newMessage } from './messages.ts';
import { conditionedWork, mergeWork } from './work.ts';

/** Partial results held at once where the cutset leaves the root free: enough to keep the threads busy, few enough to be cheap. */
const MAX_PARTS = 32;

/** The smallest cutset and the forest that it leaves. A single pair has nothing to cut, but a fixed root makes rows, and rows make tiles. */
function cut({ polynomial, masks }: LocalBlock): { cutset: readonly number[]; forest: readonly ForestNode[] } {
  const edges = maskEdges(masks);
  const { cutset } = polynomialFacts(polynomial, edges);
  const fixed = cutset.length === 0 ? [1] : cutset;
  return { cutset: fixed, forest: rootForest(polynomial, fixed, edges) };
}

/** The message of a block onto its root by conditioning on the smallest cutset (math.md §6.4). */
export function conditionedMessage(draft: Draft, block: MaskedBlock, gathered: ReadonlyMap<number, Gathered>): Message {
  const { problem } = draft;
  const local = localBlock(block, problem.rows);
  const { cutset, forest } = cut(local);
  const variables = localOperands(draft, block, gathered);
  const withValues = variables.some(({ values }) => values !== null);
  const width = bytesPerElement(problem.precision);
  const dv = withValues ? problem.dv : 0;
  const extent = { variable: block.root, count: 1 };
  const message = newMessage(draft, `block ${block.variables.join(',')}`, extent, withValues);
  const rootFixed = cutset.includes(1);
  const parts = rootFixed ? 1 : Math.min(local.rows[(cutset[0] as number) - 1] as number, MAX_PARTS);
  const target = rootFixed ? message : partialMessage(draft, block, parts, withValues);
  const step: ConditionedStep<number> = {
    kind: 'conditioned',
    variables,
    monomials: local.polynomial.monomials,
    masks: local.masks,
    scale: problem.scale,
    cutset,
    forest,
    parts,
    message: target.u,
    logSumExp: target.logSumExp,
  };
  addStage(
    draft,
    step,
    rootFixed ? extent : { variable: 0, count: parts },
    0,
    conditionedWork(step, local.rows, problem.d, dv, width),
  );
  if (!rootFixed) {
    const merge = {
      kind: 'merge',
      parts,
      messages: target.u,
      logSumExps: target.logSumExp,
      message: message.u,
      logSumExp: message.logSumExp,
    } as const;
    addStage(draft, merge, extent, 0, mergeWork(draftRows(draft, extent), dv, parts, width));
  }
  return message;
}

function partialMessage(
  draft: Draft,
  block: MaskedBlock,
  parts: number,
  withValues: boolean,
): { u: number | null; logSumExp: number } {
  const extent = { variable: block.root, count: parts };
  return {
    u: withValues ? scratch(draft, 'partial u', extent, draft.problem.dv) : null,
    logSumExp: scratch(draft, 'partial L', extent, 1),
  };
}
