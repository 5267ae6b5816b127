import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Capability, capabilities, type Task } from '../../src/polynomial/capabilities.ts';
import { allVariables, isForestGraph, primalGraph, reachable } from '../../src/polynomial/graph.ts';
import { parsePolynomial } from '../../src/polynomial/parse.ts';
import { createPolynomial } from '../../src/polynomial/polynomial.ts';
import { SOURCES } from '../../src/polynomial/statements.ts';
import { polynomials } from './arbitrary.ts';

function short(text: string): string {
  return capabilities(parsePolynomial(text))
    .filter(({ task }) => task !== 'parity' && task !== 'dyck-1')
    .map(({ task, order, verdict }) => `${task}${order === null ? '' : `:${order}`}=${verdict}`)
    .join(' ');
}

const find = (text: string, task: Task): Capability | undefined =>
  capabilities(parsePolynomial(text)).find((entry) => entry.task === task);

describe('capabilities', () => {
  it.each([
    [
      'x1x2',
      'composition:1=yes composition:2=no two-lookups=open match-2:2=yes match-3:3=no match-k:4=open boolean-matrix-product=no root-finding:2=yes',
    ],
    [
      'x1x2+x2x3',
      'composition:2=yes composition:3=no two-lookups=open match-2:2=yes match-3:3=open match-k:4=open boolean-matrix-product=open root-finding:2=yes',
    ],
    [
      'x1x2+x2x3+x3x4+x4x5',
      'composition:4=yes composition:5=open two-lookups=open match-2:2=yes match-3:3=open match-k:4=open boolean-matrix-product=open root-finding:2=yes',
    ],
    [
      'x1x2+x2x3+x2x4',
      'composition:2=yes composition:3=open two-lookups=yes match-2:2=yes match-3:3=open match-k:4=open boolean-matrix-product=open root-finding:2=yes',
    ],
    [
      'x1x2+x1x3+x1x4',
      'composition:1=yes composition:2=no two-lookups=yes match-2:2=yes match-3:3=no match-k:4=open boolean-matrix-product=no root-finding:2=yes',
    ],
    [
      'x1x2+x2x3+x1x3',
      'composition:2=yes composition:3=no two-lookups=yes match-2:2=yes match-3:3=yes match-k:4=open boolean-matrix-product=yes root-finding:3=yes',
    ],
    [
      'x1x2x3',
      'composition:2=yes composition:3=no two-lookups=yes match-2:2=yes match-3:3=yes match-k:4=open boolean-matrix-product=yes root-finding:3=yes',
    ],
    [
      'x1x2x3x4',
      'composition:3=yes composition:4=open two-lookups=yes match-2:2=yes match-3:3=yes match-k:4=yes boolean-matrix-product=yes root-finding:4=yes',
    ],
    [
      'x1x2+x2x3+x3x4+x4x1',
      'composition:3=yes composition:4=open two-lookups=yes match-2:2=yes match-3:3=yes match-k:4=open boolean-matrix-product=yes root-finding:3=yes',
    ],
    [
      'x1x2+x1x3+x1x4+x2x3+x2x4+x3x4',
      'composition:3=yes composition:4=open two-lookups=yes match-2:2=yes match-3:3=yes match-k:4=yes boolean-matrix-product=yes root-finding:4=yes',
    ],
    [
      'x1x2+x2x3x4x5',
      'composition:4=yes composition:5=open two-lookups=yes match-2:2=yes match-3:3=yes match-k:4=yes boolean-matrix-product=yes root-finding:4=yes',
    ],
    [
      'x1x2+x3x4x5',
      'composition:1=yes composition:2=open two-lookups=open match-2:2=yes match-3:3=open match-k:4=open boolean-matrix-product=open root-finding:2=yes',
    ],
    [
      'x1x2+x3x4',
      'composition:1=yes composition:2=open two-lookups=open match-2:2=yes match-3:3=open match-k:4=open boolean-matrix-product=open root-finding:2=yes',
    ],
  ])('of %s', (text, expected) => {
    expect(short(text)).toBe(expected);
  });

  it('follow the path, the branching and the triangle that are there', () => {
    expect(find('x1x3+x3x2', 'composition')?.statement).toContain('x1 - x3 - x2');
    expect(find('x1x2+x2x3+x3x4+x3x5', 'two-lookups')?.statement).toContain('2 lookups: x3 branches to x4 and x5');
    expect(find('x1x3+x1x4+x3x4+x1x2', 'match-3')?.statement).toContain('three heads, by the pairs of x1, x3, x4');
    expect(find('x1x2+x1x3x4', 'match-3')?.statement).toContain('one head, by the monomial x1*x3*x4');
  });

  it('tie to x1 what it does not hold, and say how', () => {
    const square = find('x1x2+x2x3+x3x4+x4x1', 'match-3');
    expect(square?.statement).toContain('three heads, by the pairs of x1, x2, x3');
    expect(square?.construction).toContain('x4 takes the row of x1');
    const behind = find('x1x2+x2x3x4', 'match-3');
    expect(behind?.statement).toContain('one head, by the monomial x2*x3*x4');
    expect(behind?.construction).toContain('x2 takes the row of x1');
    expect(find('x1x2+x2x3+x1x3', 'match-3')?.construction).not.toContain('takes the row');
    expect(find('x1x2+x1x3+x1x4+x2x3+x2x4+x3x4', 'match-k')?.statement).toContain('k heads');
  });

  it('give Match3 and the Boolean product to all but trees, and to no tree', () => {
    fc.assert(
      fc.property(polynomials(), (polynomial) => {
        const list = capabilities(polynomial);
        const graph = primalGraph(polynomial);
        const reached = reachable(graph, 1, allVariables(polynomial.variableCount));
        // A monomial of degree 3 is a triangle of the primal graph.
        const expected = reached !== 1 && !isForestGraph(graph, reached);
        for (const task of ['match-3', 'boolean-matrix-product'] as const) {
          expect(list.find((entry) => entry.task === task)?.verdict === 'yes').toBe(expected);
        }
      }),
    );
  });

  it('need sign copies only where a smaller monomial or a larger one gets in the way', () => {
    expect(find('x1x2x3', 'match-3')?.construction).not.toContain('signs');
    expect(find('x1x2x3+x1x2', 'match-3')?.construction).toContain('signs');
    expect(find('x1x2+x2x3', 'composition')?.construction).not.toContain('signs');
    expect(find('x1x2x3', 'composition')?.construction).toContain('signs');
  });

  it('claim nothing that needs the query row where x1 occurs in no monomial', () => {
    const list = capabilities(createPolynomial(3, [{ coefficient: 1, variables: [2, 3] }]));
    expect(list.every(({ verdict }) => verdict !== 'yes')).toBe(true);
    expect(list.find(({ task }) => task === 'match-2')?.verdict).toBe('no');
    expect(list.find(({ task }) => task === 'composition')).toMatchObject({ order: 1, verdict: 'open' });
  });

  it('never come without a source, a "yes" never without a construction', () => {
    fc.assert(
      fc.property(polynomials(), (polynomial) => {
        for (const { verdict, source, statement, construction } of capabilities(polynomial)) {
          expect(statement).not.toMatch(/undefined|NaN|null/);
          expect(source === SOURCES.unknown).toBe(verdict === 'open');
          expect(construction !== undefined).toBe(verdict === 'yes');
        }
      }),
    );
  });

  it('have the longest path that trying all orders finds', () => {
    const depth = (text: string): number | null | undefined => find(text, 'composition')?.order;
    expect(depth('x1x2+x1x3+x3x4+x4x5+x2x6')).toBe(3);
    expect(depth('x1x2x3+x3x4x5')).toBe(4);
    expect(depth('x1x8+x8x2+x2x7+x7x3+x3x6+x6x4+x4x5')).toBe(7);
  });
});
