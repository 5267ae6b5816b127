import { writeFileSync } from 'node:fs';
import { type BenchCase, benchEngine, benchRequest, bestThreadMs } from './engine.ts';

/**
 * Cost honesty: the planner's estimatedMs against the measured compute time, over polynomials, shapes, masks and back ends. One thread, so
 * that it says something on a machine whose other cores are busy too.
 */

const engine = await benchEngine(1);
const native: BenchCase[] = [
  ...[512, 1024, 2048, 4096].map((n) => ({ polynomial: 'x1*x2', n, d: 64 })),
  { polynomial: 'x1*x2', n: 2048, d: 128 },
  { polynomial: 'x1*x2', n: 1000, d: 40, dv: 33 },
  { polynomial: 'x1*x2', n: 512, d: 64, heads: 8 },
  { polynomial: 'x1*x2', n: 2048, d: 64, precision: 'float64' },
  { polynomial: 'x1*x2 + x2*x3', n: 2048, d: 64 },
  { polynomial: 'x1*x2 + x2*x3', n: 1024, d: 32, heads: 4 },
  { polynomial: 'x1*x2 + x2*x3 + x3*x4 + x4*x5 + x5*x6', n: 2048, d: 64 },
  { polynomial: 'x1*x2 + x1*x3 + x1*x4', n: 2048, d: 64 },
  { polynomial: 'x1*x2 + x2*x3 + x2*x4', n: 1024, d: 64 },
  { polynomial: 'x1*x2*x3', n: 256, d: 64 },
  { polynomial: 'x1*x2*x3', n: 384, d: 32 },
  { polynomial: 'x1*x2*x3*x4', n: 64, d: 32 },
  { polynomial: 'x1*x2 + x2*x3 + x1*x3', n: 256, d: 64 },
  { polynomial: 'x1*x2 + x2*x3 + x1*x3', n: 512, d: 64 },
  { polynomial: 'x1*x2 + x2*x3 + x3*x4 + x1*x4', n: 384, d: 32 },
  { polynomial: 'x1*x2*x3 + x3*x4', n: 256, d: 64 },
  { polynomial: 'x1*x2 + x1*x3 + x2*x3 + x2*x4 + x3*x4', n: 256, d: 32 },
  { polynomial: 'x1*x2 + x1*x3 + x1*x4 + x2*x3 + x2*x4 + x3*x4', n: 64, d: 32 },
];
const masked: BenchCase[] = [
  { polynomial: 'x1*x2', n: 2048, d: 64, mask: { type: 'edge-causal' } },
  { polynomial: 'x1*x2', n: 4096, d: 64, mask: { type: 'edge-window', window: [256] } },
  { polynomial: 'x1*x2 + x2*x3', n: 2048, d: 64, mask: { type: 'edge-causal' } },
  { polynomial: 'x1*x2 + x2*x3', n: 1024, d: 32, mask: { type: 'root-causal' } },
  { polynomial: 'x1*x2*x3', n: 384, d: 32, mask: { type: 'root-causal' } },
  { polynomial: 'x1*x2*x3', n: 1024, d: 64, mask: { type: 'root-window', window: [64, 32] } },
  { polynomial: 'x1*x2 + x2*x3 + x1*x3', n: 384, d: 64, mask: { type: 'root-causal' } },
];
const reference: BenchCase[] = [
  { polynomial: 'x1*x2', n: 512, d: 32 },
  { polynomial: 'x1*x2', n: 1024, d: 64 },
  { polynomial: 'x1*x2 + x2*x3', n: 512, d: 64 },
  { polynomial: 'x1*x2*x3', n: 96, d: 32 },
  { polynomial: 'x1*x2 + x2*x3 + x1*x3', n: 96, d: 32 },
  { polynomial: 'x1*x2', n: 1024, d: 32, mask: { type: 'edge-causal' } },
].map((one) => ({ ...one, backend: 'reference' }) as BenchCase);

let worst = 1;
const lines: string[] = [];
const print = (line: string): void => {
  lines.push(line);
  console.log(line);
};
print('| back end | polynomial | n | d | heads | mask | algorithm | estimated ms | measured ms | ratio |');
print('|---|---|---|---|---|---|---|---|---|---|');
for (const one of [...native, ...masked, ...reference]) {
  const request = benchRequest(one);
  const plan = engine.plan(request.problem);
  const measured = await bestThreadMs(engine, request);
  const ratio = plan.estimatedMs / measured;
  worst = Math.max(worst, ratio, 1 / ratio);
  const name = one.precision === 'float64' ? `${plan.backend.name} fp64` : plan.backend.name;
  const mask = one.mask?.type ?? 'none';
  const shown = [
    name,
    one.polynomial,
    one.n,
    one.d,
    one.heads ?? 1,
    mask,
    plan.algorithm,
    plan.estimatedMs.toFixed(2),
    measured.toFixed(2),
    ratio.toFixed(2),
  ];
  print(`| ${shown.join(' | ')} |`);
}
print(`\nworst ratio, either way: ${worst.toFixed(2)} over ${native.length + masked.length + reference.length} cases`);
await engine.close();
writeFileSync(new URL('results/cost.md', import.meta.url), `${lines.join('\n')}\n`);
