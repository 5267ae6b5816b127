import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitOf, neighboursOf, primalGraph } from '../../src/polynomial/graph.ts';
import { parsePolynomial } from '../../src/polynomial/parse.ts';
import { largestClique, nearestCycle, type Tied, widestMonomial } from '../../src/polynomial/ties.ts';
import { polynomials } from './arbitrary.ts';

describe('tied variables', () => {
  it.each<[string, Tied | null]>([
    ['x1x2+x2x3', null],
    ['x1x2+x3x4+x4x5+x3x5', null],
    ['x1x2+x2x3+x1x3', { variables: [1, 2, 3], ties: [] }],
    ['x1x2+x2x3+x3x4+x1x4', { variables: [1, 2, 3], ties: [[1, 4]] }],
    ['x1x2+x2x3+x3x4+x2x4', { variables: [2, 3, 4], ties: [[1, 2]] }],
  ])('shrink the cycle of %s', (text, expected) => {
    expect(nearestCycle(primalGraph(parsePolynomial(text)))).toEqual(expected);
  });

  it.each<[string, Tied]>([
    ['x1x2+x3x4x5', { variables: [1, 2], ties: [] }],
    ['x1x2x3+x1x4x5', { variables: [1, 4, 5], ties: [] }],
    [
      'x1x2+x2x3+x3x4x5',
      {
        variables: [3, 4, 5],
        ties: [
          [1, 2],
          [2, 3],
        ],
      },
    ],
    ['x1x2x3+x3x4x5x6', { variables: [3, 4, 5, 6], ties: [[1, 3]] }],
  ])('reach the widest monomial of %s', (text, expected) => {
    const polynomial = parsePolynomial(text);
    expect(widestMonomial(polynomial, primalGraph(polynomial))).toEqual(expected);
  });

  it('are edges that lead from x1, each variable once, and leave the pairs they promise', () => {
    fc.assert(
      fc.property(polynomials(), (polynomial) => {
        const graph = primalGraph(polynomial);
        const adjacent = (a: number, b: number): boolean => (neighboursOf(graph, a) & bitOf(b)) !== 0;
        for (const found of [nearestCycle(graph), largestClique(graph)]) {
          if (found === null) continue;
          const { variables, ties } = found;
          const asRoot = [1];
          for (const [from, to] of ties) {
            expect(adjacent(from, to)).toBe(true);
            expect(asRoot).toContain(from);
            expect(asRoot).not.toContain(to);
            asRoot.push(to);
          }
          const [first, ...others] = variables;
          expect(asRoot).toContain(first);
          const places = [asRoot, ...others.map((variable) => [variable])];
          expect(new Set(places.flat()).size).toBe(places.flat().length);
          places.forEach((a, i) => {
            for (const b of places.slice(0, i)) expect(a.some((x) => b.some((y) => adjacent(x, y)))).toBe(true);
          });
        }
      }),
    );
  });
});
