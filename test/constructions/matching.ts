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

/** γ: n^(k-1) tuples off by one at least weigh δ together, half of that gap below the blank tuple. */
export function squareAmplitude({ values }: Tokens, k: number, delta: number): number {
  return 2 * Math.log(values.length ** (k - 1) / delta);
}

/** What keeps tuples out that are blank in part: more than all squares can give. */
export function squarePenalty(tokens: Tokens, k: number, delta: number): number {
  return squareAmplitude(tokens, k, delta) * k * (2 * k * tokens.modulus) ** 2;
}

/**
 * -γ(x_1 + .. + x_k - T)^2 in pair terms alone, less what depends on l1 only; the blank tuple stands at -γ/2, those blank in part out of reach.
 *
 * @param variables a clique; the first asks
 */
export function squareTerms(tokens: Tokens, target: number, variables: readonly number[], delta: number): Term[] {
  const { values } = tokens;
  const [first, second, ...more] = variables as [number, number, ...number[]];
  const others = [second, ...more];
  const gamma = squareAmplitude(tokens, variables.length, delta);
  const penalty = squarePenalty(tokens, variables.length, delta);
  const feature = (of: (x: number) => number, blank: number): number[] => withBlank(values.map(of), blank);
  const ones = feature(() => 1, 1);
  const [real, blank] = [feature(() => 1, 0), feature(() => 0, 1)];
  const cross = feature((x) => Math.sqrt(2 * gamma) * x, 0);
  const own = feature((x) => -gamma * (x * x - 2 * target * x), 0);
  const level = feature((x) => gamma * ((x - target) ** 2 - 0.5), 0);
  return [
    ...pairsOf(variables).map(([a, b]): Term => ({ [a]: cross, [b]: cross.map((x) => -x) })),
    ...others.map((variable): Term => ({ [first]: ones, [variable]: own })),
    { [first]: level, [second]: blank },
    ...pairsOf(others).flatMap(([a, b]): Term[] => [
      { [a]: real.map((x) => -penalty * x), [b]: blank },
      { [a]: blank.map((x) => -penalty * x), [b]: real },
    ]),
  ];
}

function pairsOf(variables: readonly number[]): [number, number][] {
  return variables.flatMap((a, i) => variables.slice(i + 1).map((b): [number, number] => [a, b]));
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
