import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { polynomialFacts } from '../../src/polynomial/facts.ts';
import { depthsOf, rootForest } from '../../src/polynomial/forest.ts';
import { bitOf, neighboursOf, residualGraph, toSet } from '../../src/polynomial/graph.ts';
import { parsePolynomial } from '../../src/polynomial/parse.ts';
import { createPolynomial } from '../../src/polynomial/polynomial.ts';
import { polynomials, upTo } from './arbitrary.ts';

const text = (nodes: readonly { variable: number; parent: number }[]): string =>
  nodes.map(({ variable, parent }) => `${variable}<${parent}`).join(' ');

describe('rootForest', () => {
  it.each([
    ['x1x2+x2x3', [], '3<2 2<1 1<0'],
    ['x1x2+x1x3', [], '2<1 3<1 1<0'],
    ['x1x2+x2x3+x2x4', [], '3<2 4<2 2<1 1<0'],
    ['x1x2+x3x4+x4x5', [], '3<4 5<4 4<0 2<1 1<0'],
    ['x1x2+x3x4+x4x5+x5x6', [], '3<4 6<5 5<4 4<0 2<1 1<0'],
    ['x1x2+x2x3+x1x3', [1], '3<2 2<0'],
    ['x1x2+x2x3+x1x3', [2], '3<1 1<0'],
    ['x1x2x3', [2], '3<1 1<0'],
    ['x1x2x3x4', [1, 2], '4<3 3<0'],
    ['x1x2x3', [2, 3], '1<0'],
    ['x1x2', [1, 2], ''],
  ])('of %s with %j fixed', (polynomial, fixed, expected) => {
    expect(text(rootForest(parsePolynomial(polynomial), fixed))).toBe(expected);
  });

  it('has mask edges and lonely variables', () => {
    expect(text(rootForest(parsePolynomial('x1x2+x3x4'), [], [[2, 3]]))).toBe('4<3 3<2 2<1 1<0');
    expect(text(rootForest(createPolynomial(3, [{ coefficient: 1, variables: [1, 2] }])))).toBe('3<0 2<1 1<0');
  });

  it('refuses what is no forest', () => {
    expect(() => rootForest(parsePolynomial('x1x2+x2x3+x1x3'))).toThrow(/does not leave a forest/);
    expect(() => rootForest(parsePolynomial('x1x2x3'))).toThrow(/does not leave a forest/);
    expect(() => rootForest(parsePolynomial('x1x2+x2x3'), [], [[1, 3]])).toThrow(/does not leave a forest/);
  });

  it('holds every free variable and every free pair once, children first, x1 as the last root', () => {
    fc.assert(
      fc.property(polynomials(), (polynomial) => {
        const { cutset } = polynomialFacts(polynomial);
        const residual = residualGraph(polynomial, [], toSet(cutset)) ?? [];
        const nodes = rootForest(polynomial, cutset);
        const variables = nodes.map(({ variable }) => variable);
        expect(variables.toSorted()).toEqual(upTo(polynomial.variableCount).filter((variable) => !cutset.includes(variable)));
        for (const [i, { variable, parent }] of nodes.entries()) {
          if (parent === 0) continue;
          expect(variables.indexOf(parent)).toBeGreaterThan(i);
          expect(neighboursOf(residual, variable) & bitOf(parent)).not.toBe(0);
        }
        const edges = residual.reduce((sum, set) => sum + [...set.toString(2)].filter((digit) => digit === '1').length, 0) / 2;
        expect(nodes.filter(({ parent }) => parent !== 0)).toHaveLength(edges);
        if (!cutset.includes(1)) expect(nodes.at(-1)).toEqual({ variable: 1, parent: 0 });
      }),
    );
  });

  it('knows depths', () => {
    expect(depthsOf(rootForest(parsePolynomial('x1x2+x2x3+x2x4')), 4)).toEqual([0, 1, 2, 2]);
    expect(depthsOf(rootForest(parsePolynomial('x1x2+x2x3+x1x3'), [1]), 3)).toEqual([-1, 0, 1]);
  });
});
