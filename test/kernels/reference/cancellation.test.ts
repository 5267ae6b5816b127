/** A flag that another thread raises stops a kernel in the middle of a tile that would otherwise take minutes or years. */
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTROL_CELLS, type Matrix, PROGRESS, type PrefixStep, type Step } from '../../../kernels/backend.ts';
import { load } from '../../../kernels/reference/index.ts';
import { matrix, randomProblem } from '../cases.ts';

/** Waits for the first word in `start`, then 20 ms, then raises the flag. */
const RAISER = `
  const { workerData, parentPort } = require('node:worker_threads');
  parentPort.on('message', ({ control, start }) => {
    parentPort.postMessage('ready');
    Atomics.wait(start, 0, 0);
    Atomics.wait(start, 0, 1, 20);
    Atomics.store(control, 0, 1);
  });
`;

let raiser: Worker;
beforeAll(() => {
  raiser = new Worker(RAISER, { eval: true });
});
afterAll(() => raiser.terminate());

const tensor = randomProblem(
  { t: 3, monomials: [{ coefficient: 1, variables: [1, 2, 3] }] },
  { seed: 1, precision: 'float32', maxScore: 1, sizes: [3, 3, 3], d: 2, dv: 2 },
);
const N = 30_000;
const large = matrix('float32', N, 2, Math.sin);
const whole = {
  ...tensor,
  variables: tensor.variables.map((_, j) => ({ queries: large, values: j === 0 ? null : large, bias: null })),
};
const outputs = { message: matrix('float32', N, 2), logSumExp: matrix('float32', N, 1) };
const wide = matrix('float64', 3000, 1024, Math.sin);

/** Few enough rows for tables over pairs, many enough for half a minute. */
const MIDDLING = 1500;
const triangle = [
  [1, 2],
  [1, 3],
  [2, 3],
];
const middle = matrix('float32', MIDDLING, 2, Math.sin);
const middling = {
  ...whole,
  monomials: triangle.map((variables) => ({ coefficient: 1, variables })),
  variables: tensor.variables.map((_, j) => ({ queries: middle, values: j === 0 ? null : middle, bias: null })),
};
const middlingOutputs = { message: matrix('float32', MIDDLING, 2), logSumExp: matrix('float32', MIDDLING, 1) };

const STEPS: { name: string; step: Step<Matrix>; rows: number; firstRow?: number }[] = [
  { name: 'definition', step: { kind: 'definition', ...whole, ...outputs }, rows: N },
  {
    name: 'conditioned on x1',
    step: {
      kind: 'conditioned',
      ...whole,
      cutset: [1],
      forest: [
        { variable: 3, parent: 2 },
        { variable: 2, parent: 0 },
      ],
      parts: 1,
      ...outputs,
    },
    rows: N,
  },
  {
    name: 'conditioned on x3',
    step: {
      kind: 'conditioned',
      ...whole,
      cutset: [3],
      forest: [
        { variable: 2, parent: 1 },
        { variable: 1, parent: 0 },
      ],
      parts: 1,
      ...outputs,
    },
    rows: 1,
  },
  {
    name: 'attend',
    step: {
      kind: 'attend',
      queries: wide,
      keys: wide,
      keyBias: null,
      values: wide,
      scale: 1,
      band: null,
      message: matrix('float64', 3000, 1024),
      logSumExp: matrix('float64', 3000, 1),
    },
    rows: 3000,
  },
  {
    name: 'eliminate, x1 free',
    step: { kind: 'eliminate', ...middling, cutset: [], order: [3, 2], ...middlingOutputs },
    rows: MIDDLING,
  },
  {
    name: 'eliminate, x1 fixed',
    step: { kind: 'eliminate', ...middling, cutset: [1], order: [3, 2], ...middlingOutputs },
    rows: MIDDLING,
  },
  {
    name: 'prefix, the keys before the tile',
    step: prefixOf(large),
    rows: N,
    firstRow: N - 1,
  },
  { name: 'prefix, row by row', step: prefixOf(large), rows: N },
  {
    name: 'project',
    step: { kind: 'project', input: wide, weights: matrix('float64', 1024, 2048, Math.cos), output: matrix('float64', 3000, 2048) },
    rows: 3000,
  },
];

/** Every variable has the same rows. */
function prefixOf(rows: Matrix): PrefixStep<Matrix> {
  const operands = { queries: rows, values: rows, bias: null };
  const grandchildren = [{ operands, coefficient: 1 }];
  return { kind: 'prefix', queries: rows, child: operands, coefficient: 1, grandchildren, scale: 1, ...outputs };
}

describe('a raised flag stops in the middle of a tile', () => {
  it.each(STEPS)('$name', async ({ step, rows, firstRow = 0 }) => {
    const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_CELLS));
    const start = new Int32Array(new SharedArrayBuffer(4));
    const ready = new Promise((resolve) => raiser.once('message', resolve));
    raiser.postMessage({ control, start });
    await ready;
    Atomics.store(start, 0, 1);
    Atomics.notify(start, 0);
    expect(load().run(step, { firstRow, lastRow: rows, control, callId: -1000 - rows })).toEqual({ fallbackRows: 0 });
    expect(control[PROGRESS]).toBeLessThan(rows - firstRow);
  });
});
