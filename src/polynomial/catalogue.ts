/** Mechanisms by name (api.md §2). Each is no more than its polynomial: nothing is possible by name that is not by polynomial. */

import { fail } from '../errors.ts';
import { type Capability, capabilities } from './capabilities.ts';
import { type PolynomialClass, polynomialFacts } from './facts.ts';
import { createPolynomial, formatPolynomial, MAX_VARIABLES, type Polynomial } from './polynomial.ts';

export interface MechanismParameter {
  readonly name: string;
  readonly minimum: number;
  readonly maximum: number;
}

interface Common {
  readonly family: string;
  readonly class: PolynomialClass;
  /** Exact exponent: time n^exponent. */
  readonly exponent: number;
  /** The exponent for the whole family, `n^2` or `n^t`. */
  readonly cost: string;
  readonly description: string;
  readonly tasks: readonly Capability[];
}

/** One line of the catalogue; where the family has a parameter, everything but `cost` is that of the example. */
export interface MechanismSummary extends Common {
  /** `self`, or `path(t)` with the parameter's name. */
  readonly name: string;
  readonly parameters: readonly MechanismParameter[];
  /** A name that `resolveMechanism` takes, `path(3)`. */
  readonly example: string;
  /** Canonical text of the example's polynomial. */
  readonly polynomial: string;
}

export interface Mechanism extends Common {
  /** Canonical name, `path(3)`. */
  readonly name: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly polynomial: Polynomial;
  /** Canonical text of `polynomial`. */
  readonly text: string;
}

interface Family {
  readonly family: string;
  readonly description: string;
  readonly cost: string;
  /** Smallest t, and the t of the example; null for a fixed polynomial. */
  readonly range: { readonly minimum: number; readonly example: number } | null;
  readonly monomials: (t: number) => number[][];
}

/** Longer names cannot be ours; they are unknown without being read. */
const MAX_NAME_LENGTH = 64;

const FAMILIES: readonly Family[] = [
  {
    family: 'self',
    description: 'Self-attention: one query, one key.',
    cost: 'n^2',
    range: null,
    monomials: () => [[1, 2]],
  },
  {
    family: 'tensor',
    description: 'Higher-order attention: one score for every tuple of t tokens; t = 3 is 2-simplicial attention.',
    cost: 'n^t',
    range: { minimum: 2, example: 3 },
    monomials: (t) => [upTo(t)],
  },
  {
    family: 'strassen',
    description: 'Strassen attention: a triangle of pair scores, by matrix products.',
    cost: 'n^3',
    range: null,
    monomials: () => cycle(3),
  },
  {
    family: 'path',
    description: 'A chain of t - 1 lookups, each with the result of the one before: (t - 1)-fold composition in quadratic time.',
    cost: 'n^2',
    range: { minimum: 2, example: 3 },
    monomials: path,
  },
  {
    family: 'star',
    description: 'The entry-wise product of t - 1 independent heads of self-attention.',
    cost: 'n^2',
    range: { minimum: 2, example: 3 },
    monomials: (t) => upTo(t - 1).map((j) => [1, j + 1]),
  },
  {
    family: 'cycle',
    description: 'A closed chain of t pair scores.',
    cost: 'n^3',
    range: { minimum: 3, example: 4 },
    monomials: cycle,
  },
  {
    family: 'complete',
    description: 'Pair scores between all t variables.',
    cost: 'n^t',
    range: { minimum: 2, example: 4 },
    monomials: (t) => upTo(t).flatMap((a) => upTo(a - 1).map((b) => [b, a])),
  },
  {
    family: 'y-tree',
    description: 'One lookup, then two more from where it led: two answers side by side.',
    cost: 'n^2',
    range: null,
    monomials: () => [...path(3), [2, 4]],
  },
];

/** The whole catalogue, in the order of api.md §2. */
export function listMechanisms(): MechanismSummary[] {
  return FAMILIES.map(summarizeFamily);
}

/**
 * One entry of the catalogue, by family (`path` or `path(t)`) or with its parameter (`path(3)`, which then is the example).
 *
 * @returns Undefined when no family has this name.
 * @throws As `resolveMechanism`, for a malformed parameter.
 */
export function describeMechanism(name: string): MechanismSummary | undefined {
  const family = FAMILIES.find((candidate) => [candidate.family, familyName(candidate)].includes(name.trim()));
  if (family !== undefined) return summarizeFamily(family);
  const found = resolveMechanism(name);
  return found && { ...summarize(found), name: found.name };
}

/**
 * Finds a mechanism by name, `strassen` or `path(3)`; white space around the parts is free.
 *
 * @returns Undefined when no family has this name.
 * @throws 422 `invalid_request` at pointer `/mechanism` when the family is known but its parameter is missing, malformed, out of range
 * or not wanted.
 */
export function resolveMechanism(name: string): Mechanism | undefined {
  const text = name.length > MAX_NAME_LENGTH ? '' : name.trim();
  const word = /^[a-z-]+/.exec(text)?.[0];
  const family = FAMILIES.find((candidate) => candidate.family === word);
  if (family === undefined) return undefined;
  const rest = text.slice(family.family.length).trim();
  // Something else follows the word, as in path_3: a name of its own, and not one of ours.
  if (rest !== '' && !rest.startsWith('(')) return undefined;
  return build(family, readParameter(family, rest));
}

function summarizeFamily(family: Family): MechanismSummary {
  return { ...summarize(build(family, family.range?.example ?? null)), name: familyName(family) };
}

function summarize({ name, polynomial: _, text, ...common }: Mechanism): MechanismSummary {
  const range = FAMILIES.find((candidate) => candidate.family === common.family)?.range;
  const parameters = range ? [{ name: 't', minimum: range.minimum, maximum: MAX_VARIABLES }] : [];
  return { ...common, name, parameters, example: name, polynomial: text };
}

function familyName({ family, range }: Family): string {
  return range === null ? family : `${family}(t)`;
}

function readParameter(family: Family, rest: string): number | null {
  if (family.range === null) {
    if (rest !== '') refuseParameter(`${family.family} takes no parameter`);
    return null;
  }
  const { minimum, example } = family.range;
  const wanted = `${family.family} takes one integer t from ${minimum} to ${MAX_VARIABLES}, for example ${family.family}(${example})`;
  const digits = /^\(\s*([+-]?\d+)\s*\)$/.exec(rest)?.[1];
  if (digits === undefined) return refuseParameter(rest === '' ? `${wanted}; the parameter is missing` : wanted);
  const t = Number(digits);
  if (t < minimum || t > MAX_VARIABLES) refuseParameter(`${wanted}; ${digits} is outside`);
  return t;
}

function refuseParameter(detail: string): never {
  return fail('invalid_request', detail, { errors: [{ pointer: '/mechanism', detail }] });
}

/** Every mechanism that was asked for: there are some forty, and each takes longer to describe than a small one to compute. */
const built = new Map<string, Mechanism>();

function build(family: Family, t: number | null): Mechanism {
  const key = `${family.family} ${t}`;
  const known = built.get(key) ?? describe(family, t);
  built.set(key, known);
  return known;
}

function describe(family: Family, t: number | null): Mechanism {
  const monomials = family.monomials(t ?? 0).map((variables) => ({ coefficient: 1, variables }));
  const polynomial = createPolynomial(Math.max(...monomials.flatMap(({ variables }) => variables)), monomials);
  const facts = polynomialFacts(polynomial);
  return {
    name: t === null ? family.family : `${family.family}(${t})`,
    family: family.family,
    parameters: t === null ? {} : { t },
    polynomial,
    text: formatPolynomial(polynomial),
    class: facts.class,
    exponent: facts.exponent,
    cost: family.cost,
    description: family.description,
    tasks: capabilities(polynomial),
  };
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

function path(t: number): number[][] {
  return upTo(t - 1).map((j) => [j, j + 1]);
}

function cycle(t: number): number[][] {
  return [...path(t), [1, t]];
}
