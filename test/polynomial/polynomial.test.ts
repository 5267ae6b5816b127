import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPolynomial, degreeOf, formatPolynomial } from '../../src/polynomial/polynomial.ts';
import { polynomials } from './arbitrary.ts';

describe('createPolynomial', () => {
  it('sorts by degree, then from the left, whatever the order given', () => {
    const sets = [
      [4, 3, 1],
      [3, 2],
      [2, 1],
      [1, 2, 4],
    ];
    const polynomial = createPolynomial(
      4,
      sets.map((variables, i) => ({ coefficient: i + 1, variables })),
    );
    expect(formatPolynomial(polynomial)).toBe('3*x1*x2 + 2*x2*x3 + 4*x1*x2*x4 + x1*x3*x4');
    expect(degreeOf(polynomial)).toBe(3);
  });

  it('is its own normal form', () => {
    fc.assert(
      fc.property(polynomials(), fc.integer(), (polynomial, seed) => {
        const shuffled = polynomial.monomials.toSorted((a, b) => Math.sin(seed + a.coefficient) - Math.sin(seed + b.coefficient));
        const reversed = shuffled.map(({ coefficient, variables }) => ({ coefficient, variables: variables.toReversed() }));
        expect(createPolynomial(polynomial.variableCount, reversed)).toEqual(polynomial);
      }),
    );
  });

  it('takes variables that occur nowhere, and the empty sum', () => {
    expect(createPolynomial(4, [{ coefficient: 1, variables: [2, 3] }]).variableCount).toBe(4);
    expect(formatPolynomial(createPolynomial(2, []))).toBe('0');
    expect(degreeOf(createPolynomial(2, []))).toBe(0);
  });

  it.each([
    [9, [], /from 1 to 8/],
    [0, [], /from 1 to 8/],
    [2.5, [], /from 1 to 8/],
    [2, [{ coefficient: 1, variables: [2] }], /degree 1/],
    [2, [{ coefficient: 1, variables: [] }], /degree 0/],
    [2, [{ coefficient: 1, variables: [1, 3] }], /outside x1..x2/],
    [2, [{ coefficient: 1, variables: [1, 1] }], /repeats a variable/],
    [2, [{ coefficient: 0, variables: [1, 2] }], /must be finite and not zero/],
    [2, [{ coefficient: Number.NaN, variables: [1, 2] }], /must be finite/],
    [3, ['12', '21'].map((text) => ({ coefficient: 1, variables: [...text].map(Number) })), /occurs twice/],
  ])('refuses t = %s with %j', (variableCount, monomials, message) => {
    expect(() => createPolynomial(variableCount, monomials)).toThrow(message);
  });
});
