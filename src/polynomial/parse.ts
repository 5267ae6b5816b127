/**
 * Text → polynomial: `x1*x2 + x2*x3`, `x1x2-0.5x2x3`.
 *
 *   sum      = [sign] term { sign term }
 *   term     = [number ["*"]] variable { ["*"] variable }
 *   variable = "x" digits
 *
 * White space is free between tokens. Errors name the character, counted from 1 in Unicode code points.
 */

import {
  createPolynomial,
  formatVariables,
  MAX_VARIABLES,
  type Monomial,
  monomialKey,
  type Polynomial,
  refusePolynomial,
} from './polynomial.ts';

/** The canonical text of any polynomial fits: 247 monomials in 8 variables, each with a coefficient of 24 characters. */
export const MAX_TEXT_LENGTH = 16_384;

interface Cursor {
  readonly characters: readonly string[];
  index: number;
}

interface Term {
  readonly column: number;
  readonly monomial: Monomial;
}

/**
 * Parses and validates an attention polynomial; the number of variables is the largest index that occurs.
 *
 * @throws 422 `invalid_request` at pointer `/polynomial`; the detail names the character and what was found or is wrong there.
 */
export function parsePolynomial(text: string): Polynomial {
  if (text.length > MAX_TEXT_LENGTH) {
    refusePolynomial(`the polynomial has ${text.length} characters; at most ${MAX_TEXT_LENGTH} are read`);
  }
  const cursor: Cursor = { characters: Array.from(text), index: 0 };
  const terms = readSum(cursor);
  refuseDuplicates(terms);
  const variableCount = countVariables(terms);
  return createPolynomial(
    variableCount,
    terms.map((term) => term.monomial),
  );
}

function readSum(cursor: Cursor): Term[] {
  skipSpace(cursor);
  if (peek(cursor) === '') refusePolynomial('the polynomial is empty, expected monomials such as x1*x2 + x2*x3');
  const terms: Term[] = [];
  let sign = readSign(cursor) ?? 1;
  for (;;) {
    terms.push(readTerm(cursor, sign));
    if (peek(cursor) === '') return terms;
    const next = readSign(cursor);
    if (next === undefined) return refuseAfterTerm(cursor);
    sign = next;
  }
}

function refuseAfterTerm(cursor: Cursor): never {
  const character = peek(cursor);
  if (isNumberStart(character)) refuseFound(cursor, '"+", "-", "*" or a variable; a coefficient stands once, before the variables');
  if (character === '^')
    refuseFound(cursor, '"+", "-", "*" or a variable; each variable occurs at most once in a monomial, so there are no powers');
  return refuseFound(cursor, '"+", "-", "*", a variable or the end');
}

function readSign(cursor: Cursor): number | undefined {
  const character = peek(cursor);
  if (character !== '+' && character !== '-') return undefined;
  cursor.index += 1;
  skipSpace(cursor);
  return character === '-' ? -1 : 1;
}

/** Reads one term and the white space behind it. */
function readTerm(cursor: Cursor, sign: number): Term {
  const column = cursor.index + 1;
  const variables: number[] = [];
  const hasCoefficient = isNumberStart(peek(cursor));
  const size = hasCoefficient ? readCoefficient(cursor) : 1;
  skipSpace(cursor);
  for (;;) {
    const star = peek(cursor) === '*' && (hasCoefficient || variables.length > 0);
    if (star) {
      cursor.index += 1;
      skipSpace(cursor);
    }
    if (peek(cursor) === 'x') variables.push(readVariable(cursor, variables));
    else if (star || (!hasCoefficient && variables.length === 0)) refuseMissingFactor(cursor, star);
    else break;
    skipSpace(cursor);
  }
  // Anything else that follows is the better thing to complain about, and readSum does.
  if (/^[+-]?$/.test(peek(cursor))) refuseLowDegree(column, variables);
  return { column, monomial: { coefficient: sign * size, variables } };
}

function refuseMissingFactor(cursor: Cursor, star: boolean): never {
  if (star && isNumberStart(peek(cursor)))
    refuseFound(cursor, 'a variable such as x1; a coefficient stands once, before the variables');
  return refuseFound(cursor, star ? 'a variable such as x1' : 'a coefficient or a variable such as x1');
}

function refuseLowDegree(column: number, variables: readonly number[]): void {
  const [variable] = variables;
  if (variable === undefined) {
    refuseAt(column, 'a constant term is not allowed: it would multiply every weight by the same factor and change nothing');
  }
  if (variables.length === 1) {
    const advice =
      variable === 1 ? 'in x1 alone it would change nothing' : `a term that could be a bias belongs in the tensor b${variable}`;
    refuseAt(column, `the term in x${variable} has degree 1, every monomial needs at least two variables; ${advice}`);
  }
}

function readVariable(cursor: Cursor, before: readonly number[]): number {
  const column = cursor.index + 1;
  cursor.index += 1;
  const digits = readDigits(cursor);
  if (digits === '') refuseFound(cursor, 'the number of the variable directly after "x"');
  if (/^0+$/.test(digits)) refuseAt(column, 'there is no x0: variables are numbered from x1');
  if (digits.startsWith('0')) refuseAt(column, 'the number of a variable has no leading zeros');
  const variable = Number(digits);
  if (variable > MAX_VARIABLES) {
    const name = digits.length > 6 ? `x${digits.slice(0, 6)}...` : `x${digits}`;
    refuseAt(column, `${name} is beyond x${MAX_VARIABLES}: at most ${MAX_VARIABLES} variables are supported`);
  }
  if (before.includes(variable)) {
    refuseAt(
      column,
      `x${variable} occurs twice in one monomial; each variable occurs at most once (the polynomial is multilinear)`,
    );
  }
  return variable;
}

function readCoefficient(cursor: Cursor): number {
  const first = cursor.index;
  const whole = readDigits(cursor);
  let fraction = '';
  if (peek(cursor) === '.') {
    cursor.index += 1;
    fraction = readDigits(cursor);
    if (whole === '' && fraction === '') refuseFound(cursor, 'a digit after the decimal point');
  }
  if (/^[eE]$/.test(peek(cursor))) {
    cursor.index += 1;
    if (/^[+-]$/.test(peek(cursor))) cursor.index += 1;
    if (readDigits(cursor) === '') refuseFound(cursor, 'the digits of the exponent');
  }
  const value = Number(cursor.characters.slice(first, cursor.index).join(''));
  if (!Number.isFinite(value)) refuseAt(first + 1, 'the coefficient is too large for a 64-bit float: it must be finite');
  if (value === 0) refuseAt(first + 1, 'the coefficient is zero (or rounds to zero); leave the monomial out');
  return value;
}

function refuseDuplicates(terms: readonly Term[]): void {
  const columns = new Map<string, number>();
  for (const { column, monomial } of terms) {
    const key = monomialKey(monomial.variables);
    const earlier = columns.get(key);
    if (earlier !== undefined) {
      refuseAt(
        column,
        `the monomial ${formatVariables(monomial.variables)} stands already at character ${earlier}; write it once, with the sum of the coefficients`,
      );
    }
    columns.set(key, column);
  }
}

function countVariables(terms: readonly Term[]): number {
  const used = new Set(terms.flatMap((term) => term.monomial.variables));
  const variableCount = Math.max(...used);
  if (!used.has(1)) refusePolynomial('x1 occurs in no monomial; x1 is the variable of the output rows and must be there');
  for (let variable = 2; variable < variableCount; variable++) {
    if (!used.has(variable)) {
      refusePolynomial(`x${variable} occurs in no monomial although x${variableCount} does; number the variables without gaps`);
    }
  }
  return variableCount;
}

function readDigits(cursor: Cursor): string {
  const first = cursor.index;
  while (/^[0-9]$/.test(peek(cursor))) cursor.index += 1;
  return cursor.characters.slice(first, cursor.index).join('');
}

function skipSpace(cursor: Cursor): void {
  while (/^\s$/u.test(peek(cursor))) cursor.index += 1;
}

/** The present character, or '' at the end. */
function peek(cursor: Cursor): string {
  return cursor.characters[cursor.index] ?? '';
}

function isNumberStart(character: string): boolean {
  return /^[0-9.]$/.test(character);
}

function refuseFound(cursor: Cursor, expected: string): never {
  return refuseAt(cursor.index + 1, `found ${describeCharacter(peek(cursor))}, expected ${expected}`);
}

function refuseAt(column: number, reason: string): never {
  return refusePolynomial(`polynomial, character ${column}: ${reason}`);
}

/** Anything but printable ASCII goes out as its code point: a lone surrogate must not travel into a response. */
function describeCharacter(character: string): string {
  if (character === '') return 'the end of the text';
  if (/^[ -~]$/.test(character)) return JSON.stringify(character);
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
