/** Smallest sets of variables to condition on, by trying all sets in order of size (math.md §6.4, §6.5). */

import { allVariables, type Graph, isForestGraph, residualGraph, toSet } from './graph.ts';
import type { MaskEdge, Polynomial } from './polynomial.ts';
import { hasTreewidthTwo } from './treewidth.ts';

/** What fixing the cutset must leave: pairs that form a forest, or pairs of treewidth at most two. */
export type ResidualGoal = 'forest' | 'treewidth-2';

/**
 * All smallest sets C such that fixing C leaves every monomial and mask edge at most two free variables and their pairs the goal.
 *
 * @returns Sets of ascending variables in lexicographic order, so that those with x1 come first. Never empty: fixing all but two
 * variables always does.
 */
export function smallestCutsets(polynomial: Polynomial, goal: ResidualGoal, maskEdges: readonly MaskEdge[] = []): number[][] {
  for (let size = 0; ; size++) {
    const found = combinations(polynomial.variableCount, size).filter((cutset) => isCutset(polynomial, cutset, goal, maskEdges));
    if (found.length > 0) return found;
  }
}

/** Whether fixing `cutset` leaves the goal; sets that are larger than necessary are fine. */
export function isCutset(
  polynomial: Polynomial,
  cutset: readonly number[],
  goal: ResidualGoal,
  maskEdges: readonly MaskEdge[] = [],
): boolean {
  const fixed = toSet(cutset);
  const residual = residualGraph(polynomial, maskEdges, fixed);
  return residual !== null && meets(residual, allVariables(polynomial.variableCount) & ~fixed, goal);
}

function meets(residual: Graph, free: number, goal: ResidualGoal): boolean {
  return goal === 'forest' ? isForestGraph(residual, free) : hasTreewidthTwo(residual, free);
}

/** All `size`-element subsets of 1..count, each ascending, in lexicographic order. */
function combinations(count: number, size: number, first = 1): number[][] {
  if (size === 0) return [[]];
  const result: number[][] = [];
  for (let head = first; head <= count - size + 1; head++) {
    for (const tail of combinations(count, size - 1, head + 1)) result.push([head, ...tail]);
  }
  return result;
}
