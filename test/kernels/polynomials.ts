/** Polynomials with hand-made cutsets and forests: what every back end's `attend` and `conditioned` steps are tried on. */
import type { ForestNode, Monomial } from '../../kernels/backend.ts';

export interface Conditioning {
  readonly cutset: readonly number[];
  readonly forest: readonly ForestNode[];
}

export interface PolynomialCase {
  readonly name: string;
  readonly t: number;
  readonly monomials: readonly Monomial[];
  /** Without a cutset where the polynomial is a forest; with x1 inside and outside it where both are possible. */
  readonly conditionings: readonly Conditioning[];
}

/** `sum('12 23 34')` = x1*x2 + x2*x3 + x3*x4; a coefficient stands before a colon. */
function sum(text: string): Monomial[] {
  return text.split(' ').map((term) => {
    const [digits = '', coefficient = '1'] = term.split(':').reverse();
    return { coefficient: Number(coefficient), variables: [...digits].map(Number) };
  });
}

/** `given('1', '32 20')`: the cutset {x1}, then x3 below x2 and x2 a root. */
function given(cutset: string, forest: string): Conditioning {
  const nodes = forest.split(' ').map(([variable, parent]) => ({ variable: Number(variable), parent: Number(parent) }));
  return { cutset: [...cutset].map(Number), forest: nodes };
}

export const POLYNOMIALS: readonly PolynomialCase[] = [
  { name: 'self', t: 2, monomials: sum('12'), conditionings: [given('', '21 10'), given('1', '20'), given('2', '10')] },
  {
    name: 'path of 3',
    t: 3,
    monomials: sum('12 23'),
    conditionings: [given('', '32 21 10'), given('1', '32 20'), given('2', '30 10'), given('3', '21 10'), given('12', '30')],
  },
  { name: 'path of 4', t: 4, monomials: sum('12 23 34'), conditionings: [given('', '43 32 21 10'), given('3', '40 21 10')] },
  { name: 'star', t: 4, monomials: sum('12 13 14'), conditionings: [given('', '21 31 41 10'), given('1', '20 30 40')] },
  { name: 'Y tree', t: 4, monomials: sum('12 23 24'), conditionings: [given('', '32 42 21 10'), given('13', '42 20')] },
  { name: 'two components', t: 4, monomials: sum('12 34'), conditionings: [given('', '21 10 43 30'), given('1', '43 30 20')] },
  { name: 'a lone variable', t: 3, monomials: sum('12'), conditionings: [given('', '30 21 10'), given('2', '30 10')] },
  {
    name: 'x1 in no monomial',
    t: 3,
    monomials: sum('23'),
    conditionings: [given('', '10 32 20'), given('1', '32 20'), given('3', '20 10')],
  },
  {
    name: 'triangle',
    t: 3,
    monomials: sum('12 23 13'),
    conditionings: [given('1', '32 20'), given('1', '23 30'), given('2', '31 10'), given('3', '21 10')],
  },
  {
    name: 'C4',
    t: 4,
    monomials: sum('12 23 34 14'),
    conditionings: [given('1', '43 32 20'), given('3', '21 41 10'), given('2', '34 41 10')],
  },
  { name: 'C5', t: 5, monomials: sum('12 23 34 45 15'), conditionings: [given('1', '54 43 32 20'), given('3', '45 51 21 10')] },
  {
    name: 'K4',
    t: 4,
    monomials: sum('12 13 14 23 24 34'),
    conditionings: [given('12', '43 30'), given('34', '21 10'), given('23', '41 10')],
  },
  { name: 'bowtie at x1', t: 5, monomials: sum('12 23 13 14 45 15'), conditionings: [given('1', '32 20 54 40')] },
  {
    name: 'bowtie at x3',
    t: 5,
    monomials: sum('12 23 13 34 45 35'),
    conditionings: [given('3', '21 10 54 40'), given('13', '20 54 40')],
  },
  {
    name: 'x1*x2*x3 + x3*x4',
    t: 4,
    monomials: sum('123 34'),
    conditionings: [given('1', '23 43 30'), given('3', '21 10 40'), given('2', '43 31 10')],
  },
  {
    name: 'x1*x2*x3 + x2*x4 + x3*x4',
    t: 4,
    monomials: sum('123 24 34'),
    conditionings: [given('2', '43 31 10'), given('3', '42 21 10'), given('14', '32 20')],
  },
  { name: '3-tensor', t: 3, monomials: sum('123'), conditionings: [given('1', '32 20'), given('3', '21 10')] },
  {
    name: '4-tensor',
    t: 4,
    monomials: sum('1234'),
    conditionings: [given('12', '43 30'), given('34', '21 10'), given('13', '42 20')],
  },
  {
    name: 'x1*x2*x3*x4 + x4*x5',
    t: 5,
    monomials: sum('1234 45'),
    conditionings: [given('12', '54 34 40'), given('23', '54 41 10')],
  },
  {
    name: 'mixed degrees and coefficients',
    t: 4,
    monomials: sum('12 2:234 -0.5:13 34 0.75:1234'),
    conditionings: [given('23', '41 10'), given('13', '42 20'), given('24', '31 10')],
  },
];

/** Those with a conditioning on nothing: evaluated by `attend` and `combine` alone. */
export const FORESTS = POLYNOMIALS.filter(({ conditionings }) => conditionings.some(({ cutset }) => cutset.length === 0));
