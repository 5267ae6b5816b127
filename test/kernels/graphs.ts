/** Graphs of treewidth two, as polynomials of pairs: what `eliminate` steps are tried on (math.md §6.5). */
import type { Monomial, PairMask } from '../../kernels/backend.ts';

export type Pair = readonly [number, number];

/** All pairs of variables 1..t; a graph is a set of bits, one a pair. */
function allPairs(t: number): Pair[] {
  const pairs: Pair[] = [];
  for (let a = 1; a <= t; a++) for (let b = a + 1; b <= t; b++) pairs.push([a, b]);
  return pairs;
}

/** Orders in which every free variable but x1 can be summed out with at most two neighbours; null where there is none. */
export function eliminationOrder(
  t: number,
  groups: readonly (readonly number[])[],
  cutset: readonly number[],
  random = () => 0,
): number[] | null {
  const neighbours = Array.from({ length: t + 1 }, () => new Set<number>());
  for (const group of groups) {
    const free = group.filter((variable) => !cutset.includes(variable));
    for (const a of free) for (const b of free) if (a !== b) neighbours[a].add(b);
  }
  const left = Array.from({ length: t }, (_, j) => j + 1).filter((variable) => variable !== 1 && !cutset.includes(variable));
  const order: number[] = [];
  while (left.length > 0) {
    // Which of the possible ones comes first cannot close the way: what is left stays of treewidth two.
    const possible = left.filter((variable) => neighbours[variable].size <= 2);
    if (possible.length === 0) return null;
    const variable = possible[Math.floor(random() * possible.length)];
    for (const a of neighbours[variable]) {
      neighbours[a].delete(variable);
      for (const b of neighbours[variable]) if (a !== b) neighbours[a].add(b);
    }
    left.splice(left.indexOf(variable), 1);
    order.push(variable);
  }
  return order;
}

/** All connected graphs on x1..xt of treewidth at most two, one of those that differ by the names of x2..xt; or of all names. */
export function connectedGraphs(t: number, names: 'rooted' | 'free' = 'rooted'): Pair[][] {
  const pairs = allPairs(t);
  const renamings =
    names === 'free'
      ? permutations(t).map((order) => order.map((place) => place + 1))
      : permutations(t - 1).map((order) => [1, ...order.map((place) => place + 2)]);
  const images = renamings.map((name) =>
    pairs.map(([a, b]) => {
      const [low, high] = [name[a - 1], name[b - 1]].sort((x, y) => x - y);
      return pairs.findIndex(([x, y]) => x === low && y === high);
    }),
  );
  const seen = new Uint8Array(2 ** pairs.length);
  const graphs: Pair[][] = [];
  for (let bits = 0; bits < seen.length; bits++) {
    if (seen[bits] !== 0) continue;
    const edges = pairs.filter((_, index) => (bits >> index) & 1);
    if (edges.length < t - 1 || edges.length > 2 * t - 3 || !isConnected(t, edges)) continue;
    for (const image of images) seen[image.reduce((set, to, index) => set | (((bits >> index) & 1) << to), 0)] = 1;
    if (eliminationOrder(t, edges, []) !== null) graphs.push(edges);
  }
  return graphs;
}

function permutations(count: number): number[][] {
  if (count === 0) return [[]];
  return permutations(count - 1).flatMap((shorter) =>
    Array.from({ length: count }, (_, place) => [...shorter.slice(0, place), count - 1, ...shorter.slice(place)]),
  );
}

function isConnected(t: number, edges: readonly Pair[]): boolean {
  const reached = new Set([1]);
  for (let round = 1; round < t; round++) {
    for (const [a, b] of edges) {
      if (reached.has(a)) reached.add(b);
      if (reached.has(b)) reached.add(a);
    }
  }
  return reached.size === t;
}

/** Coefficients around one, no two alike. */
export function asMonomials(edges: readonly (readonly number[])[]): Monomial[] {
  return edges.map((variables, index) => ({
    coefficient: (index % 2 === 0 ? 1 : -1) * (0.5 + index / 8),
    variables: [...variables],
  }));
}

/** Masks between any two variables, as many as leave the treewidth of the free ones at two. */
export function addMasks(t: number, monomials: readonly Monomial[], cutset: readonly number[], random: () => number): PairMask[] {
  const masks: PairMask[] = [];
  for (const [a, b] of allPairs(t)) {
    if (random() < 0.6) continue;
    const groups = [...monomials.map(({ variables }) => variables), ...masks.map(({ row, column }) => [row, column]), [a, b]];
    if (eliminationOrder(t, groups, cutset) === null) continue;
    const [row, column] = random() < 0.5 ? [a, b] : [b, a];
    const lowest = random() < 0.3 ? -Infinity : -Math.floor(3 * random());
    masks.push({ row, column, lowest, highest: random() < 0.3 ? Infinity : Math.floor(3 * random()) });
  }
  return masks;
}
