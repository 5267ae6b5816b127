import type { PairMask, VariableOperands } from '../../kernels/backend.ts';
import type { Block } from '../polynomial/blocks.ts';
import { createPolynomial, type Polynomial } from '../polynomial/polynomial.ts';
import { type Draft, input } from './draft.ts';
import type { Gathered } from './messages.ts';

/** A block with the masks between its variables. */
export interface MaskedBlock extends Block {
  readonly masks: readonly PairMask[];
}

/** The block with its variables renamed 1..m, the root first: what the whole-polynomial steps take. */
export interface LocalBlock {
  readonly polynomial: Polynomial;
  readonly masks: readonly PairMask[];
  /** n of each local variable. */
  readonly rows: readonly number[];
}

export function withMasks(block: Block, masks: readonly PairMask[]): MaskedBlock {
  const inside = masks.filter(({ row, column }) => block.variables.includes(row) && block.variables.includes(column));
  return { ...block, masks: inside };
}

export function localBlock(block: MaskedBlock, rows: readonly number[]): LocalBlock {
  const local = (variable: number): number => block.variables.indexOf(variable) + 1;
  const monomials = block.monomials.map(({ coefficient, variables }) => ({ coefficient, variables: variables.map(local) }));
  return {
    polynomial: createPolynomial(block.variables.length, monomials),
    masks: block.masks.map((mask) => ({ ...mask, row: local(mask.row), column: local(mask.column) })),
    rows: block.variables.map((variable) => rows[variable - 1] as number),
  };
}

/** Operands of the block's variables; the root brings neither values nor bias: those stay with its fold. */
export function localOperands(draft: Draft, block: Block, gathered: ReadonlyMap<number, Gathered>): VariableOperands<number>[] {
  return block.variables.map((variable) => ({
    queries: input(draft, 'q', variable),
    values: gathered.get(variable)?.values ?? null,
    bias: gathered.get(variable)?.bias ?? null,
  }));
}
