/** Polynomials that every exact algorithm has to get right (issue: t <= 5, degrees 2..4). */
export const POLYNOMIALS = [
  'x1*x2',
  'x1*x2 + x2*x3',
  'x1*x2 + x2*x3 + x3*x4',
  'x1*x2 + x1*x3 + x1*x4',
  'x1*x2 + x2*x3 + x2*x4',
  'x1*x2 + x3*x4',
  'x1*x2 + x3*x4 + x3*x5',
  'x1*x2 + x2*x3 + x1*x3',
  'x1*x2 + x2*x3 + x3*x4 + x1*x4',
  'x1*x2 + x1*x3 + x1*x4 + x2*x3 + x2*x4 + x3*x4',
  'x1*x2 + x2*x3 + x1*x3 + x3*x4 + x4*x5 + x3*x5',
  'x1*x2*x3',
  'x1*x2*x3 + x3*x4',
  'x1*x2*x3*x4',
  'x1*x2*x3 + x2*x4 + x3*x4',
  '0.5*x1*x2 - 2*x2*x3 + x1*x2*x3',
  'x1*x2 + x2*x3*x4',
  'x1*x2 + x3*x4*x5',
] as const;

/** The monomials of a polynomial in the plain notation above, read without the project's parser. */
export function monomialsOf(text: string): { coefficient: number; variables: number[] }[] {
  return text
    .replaceAll('- ', '+ -')
    .split('+')
    .map((term) => {
      const factors = term.trim().split('*');
      const coefficient = factors[0]?.startsWith('x') ? 1 : Number(factors.shift());
      return { coefficient, variables: factors.map((factor) => Number(factor.slice(1))) };
    });
}

export function variableCountOf(text: string): number {
  return Math.max(...monomialsOf(text).flatMap(({ variables }) => variables));
}
