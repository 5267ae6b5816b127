/** Prints what the reference back end sustains: self-attention at n = 2048, d = dv = 64 on one thread, and its calibrated rates. */
import { type Backend, CONTROL_CELLS, type Matrix } from '../kernels/backend.ts';

const N = 2048;
const D = 64;

function matrix(rows: number, cols: number, seed: number): Matrix {
  const data = new Float32Array(new SharedArrayBuffer(4 * rows * cols));
  for (let at = 0; at < data.length; at++) data[at] = Math.sin(seed + 0.7 * at);
  return { data, rows, cols };
}

// A computed specifier: the kernels are type-checked by rules of their own (tsconfig.kernels.json).
const { load } = (await import(new URL('../kernels/reference/index.ts', import.meta.url).href)) as { load(): Backend };
const backend = load();
const start = performance.now();
const description = backend.describe();
console.log(`describe: ${(performance.now() - start).toFixed(0)} ms`, description.rates);

for (let repetition = 0; repetition < 3; repetition++) {
  const before = performance.now();
  backend.run(
    {
      kind: 'attend',
      queries: matrix(N, D, 1),
      keys: matrix(N, D, 2),
      keyBias: null,
      values: matrix(N, D, 3),
      scale: 1 / D,
      band: null,
      message: matrix(N, D, 4),
      logSumExp: matrix(N, 1, 5),
    },
    { firstRow: 0, lastRow: N, control: new Int32Array(new SharedArrayBuffer(4 * CONTROL_CELLS)), callId: repetition },
  );
  const seconds = (performance.now() - before) / 1000;
  console.log(`self-attention n=${N} d=${D}: ${seconds.toFixed(3)} s, ${((4 * N * N * D) / seconds / 1e9).toFixed(2)} GFLOP/s`);
}
