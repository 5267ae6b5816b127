/**
 * Graphs on the variables as bit sets: variable j is bit j - 1, and a graph is one neighbour set per variable. With t <= 8 a set is
 * one small integer, which is what makes the exhaustive searches of this folder cheap.
 */

import { fail } from '../errors.ts';
import type { MaskEdge, Polynomial } from './polynomial.ts';

/** Neighbour set of variable j at index j - 1. */
export type Graph = readonly number[];

export function bitOf(variable: number): number {
  return 1 << (variable - 1);
}

/** The set of all variables 1..t. */
export function allVariables(variableCount: number): number {
  return (1 << variableCount) - 1;
}

export function toSet(variables: Iterable<number>): number {
  let set = 0;
  for (const variable of variables) set |= bitOf(variable);
  return set;
}

/** Members of a set, ascending. */
export function toVariables(set: number): number[] {
  const variables: number[] = [];
  for (let variable = 1, rest = set; rest !== 0; variable++, rest >>= 1) {
    if ((rest & 1) !== 0) variables.push(variable);
  }
  return variables;
}

export function sizeOf(set: number): number {
  let size = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) size += 1;
  return size;
}

export function neighboursOf(graph: Graph, variable: number): number {
  return graph[variable - 1] ?? 0;
}

/** Graph with the given edges; an edge of a variable with itself, or outside 1..t, is a fault of the caller. */
export function graphOf(variableCount: number, edges: Iterable<MaskEdge>): Graph {
  const graph = new Array<number>(variableCount).fill(0);
  for (const [a, b] of edges) {
    const valid = [a, b].every((variable) => Number.isInteger(variable) && variable >= 1 && variable <= variableCount);
    if (!valid || a === b) fail('internal', `(${a}, ${b}) is no edge between two of ${variableCount} variables`);
    graph[a - 1] = (graph[a - 1] ?? 0) | bitOf(b);
    graph[b - 1] = (graph[b - 1] ?? 0) | bitOf(a);
  }
  return graph;
}

/** The primal graph: a clique on every monomial (math.md §2.3), and the mask edges. */
export function primalGraph(polynomial: Polynomial, maskEdges: readonly MaskEdge[] = []): Graph {
  return graphOf(polynomial.variableCount, [...polynomial.monomials.flatMap(({ variables }) => pairsOf(variables)), ...maskEdges]);
}

/** Pairs of monomials of degree two alone: what a kernel can use as an edge without filling other variables with ones. */
export function pairGraph(polynomial: Polynomial): Graph {
  const pairs = polynomial.monomials.filter(({ variables }) => variables.length === 2);
  return primalGraph({ variableCount: polynomial.variableCount, monomials: pairs });
}

/**
 * What is left of the graph once the variables of the set `fixed` have values: the pairs of free variables that share a monomial or a
 * mask edge (math.md §6.4). Null when some monomial keeps three or more free variables.
 */
export function residualGraph(polynomial: Polynomial, maskEdges: readonly MaskEdge[], fixed: number): Graph | null {
  const edges: MaskEdge[] = [];
  for (const { variables } of polynomial.monomials) {
    const [a, b, third] = variables.filter((variable) => (fixed & bitOf(variable)) === 0);
    if (third !== undefined) return null;
    if (a !== undefined && b !== undefined) edges.push([a, b]);
  }
  const free = maskEdges.filter(([a, b]) => (fixed & (bitOf(a) | bitOf(b))) === 0);
  return graphOf(polynomial.variableCount, [...edges, ...free]);
}

/** Every set of vertices that `start` reaches inside `within`, `start` included. */
export function reachable(graph: Graph, start: number, within: number): number {
  let reached = bitOf(start);
  for (let frontier = reached; frontier !== 0; ) {
    let next = 0;
    for (const variable of toVariables(frontier)) next |= neighboursOf(graph, variable);
    frontier = next & within & ~reached;
    reached |= frontier;
  }
  return reached;
}

/** Components of the graph induced on `within`, as sets, by smallest variable. */
export function componentsOf(graph: Graph, within: number): number[] {
  const components: number[] = [];
  let rest = within;
  for (const variable of toVariables(within)) {
    if ((rest & bitOf(variable)) === 0) continue;
    const component = reachable(graph, variable, within);
    components.push(component);
    rest &= ~component;
  }
  return components;
}

export function edgeCount(graph: Graph, within: number): number {
  const ends = toVariables(within).reduce((sum, variable) => sum + sizeOf(neighboursOf(graph, variable) & within), 0);
  return ends / 2;
}

export function isForestGraph(graph: Graph, within: number): boolean {
  return edgeCount(graph, within) === sizeOf(within) - componentsOf(graph, within).length;
}

/** The variables of `within` in cycle order when they form one single cycle, from the smallest towards its smaller neighbour. */
export function cycleOf(graph: Graph, within: number): number[] | null {
  const variables = toVariables(within);
  const [first] = variables;
  if (first === undefined || variables.length < 3 || reachable(graph, first, within) !== within) return null;
  if (variables.some((variable) => sizeOf(neighboursOf(graph, variable) & within) !== 2)) return null;
  const order = [first];
  for (let rest = within & ~bitOf(first), last = first; rest !== 0; ) {
    const [next] = toVariables(neighboursOf(graph, last) & rest);
    if (next === undefined) return null;
    order.push(next);
    rest &= ~bitOf(next);
    last = next;
  }
  return order;
}

function pairsOf(variables: readonly number[]): MaskEdge[] {
  return variables.flatMap((a, i) => variables.slice(i + 1).map((b): MaskEdge => [a, b]));
}
