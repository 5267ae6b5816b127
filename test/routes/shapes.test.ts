import { afterAll, describe, expect, it } from 'vitest';
import { post, startTestApp } from '../helpers/app.ts';
import type { Encoding } from '../helpers/case.ts';
import { variableCountOf } from '../helpers/polynomials.ts';
import {
  bodyOf,
  differenceFrom,
  type Layout,
  type Lead,
  type SlicedCase,
  type Stack,
  slicedCase,
  solveSlices,
  withHoles,
} from '../helpers/slices.ts';

/** Heads, batches, sharing, sizes, biases, lengths and scales, each compared with the definition slice by slice. */

const app = await startTestApp();
afterAll(() => app.close());
const BACKENDS = app.engine.machine.backends.filter(({ steps }) => steps.includes('conditioned')).map(({ name }) => name);

/** One for every way to compute: a tree, a forest, a cycle, a tensor, and blocks of both kinds. */
const POLYNOMIALS = ['x1*x2 + x2*x3', 'x1*x2 + x3*x4', 'x1*x2 + x2*x3 + x1*x3', 'x1*x2*x3', 'x1*x2*x3 + x3*x4'];
const SIZES = { rows: [3, 4, 2, 5], d: 3, dv: 2 };
const sizesFor = (polynomial: string): typeof SIZES => ({ ...SIZES, rows: SIZES.rows.slice(0, variableCountOf(polynomial)) });

/** Asks every back end, in both precisions and all encodings in turn; -Infinity comes back in base64 only. */
async function agree(one: SlicedCase, extra: Record<string, unknown> = {}): Promise<void> {
  const truth = solveSlices(one);
  const encodings: Encoding[] = ['flat', 'nested', 'base64'];
  let turn = 0;
  for (const backend of BACKENDS) {
    for (const precision of ['float32', 'float64'] as const) {
      const sent = encodings[turn++ % 3] as Encoding;
      const output = { encoding: truth.emptyRows > 0 ? 'base64' : sent, logSumExp: true };
      const answer = await post(app, '/v1/attention', bodyOf(one, sent, { backend, precision, output, ...extra }));
      expect(answer.status, JSON.stringify(answer.body).slice(0, 400)).toBe(200);
      expect(differenceFrom(truth, answer.body, one.q.length, precision), `${backend} ${precision} ${sent}`).toBeNull();
    }
  }
}

const without =
  (layout: Layout): Layout =>
  (name, variable) =>
    name.startsWith('b') ? null : layout(name, variable);
const byFirst = (first: Lead, others: Lead): Layout => without((name) => (name === 'q1' ? first : others));

const LAYOUTS: Record<string, Layout> = {
  'n×d': byFirst([], []),
  'heads×n×d': byFirst([3], [3]),
  'batch×heads×n×d': byFirst([2, 3], [2, 3]),
  'keys and values of one head for all': byFirst([2, 4], [2, 1]),
  'keys and values of two heads for four': byFirst([2, 4], [2, 2]),
  'keys and values without leading dimensions': byFirst([2, 2], []),
  'keys and values of one batch entry for all': byFirst([3, 2], [1, 2]),
  'queries shared, keys by head': byFirst([], [4]),
  'values alone with heads': without((name) => (name.startsWith('v') ? [2, 4] : [2])),
  'every tensor with a sharing of its own': without(
    (name, variable) => (name.startsWith('q') ? [[2, 1], [6], [1, 3], []] : [[], [2, 3], [2], [1, 6]])[variable - 1] ?? [],
  ),
};

describe.each(Object.entries(LAYOUTS))('%s', (_, layout) => {
  it.each(POLYNOMIALS)('%s', (polynomial) => agree(slicedCase(polynomial, layout, sizesFor(polynomial), 11)));
});

describe('sizes', () => {
  it.each(POLYNOMIALS)('a single row of every variable, %s', (polynomial) => {
    const rows = sizesFor(polynomial).rows.map(() => 1);
    return agree(slicedCase(polynomial, byFirst([2], [2]), { rows, d: 1, dv: 1 }, 12));
  });

  it.each(POLYNOMIALS)('a single row of one variable at a time, %s', async (polynomial) => {
    const { rows, d, dv } = sizesFor(polynomial);
    for (const j of rows.keys()) await agree(slicedCase(polynomial, byFirst([], []), { rows: rows.with(j, 1), d, dv }, 13));
  });

  it.each([
    [1, 5],
    [7, 1],
    [17, 9],
  ])('d = %d and dv = %d', async (d, dv) => {
    for (const polynomial of POLYNOMIALS)
      await agree(slicedCase(polynomial, byFirst([2], [2]), { ...sizesFor(polynomial), d, dv }, 14));
  });
});

describe('values that are left out are ones', () => {
  it.each(POLYNOMIALS)('each of them, and all, %s', async (polynomial) => {
    const t = variableCountOf(polynomial);
    for (let gone = 2; gone <= t; gone++) {
      await agree(
        slicedCase(polynomial, (name) => (name === `v${gone}` || name.startsWith('b') ? null : [2]), sizesFor(polynomial), 15),
      );
    }
    const none = slicedCase(polynomial, (name) => (name.startsWith('q') ? [2] : null), sizesFor(polynomial), 16);
    expect(solveSlices(none).output.every((value) => Math.abs(value - 1) < 1e-15)).toBe(true);
    await agree(none);
  });
});

describe('biases', () => {
  const LEADS: Lead[] = [[], [4], [2, 4], [1, 2], [2, 1]];

  it.each(POLYNOMIALS)('of every variable and of any number of dimensions, %s', async (polynomial) => {
    for (const lead of LEADS)
      await agree(slicedCase(polynomial, (name) => (name.startsWith('b') ? lead : [2, 4]), sizesFor(polynomial), 17));
  });

  it.each(POLYNOMIALS)('give the output their dimensions, %s', (polynomial) =>
    agree(slicedCase(polynomial, (name) => (name === 'b2' ? [2, 3] : name.startsWith('b') ? null : []), sizesFor(polynomial), 18)),
  );

  it.each(POLYNOMIALS)('of -Infinity switch keys off, and rows with no key left are zero, %s', async (polynomial) => {
    const one = slicedCase(polynomial, () => [2, 2], sizesFor(polynomial), 19);
    const b = one.b as readonly (Stack | null)[];
    for (const [j, bias] of b.entries()) {
      const scattered = withHoles(bias as Stack, (row, slice) => (row + slice) % 2 === 0);
      await agree({ ...one, b: b.with(j, scattered) });
      const inOneHead = withHoles(bias as Stack, (_, slice) => slice === 2);
      const empty = { ...one, b: b.with(j, inOneHead) };
      expect(solveSlices(empty).emptyRows).toBe(3);
      await agree(empty);
    }
  });

  it('b1 = -Infinity empties its row alone', async () => {
    const one = slicedCase('x1*x2 + x2*x3', () => [], sizesFor('x1*x2 + x2*x3'), 20);
    const b = (one.b as readonly Stack[]).with(
      0,
      withHoles(one.b?.[0] as Stack, (row) => row === 1),
    );
    expect(solveSlices({ ...one, b }).emptyRows).toBe(1);
    await agree({ ...one, b });
  });
});

describe('lengths', () => {
  const padded = (polynomial: string, rows: readonly number[], lengths: readonly (readonly number[])[]): SlicedCase => ({
    ...slicedCase(polynomial, byFirst([3, 2], [3, 2]), { ...SIZES, rows }, 21),
    lengths,
  });

  it.each(POLYNOMIALS)('as an array hold for every variable as long as x1, %s', async (polynomial) => {
    const rows = sizesFor(polynomial).rows.map((n, j) => (j === 1 ? n + 1 : 4));
    const lengths = [4, 2, 1];
    const one = padded(
      polynomial,
      rows,
      rows.map((n) => (n === 4 ? lengths : [n, n, n])),
    );
    expect(solveSlices(one).emptyRows).toBe(2 * (0 + 2 + 3));
    await agree(one, { mask: { type: 'none', lengths } });
  });

  it.each(POLYNOMIALS)('by variable, %s', async (polynomial) => {
    const { rows } = sizesFor(polynomial);
    const lengths = { 2: [1, 3, 4], 3: [2, 1, 2] };
    await agree(padded(polynomial, rows, [[3, 3, 3], lengths[2], lengths[3], [5, 5, 5]].slice(0, rows.length)), {
      mask: { lengths },
    });
  });

  it.each(POLYNOMIALS)('of zero leave rows empty, %s', async (polynomial) => {
    const { rows } = sizesFor(polynomial);
    for (const j of rows.keys()) {
      const mine = [rows[j] as number, 0, 1];
      const one = padded(
        polynomial,
        rows,
        rows.map((n, index) => (index === j ? mine : [n, n, n])),
      );
      expect(solveSlices(one).emptyRows).toBe(j === 0 ? 2 * (3 + 2) : 2 * 3);
      await agree(one, { mask: { lengths: { [j + 1]: mine } } });
    }
  });

  it('and biases together', async () => {
    const one = slicedCase('x1*x2 + x2*x3', () => [2, 2], sizesFor('x1*x2 + x2*x3'), 22);
    const b = one.b?.map((bias) => bias && withHoles(bias, (row) => row === 0)) as Stack[];
    const lengths = [
      [3, 2],
      [1, 4],
      [2, 2],
    ];
    // In entry 0 the only real row of x2 is switched off: nothing is left there.
    expect(solveSlices({ ...one, b, lengths }).emptyRows).toBe(2 * 3 + 2 * 2);
    await agree({ ...one, b, lengths }, { mask: { lengths: { 1: lengths[0], 2: lengths[1], 3: lengths[2] } } });
  });

  it.each([
    [[3, 3], '/mask/lengths'],
    [[3, 4, 3], '/mask/lengths/1'],
    [{ 2: [4, 5, 4] }, '/mask/lengths/2/1'],
    [{ 4: [1, 1, 1] }, '/mask/lengths/4'],
    [{ 2: [1] }, '/mask/lengths/2'],
    [[3, -1, 3], '/mask/lengths'],
    [[], '/mask/lengths'],
  ])('refuses %j at %s', async (lengths, pointer) => {
    const one = slicedCase('x1*x2 + x2*x3', byFirst([3, 2], [3, 2]), sizesFor('x1*x2 + x2*x3'), 23);
    const answer = await post(app, '/v1/attention', bodyOf(one, 'flat', { mask: { lengths } }));
    expect([answer.status, answer.body.code]).toEqual([422, 'invalid_request']);
    expect(answer.body.errors[0].pointer).toContain(pointer);
  });
});

describe('h and its factor', () => {
  it.each([
    ['self', 'x1*x2'],
    ['path(4)', 'x1*x2 + x2*x3 + x3*x4'],
    ['star(3)', 'x1*x2 + x1*x3'],
    ['y-tree', 'x1*x2 + x2*x3 + x2*x4'],
    ['strassen', 'x1*x2 + x2*x3 + x1*x3'],
    ['cycle(4)', 'x1*x2 + x2*x3 + x3*x4 + x1*x4'],
    ['tensor(3)', 'x1*x2*x3'],
    ['complete(4)', 'x1*x2 + x1*x3 + x1*x4 + x2*x3 + x2*x4 + x3*x4'],
  ])('%s by name', (mechanism, polynomial) =>
    agree(slicedCase(polynomial, byFirst([2], [1]), sizesFor(polynomial), 24), { polynomial: undefined, mechanism }),
  );

  it.each([
    ['-x1*x2', '-1*x1*x2'],
    ['0.5*x1*x2 - 2*x2*x3', '0.5*x1*x2 - 2*x2*x3'],
    ['1.5*x1*x2*x3 - x1*x2', '1.5*x1*x2*x3 - 1*x1*x2'],
    ['3 x1 x2 + 2.5e-1*x2*x3 - 1.5*x1*x3', '3*x1*x2 + 0.25*x2*x3 - 1.5*x1*x3'],
  ])('coefficients, %s', (polynomial, plain) => agree(slicedCase(plain, byFirst([2], [2]), sizesFor(plain), 25), { polynomial }));

  it.each(['x1x2+x2x3', ' x1 * x2+x2 *x3 ', 'x3*x2 + x2*x1'])('%j is x1*x2 + x2*x3', (polynomial) =>
    agree(slicedCase('x1*x2 + x2*x3', byFirst([], []), sizesFor('x1*x2 + x2*x3'), 26), { polynomial }),
  );

  it.each([
    ['1/d', 1 / 3],
    ['1/sqrt(d)', 1 / Math.sqrt(3)],
    [undefined, 1 / 3],
    [0.7, 0.7],
    [0, 0],
    [-2, -2],
  ])('scale %s', async (scale, factor) => {
    for (const polynomial of POLYNOMIALS) {
      await agree({ ...slicedCase(polynomial, byFirst([2], [2]), sizesFor(polynomial), 27), scale: factor }, { scale });
    }
  });
});

describe('shapes that do not fit', () => {
  const base = slicedCase('x1*x2', byFirst([2, 4], [2, 4]), { ...SIZES, rows: [3, 4] }, 28);
  const replaced = (name: string, lead: Lead, rows: number, columns: number | null): Record<string, unknown> => {
    const shape = [...lead, rows, ...(columns === null ? [] : [columns])];
    const body = bodyOf(base, 'flat') as { tensors: Record<string, unknown> };
    const data = new Array<number>(shape.reduce((product, size) => product * size, 1)).fill(0.5);
    return { ...body, tensors: { ...body.tensors, [name]: { shape, data } } };
  };

  it.each([
    ['q2', [2, 3], 4, 3, /heads/],
    ['v2', [3, 4], 4, 2, /batch/],
    ['v2', [2, 4], 5, 2, /rows/],
    ['q2', [2, 4], 4, 2, /columns/],
    ['b2', [2, 4], 3, null, /rows/],
    ['b2', [1, 2, 4], 4, null, /dimensions/],
    ['q2', [1, 2, 4], 4, 3, /dimensions/],
  ] as [string, Lead, number, number | null, RegExp][])('%s as %j×%d×%s is named', async (name, lead, rows, columns, words) => {
    const answer = await post(app, '/v1/attention', replaced(name, lead, rows, columns));
    expect([answer.status, answer.body.code]).toEqual([422, 'invalid_request']);
    expect(answer.body.errors[0].pointer).toMatch(/^\/tensors\/[qvb][12]$/);
    expect(answer.body.detail).toMatch(words);
  });

  it('would have fitted otherwise', () => agree(base));
});
