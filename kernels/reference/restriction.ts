/**
 * What is left of a polynomial when the variables of a cutset are fixed (math.md §6.4): monomials with no free variable are constants,
 * with one are unary biases, with two are edges of the residual forest. This part depends on the step alone, not on the assignment.
 */
import type { Band, ConditionedStep, EliminateStep, Matrix, PairMask } from '../backend.ts';

/** The steps that fix a cutset. */
export type CutsetStep = ConditionedStep<Matrix> | EliminateStep<Matrix>;

/** A monomial seen from its free variables: its coefficient and the variables whose rows multiply the weight. */
export interface Term {
  readonly coefficient: number;
  readonly fixed: readonly number[];
}

/** Row l of the free variable counts iff lowest <= l - l_fixed <= highest. */
export interface HalfMask extends Band {
  readonly fixed: number;
}

/** A free variable in the residual forest. `terms` and `band` belong to the edge towards the parent. */
export interface Node {
  readonly variable: number;
  readonly parent: number; // 0: root of a component
  readonly children: readonly number[];
  readonly terms: readonly Term[];
  readonly band: Band; // on l_parent - l_variable
  readonly unary: readonly Term[];
  readonly masks: readonly HalfMask[];
  /** Nothing at or below this node, nor on its edge, depends on the assignment: its message is computed once. */
  readonly constant: boolean;
}

export interface Restriction {
  readonly cutset: readonly number[];
  readonly constants: readonly Term[];
  readonly masks: readonly PairMask[];
  readonly nodes: readonly Node[]; // children before parents
}

const UNBOUNDED: Band = { lowest: -Infinity, highest: Infinity };

/**
 * @throws Error when cutset and forest do not partition the variables, children do not stand before parents, x1 is free but not a root,
 * a monomial keeps more than two free variables, or a monomial or mask joins two free variables that are not parent and child.
 */
export function restrict(step: ConditionedStep<Matrix>): Restriction {
  checkPartition(step);
  const nodes: Node[] = [];
  for (const { variable, parent } of step.forest) {
    const children = nodes.filter((node) => node.parent === variable);
    const terms = parent === 0 ? [] : termsOf(step, [variable, parent]);
    const unary = termsOf(step, [variable]);
    const masks = halfMasks(step, variable);
    const own = unary.length === 0 && masks.length === 0 && terms.every((term) => term.fixed.length === 0);
    nodes.push({
      variable,
      parent,
      children: children.map((child) => child.variable),
      terms,
      band: parent === 0 ? UNBOUNDED : edgeBand(step, variable, parent),
      unary,
      masks,
      constant: own && children.every((child) => child.constant),
    });
  }
  checkEdges(step, nodes);
  return { cutset: step.cutset, constants: termsOf(step, []), masks: fixedMasks(step), nodes };
}

/** The monomials whose free variables are just these. */
export function termsOf(step: CutsetStep, free: readonly number[]): Term[] {
  const terms: Term[] = [];
  for (const { coefficient, variables } of step.monomials) {
    const fixed = variables.filter((variable) => step.cutset.includes(variable));
    const same = variables.length - fixed.length === free.length && free.every((variable) => variables.includes(variable));
    if (same) terms.push({ coefficient, fixed });
  }
  return terms;
}

/** The masks between two fixed variables: they forbid whole assignments. */
export function fixedMasks({ masks, cutset }: CutsetStep): PairMask[] {
  return masks.filter(({ row, column }) => cutset.includes(row) && cutset.includes(column));
}

/** The masks between this free variable and fixed ones. */
export function halfMasks(step: CutsetStep, variable: number): HalfMask[] {
  const masks: HalfMask[] = [];
  for (const { row, column, lowest, highest } of step.masks) {
    if (row === variable && step.cutset.includes(column)) masks.push({ fixed: column, lowest, highest });
    if (column === variable && step.cutset.includes(row)) masks.push({ fixed: row, lowest: -highest, highest: -lowest });
  }
  return masks;
}

/** All masks of one edge together, on l_parent - l_variable. */
export function edgeBand(step: CutsetStep, variable: number, parent: number): Band {
  let { lowest, highest } = UNBOUNDED;
  for (const mask of step.masks) {
    if (mask.row === parent && mask.column === variable) {
      lowest = Math.max(lowest, mask.lowest);
      highest = Math.min(highest, mask.highest);
    } else if (mask.row === variable && mask.column === parent) {
      lowest = Math.max(lowest, -mask.highest);
      highest = Math.min(highest, -mask.lowest);
    }
  }
  return { lowest, highest };
}

function checkPartition(step: ConditionedStep<Matrix>): void {
  const t = step.variables.length;
  const all = [...step.cutset, ...step.forest.map((node) => node.variable)].sort((a, b) => a - b);
  if (all.length !== t || all.some((variable, index) => variable !== index + 1)) {
    throw new Error(`conditioned: cutset and forest hold variables ${all.join(', ')} instead of 1 to ${t} once each`);
  }
  if (step.cutset.some((variable, index) => index > 0 && variable < step.cutset[index - 1])) {
    throw new Error('conditioned: the cutset is not ascending');
  }
  for (const [index, { variable, parent }] of step.forest.entries()) {
    const later = step.forest.slice(index + 1).some((node) => node.variable === parent);
    if (parent !== 0 && !later)
      throw new Error(`conditioned: x${variable} does not stand before its parent x${parent} in the forest`);
    if (variable === 1 && parent !== 0) throw new Error('conditioned: x1 is free but not the root of its component');
  }
}

function checkEdges(step: ConditionedStep<Matrix>, nodes: readonly Node[]): void {
  const isEdge = (a: number, b: number) =>
    nodes.some((node) => (node.variable === a && node.parent === b) || (node.variable === b && node.parent === a));
  const groups = [...step.monomials.map((monomial) => monomial.variables), ...step.masks.map((mask) => [mask.row, mask.column])];
  for (const group of groups) {
    const free = group.filter((variable) => !step.cutset.includes(variable));
    if (free.length > 2) throw new Error(`conditioned: variables ${group.join(', ')} keep ${free.length} free variables`);
    if (free.length === 2 && !isEdge(free[0], free[1])) {
      throw new Error(`conditioned: free variables ${free.join(' and ')} interact but are not parent and child in the forest`);
    }
  }
}
