import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import type { Matrix, Step } from '../../../kernels/backend.ts';
import { CANCEL, CONTROL_CELLS, PROGRESS } from '../../../kernels/backend.ts';
import { matrix, randomMatrix, randomSource } from '../cases.ts';

const random = randomSource(1);
const operand = (rows: number, cols: number) => randomMatrix(random, 'float32', rows, cols);
/** Shared, so that no thread copies them. */
const zeros = (rows: number, cols: number): Matrix => ({
  data: new Float32Array(new SharedArrayBuffer(4 * rows * cols)),
  rows,
  cols,
});
const variables = (t: number, n: number, d: number) =>
  Array.from({ length: t }, (_, j) => ({ queries: operand(n, d), values: j > 0 ? operand(n, d) : null, bias: null }));
const monomials = (...products: number[][]) => products.map((members) => ({ coefficient: 1, variables: members }));
const results = (n: number, d: number) => ({ message: matrix('float32', n, d), logSumExp: matrix('float32', n, 1) });

/** Each takes seconds if it is let. */
const LONG: { name: string; rows: number; step: Step<Matrix> }[] = [
  {
    name: 'attend',
    rows: 24_000,
    step: {
      kind: 'attend',
      ...{ queries: operand(24_000, 64), keys: operand(24_000, 64), keyBias: null, values: operand(24_000, 64) },
      ...{ scale: 1, band: null, ...results(24_000, 64) },
    },
  },
  {
    name: 'conditioned',
    rows: 1200,
    step: {
      kind: 'conditioned',
      ...{ variables: variables(3, 1200, 32), monomials: monomials([1, 2, 3]), masks: [], scale: 1, cutset: [1] },
      ...{
        forest: [
          { variable: 3, parent: 2 },
          { variable: 2, parent: 0 },
        ],
        parts: 1,
        ...results(1200, 32),
      },
    },
  },
  ...(['gemm', 'fast'] as const).map((product) => ({
    name: `cycle by ${product}`,
    rows: 1536,
    step: {
      kind: 'cycle' as const,
      ...{ variables: variables(3, 1536, 32), monomials: monomials([1, 2], [2, 3], [1, 3]), masks: [], scale: 0.01 },
      ...{ order: [1, 2, 3], product, ...results(1536, 32) },
    },
  })),
  {
    name: 'project',
    rows: 16_000,
    step: { kind: 'project', input: zeros(16_000, 2000), weights: zeros(2000, 2000), output: zeros(16_000, 2000) },
  },
  {
    name: 'prefix',
    rows: 24_000,
    step: {
      kind: 'prefix',
      ...{ queries: operand(24_000, 64), child: variables(2, 24_000, 64)[1], coefficient: 1, scale: 1 },
      ...{ grandchildren: [{ operands: variables(2, 24_000, 64)[1], coefficient: 1 }], ...results(24_000, 64) },
    },
  },
  {
    name: 'accumulate',
    rows: 1,
    step: {
      kind: 'accumulate',
      ...{ queries: operand(60_000, 16), center: null, stretch: 1, degree: 5, tilts: [], values: operand(60_000, 64), bias: null },
      ...{ parts: 1, sums: matrix('float32', 20_349, 65), shift: matrix('float32', 1, 1) },
    },
  },
  {
    name: 'apply',
    rows: 60_000,
    step: {
      kind: 'apply',
      ...{ queries: operand(60_000, 16), center: null, stretch: 1, degree: 5, tilts: [] },
      ...{ result: operand(20_349, 65), resultShift: operand(1, 1), ...results(60_000, 64) },
    },
  },
  {
    name: 'contract',
    rows: 1,
    step: {
      kind: 'contract',
      ...{ dimension: 16, coefficients: [1, 1, 1, 1, 1, 1, 1], offsets: [] },
      monomials: [
        { factor: 1, variables: [1, 2] },
        { factor: 1, variables: [2, 3] },
        { factor: 1, variables: [1, 3] },
      ],
      sums: [1, 2].map(() => ({ sums: operand(74_613, 9), shift: operand(1, 1), parts: 1 })),
      ...{ result: matrix('float32', 74_613, 9), resultShift: matrix('float32', 1, 1) },
    },
  },
];

const WORKER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { step, tile, module } = workerData;
  import(module).then(({ load }) => {
    parentPort.postMessage('started');
    load().run(step, tile);
    parentPort.postMessage('returned');
  });
`;

it.each(LONG)('stops a running $name', async ({ rows, step }) => {
  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_CELLS));
  const tile = { firstRow: 0, lastRow: rows, control, callId: 1 };
  const module = new URL('../../../kernels/native/index.ts', import.meta.url).href;
  const worker = new Worker(WORKER, { eval: true, workerData: { step, tile, module } });
  const returned = new Promise<void>((resolve, reject) => {
    worker.on('message', (message) => {
      if (message === 'started') setTimeout(() => Atomics.store(control, CANCEL, 1), 100);
      else resolve();
    });
    worker.on('error', reject);
  });
  await returned;
  await worker.terminate();
  expect(Atomics.load(control, PROGRESS)).toBeLessThan(rows);
});
