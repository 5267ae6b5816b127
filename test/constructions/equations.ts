/** p(y) = 0 in integers as a score: -β p(y)^2, one term for each set of unknowns that a product of p^2 holds (math.md §4.6). */
import type { Term } from './head.ts';

interface Product {
  readonly coefficient: number;
  /** Exponent by unknown; {} is the constant. */
  readonly powers: Readonly<Record<number, number>>;
}

export interface Equation {
  /** The variables that stand for the unknowns; the row of the first is given. */
  readonly unknowns: readonly number[];
  /** The sum of these is p, with integers as coefficients. */
  readonly terms: readonly Product[];
}

/** The coordinates of -β p^2, less what depends on the first unknown only; n^(k-1) tuples that are no root weigh δ together. */
export function rootTerms({ unknowns, terms }: Equation, integers: readonly number[], delta: number): Term[] {
  const beta = Math.log(integers.length ** (unknowns.length - 1) / delta);
  const [first] = unknowns as [number];
  return squareOf(terms).flatMap(({ coefficient, powers }): Term[] => {
    const held = Object.keys(powers).map(Number);
    if (held.every((variable) => variable === first)) return [];
    // A product of one unknown rides on its pair with the first.
    const on = held.length === 1 ? [first, ...held] : held;
    const features = on.map((variable, i): [number, number[]] => [
      variable,
      integers.map((y) => (i === 0 ? -beta * coefficient : 1) * y ** (powers[variable] ?? 0)),
    ]);
    return [Object.fromEntries(features)];
  });
}

function squareOf(terms: readonly Product[]): Product[] {
  const products = new Map<string, Product>();
  for (const a of terms) {
    for (const b of terms) {
      const powers: Record<number, number> = { ...a.powers };
      for (const [unknown, power] of Object.entries(b.powers)) powers[Number(unknown)] = (powers[Number(unknown)] ?? 0) + power;
      const key = JSON.stringify(powers);
      const coefficient = (products.get(key)?.coefficient ?? 0) + a.coefficient * b.coefficient;
      products.set(key, { coefficient, powers });
    }
  }
  return [...products.values()].filter(({ coefficient }) => coefficient !== 0);
}

/** The roots whose first unknown is y: the others, in the order of the unknowns. By trying all. */
export function rootsFor({ unknowns, terms }: Equation, integers: readonly number[], y: number): number[][] {
  let tuples: number[][] = [[y]];
  for (let i = 1; i < unknowns.length; i++) tuples = tuples.flatMap((tuple) => integers.map((other) => [...tuple, other]));
  const productAt = (tuple: readonly number[], { coefficient, powers }: Product): number =>
    unknowns.reduce((product, unknown, i) => product * (tuple[i] as number) ** (powers[unknown] ?? 0), coefficient);
  return tuples
    .filter((tuple) => terms.reduce((sum, term) => sum + productAt(tuple, term), 0) === 0)
    .map((tuple) => tuple.slice(1));
}

/** No partial sum of the score is larger, with up to eight copies of every block. */
export function termSize(terms: readonly Term[]): number {
  const sizeOf = (term: Term): number =>
    Object.values(term).reduce((size, feature) => size * Math.max(...feature.map(Math.abs)), 1);
  return 8 * terms.reduce((sum, term) => sum + sizeOf(term), 0);
}
