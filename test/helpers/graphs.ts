/** Connected graphs and random hypergraphs, written as polynomials. */

type Pair = readonly [number, number];

function* permutations(items: readonly number[]): Generator<number[]> {
  if (items.length === 0) yield [];
  for (const first of items) for (const rest of permutations(items.filter((item) => item !== first))) yield [first, ...rest];
}

function connected(t: number, edges: readonly Pair[]): boolean {
  const reached = new Set([1]);
  for (let round = 0; round < t; round++) for (const [a, b] of edges) if (reached.has(a) || reached.has(b)) reached.add(a).add(b);
  return reached.size === t;
}

/** Every connected graph on t vertices up to isomorphisms that keep x1 where it is: the root matters to the planner. */
export function rootedGraphs(t: number): string[] {
  const pairs = Array.from({ length: t }, (_, a) => a + 1).flatMap((a) =>
    Array.from({ length: t - a }, (_, b) => [a, a + b + 1] as const),
  );
  const others = Array.from({ length: t - 1 }, (_, j) => j + 2);
  const renamings = [...permutations(others)].map(
    (order) => new Map<number, number>([[1, 1], ...others.map((v, i) => [v, order[i] as number] as const)]),
  );
  const seen = new Set<string>();
  const found: string[] = [];
  for (let bits = 1; bits < 2 ** pairs.length; bits++) {
    const edges = pairs.filter((_, index) => bits & (1 << index));
    const key = (renaming: ReadonlyMap<number, number>): string =>
      edges
        .map(([a, b]) => [renaming.get(a) as number, renaming.get(b) as number].sort().join('-'))
        .sort()
        .join();
    if (!connected(t, edges) || seen.has(key(renamings[0] as Map<number, number>))) continue;
    for (const renaming of renamings) seen.add(key(renaming));
    found.push(edges.map(([a, b]) => `x${a}*x${b}`).join(' + '));
  }
  return found;
}

/** A random hypergraph on t variables with monomials of degree 2 to 4 and coefficients; every variable occurs, x1 too. */
export function randomHypergraph(t: number, next: () => number): string {
  for (;;) {
    const monomials = new Map<string, string>();
    const count = 2 + Math.floor(next() * (t - 1));
    for (let i = 0; i < count; i++) {
      const degree = Math.min(t, 2 + Math.floor(next() * 3));
      const variables = Array.from({ length: t }, (_, j) => j + 1)
        .map((variable) => ({ variable, key: next() }))
        .sort((a, b) => a.key - b.key)
        .slice(0, degree)
        .map(({ variable }) => variable)
        .sort((a, b) => a - b);
      const coefficient = next() < 0.3 ? `${(0.25 + next()).toFixed(2)}*` : '';
      const text = variables.map((variable) => `x${variable}`).join('*');
      if (!monomials.has(text)) monomials.set(text, coefficient + text);
    }
    const polynomial = [...monomials.values()].join(' + ');
    const missing = Array.from({ length: t }, (_, j) => j + 1).some((variable) => !polynomial.includes(`x${variable}`));
    if (!missing) return polynomial;
  }
}
