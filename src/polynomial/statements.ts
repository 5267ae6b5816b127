/** What is proved about the cost of h: bounds in both directions and the approximation threshold, each with its source (math.md §2, §3.0). */

import { polynomialFacts } from './facts.ts';
import { degreeOf, type MaskEdge, type Polynomial } from './polynomial.ts';

/** Where a claim comes from. `derived` marks what this project shows itself. */
export const SOURCES = {
  paper: 'Poly-attention, arXiv:2602.02422',
  quadratic: 'Alman and Song, arXiv:2302.13214',
  tensor: 'Alman and Song, arXiv:2310.04064',
  composition: 'Peng et al., arXiv:2402.08164',
  matching: 'Sanford et al., arXiv:2306.02896',
  strassen: 'Strassen attention, arXiv:2501.19215',
  regular: 'Hahn 2020, Theoretical limitations of self-attention',
  derived: 'derivation of this project',
  unknown: 'none known to us',
} as const;

export interface Statement {
  readonly text: string;
  /** The assumption that the statement needs, or null where it is unconditional or where nothing is claimed. */
  readonly hypothesis: string | null;
  /** `SOURCES.unknown` only where the text says that nothing is known. */
  readonly source: string;
}

export interface ThresholdStatement extends Statement {
  /** 1/k: almost-linear time needs entries of size o((log n)^(1/k)). */
  readonly exponent: number;
}

const SETH = 'SETH';
const MAX_2SAT = 'Max-2SAT conjecture';

/**
 * The known lower bound on exact computation, d = O(log n), large entries, without a mask (math.md §2.1).
 *
 * For a non-tree h that is neither one tensor nor Strassen's the paper says superquadratic and no more; no exponent is made up here.
 */
export function lowerBound(polynomial: Polynomial): Statement {
  const facts = polynomialFacts(polynomial);
  if (!occurs(polynomial, 1))
    return {
      text: 'open: no lower bound is known for an h in which x1 occurs in no monomial',
      hypothesis: null,
      source: SOURCES.unknown,
    };
  const note = unitCoefficients(polynomial) ? '' : ' The sources state it for coefficients 1.';
  const bound = (text: string, hypothesis: string, source: string): Statement => ({ text: `${text}${note}`, hypothesis, source });
  if (facts.class === 'tree') {
    return bound(
      'Needs time n^(2-o(1)) at d = O(log n): it contains self-attention.',
      SETH,
      `${SOURCES.quadratic}; ${SOURCES.paper}, Theorem 3.5`,
    );
  }
  if (facts.class === 'tensor') {
    return bound(`Needs time n^(${facts.t}-o(1)) at d = O(log n).`, SETH, `${SOURCES.tensor}; ${SOURCES.paper}, Table 1`);
  }
  if (isStrassen(polynomial)) {
    return bound(
      'Needs time n^(ω-o(1)) at d = O(log n), ω the exponent of matrix multiplication.',
      MAX_2SAT,
      `${SOURCES.paper}, Table 1`,
    );
  }
  const hypothesis =
    facts.k > 2 ? `depends on h: ${SETH} for high degree, variants of Max-kSAT possible` : `depends on h: ${MAX_2SAT} for cycles`;
  return bound(
    'Needs superquadratic time at d = O(log n); the exact exponent is open.',
    hypothesis,
    `${SOURCES.paper}, Theorem 3.6`,
  );
}

/** The exact algorithm's time that stands behind the exponent of the facts, mask edges included (math.md §2.3). */
export function upperBound(polynomial: Polynomial, maskEdges: readonly MaskEdge[] = []): Statement {
  const { class: kind, exponent, treewidth, cutset, t } = polynomialFacts(polynomial, maskEdges);
  const unconditional = (text: string, source: string): Statement => ({ text, hypothesis: null, source });
  if (kind === 'tree') return unconditional(`Time n^2 (d + dv): ${t - 1} attention calls.`, `${SOURCES.paper}, Theorem 3.5`);
  if (kind === 'tensor') return unconditional(`Time n^${t} d by the definition.`, `${SOURCES.paper}, Table 1`);
  if (kind === 'cycle') return unconditional('Time n^3 dv by chained matrix products, n^ω dv with fast ones.', SOURCES.derived);
  const way =
    cutset.length + 2 === exponent
      ? `fixing ${cutset.length} of the variables leaves a forest`
      : `treewidth ${treewidth}, variables summed out one by one`;
  return unconditional(`Time n^${exponent} up to factors d and dv: ${way}.`, SOURCES.derived);
}

/** When entries are small enough for almost-linear time, error 1/poly(n), entries at most B in size (math.md §3.0). */
export function approximationThreshold(polynomial: Polynomial): ThresholdStatement {
  const k = degreeOf(polynomial);
  const facts = polynomialFacts(polynomial);
  if (k === 0)
    return {
      text: 'h is the empty sum: the output is a product of means, in linear time.',
      hypothesis: null,
      source: SOURCES.derived,
      exponent: 0,
    };
  const root = k === 2 ? 'sqrt(log n)' : `(log n)^(1/${k})`;
  const fast = `For d = O(log n) and an error of 1/poly(n), approximable in time n^(1+o(1)) when B = o(${root})`;
  const statement = (text: string, hypothesis: string | null, source: string): ThresholdStatement => ({
    text,
    hypothesis,
    source,
    exponent: 1 / k,
  });
  if (!occurs(polynomial, 1))
    return statement(`${fast}; for larger B nothing is known, as x1 occurs in no monomial.`, null, SOURCES.paper);
  if (facts.class === 'tree') {
    const source = facts.s === 1 && facts.t === 2 ? SOURCES.quadratic : `${SOURCES.paper}, Theorem 3.5`;
    return statement(`${fast}; at B = Θ(${root}) it needs n^(2-o(1)).`, SETH, source);
  }
  if (facts.class === 'tensor') {
    return statement(`${fast}; at B = Ω(${root}) it needs n^(${facts.t}-o(1)).`, SETH, SOURCES.tensor);
  }
  if (isStrassen(polynomial)) return statement(`${fast}; superquadratic at B = Ω(${root}).`, MAX_2SAT, SOURCES.paper);
  return statement(
    `${fast}; superquadratic at B = Ω(${root}).`,
    'standard hypotheses that depend on h',
    `${SOURCES.paper}, Theorem 3.6`,
  );
}

/** (ln n)^(1/k): what an entry bound is compared with. The theorem is asymptotic; the constant in front is not known. */
export function entryThreshold(k: number, n: number): number {
  return Math.log(n) ** (1 / k);
}

/** x1x2 + x2x3 + x3x1 with any coefficients. */
export function isStrassen(polynomial: Polynomial): boolean {
  return polynomial.variableCount === 3 && polynomial.monomials.length === 3 && degreeOf(polynomial) === 2;
}

export function occurs(polynomial: Polynomial, variable: number): boolean {
  return polynomial.monomials.some(({ variables }) => variables.includes(variable));
}

function unitCoefficients(polynomial: Polynomial): boolean {
  return polynomial.monomials.every(({ coefficient }) => coefficient === 1);
}
