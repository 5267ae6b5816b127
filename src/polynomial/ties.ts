/**
 * What x1 can use without holding it: variables tied to x1 by a large score for equal rows take its row, one after another along a path,
 * and count as x1 from then on. So a monomial, a clique or a cycle anywhere in the component of x1 serves, and a cycle shrinks to a triangle.
 */

import { bitOf, cycleOf, type Graph, neighboursOf, sizeOf, toSet, toVariables } from './graph.ts';
import type { Polynomial } from './polynomial.ts';

export interface Tied {
  /** x1, or a variable tied to it, then the others. */
  readonly variables: readonly number[];
  /** The second of each takes the row of the first; empty where x1 itself takes part. */
  readonly ties: readonly (readonly [number, number])[];
}

/** The monomial of highest degree that x1 reaches, by the fewest ties; of equals the last. Just x1 where it is in none. */
export function widestMonomial(polynomial: Polynomial, primal: Graph): Tied {
  return best(polynomial.monomials.map(({ variables }) => tiedTo(primal, variables)).reverse()) ?? { variables: [1], ties: [] };
}

/** A largest set of pairwise adjacent variables that x1 reaches, by the fewest ties. */
export function largestClique(graph: Graph): Tied {
  const cliques = subsetsOf(graph).filter((set) =>
    toVariables(set).every((variable) => (set & ~neighboursOf(graph, variable)) === bitOf(variable)),
  );
  return best(cliques.map((set) => tiedTo(graph, toVariables(set)))) ?? { variables: [1], ties: [] };
}

/** Three variables whose pairs are there once the nearest cycle has shrunk to them; null where the component of x1 is a tree. */
export function nearestCycle(graph: Graph): Tied | null {
  const cycles = subsetsOf(graph).map((set) => cycleOf(graph, set));
  return best(cycles.map((order) => order && shrunk(graph, order)));
}

/** Variables c0, c1, c2 of the cycle, c0 where x1 arrives; the others follow c0 backwards, so that c3 stands for it towards c2. */
function shrunk(graph: Graph, order: readonly number[]): Tied | null {
  const arrival = tiedTo(graph, order);
  if (arrival === null) return null;
  const start = order.indexOf(arrival.variables[0] ?? 1);
  const cycle = [...order.slice(start), ...order.slice(0, start)];
  const followers = [cycle[0] ?? 1, ...cycle.slice(3).reverse()];
  const around = followers.slice(1).map((to, i): [number, number] => [followers[i] ?? 1, to]);
  return { variables: cycle.slice(0, 3), ties: [...arrival.ties, ...around] };
}

/** Ties along a shortest path from x1 to the variables; null where there is none. The one it arrives at comes first. */
function tiedTo(graph: Graph, variables: readonly number[]): Tied | null {
  const target = toSet(variables);
  let paths: number[][] = [[1]];
  for (let seen = bitOf(1); paths.length > 0; ) {
    const arrived = paths.find((path) => (bitOf(path.at(-1) ?? 1) & target) !== 0);
    if (arrived) {
      const first = arrived.at(-1) ?? 1;
      const ties = arrived.slice(1).map((to, i): [number, number] => [arrived[i] ?? 1, to]);
      return { variables: [first, ...variables.filter((variable) => variable !== first)], ties };
    }
    const next = paths.flatMap((path) =>
      toVariables(neighboursOf(graph, path.at(-1) ?? 1) & ~seen).map((variable) => [...path, variable]),
    );
    seen |= toSet(next.map((path) => path.at(-1) ?? 1));
    paths = next;
  }
  return null;
}

/** The most variables, then the fewest ties, then the first. */
function best(candidates: readonly (Tied | null)[]): Tied | null {
  const known = candidates.filter((candidate) => candidate !== null);
  const [first] = known.sort((a, b) => b.variables.length - a.variables.length || a.ties.length - b.ties.length);
  return first ?? null;
}

/** Sets of two variables or more. */
function subsetsOf(graph: Graph): number[] {
  return Array.from({ length: 1 << graph.length }, (_, set) => set).filter((set) => sizeOf(set) > 1);
}
