/** Match-k: is there (l2, .., lk) with x_l1 + .. + x_lk ≡ 0 mod M? The weights of math.md §4.3 and §4.4. */
import type { Rows } from '../helpers/oracle.ts';
import type { Term } from './head.ts';

/** The last token is blank: it says "no match" by taking the mass that no match takes. */
export interface Tokens {
  readonly values: readonly number[];
  readonly modulus: number;
}

/** n values from `distinct` residues only, so that about half of them have no match. */
export function randomTokens(next: () => number, modulus: number, n: number, distinct: number): Tokens {
  const residues = Array.from({ length: modulus }, (_, x) => x)
    .map((x) => ({ x, key: next() }))
    .sort((a, b) => a.key - b.key)
    .slice(0, distinct);
  return { modulus, values: Array.from({ length: n }, () => residues[Math.floor(next() * distinct)]?.x ?? 0) };
}

export function hasMatch({ values, modulus }: Tokens, first: number, k: number): boolean {
  let sums = new Set([(values[first] as number) % modulus]);
  for (let j = 1; j < k; j++) sums = new Set([...sums].flatMap((sum) => values.map((x) => (sum + x) % modulus)));
  return sums.has(0);
}

/** β: what makes n^(k-1) tuples without a match weigh at most δ together against the blank ones, half-way in cosine to a match. */
export function cosineAmplitude({ values, modulus }: Tokens, k: number, delta: number): number {
  return (2 * Math.log(values.length ** (k - 1) / delta)) / (1 - Math.cos((2 * Math.PI) / modulus));
}

/**
 * β cos(θ_1 + .. + θ_k) for real tokens, βτ if l2..lk are all blank, 0 if some are.
 *
 * @param variables the k variables; the first asks
 */
export function cosineTerms(tokens: Tokens, variables: readonly number[], delta: number): Term[] {
  const { values, modulus } = tokens;
  const [first, ...others] = variables as [number, ...number[]];
  const k = variables.length;
  const beta = cosineAmplitude(tokens, k, delta);
  const angles = values.map((x) => (2 * Math.PI * x) / modulus);
  const [sines, cosines] = [withBlank(angles.map(Math.sin), 0), withBlank(angles.map(Math.cos), 0)];
  const even = Array.from({ length: 2 ** k }, (_, set) => variables.filter((_, i) => set & (1 << i))).filter(
    (set) => set.length % 2 === 0,
  );
  const root = beta ** (1 / k);
  const terms = even.map((set): Term => {
    const sign = (-1) ** (set.length / 2);
    return Object.fromEntries(
      variables.map((variable) => {
        const wave = set.includes(variable) ? sines : cosines;
        return [variable, wave.map((x) => root * (variable === first ? sign : 1) * x)];
      }),
    );
  });
  const tau = (1 + Math.cos((2 * Math.PI) / modulus)) / 2;
  const blankRoot = (beta * tau) ** (1 / k);
  const everywhere = withBlank(
    angles.map(() => blankRoot),
    blankRoot,
  );
  const atBlank = withBlank(
    angles.map(() => 0),
    blankRoot,
  );
  const blank: Term = { [first]: everywhere, ...Object.fromEntries(others.map((variable) => [variable, atBlank])) };
  return [...terms, blank];
}

/**
 * -γ(x_1 + x_2 + x_3 - T)^2 in pair terms alone, less what depends on l1 only; a blank pair stands at -γ/2, half a blank one out of reach.
 *
 * @param variables a triangle; the first asks
 */
export function squareTerms(
  { values }: Tokens,
  target: number,
  variables: readonly [number, number, number],
  delta: number,
): Term[] {
  const [i, j, k] = variables;
  const gamma = 2 * Math.log(values.length ** 2 / delta);
  const largest = Math.max(...values);
  const penalty = gamma * (3 * largest + target) ** 2;
  const cross = withBlank(
    values.map((x) => Math.sqrt(2 * gamma) * x),
    0,
  );
  const minus = cross.map((x) => -x);
  const own = withBlank(
    values.map((x) => -gamma * (x * x - 2 * target * x)),
    0,
  );
  const ones = withBlank(
    values.map(() => 1),
    1,
  );
  const real = withBlank(
    values.map(() => 1),
    0,
  );
  const blank = real.map((x) => 1 - x);
  const level = withBlank(
    values.map((x) => gamma * (x * x - 2 * target * x + target * target - 0.5)),
    0,
  );
  return [
    { [i]: cross, [j]: minus },
    { [j]: cross, [k]: minus },
    { [i]: cross, [k]: minus },
    { [i]: ones, [j]: own },
    { [i]: ones, [k]: own },
    { [i]: level, [j]: blank },
    { [j]: real.map((x) => -penalty * x), [k]: blank },
    { [j]: blank.map((x) => -penalty * x), [k]: real },
  ];
}

/** 1 for real tokens, 0 for the blank one: [n + 1, 1]. */
export function realValues({ values }: Tokens): Rows {
  return withBlank(
    values.map(() => 1),
    0,
  ).map((x) => [x]);
}

function withBlank(features: readonly number[], blank: number): number[] {
  return [...features, blank];
}
