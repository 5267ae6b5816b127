/** What the planner and the analysis know about a polynomial's graph (math.md §2.3, §6.5). */

import { smallestCutsets } from './cutset.ts';
import {
  allVariables,
  componentsOf,
  cycleOf,
  isForestGraph,
  primalGraph,
  residualGraph,
  sizeOf,
  toSet,
  toVariables,
} from './graph.ts';
import { degreeOf, type MaskEdge, type Polynomial } from './polynomial.ts';
import { bestElimination } from './treewidth.ts';

/** tree: forest of pairs; cycle: one cycle through all variables; tensor: one monomial of all t >= 3 variables. */
export type PolynomialClass = 'tree' | 'cycle' | 'treewidth-2' | 'tensor' | 'general';

export interface PolynomialFacts {
  /** Number of variables. */
  readonly t: number;
  /** Degree. */
  readonly k: number;
  /** Number of monomials. */
  readonly s: number;
  /** Connected parts, ascending, by smallest variable; a variable in no monomial or mask edge is alone. */
  readonly components: readonly (readonly number[])[];
  /** Degree at most two and no cycle, mask edges included. */
  readonly isForest: boolean;
  /** Of the primal graph with the mask edges. */
  readonly treewidth: number;
  /** Reaches the treewidth; x1 last. */
  readonly eliminationOrder: readonly number[];
  /** Smallest set that leaves a forest of pairs; with x1 where one of that size has it, then the lexicographically first. */
  readonly cutset: readonly number[];
  /** Smallest set that leaves pairs of treewidth at most two; same preference. */
  readonly cutsetToTreewidth2: readonly number[];
  /** The free variables in cycle order when fixing `cutsetToTreewidth2` leaves one single cycle of all of them. */
  readonly residualCycle: readonly number[] | null;
  /** The variables in cycle order from x1 when the monomials, masks aside, are one single cycle of pairs through all variables. */
  readonly cycleOrder: readonly number[] | null;
  /** 'cycle' implies a `cycleOrder`; a mask edge that is no edge of the cycle makes it 'treewidth-2' or worse. */
  readonly class: PolynomialClass;
  /** |cutset| + 2: time n^(...) in O(n d) memory. */
  readonly conditioningExponent: number;
  /** treewidth + 1 (at least 2): time n^(...) with tables of n^treewidth rows. */
  readonly eliminationExponent: number;
  /** The smaller of the two: the exact exponent. */
  readonly exponent: number;
}

/**
 * Facts of h, with the edges of a pair mask added to the graph first.
 *
 * @param extraEdges Pairs of variables that a mask joins (math.md §7). They never raise the degree.
 * @throws 500 `internal` for an extra edge that does not join two different variables of h.
 */
export function polynomialFacts(polynomial: Polynomial, extraEdges: readonly MaskEdge[] = []): PolynomialFacts {
  const all = allVariables(polynomial.variableCount);
  const graph = primalGraph(polynomial, extraEdges);
  const k = degreeOf(polynomial);
  const isForest = k <= 2 && isForestGraph(graph, all);
  const { treewidth, order } = bestElimination(graph);
  const cutset = smallestCutsets(polynomial, 'forest', extraEdges)[0] ?? [];
  const conditioningExponent = cutset.length + 2;
  const eliminationExponent = Math.max(2, treewidth + 1);
  const cutsetToTreewidth2 = smallestCutsets(polynomial, 'treewidth-2', extraEdges)[0] ?? [];
  return {
    t: polynomial.variableCount,
    k,
    s: polynomial.monomials.length,
    components: componentsOf(graph, all).map(toVariables),
    isForest,
    treewidth,
    eliminationOrder: order,
    cutset,
    cutsetToTreewidth2,
    residualCycle: residualCycle(polynomial, extraEdges, cutsetToTreewidth2),
    cycleOrder: k === 2 ? cycleOf(primalGraph(polynomial), all) : null,
    class: classify(polynomial, extraEdges, isForest, treewidth),
    conditioningExponent,
    eliminationExponent,
    exponent: Math.min(conditioningExponent, eliminationExponent),
  };
}

function residualCycle(polynomial: Polynomial, extraEdges: readonly MaskEdge[], cutset: readonly number[]): number[] | null {
  const fixed = toSet(cutset);
  const residual = residualGraph(polynomial, extraEdges, fixed);
  return residual === null ? null : cycleOf(residual, allVariables(polynomial.variableCount) & ~fixed);
}

function classify(polynomial: Polynomial, extraEdges: readonly MaskEdge[], isForest: boolean, treewidth: number): PolynomialClass {
  if (isForest) return 'tree';
  if (degreeOf(polynomial) > 2) return isTensor(polynomial) ? 'tensor' : 'general';
  if (treewidth > 2) return 'general';
  const all = allVariables(polynomial.variableCount);
  const bare = cycleOf(primalGraph(polynomial), all);
  return bare !== null && cycleOf(primalGraph(polynomial, extraEdges), all) !== null ? 'cycle' : 'treewidth-2';
}

/** One monomial of all t >= 3 variables. */
function isTensor(polynomial: Polynomial): boolean {
  const [only, second] = polynomial.monomials;
  return (
    second === undefined &&
    only !== undefined &&
    polynomial.variableCount >= 3 &&
    sizeOf(toSet(only.variables)) === polynomial.variableCount
  );
}
