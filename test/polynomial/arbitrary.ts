import fc from 'fast-check';
import { createPolynomial, type MaskEdge, type Polynomial } from '../../src/polynomial/polynomial.ts';

/** Polynomials that text can write: x1 there, no gaps, any coefficients, at most `maximum` variables. */
export function polynomials(maximum = 8): fc.Arbitrary<Polynomial> {
  return fc.integer({ min: 2, max: maximum }).chain((t) => {
    const set = fc.integer({ min: 1, max: 2 ** t - 1 }).map((bits) => upTo(t).filter((variable) => bits & (1 << (variable - 1))));
    const coefficient = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => value !== 0);
    const sets = fc.uniqueArray(
      set.filter((variables) => variables.length >= 2),
      { minLength: 1, maxLength: 10, selector: String },
    );
    return fc.tuple(sets, fc.array(coefficient, { minLength: 10, maxLength: 10 })).map(([chosen, coefficients]) => {
      const names = [...new Set(chosen.flat())].sort((a, b) => a - b);
      const monomials = chosen.map((variables, i) => ({
        coefficient: coefficients[i] ?? 1,
        variables: variables.map((variable) => names.indexOf(variable) + 1),
      }));
      return createPolynomial(names.length, monomials);
    });
  });
}

/** Polynomial of a graph, all coefficients one. */
export function fromEdges(variableCount: number, edges: readonly MaskEdge[]): Polynomial {
  return createPolynomial(
    variableCount,
    edges.map((variables) => ({ coefficient: 1, variables })),
  );
}

export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

/** One graph of every isomorphism class of connected graphs on 1..t. */
export function connectedGraphs(t: number): MaskEdge[][] {
  const pairs = upTo(t).flatMap((a) => upTo(a - 1).map((b): MaskEdge => [b, a]));
  const index = new Map(pairs.map((pair, i) => [String(pair), i]));
  const relabelled = permutations(upTo(t)).map((order) =>
    pairs.map(([a, b]) => {
      const ends = [order[a - 1] ?? 0, order[b - 1] ?? 0].sort((x, y) => x - y);
      return index.get(String(ends)) ?? 0;
    }),
  );
  const seen = new Uint8Array(2 ** pairs.length);
  const graphs: MaskEdge[][] = [];
  for (let bits = 0; bits < seen.length; bits++) {
    if (seen[bits]) continue;
    for (const move of relabelled)
      seen[move.reduce((image, target, i) => (bits & (1 << i) ? image | (1 << target) : image), 0)] = 1;
    const edges = pairs.filter((_, i) => bits & (1 << i));
    if (isConnected(t, edges)) graphs.push(edges);
  }
  return graphs;
}

/** Plain union by relabelling: independent of the code under test. */
function isConnected(t: number, edges: readonly MaskEdge[]): boolean {
  let label = upTo(t);
  for (const [a, b] of edges) {
    const [from, to] = [label[a - 1], label[b - 1] ?? 0];
    label = label.map((value) => (value === from ? to : value));
  }
  return new Set(label).size === 1;
}

export function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((head) => permutations(items.filter((item) => item !== head)).map((tail) => [head, ...tail]));
}
