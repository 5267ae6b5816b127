/** Simple paths from x1, which decide what one head can look up in a row (math.md §4.1, §4.2). */

import { bitOf, type Graph, neighboursOf, toVariables } from './graph.ts';

export interface Branching {
  /** From x1 to the variable that branches. */
  readonly path: readonly number[];
  /** Two neighbours of the path's end that are not on the path. */
  readonly branches: readonly [number, number];
}

export interface Walks {
  /** A longest simple path from x1, the lexicographically first; just [1] when x1 has no neighbour. */
  readonly longest: readonly number[];
  /** The branching farthest from x1, or null. */
  readonly branching: Branching | null;
}

/** Searches all simple paths from x1: at most some 14 000 for t = 8. */
export function walksFromRoot(graph: Graph): Walks {
  let longest: readonly number[] = [];
  let branching: Branching | null = null;
  const visit = (path: readonly number[], used: number): void => {
    if (path.length > longest.length) longest = path;
    const free = neighboursOf(graph, path.at(-1) ?? 1) & ~used;
    const [first, second] = toVariables(free);
    if (first !== undefined && second !== undefined && path.length > (branching?.path.length ?? 0))
      branching = { path, branches: [first, second] };
    for (const next of toVariables(free)) visit([...path, next], used | bitOf(next));
  };
  visit([1], bitOf(1));
  return { longest, branching };
}

/** A triangle through x1, the lexicographically first. */
export function triangleAtRoot(graph: Graph): readonly [number, number, number] | null {
  for (const a of toVariables(neighboursOf(graph, 1))) {
    const common = neighboursOf(graph, 1) & neighboursOf(graph, a);
    const [b] = toVariables(common);
    if (b !== undefined) return [1, a, b];
  }
  return null;
}
