import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApproximateCase, requestsOf } from '../../bench/approximate-data.ts';
import { interpret } from '../../src/contract/interpret.ts';
import type { AttentionRequest } from '../../src/contract/request.ts';
import { type Engine, startEngine } from '../../src/schedule/engine.ts';
import { allocate } from '../../src/tensor/allocate.ts';
import { Lease, takeMemory } from '../../src/tensor/lease.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { random } from '../helpers/random.ts';

let engine: Engine;
beforeAll(async () => {
  const limits = { maxInflightBytes: 2 ** 31, maxQueueSeconds: 1e6, maxSyncSeconds: 1e6, maxResultBytes: 2 ** 30 };
  engine = await startEngine({ threads: 2, backends: ['native', 'reference'], nativeIsa: null, ...limits });
});
afterAll(() => engine.close());

interface Answer {
  readonly output: number[];
  readonly sums: number[] | undefined;
  readonly steps: string[];
  readonly method: string | undefined;
}

async function answer(request: AttentionRequest): Promise<Answer> {
  const lease = new Lease();
  const result = await engine.run(request, { signal: new AbortController().signal, timeoutMs: 60_000, lease });
  const output = Array.from(result.output.data as Float32Array);
  const sums = result.logSumExp === null ? undefined : Array.from(result.logSumExp.data as Float32Array);
  lease.end(true);
  const steps = result.timing.stages.map(({ step }) => step);
  return { output, sums, steps, method: result.plan.approximation?.method };
}

/** Memory of all sizes up to 2 MiB that the next requests will be given. */
function leaveBehind(value: number): void {
  const lease = new Lease();
  for (let bytes = 2 ** 16 + 64; bytes <= 2 ** 21; bytes *= 1.05) {
    const memory = takeMemory(Math.floor(bytes));
    new Float64Array(memory).fill(value);
    lease.adopt(memory);
  }
  lease.end(true);
}

const cases: (ApproximateCase & { readonly name: string })[] = [
  { name: 'tensor(3)', polynomial: 'x1*x2*x3', n: 16384, d: 16, entries: 1, wish: { method: 'taylor' } },
  { name: 'path(3)', polynomial: 'x1*x2 + x2*x3', n: 8192, d: 16, entries: 0.5, wish: { method: 'minimax' } },
  {
    name: 'path(3), compressed',
    polynomial: 'x1*x2 + x2*x3',
    n: 8192,
    d: 32,
    entries: 0.1,
    wish: { method: 'compress', tolerance: 0.1 },
  },
];

it.each(cases)('finds nothing of what others left in its memory: $name', async (one) => {
  const { approximate } = requestsOf(one);
  const before = await answer(approximate);
  leaveBehind(Number.NaN);
  const after = await answer(approximate);
  expect(before.method).toBe(one.wish?.method);
  expect(after).toEqual(before);
});

interface ExactCase {
  readonly n: number;
  /** Eight where it is left out: the sums of the rows, too, are then long enough to be taken from the memory that is used again. */
  readonly heads?: number;
  /** The share of keys that are not to be looked at. */
  readonly hidden?: number;
  readonly options: { readonly polynomial: string } & Readonly<Record<string, unknown>>;
  readonly step: string;
}

function exactRequest({ options, n, heads = 8, hidden }: ExactCase): AttentionRequest {
  const next = random(n);
  const tensors = new Map<string, Tensor>();
  const add = (name: string, columns: readonly number[], entry: () => number): void => {
    const tensor = allocate('float32', [heads, n, ...columns]);
    for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = entry();
    tensors.set(name, tensor);
  };
  for (const j of new Set(options.polynomial.match(/\d/g))) {
    add(`q${j}`, [8], () => 2 * next() - 1);
    if (j === '1') continue;
    add(`v${j}`, [9], () => 2 * next() - 1);
    if (hidden !== undefined) add(`b${j}`, [], () => (next() < hidden ? Number.NEGATIVE_INFINITY : next()));
  }
  return interpret({ tensors, options: { ...options, output: { logSumExp: true } } });
}

const PATH = 'x1*x2 + x2*x3';
const TRIANGLE = 'x1*x2 + x2*x3 + x1*x3';
const exact: ExactCase[] = [
  { n: 2311, options: { polynomial: PATH }, step: 'attend' },
  { n: 2311, hidden: 0.3, options: { polynomial: PATH, causal: true }, step: 'attend' },
  { n: 2311, hidden: 1, options: { polynomial: PATH }, step: 'attend' },
  { n: 2311, options: { polynomial: PATH, mask: { type: 'edge-window', window: [3, 700] } }, step: 'attend' },
  { n: 2311, options: { polynomial: 'x1*x2 + x3*x4' }, step: 'attend' },
  { n: 2311, options: { polynomial: PATH, precision: 'float64' }, step: 'attend' },
  { n: 2311, options: { polynomial: 'x1*x2', mode: 'approximate', approximation: { method: 'prune' } }, step: 'attend' },
  { n: 2311, hidden: 0.3, options: { polynomial: PATH, mask: { type: 'root-causal' } }, step: 'prefix' },
  { n: 1030, heads: 2, hidden: 0.1, options: { polynomial: TRIANGLE, algorithm: 'cycle-gemm' }, step: 'cycle' },
  { n: 257, hidden: 0.1, options: { polynomial: TRIANGLE, algorithm: 'elimination' }, step: 'eliminate' },
  { n: 257, hidden: 0.1, options: { polynomial: 'x1*x2*x3', causal: true }, step: 'conditioned' },
  { n: 257, hidden: 0.1, options: { polynomial: 'x1*x2 + x1*x3 + x2*x3*x4' }, step: 'merge' },
];

it.each(exact.map((one) => [JSON.stringify(one), one] as const))(
  'finds nothing of what others left in its memory: %s',
  async (_, one) => {
    const request = exactRequest(one);
    leaveBehind(0);
    const before = await answer(request);
    leaveBehind(Number.NaN);
    const after = await answer(request);
    expect(before.steps).toContain(one.step);
    expect(after).toEqual(before);
    expect(before.output.some((value) => value !== 0)).toBe(one.hidden !== 1);
  },
);
