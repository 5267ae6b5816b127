import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockTree } from '../../src/polynomial/blocks.ts';
import { allVariables, componentsOf, primalGraph, reachable, toSet } from '../../src/polynomial/graph.ts';
import { parsePolynomial } from '../../src/polynomial/parse.ts';
import { polynomials, upTo } from './arbitrary.ts';

const shape = (text: string): string =>
  blockTree(parsePolynomial(text))
    .blocks.map(({ variables }) => variables.join(''))
    .join(' ');

describe('blockTree', () => {
  it.each([
    ['x1x2+x2x3', '23 12'],
    ['x1x2+x2x3+x1x3+x3x4', '34 123'],
    ['x1x2+x2x3+x3x4+x2x4', '234 12'],
    ['x1x2+x2x3+x1x3+x4x5+x5x6+x4x6+x3x4', '456 34 123'],
    ['x1x2x3+x3x4', '34 123'],
  ])('of %s', (text, expected) => {
    expect(shape(text)).toBe(expected);
  });

  it('puts every monomial into one block, and no two blocks share two variables', () => {
    fc.assert(
      fc.property(polynomials(), (polynomial) => {
        const { blocks, roots } = blockTree(polynomial);
        expect(blocks.flatMap(({ monomials }) => monomials)).toHaveLength(polynomial.monomials.length);
        for (const [i, a] of blocks.entries()) {
          for (const b of blocks.slice(i + 1))
            expect(a.variables.filter((variable) => b.variables.includes(variable)).length).toBeLessThan(2);
        }
        expect(roots).toHaveLength(componentsOf(primalGraph(polynomial), allVariables(polynomial.variableCount)).length);
        expect(roots[0]).toBe(1);
      }),
    );
  });

  it('leaves blocks that no single variable can split, messages before they are read', () => {
    fc.assert(
      fc.property(polynomials(), (polynomial) => {
        const graph = primalGraph(polynomial);
        const { blocks, roots } = blockTree(polynomial);
        const sent = new Set<number>();
        for (const { root, variables } of blocks.toReversed()) {
          // Read backwards: the root of a block is a root of the tree, or a variable of a block that comes later.
          expect(roots.includes(root) || sent.has(root)).toBe(true);
          for (const variable of variables) sent.add(variable);
          for (const removed of variables) {
            const rest = toSet(variables.filter((variable) => variable !== removed));
            expect(reachable(graph, variables.find((variable) => variable !== removed) ?? 0, rest)).toBe(rest);
          }
        }
        expect([...new Set([...sent, ...roots])].toSorted()).toEqual(upTo(polynomial.variableCount));
      }),
    );
  });
});
