import type { Problem } from '../../contract/request.ts';
import { type ProjectionError, UNITS } from './certificate.ts';
import type { Survey } from './survey.ts';

export const NO_PROJECTIONS: ProjectionError = { score: 0, value: 0 };

/** The tensors that a survey must measure for it: tokens and weights. */
export function projectedTensors({ projected, d, dv }: Problem): { name: string; weights: boolean; cols: number }[] {
  if (projected.names.length === 0) return [];
  const weights = projected.names.map((name) => ({ name: `w${name}`, weights: true, cols: name.startsWith('q') ? d : dv }));
  return [{ name: 'x', weights: false, cols: projected.m }, ...weights];
}

/**
 * What rounding of projections X W changes: they are computed before anything else, and the certificate is of the definition on tokens and
 * weights. A sum of m products is off by at most (m + 4) u Σ_k |x_k| |w_kc|, the rounding of tokens and weights that came wider in it, so a
 * row by at most (m + 4) u |x| |W| in length, |W|^2 = Σ w_kc^2 at most m times the longest row's.
 * The problem has its projections still before it.
 */
export function projectionError({ polynomial, scale, projected, hasValues, precision }: Problem, survey: Survey): ProjectionError {
  if (projected.names.length === 0) return NO_PROJECTIONS;
  const length = (name: string): number => Math.max(0, ...(survey.get(name) ?? []).map(({ raw }) => raw.norms[1] as number));
  const tokens = length('x');
  const lost = (name: string): number => {
    if (!projected.names.includes(name)) return 0;
    return (projected.m + 4) * UNITS[precision] * tokens * Math.sqrt(projected.m) * length(`w${name}`);
  };
  // Products of computed sizes, and of those as far off as they may be: of k rows by their lengths, of values by their entries.
  const change = (sizes: readonly (readonly [number, number])[]): number =>
    sizes.reduce((all, [size, off]) => all * (size + off), 1) - sizes.reduce((all, [size]) => all * size, 1);
  const score = polynomial.monomials.reduce((sum, { coefficient, variables }) => {
    const sizes = variables.map((variable) => [length(`q${variable}`), lost(`q${variable}`)] as const);
    return sum + Math.abs(scale * coefficient) * change(sizes);
  }, 0);
  const entry = (name: string): number => Math.max(0, ...(survey.get(name) ?? []).map(({ raw }) => raw.entry));
  const names = hasValues.flatMap((has, j) => (has ? [`v${j + 1}`] : []));
  return { score: 1.00001 * score, value: 1.00001 * change(names.map((name) => [entry(name), lost(name)] as const)) };
}
