import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../src/errors.ts';
import { MAX_TEXT_LENGTH, parsePolynomial } from '../../src/polynomial/parse.ts';
import { formatPolynomial } from '../../src/polynomial/polynomial.ts';
import { polynomials } from './arbitrary.ts';

function refusal(text: string): string {
  try {
    parsePolynomial(text);
  } catch (error) {
    expect(error).toBeInstanceOf(ServiceError);
    const { code, message, extra } = error as ServiceError;
    expect(code).toBe('invalid_request');
    expect(extra.errors).toEqual([{ pointer: '/polynomial', detail: message }]);
    return message;
  }
  return 'accepted';
}

describe('parsePolynomial reads', () => {
  it.each([
    ['x1*x2', 'x1*x2'],
    ['x1x2+x2x3', 'x1*x2 + x2*x3'],
    [' \t x1 * x2\n+ x2 x3 ', 'x1*x2 + x2*x3'],
    ['x3x2 + x2x1', 'x1*x2 + x2*x3'],
    ['x1*x2*x3 + x1*x2', 'x1*x2 + x1*x2*x3'],
    ['0.5*x1*x2', '0.5*x1*x2'],
    ['2x1x2', '2*x1*x2'],
    ['2 x1 x2', '2*x1*x2'],
    ['.5x1x2', '0.5*x1*x2'],
    ['2.x1x2', '2*x1*x2'],
    ['1e-3*x1*x2', '0.001*x1*x2'],
    ['1E+3x1*x2', '1000*x1*x2'],
    ['-x1x2', '-x1*x2'],
    ['+x1x2 - 2x2x3', 'x1*x2 - 2*x2*x3'],
    ['- x1x2 -x1x3', '-x1*x2 - x1*x3'],
    ['x8x7x6x5x4x3x2x1', 'x1*x2*x3*x4*x5*x6*x7*x8'],
  ])('%j as %s', (text, canonical) => {
    expect(formatPolynomial(parsePolynomial(text))).toBe(canonical);
  });

  it('coefficients and variables as they are', () => {
    expect(parsePolynomial('x2*x3 - 0.25x2x1')).toEqual({
      variableCount: 3,
      monomials: [
        { coefficient: -0.25, variables: [1, 2] },
        { coefficient: 1, variables: [2, 3] },
      ],
    });
  });

  it('back what formatPolynomial wrote', () => {
    fc.assert(
      fc.property(polynomials(), (polynomial) => {
        expect(parsePolynomial(formatPolynomial(polynomial))).toEqual(polynomial);
      }),
    );
  });

  it('the canonical text of the longest polynomial', () => {
    const terms: string[] = [];
    for (let set = 0; set < 256; set++) {
      const variables = [1, 2, 3, 4, 5, 6, 7, 8].filter((variable) => set & (1 << (variable - 1)));
      if (variables.length >= 2) terms.push(`- 1.2345678901234567e-300*${variables.map((variable) => `x${variable}`).join('*')}`);
    }
    const polynomial = parsePolynomial(terms.join(' '));
    expect(polynomial.monomials).toHaveLength(247);
    expect(parsePolynomial(formatPolynomial(polynomial))).toEqual(polynomial);
  });
});

describe('parsePolynomial refuses', () => {
  it.each([
    ['', /is empty/],
    ['   ', /is empty/],
    ['x1*x2 +', /character 8: found the end of the text, expected a coefficient or a variable/],
    ['x1*', /character 4: found the end of the text, expected a variable/],
    ['x1*x2 + y', /character 9: found "y", expected a coefficient or a variable/],
    ['x1*x2 y', /character 7: found "y", expected "\+"/],
    ['x1**x2', /character 4: found "\*", expected a variable/],
    ['*x1x2', /character 1: found "\*"/],
    ['x1x2 + -x2x3', /character 8: found "-"/],
    ['--x1x2', /character 2: found "-"/],
    ['X1*X2', /character 1: found "X"/],
    ['x 1*x2', /character 2: found " ", expected the number of the variable/],
    ['x1^2', /character 3: found "\^".*no powers/],
    ['x1x2^2', /character 5: found "\^".*no powers/],
    ['x1*2*x2', /character 4: found "2".*before the variables/],
    ['x1x2 3', /character 6: found "3".*before the variables/],
    ['2*3*x1x2', /character 3: found "3".*before the variables/],
    ['1.e*x1x2', /character 4: found "\*", expected the digits of the exponent/],
    ['.x1x2', /character 2: found "x", expected a digit/],
    ['1.5.2x1x2', /character 4: found "\."/],
    ['(x1*x2)', /character 1: found "\("/],
    ['NaN*x1x2', /character 1: found "N"/],
    ['x1*x1', /character 4: x1 occurs twice in one monomial/],
    ['x1x2 + x2x3x2', /character 12: x2 occurs twice/],
    ['x1x2 + x2', /character 8: the term in x2 has degree 1.*bias belongs in the tensor b2/],
    ['x1x2 + 3x1', /character 8: the term in x1 has degree 1/],
    ['x1x2 - 4', /character 8: a constant term/],
    ['x1x2 + x2x1', /character 8: the monomial x2\*x1 stands already at character 1/],
    ['x1x2 + 2x1x2', /stands already at character 1/],
    ['0*x1*x2', /character 1: the coefficient is zero/],
    ['x1x2 - 1e-400x2x3', /character 8: the coefficient is zero/],
    ['1e400*x1*x2', /character 1: the coefficient is too large/],
    ['x0*x1', /character 1: there is no x0/],
    ['x1*x02', /character 4: .*leading zeros/],
    ['x2*x3', /x1 occurs in no monomial/],
    ['x1*x3', /x2 occurs in no monomial although x3 does/],
    ['x1*x9', /character 4: x9 is beyond x8/],
    ['x1*x99999999999999999999', /character 4: x999999\.\.\. is beyond x8/],
    ['x1*x2\uD800', /character 6: found U\+D800/],
    ['\u{1F600}x1x2', /character 1: found U\+1F600/],
    ['x1*x\u{FF12}', /character 5: found U\+FF12/],
    ['\u{1F600}', /character 1/],
    ['x1*x2\u0000', /character 6: found U\+0000/],
  ])('%j', (text, message) => {
    expect(refusal(text)).toMatch(message);
  });

  it('counts characters, not code units', () => {
    expect(refusal('x1*x2 + \u{1F600}')).toMatch(/character 9: found U\+1F600/);
  });

  it('a text that is too long, without reading it', () => {
    expect(refusal(`x1x2${' '.repeat(MAX_TEXT_LENGTH)}`)).toMatch(/at most 16384/);
    expect(refusal(`x1x2${' '.repeat(MAX_TEXT_LENGTH - 4)}`)).toBe('accepted');
  });

  it('anything else with the same kind of error, and never breaks', () => {
    const odd = fc.string({ unit: fc.constantFrom(...'x12389+-*. e^(', '\uD800', '\uDC00', '\u00A0', '\u0000', '__proto__') });
    fc.assert(
      fc.property(fc.oneof(odd, fc.string({ unit: 'binary' })), (text) => {
        const message = refusal(text);
        if (message === 'accepted') expect(parsePolynomial(formatPolynomial(parsePolynomial(text)))).toEqual(parsePolynomial(text));
        expect(message.isWellFormed()).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
