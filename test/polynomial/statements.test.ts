import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePolynomial } from '../../src/polynomial/parse.ts';
import { createPolynomial } from '../../src/polynomial/polynomial.ts';
import { approximationThreshold, entryThreshold, lowerBound, SOURCES, upperBound } from '../../src/polynomial/statements.ts';
import { polynomials } from './arbitrary.ts';

describe('lowerBound', () => {
  it.each([
    ['x1x2', /n\^\(2-o\(1\)\)/, /^SETH$/],
    ['x1x2+x2x3+x2x4', /n\^\(2-o\(1\)\)/, /^SETH$/],
    ['x1x2+x3x4+x4x5', /n\^\(2-o\(1\)\)/, /^SETH$/],
    ['x1x2x3x4', /n\^\(4-o\(1\)\)/, /^SETH$/],
    ['x1x2+x2x3+x1x3', /n\^\(ω-o\(1\)\)/, /^Max-2SAT/],
    ['x1x2+x2x3+x3x4+x4x1', /superquadratic.*open/, /depends on h.*Max-2SAT/],
    ['x1x2x3+x3x4', /superquadratic.*open/, /depends on h.*SETH/],
  ])('of %s', (text, statement, hypothesis) => {
    const bound = lowerBound(parsePolynomial(text));
    expect(bound.text).toMatch(statement);
    expect(bound.hypothesis).toMatch(hypothesis);
    expect(bound.source).toContain('arXiv:');
  });

  it('says nothing where nothing is known, and for what coefficients it is known', () => {
    expect(lowerBound(createPolynomial(3, [{ coefficient: 1, variables: [2, 3] }]))).toMatchObject({
      hypothesis: null,
      source: SOURCES.unknown,
    });
    expect(lowerBound(parsePolynomial('2x1x2')).text).toContain('coefficients 1');
    expect(lowerBound(parsePolynomial('x1x2')).text).not.toContain('coefficients');
  });

  it('gives an exponent to trees, tensors and Strassen alone', () => {
    fc.assert(
      fc.property(polynomials(), (polynomial) => {
        const { text } = lowerBound(polynomial);
        expect(/n\^/.test(text)).toBe(!text.includes('superquadratic'));
      }),
    );
  });
});

describe('approximationThreshold', () => {
  it.each([
    ['x1x2', 1 / 2, /sqrt\(log n\).*n\^\(2-o\(1\)\)/, SOURCES.quadratic],
    ['x1x2+x2x3', 1 / 2, /sqrt\(log n\).*n\^\(2-o\(1\)\)/, 'Theorem 3.5'],
    ['x1x2x3', 1 / 3, /\(log n\)\^\(1\/3\).*n\^\(3-o\(1\)\)/, SOURCES.tensor],
    ['x1x2+x2x3+x1x3', 1 / 2, /sqrt\(log n\).*superquadratic/, SOURCES.paper],
    ['x1x2x3+x3x4+x4x5', 1 / 3, /\(log n\)\^\(1\/3\).*superquadratic/, 'Theorem 3.6'],
  ])('of %s', (text, exponent, statement, source) => {
    const threshold = approximationThreshold(parsePolynomial(text));
    expect(threshold.exponent).toBe(exponent);
    expect(threshold.text).toMatch(statement);
    expect(threshold.source).toContain(source);
  });

  it('has no lower half without x1, and no threshold for the empty sum', () => {
    expect(approximationThreshold(createPolynomial(3, [{ coefficient: 1, variables: [2, 3] }])).hypothesis).toBeNull();
    expect(approximationThreshold(createPolynomial(2, [])).exponent).toBe(0);
  });

  it('as a number', () => {
    expect(entryThreshold(2, Math.exp(9))).toBeCloseTo(3, 12);
    expect(entryThreshold(3, Math.exp(8))).toBeCloseTo(2, 12);
  });
});

describe('upperBound', () => {
  it.each([
    ['x1x2+x2x3', /n\^2.*2 attention calls/],
    ['x1x2x3', /n\^3/],
    ['x1x2+x2x3+x1x3', /n\^3.*n\^ω/],
    ['x1x2x3+x3x4', /n\^3.*fixing 1 /],
    ['x1x2+x2x3+x1x3+x4x5+x5x6+x4x6+x3x4', /n\^3.*treewidth 2/],
  ])('of %s', (text, statement) => {
    expect(upperBound(parsePolynomial(text)).text).toMatch(statement);
  });
});
