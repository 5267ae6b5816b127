/** The residual forest as the planner walks it: children before parents (math.md §6.1, §6.4). */

import { fail } from '../errors.ts';
import {
  allVariables,
  bitOf,
  componentsOf,
  type Graph,
  isForestGraph,
  neighboursOf,
  residualGraph,
  toSet,
  toVariables,
} from './graph.ts';
import type { MaskEdge, Polynomial } from './polynomial.ts';

/** One free variable; structurally the `ForestNode` that the kernels read. */
export interface RootedVariable {
  readonly variable: number;
  /** 0 marks the root of a component. */
  readonly parent: number;
}

/**
 * Roots the forest that is left once the variables of `fixed` have values.
 *
 * The component of x1 is rooted at x1 and stands last; every other component is rooted where its depth is least (ties: the smaller
 * variable), so that its longest chain of stages is short. A variable in no monomial is a component of its own.
 *
 * @param fixed A cutset; empty when h is a forest already.
 * @returns All free variables in post order.
 * @throws 500 `internal` when the residual is no forest: the caller passed no cutset.
 */
export function rootForest(
  polynomial: Polynomial,
  fixed: readonly number[] = [],
  maskEdges: readonly MaskEdge[] = [],
): RootedVariable[] {
  const set = toSet(fixed);
  const free = allVariables(polynomial.variableCount) & ~set;
  const residual = residualGraph(polynomial, maskEdges, set);
  if (residual === null || !isForestGraph(residual, free)) fail('internal', `fixing {${fixed.join(', ')}} does not leave a forest`);
  const components = componentsOf(residual, free);
  const ordered = [
    ...components.filter((component) => (component & 1) === 0),
    ...components.filter((component) => (component & 1) !== 0),
  ];
  return ordered.flatMap((component) => postOrder(residual, chooseRoot(residual, component), 0, free));
}

/** Depth of every variable of the forest that `rootForest` gives, in edges from its root; index j - 1, -1 for fixed variables. */
export function depthsOf(forest: readonly RootedVariable[], variableCount: number): number[] {
  const depths = new Array<number>(variableCount).fill(-1);
  for (const { variable, parent } of forest.toReversed()) {
    depths[variable - 1] = parent === 0 ? 0 : (depths[parent - 1] ?? 0) + 1;
  }
  return depths;
}

function chooseRoot(graph: Graph, component: number): number {
  if ((component & 1) !== 0) return 1;
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of toVariables(component)) {
    const depth = heightFrom(graph, candidate, 0);
    if (depth >= least) continue;
    least = depth;
    best = candidate;
  }
  return best;
}

function heightFrom(graph: Graph, variable: number, parent: number): number {
  const children = toVariables(neighboursOf(graph, variable)).filter((child) => child !== parent);
  return Math.max(0, ...children.map((child) => 1 + heightFrom(graph, child, variable)));
}

function postOrder(graph: Graph, variable: number, parent: number, free: number): RootedVariable[] {
  const above = parent === 0 ? 0 : bitOf(parent);
  const children = toVariables(neighboursOf(graph, variable) & free & ~above);
  return [...children.flatMap((child) => postOrder(graph, child, variable, free)), { variable, parent }];
}
