import type { ConditionedStep, ForestNode, VariableOperands } from '../../kernels/backend.ts';
import type { Block } from '../polynomial/blocks.ts';
import { polynomialFacts } from '../polynomial/facts.ts';
import { rootForest } from '../polynomial/forest.ts';
import { createPolynomial, type Polynomial } from '../polynomial/polynomial.ts';
import { addStage, bytesPerElement, type Draft, draftRows, input, type Message, scratch } from './draft.ts';
import { type Gathered, newMessage } from './messages.ts';
import { conditionedWork, mergeWork } from './work.ts';

/** Partial results held at once where the cutset leaves the root free: enough to keep the threads busy, few enough to be cheap. */
const MAX_PARTS = 32;

/** The block with its variables renamed 1..m, the root first: what the whole-polynomial steps take. */
export function localPolynomial(block: Block): Polynomial {
  const local = (variable: number): number => block.variables.indexOf(variable) + 1;
  const monomials = block.monomials.map(({ coefficient, variables }) => ({ coefficient, variables: variables.map(local) }));
  return createPolynomial(block.variables.length, monomials);
}

/** Operands of the block's variables; the root brings neither values nor bias: those stay with its fold. */
export function localOperands(draft: Draft, block: Block, gathered: ReadonlyMap<number, Gathered>): VariableOperands<number>[] {
  return block.variables.map((variable) => ({
    queries: input(draft, `q${variable}`, variable, draft.problem.d),
    values: gathered.get(variable)?.values ?? null,
    bias: gathered.get(variable)?.bias ?? null,
  }));
}

/** The smallest cutset and the forest that it leaves. A single pair has nothing to cut, but a fixed root makes rows, and rows make tiles. */
function cut(polynomial: Polynomial): { cutset: readonly number[]; forest: readonly ForestNode[] } {
  const { cutset } = polynomialFacts(polynomial);
  const fixed = cutset.length === 0 ? [1] : cutset;
  return { cutset: fixed, forest: rootForest(polynomial, fixed) };
}

/** The message of a block onto its root by conditioning on the smallest cutset (math.md §6.4). */
export function conditionedMessage(draft: Draft, block: Block, gathered: ReadonlyMap<number, Gathered>): Message {
  const { problem } = draft;
  const polynomial = localPolynomial(block);
  const { monomials } = polynomial;
  const { cutset, forest } = cut(polynomial);
  const local = block.variables.map((variable) => problem.rows[variable - 1] as number);
  const variables = localOperands(draft, block, gathered);
  const withValues = variables.some(({ values }) => values !== null);
  const width = bytesPerElement(problem.precision);
  const dv = withValues ? problem.dv : 0;
  const extent = { variable: block.root, count: 1 };
  const message = newMessage(draft, `block ${block.variables.join(',')}`, extent, withValues);
  const rootFixed = cutset.includes(1);
  const parts = rootFixed ? 1 : Math.min(local[(cutset[0] as number) - 1] as number, MAX_PARTS);
  const partial = { variable: block.root, count: parts };
  const target = rootFixed
    ? message
    : {
        u: withValues ? scratch(draft, 'partial u', partial, problem.dv) : null,
        logSumExp: scratch(draft, 'partial L', partial, 1),
      };
  const step: ConditionedStep<number> = {
    kind: 'conditioned',
    variables,
    monomials,
    masks: [],
    scale: problem.scale,
    cutset,
    forest,
    parts,
    message: target.u,
    logSumExp: target.logSumExp,
  };
  addStage(draft, step, rootFixed ? extent : { variable: 0, count: parts }, 0, conditionedWork(step, local, problem.d, dv, width));
  if (!rootFixed) {
    const rows = draftRows(draft, extent);
    const merge = {
      kind: 'merge',
      parts,
      messages: target.u,
      logSumExps: target.logSumExp,
      message: message.u,
      logSumExp: message.logSumExp,
    } as const;
    addStage(draft, merge, extent, 0, mergeWork(rows, dv, parts, width));
  }
  return message;
}
