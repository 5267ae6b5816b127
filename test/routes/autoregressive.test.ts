import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, startTestApp, type TestApp } from '../helpers/app.ts';
import { variableCountOf } from '../helpers/polynomials.ts';
import { random, randomRows } from '../helpers/random.ts';

/** With a causal mask nothing that comes later changes a row that came before: not by one bit (math.md §7). */

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const N = 70;
const CHANGED_FROM = 41;
const CASES = [
  'x1*x2',
  'x1*x2 + x2*x3',
  'x1*x2 + x2*x3 + x2*x4',
  'x1*x2 + x2*x3 + x3*x4',
  'x1*x2 + x1*x3',
  'x1*x2 + x2*x3 + x1*x3',
  'x1*x2*x3',
  'x1*x2 + x3*x4',
];
/** Sums over tables: what they share must not come from later tokens either. */
const TABLES = ['x1*x2 + x2*x3 + x1*x3', 'x1*x2 + x1*x3 + x2*x3 + x2*x4 + x3*x4'];
const MASKS = ['edge-causal', 'root-causal', 'edge-window', 'root-window'];

async function answerRows(
  polynomial: string,
  tensors: Record<string, number[][]>,
  mask: object,
  backend: string,
  algorithm: string,
): Promise<Float32Array> {
  const body = { polynomial, tensors, mask, backend, algorithm, output: { encoding: 'base64' }, timeoutMs: 30_000 };
  const answer = await post(app, '/v1/attention', body);
  expect(answer.status, JSON.stringify(answer.body).slice(0, 300)).toBe(200);
  const bytes = Buffer.from(answer.body.output.base64, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

describe.each(MASKS)('%s', (type) => {
  it.each([
    ...CASES.map((polynomial) => [polynomial, 'auto'] as const),
    ...TABLES.map((polynomial) => [polynomial, 'elimination'] as const),
  ])('keeps the earlier rows of %s (%s) when later tokens change', async (polynomial, algorithm) => {
    const t = variableCountOf(polynomial);
    const next = random(7);
    const tensors: Record<string, number[][]> = {};
    for (let j = 1; j <= t; j++) tensors[`q${j}`] = randomRows(next, N, 4, 2);
    for (let j = 2; j <= t; j++) tensors[`v${j}`] = randomRows(next, N, 3, 1);
    const later = Object.fromEntries(
      Object.entries(tensors).map(([name, rows]) => [
        name,
        rows.map((row, i) => (i < CHANGED_FROM ? row : row.map((x) => 3 * x - 1))),
      ]),
    );
    const mask = { type, ...(type.endsWith('window') && { window: new Array(t - 1).fill(9) }) };
    for (const { name: backend } of app.engine.machine.backends) {
      const [before, after] = [
        await answerRows(polynomial, tensors, mask, backend, algorithm),
        await answerRows(polynomial, later, mask, backend, algorithm),
      ];
      expect(after.subarray(0, 3 * CHANGED_FROM), backend).toEqual(before.subarray(0, 3 * CHANGED_FROM));
      expect(after).not.toEqual(before);
    }
  });
});

describe('causal: true', () => {
  const rows = [[1], [2]];
  const ask = async (
    mechanism: string,
    t: number,
    rest: object = {},
  ): Promise<{ body: { plan: { mask: string }; code: string } }> => {
    const tensors = Object.fromEntries(Array.from({ length: t }, (_, j) => [`q${j + 1}`, rows]));
    return post(app, '/v1/attention', { mechanism, causal: true, tensors, ...rest });
  };

  it('means edge-causal for trees and root-causal for everything else, and says so', async () => {
    expect((await ask('path(4)', 4)).body.plan.mask).toBe('edge-causal');
    expect((await ask('strassen', 3)).body.plan.mask).toBe('root-causal');
    expect((await ask('tensor(3)', 3)).body.plan.mask).toBe('root-causal');
    expect((await ask('self', 2, { causal: false })).body.plan.mask).toBe('none');
  });

  it('is refused beside a mask, as are windows of the wrong number or where none belongs', async () => {
    const refused = [
      { mask: { type: 'edge-causal' } },
      { causal: false, mask: { type: 'root-window' } },
      { causal: false, mask: { type: 'root-window', window: [1] } },
    ];
    for (const rest of [...refused, { causal: false, mask: { type: 'none', window: [1, 1] } }]) {
      expect((await ask('path(3)', 3, rest)).body.code, JSON.stringify(rest)).toBe('invalid_request');
    }
  });
});
