/**
 * Turns the two tables into the tensors of one `path(3)` head: typed codewords for two-fold composition (math.md §4.1).
 *
 * Every row of a table is one token: a type (1: city → country, 2: country → continent), the name it is filed under, and its value.
 * Coordinates come in two blocks, one for each edge of x1*x2 + x2*x3, and a block holds either "the name I look for" or "my name".
 * two_hop.py builds the same tensors, byte for byte.
 */
import { readFileSync } from 'node:fs';

const SEED = 2602;
/** How much of the mass may go to wrong tokens: (1 + δ/2)² − 1. */
const DELTA = 1e-4;
const HOPS = 2;

export interface Tensor {
  readonly shape: readonly [number, number];
  readonly dtype: 'float32';
  readonly base64: string;
}

export interface TwoHop {
  /** The questions, one for each row of q1. */
  readonly cities: readonly string[];
  /** The right continent of each city, by looking it up twice. */
  readonly truth: readonly string[];
  /** What the columns of the output mean: every country, then every continent. */
  readonly vocabulary: readonly string[];
  readonly continents: readonly string[];
  readonly tokens: number;
  readonly d: number;
  /** Γ: a codeword's product with itself minus the largest with any other. */
  readonly gap: number;
  /** σ: the size of every non-zero entry. */
  readonly sigma: number;
  /** The most mass that theory lets go to wrong answers. */
  readonly wrongMassBound: number;
  readonly tensors: Readonly<Record<'q1' | 'q2' | 'q3' | 'v3', Tensor>>;
}

type Fact = readonly [name: string, value: string];

/** Two columns below a heading; no field of ours holds a comma. */
function readTable(file: string): Fact[] {
  const lines = readFileSync(new URL(file, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .slice(1);
  return lines.map((line) => {
    const [name, value, ...more] = line.split(',');
    if (!name || !value || more.length > 0) throw new Error(`${file}: '${line}' is not a pair`);
    return [name, value];
  });
}

/** `count` codewords of ±1, `bits` long. Word i is a hash of seed + (i + 1)·golden ratio, so that any language draws the same. */
function drawCodewords(count: number, bits: number): number[][] {
  let state = SEED;
  const nextWord = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let word = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    return (word ^ (word >>> 16)) >>> 0;
  };
  return Array.from({ length: count }, () =>
    Array.from({ length: bits / 32 }, nextWord).flatMap((word) =>
      Array.from({ length: 32 }, (_, bit) => ((word >>> bit) & 1 ? 1 : -1)),
    ),
  );
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

function smallestGap(codewords: readonly (readonly number[])[], bits: number): number {
  return codewords.reduce(
    (gap, word, i) => codewords.slice(0, i).reduce((least, other) => Math.min(least, bits - dot(word, other)), gap),
    bits,
  );
}

/** Rows to float32, little-endian, row major. */
function tensor(rows: readonly (readonly number[])[]): Tensor {
  const columns = rows[0]?.length ?? 0;
  const bytes = Buffer.alloc(4 * rows.length * columns);
  rows.flat().forEach((value, i) => {
    bytes.writeFloatLE(value, 4 * i);
  });
  return { shape: [rows.length, columns], dtype: 'float32', base64: bytes.toString('base64') };
}

export function buildTwoHop(): TwoHop {
  const cities = readTable('cities.csv');
  const countries = readTable('countries.csv');
  const continents = [...new Set(countries.map(([, continent]) => continent))];
  const vocabulary = [...countries.map(([country]) => country), ...continents];
  const tokens = cities.length + countries.length;

  // The type is part of the name: Singapore the city and Singapore the country have different codewords.
  const bits = 8 * Math.ceil(Math.log2(tokens));
  const codewords = drawCodewords(tokens, bits);
  const names = [...cities.map(([city]) => `1 ${city}`), ...countries.map(([country]) => `2 ${country}`)];
  const codewordOf = new Map(names.map((name, i) => [name, codewords[i] ?? []]));
  const d = HOPS * bits;
  const gap = smallestGap(codewords, bits);
  const sigma = Math.sqrt((d / gap) * Math.log((tokens * HOPS) / DELTA));

  const nothing = Array<number>(bits).fill(0);
  const block = (name: string): number[] => codewordOf.get(name)?.map((sign) => sigma * sign) ?? nothing;
  const rows = [...cities, ...countries];
  const continentOf = new Map(countries);
  return {
    cities: cities.map(([city]) => city),
    truth: cities.map(([, country]) => continentOf.get(country) ?? ''),
    vocabulary,
    continents,
    tokens,
    d,
    gap,
    sigma,
    wrongMassBound: (1 + DELTA / HOPS) ** HOPS - 1,
    tensors: {
      // [cities, d]: "which row is filed under this city?"
      q1: tensor(cities.map(([city]) => [...block(`1 ${city}`), ...nothing])),
      // [tokens, d]: "I am filed under this name" towards x1, "which country is filed under my value?" towards x3
      q2: tensor(rows.map(([, value], l) => [...block(names[l] ?? ''), ...block(`2 ${value}`)])),
      // [tokens, d]: "I am filed under this name" towards x2
      q3: tensor(rows.map((_, l) => [...nothing, ...block(names[l] ?? '')])),
      // [tokens, vocabulary]: my value, one-hot
      v3: tensor(rows.map(([, value]) => vocabulary.map((word) => (word === value ? 1 : 0)))),
    },
  };
}
