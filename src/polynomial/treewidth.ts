/** Treewidth by dynamic programming over the sets of eliminated variables: 2^(t-1) sets, t <= 8. */

import { allVariables, bitOf, type Graph, neighboursOf, reachable, sizeOf, toVariables } from './graph.ts';

export interface Elimination {
  readonly treewidth: number;
  /** All variables; x1 is last, so that the last table is the output. */
  readonly order: readonly number[];
}

/**
 * Best elimination order that ends with x1.
 *
 * Ending with x1 costs nothing: rooting a tree decomposition at a bag that holds x1 gives an order of the same width (math.md §2.3).
 */
export function bestElimination(graph: Graph): Elimination {
  const others = allVariables(graph.length) & ~1;
  // Entry S: the smallest width of eliminating the set S first, and the variable of S that goes last in doing so.
  const width = new Array<number>(others + 1).fill(0);
  const last = new Array<number>(others + 1).fill(0);
  for (let set = 2; set <= others; set += 2) {
    let best = Number.POSITIVE_INFINITY;
    for (const variable of toVariables(set)) {
      const before = set & ~bitOf(variable);
      const candidate = Math.max(width[before] ?? 0, sizeOf(bagOf(graph, variable, before)));
      if (candidate >= best) continue;
      best = candidate;
      last[set] = variable;
    }
    width[set] = best;
  }
  const order = [1];
  for (let set = others; set !== 0; ) {
    const variable = last[set] ?? 0;
    order.unshift(variable);
    set &= ~bitOf(variable);
  }
  return { treewidth: width[others] ?? 0, order };
}

/** Width of one elimination order: the largest number of variables that a table still depends on when one is summed out. */
export function widthOfOrder(graph: Graph, order: readonly number[]): number {
  let eliminated = 0;
  let width = 0;
  for (const variable of order) {
    width = Math.max(width, sizeOf(bagOf(graph, variable, eliminated)));
    eliminated |= bitOf(variable);
  }
  return width;
}

/** True when the graph on `within` has treewidth at most 2: vertices of degree <= 2 can be removed, joining their neighbours, to the end. */
export function hasTreewidthTwo(graph: Graph, within: number): boolean {
  const work = [...graph];
  let rest = within;
  for (;;) {
    const variable = toVariables(rest).find((candidate) => sizeOf(neighboursOf(work, candidate) & rest) <= 2);
    if (variable === undefined) return rest === 0;
    const ends = toVariables(neighboursOf(work, variable) & rest);
    const [a, b] = ends;
    if (a !== undefined && b !== undefined) {
      work[a - 1] = neighboursOf(work, a) | bitOf(b);
      work[b - 1] = neighboursOf(work, b) | bitOf(a);
    }
    rest &= ~bitOf(variable);
  }
}

/** Neighbours that `variable` has when it is eliminated after the set `before`: those it reaches through eliminated ones. */
function bagOf(graph: Graph, variable: number, before: number): number {
  const through = reachable(graph, variable, before | bitOf(variable));
  let bag = 0;
  for (const member of toVariables(through)) bag |= neighboursOf(graph, member);
  return bag & ~through & ~before;
}
