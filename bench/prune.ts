/**
 * The native attend that may leave keys out (math.md §3.7) against the exact one, in one thread: keys in 64 tight clusters with peaked
 * scores, and inputs where nothing can be left out.
 *
 *   node bench/prune.ts [--isa=avx2] [--n=16384]
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { AttendStep, Backend, Matrix } from '../kernels/backend.ts';
import { type Bench, operand } from './kernel-cases.ts';

const { values: options } = parseArgs({ options: { isa: { type: 'string' }, n: { type: 'string', default: '16384' } } });
const n = Number(options.n);
// Computed specifiers: the kernels are type-checked by rules of their own (tsconfig.kernels.json).
const kernel = (name: string) => import(new URL(`../kernels/native/${name}.ts`, import.meta.url).href);
const { load } = (await kernel('index')) as { load(options: { isa?: string | undefined }): Backend };
const { loadAddon } = (await kernel('addon')) as { loadAddon(): { threadSeconds(): number } };
const addon = loadAddon();
const bench: Bench = { backend: load({ isa: options.isa }), precision: 'float32' };
const d = 64;

type Step = AttendStep<Matrix> & { readonly message: Matrix };

/** `own`: rows look for one cluster each; otherwise anywhere. */
function clustered(score: number, spread: number, own: boolean, clusters = 64): Step {
  const centers = Array.from({ length: clusters }, () => Array.from({ length: d }, () => (Math.random() < 0.5 ? -1 : 1)));
  const near = () => {
    const result = operand(bench, n, d);
    for (let row = 0; row < n; row++) {
      const center = centers[Math.floor(Math.random() * clusters)] ?? [];
      for (let c = 0; c < d; c++) result.data[row * d + c] = (center[c] ?? 0) + spread * (2 * Math.random() - 1);
    }
    return result;
  };
  const queries = own ? near() : operand(bench, n, d);
  return {
    kind: 'attend',
    ...{ queries, keys: near(), keyBias: null, values: operand(bench, n, d), scale: score / d, band: null },
    ...{ message: operand(bench, n, d), logSumExp: operand(bench, n, 1) },
  };
}

let calls = 0;

function run(step: AttendStep<Matrix>): { seconds: number; pruned: number } {
  const before = addon.threadSeconds();
  const report = bench.backend.run(step, { firstRow: 0, lastRow: n, control: new Int32Array(2), callId: ++calls });
  if (report instanceof Promise) throw new Error('the native back end runs in the calling thread');
  return { seconds: addon.threadSeconds() - before, pruned: (report.prunedPairs ?? 0) / (n * n) };
}

const best = (step: AttendStep<Matrix>) => {
  const runs = [run(step), run(step), run(step)];
  return runs.reduce((least, each) => (each.seconds < least.seconds ? each : least));
};

const dropBelow = Math.log(n / 5e-5);
console.log(`${cpus()[0]?.model}, n = ${n}, d = dv = ${d}, dropBelow = ln(n / 5e-5) = ${dropBelow.toFixed(1)}\n`);
console.log('| case | exact ms | pruned ms | ratio | left out | largest difference |\n|---|---|---|---|---|---|');
const cases: [string, Step][] = [
  ['64 clusters, each row looks for one, scores to 30', clustered(30, 0.05, true)],
  ['64 clusters of four times the width, scores to 30', clustered(30, 0.2, true)],
  ['64 clusters, rows look anywhere, scores to about 30', clustered(100, 0.05, false)],
  ['64 clusters, small scores: nothing to leave out', clustered(1, 0.05, true)],
  ['no clusters, scores to 30: nothing to leave out', clustered(30, 1, false, 1)],
];
for (const [name, step] of cases) {
  const exact = best(step);
  const truth = step.message.data.slice();
  const pruned = best({ ...step, dropBelow });
  const difference = Array.from(truth).reduce((most, value, i) => Math.max(most, Math.abs(value - (step.message.data[i] ?? 0))), 0);
  const cells = [1000 * exact.seconds, 1000 * pruned.seconds].map((ms) => ms.toFixed(0));
  console.log(
    `| ${name} | ${cells.join(' | ')} | ${(exact.seconds / pruned.seconds).toFixed(2)} | ${(100 * pruned.pruned).toFixed(1)} % | ${difference.toExponential(1)} |`,
  );
}
