import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.ts';
import { random } from '../helpers/random.ts';
import { type Asked, ask, queriesOf, rounding } from './head.ts';
import { entryValues, productAt, randomRelations, relationAmplitude, relationTerms } from './relations.ts';

/** The Boolean product of two matrices by one head, every entry at its own token (math.md §4.5). */

const DELTA = 1e-3;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

async function expectProducts(asked: Asked, text: string, triangle: readonly [number, number, number], m: number): Promise<number> {
  let [d, hits] = [0, 0];
  const seeds = [1, 2, 3, 4];
  for (const seed of seeds) {
    const relations = randomRelations(random(seed), m);
    const q = queriesOf(text, m * m + 1, relationTerms(relations, triangle, DELTA));
    d = q[0]?.[0]?.length ?? 0;
    const values = entryValues(relations);
    const { output } = await ask(app, asked, [{ q, v: { [triangle[1]]: values, [triangle[2]]: values } }]);
    // Four copies of a gate on either side bound every partial sum.
    const allowed = DELTA + rounding(q.length, 32 * relationAmplitude(relations, DELTA));
    expect(allowed).toBeLessThan(0.01);
    for (let l = 0; l < m * m; l++) {
      const truth = productAt(relations, Math.floor(l / m), l % m) ? 1 : 0;
      hits += truth;
      expect(Math.abs((output[0]?.[l]?.[0] as number) - truth)).toBeLessThanOrEqual(allowed);
    }
  }
  const share = hits / (seeds.length * m * m);
  expect(share).toBeGreaterThan(0.2);
  expect(share).toBeLessThan(0.8);
  return d;
}

describe('the Boolean matrix product', () => {
  it('is decoded by one Strassen head, d = 3m + 3', async () => {
    expect(await expectProducts({ mechanism: 'strassen' }, 'x1*x2 + x2*x3 + x1*x3', [1, 2, 3], 8)).toBe(27);
  });

  it.each<[string, [number, number, number]]>([
    ['x1*x2*x3', [1, 2, 3]],
    ['0.5*x1*x2 - 2*x2*x3 + x1*x2*x3', [1, 2, 3]],
    ['x1*x2*x3*x4 - 1*x1*x2*x4', [1, 3, 4]],
    ['x1*x2*x3 + x3*x4 + x1*x4', [1, 3, 4]],
  ])('is decoded by %s through %j', async (polynomial, triangle) => {
    await expectProducts({ polynomial }, polynomial, triangle, polynomial.includes('x4') ? 3 : 5);
  });
});
