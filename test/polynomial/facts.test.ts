import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCutset, smallestCutsets } from '../../src/polynomial/cutset.ts';
import { polynomialFacts } from '../../src/polynomial/facts.ts';
import { primalGraph } from '../../src/polynomial/graph.ts';
import { parsePolynomial } from '../../src/polynomial/parse.ts';
import { createPolynomial, type MaskEdge } from '../../src/polynomial/polynomial.ts';
import { widthOfOrder } from '../../src/polynomial/treewidth.ts';
import { connectedGraphs, fromEdges, permutations, polynomials, upTo } from './arbitrary.ts';

/** math.md §6.5: how many connected graphs on t vertices have each (treewidth, smallest cutset). */
const TABLE: readonly [number, Record<string, number>][] = [
  [1, { 'tw 0, cutset 0': 1 }],
  [2, { 'tw 1, cutset 0': 1 }],
  [3, { 'tw 1, cutset 0': 1, 'tw 2, cutset 1': 1 }],
  [4, { 'tw 1, cutset 0': 2, 'tw 2, cutset 1': 3, 'tw 3, cutset 2': 1 }],
  [5, { 'tw 1, cutset 0': 3, 'tw 2, cutset 1': 12, 'tw 3, cutset 2': 5, 'tw 4, cutset 3': 1 }],
  [
    6,
    {
      'tw 1, cutset 0': 6,
      'tw 2, cutset 1': 45,
      'tw 2, cutset 2': 5,
      'tw 3, cutset 2': 46,
      'tw 4, cutset 3': 9,
      'tw 5, cutset 4': 1,
    },
  ],
];

describe.each(TABLE)('all connected graphs on %i vertices', (t, expected) => {
  const graphs = connectedGraphs(t);

  it('are as many as are known', () => {
    expect(graphs.length).toBe([1, 1, 2, 6, 21, 112][t - 1]);
  });

  it('have the treewidths and cutsets of the table', () => {
    const counts: Record<string, number> = {};
    for (const edges of graphs) {
      const { treewidth, cutset } = polynomialFacts(fromEdges(t, edges));
      const key = `tw ${treewidth}, cutset ${cutset.length}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    expect(counts).toEqual(expected);
  });

  it('reach the exponent treewidth + 1 from a cutset to treewidth 2, and never less', () => {
    for (const edges of graphs) {
      const facts = polynomialFacts(fromEdges(t, edges));
      if (facts.treewidth >= 2) expect(facts.cutsetToTreewidth2.length + 3).toBe(facts.treewidth + 1);
      expect(facts.exponent).toBe(Math.max(2, facts.treewidth + 1));
    }
  });
});

describe('polynomialFacts', () => {
  it.each([
    ['x1x2', { class: 'tree', t: 2, k: 2, s: 1, treewidth: 1, exponent: 2, cutset: [], cycleOrder: null }],
    ['x1x2+x2x3', { class: 'tree', isForest: true, exponent: 2, eliminationOrder: [3, 2, 1] }],
    [
      'x1x2+x3x4',
      {
        class: 'tree',
        components: [
          [1, 2],
          [3, 4],
        ],
        exponent: 2,
      },
    ],
    [
      'x1x2+x2x3+x1x3',
      { class: 'cycle', cutset: [1], cutsetToTreewidth2: [], residualCycle: [1, 2, 3], cycleOrder: [1, 2, 3], exponent: 3 },
    ],
    ['x1x3+x3x2+x2x4+x4x1', { class: 'cycle', cycleOrder: [1, 3, 2, 4], exponent: 3 }],
    ['x1x2+x2x3+x3x1+x3x4', { class: 'treewidth-2', cutset: [1], cycleOrder: null, residualCycle: null, exponent: 3 }],
    ['x1x2+x2x3+x3x4+x2x4', { class: 'treewidth-2', cutset: [2], exponent: 3 }],
    [
      'x1x2+x1x3+x1x4+x2x3+x2x4+x3x4',
      { class: 'general', cutset: [1, 2], cutsetToTreewidth2: [1], residualCycle: [2, 3, 4], exponent: 4 },
    ],
    ['x1x2+x2x3+x1x3+x3x4+x4x5+x3x5', { class: 'treewidth-2', cutset: [3], treewidth: 2, exponent: 3 }],
    ['x1x2x3', { class: 'tensor', k: 3, isForest: false, cutset: [1], treewidth: 2, exponent: 3 }],
    ['x1x2x3x4', { class: 'tensor', cutset: [1, 2], exponent: 4, conditioningExponent: 4, eliminationExponent: 4 }],
    ['x1x2x3+x1x2', { class: 'general', k: 3, exponent: 3 }],
    ['x1x2x3+x3x4', { class: 'general', cutset: [1], exponent: 3 }],
    ['x1x2x3+x3x4x5', { class: 'general', cutset: [3], exponent: 3 }],
    ['x1x2x3+x1x4x5+x2x4x5', { class: 'general', exponent: 4 }],
    [
      'x1x2+x2x3+x1x3+x4x5+x5x6+x4x6+x3x4',
      { class: 'treewidth-2', cutset: [1, 4], conditioningExponent: 4, eliminationExponent: 3, exponent: 3 },
    ],
  ])('%s', (text, expected) => {
    expect(polynomialFacts(parsePolynomial(text))).toMatchObject(expected);
  });

  it('counts mask edges as edges before classifying', () => {
    const path = parsePolynomial('x1x2+x2x3');
    expect(polynomialFacts(path, [[1, 2]])).toMatchObject({ class: 'tree', exponent: 2 });
    expect(
      polynomialFacts(path, [
        [1, 3],
        [1, 2],
      ]),
    ).toMatchObject({ class: 'treewidth-2', isForest: false, cutset: [1], cycleOrder: null, exponent: 3 });
    expect(polynomialFacts(parsePolynomial('x1x2+x3x4'), [[1, 3]]).components).toEqual([[1, 2, 3, 4]]);
    const square = parsePolynomial('x1x2+x2x3+x3x4+x4x1');
    expect(
      polynomialFacts(square, [
        [4, 1],
        [1, 2],
      ]),
    ).toMatchObject({ class: 'cycle', cycleOrder: [1, 2, 3, 4] });
    expect(polynomialFacts(square, [[1, 3]])).toMatchObject({ class: 'treewidth-2', cycleOrder: [1, 2, 3, 4], cutset: [1] });
    expect(polynomialFacts(parsePolynomial('x1x2x3'), [[1, 2]]).class).toBe('tensor');
  });

  it('knows variables that occur nowhere', () => {
    const spare = createPolynomial(3, [{ coefficient: 1, variables: [1, 2] }]);
    expect(polynomialFacts(spare)).toMatchObject({ t: 3, class: 'tree', components: [[1, 2], [3]], cutset: [], exponent: 2 });
    expect(polynomialFacts(createPolynomial(2, []))).toMatchObject({ k: 0, s: 0, class: 'tree', treewidth: 0, exponent: 2 });
    expect(polynomialFacts(createPolynomial(4, [{ coefficient: 1, variables: [1, 2, 3] }])).class).toBe('general');
  });

  it('refuses edges that are none', () => {
    const path = parsePolynomial('x1x2+x2x3');
    const wrong: MaskEdge[] = [
      [1, 1],
      [1, 4],
      [0, 2],
      [1.5, 2],
    ];
    for (const edge of wrong) expect(() => polynomialFacts(path, [edge])).toThrow(/is no edge/);
  });

  it('finds the treewidth that all elimination orders together have, x1 last', () => {
    fc.assert(
      fc.property(polynomials(6), (polynomial) => {
        const graph = primalGraph(polynomial);
        const { treewidth, eliminationOrder } = polynomialFacts(polynomial);
        const orders = permutations(upTo(polynomial.variableCount));
        expect(treewidth).toBe(Math.min(...orders.map((order) => widthOfOrder(graph, order))));
        expect(widthOfOrder(graph, eliminationOrder)).toBe(treewidth);
        expect(eliminationOrder.at(-1)).toBe(1);
        expect(eliminationOrder.toSorted()).toEqual(upTo(polynomial.variableCount));
      }),
      { numRuns: 60 },
    );
  });

  it('gives cutsets that cut, that nothing smaller replaces, and that hold x1 where they can', () => {
    fc.assert(
      fc.property(polynomials(7), (polynomial) => {
        const { cutset, cutsetToTreewidth2, treewidth } = polynomialFacts(polynomial);
        expect(isCutset(polynomial, cutset, 'forest')).toBe(true);
        expect(isCutset(polynomial, cutsetToTreewidth2, 'treewidth-2')).toBe(true);
        for (const variable of cutset)
          expect(
            isCutset(
              polynomial,
              cutset.filter((other) => other !== variable),
              'forest',
            ),
          ).toBe(false);
        const all = smallestCutsets(polynomial, 'forest');
        expect(all[0]).toEqual(cutset);
        expect(cutset.includes(1)).toBe(all.some((candidate) => candidate.includes(1)));
        expect(cutset.length).toBeGreaterThanOrEqual(treewidth - 1);
        expect(cutsetToTreewidth2.length).toBeGreaterThanOrEqual(treewidth - 2);
      }),
      { numRuns: 200 },
    );
  });

  it('takes under 5 ms for the largest polynomials (the best of ten runs)', () => {
    const pairs = upTo(8).flatMap((a) => upTo(a - 1).map((b): MaskEdge => [b, a]));
    for (const polynomial of [
      fromEdges(8, pairs),
      fromEdges(8, pairs.slice(0, 14)),
      parsePolynomial('x1x2x3+x3x4x5+x5x6x7+x7x8x1+x2x4x6x8'),
    ]) {
      const times = upTo(10).map(() => {
        const start = performance.now();
        polynomialFacts(polynomial);
        return performance.now() - start;
      });
      expect(Math.min(...times)).toBeLessThan(5);
    }
  });
});
