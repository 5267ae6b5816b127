import { describe, expect, it } from 'vitest';
import { createCompiler } from '../../src/schedule/compiler.ts';
import { FULL, problemOf } from '../plan/machine.ts';

/** Plans are kept by polynomial, mask and shape: what they depend on, and nothing else. */

describe('the compiler', () => {
  it('gives the same plan for the same question, however it was written', () => {
    const compile = createCompiler(FULL);
    const plan = compile(problemOf('x1*x2 + x2*x3'));
    expect(compile(problemOf('x2x3 + x2*x1'))).toBe(plan);
    expect(compile(problemOf('x1*x2 + x2*x3', { mask: { type: 'none' } }))).toBe(plan);
  });

  it.each([
    ['polynomial', 'x1*x2 + x1*x3', {}],
    ['coefficient', 'x1*x2 + 2*x2*x3', {}],
    ['mask', 'x1*x2 + x2*x3', { mask: { type: 'edge-causal' } }],
    ['n', 'x1*x2 + x2*x3', { shape: { n: 65, d: 8 } }],
    ['d', 'x1*x2 + x2*x3', { shape: { n: 64, d: 9 } }],
    ['dv', 'x1*x2 + x2*x3', { shape: { n: 64, d: 8, dv: 9 } }],
    ['heads', 'x1*x2 + x2*x3', { shape: { n: 64, d: 8, heads: 2 } }],
    ['scale', 'x1*x2 + x2*x3', { scale: 2 }],
    ['precision', 'x1*x2 + x2*x3', { precision: 'float64' }],
    ['algorithm', 'x1*x2 + x2*x3', { algorithm: 'conditioning' }],
  ])('makes another one for another %s', (_, polynomial, options) => {
    const compile = createCompiler(FULL);
    const plan = compile(problemOf('x1*x2 + x2*x3'));
    const other = compile(problemOf(polynomial, options));
    expect(other).not.toBe(plan);
    expect(other).toEqual(createCompiler(FULL)(problemOf(polynomial, options)));
  });

  it('keeps the 256 that were used last', () => {
    const compile = createCompiler(FULL);
    const ask = (n: number): unknown => compile(problemOf('x1*x2', { shape: { n, d: 4 } }));
    const [first, second] = [ask(1), ask(2)];
    for (let n = 3; n <= 256; n++) ask(n);
    expect(ask(1)).toBe(first);
    ask(257); // one too many: n = 2 is the one that was used longest ago
    expect(ask(1)).toBe(first);
    expect(ask(2)).not.toBe(second);
  });
});
