import { describe, expect, it } from 'vitest';
import { toDot } from '../../src/polynomial/dot.ts';
import { parsePolynomial } from '../../src/polynomial/parse.ts';

describe('toDot', () => {
  it('draws pairs as edges, higher monomials as boxes, masks dashed', () => {
    expect(toDot(parsePolynomial('x1x2 - 0.5x2x3 + 2x1x3x4'), [[1, 3]])).toBe(
      [
        'graph h {',
        '  node [shape=circle];',
        '  x1 [shape=doublecircle];',
        '  x2;',
        '  x3;',
        '  x4;',
        '  x1 -- x2;',
        '  x2 -- x3 [label="-0.5"];',
        '  m1 [shape=box, label="2*x1*x3*x4"];',
        '  m1 -- x1;',
        '  m1 -- x3;',
        '  m1 -- x4;',
        '  x1 -- x3 [style=dashed, label="mask"];',
        '}',
        '',
      ].join('\n'),
    );
  });
});
