import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { type BenchCase, benchEngine, benchRequest, bestThreadMs } from './engine.ts';

/**
 * Cost honesty: the planner's estimatedMs against the measured compute time, over polynomials, shapes, masks and back ends. One thread, so
 * that it says something on a machine whose other cores are busy too.
 */

const engine = await benchEngine(1);
const DIAMOND = 'x1*x2 + x1*x3 + x2*x3 + x2*x4 + x3*x4';
const PRISM = 'x1*x2 + x2*x3 + x1*x3 + x4*x5 + x5*x6 + x4*x6 + x1*x4 + x2*x5 + x3*x6';
const TRIANGLES = 'x1*x2 + x2*x3 + x1*x3 + x4*x5 + x5*x6 + x4*x6 + x3*x4';
/** Issue 3's table, within a factor 1.5. */
const exact: BenchCase[] = [
  { polynomial: 'x1*x2', n: 4096, d: 64 },
  { polynomial: 'x1*x2', n: 4096, d: 128 },
  { polynomial: 'x1*x2', n: 4096, d: 64, mask: { type: 'edge-causal' } },
  { polynomial: 'x1*x2', n: 4096, d: 128, mask: { type: 'edge-causal' } },
  { polynomial: 'x1*x2', n: 1000, d: 40, dv: 33 },
  { polynomial: 'x1*x2*x3', n: 512, d: 64 },
  { polynomial: 'x1*x2 + x2*x3 + x1*x3', n: 1024, d: 64 },
  { polynomial: 'x1*x2 + x2*x3', n: 4096, d: 64 },
  { polynomial: 'x1*x2 + x2*x3 + x3*x4 + x4*x5 + x5*x6', n: 4096, d: 64 },
  { polynomial: 'x1*x2 + x1*x3 + x1*x4', n: 4096, d: 64 },
];
const native: BenchCase[] = [
  ...[512, 1024, 2048].map((n) => ({ polynomial: 'x1*x2', n, d: 64 })),
  { polynomial: 'x1*x2', n: 2048, d: 128 },
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
  { polynomial: DIAMOND, n: 256, d: 32 },
  { polynomial: DIAMOND, n: 512, d: 64 },
  { polynomial: PRISM, n: 96, d: 16 },
  { polynomial: TRIANGLES, n: 192, d: 32 },
  { polynomial: 'x1*x2 + x1*x3 + x1*x4 + x2*x3 + x2*x4 + x3*x4', n: 64, d: 32 },
];
const masked: BenchCase[] = [
  { polynomial: 'x1*x2', n: 2048, d: 64, mask: { type: 'edge-causal' } },
  { polynomial: 'x1*x2', n: 4096, d: 64, mask: { type: 'edge-window', window: [256] } },
  { polynomial: 'x1*x2 + x2*x3', n: 2048, d: 64, mask: { type: 'edge-causal' } },
  { polynomial: 'x1*x2 + x2*x3', n: 1024, d: 32, mask: { type: 'root-causal' } },
  { polynomial: 'x1*x2 + x2*x3', n: 2048, d: 64, mask: { type: 'root-causal' } },
  { polynomial: 'x1*x2 + x2*x3 + x2*x4', n: 1024, d: 64, mask: { type: 'root-causal' } },
  { polynomial: DIAMOND, n: 128, d: 32, mask: { type: 'edge-causal' } },
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
  { polynomial: 'x1*x2 + x2*x3', n: 512, d: 32, mask: { type: 'root-causal' } },
  { polynomial: 'x1*x2', n: 1024, d: 32, mask: { type: 'edge-causal' } },
].map((one) => ({ ...one, backend: 'reference' }) as BenchCase);

const lines: string[] = [];
const print = (line: string): void => {
  lines.push(line);
  console.log(line);
};

const ROUNDS = 3;
const measuredMs = new Map<BenchCase, number>();

/** All cases in every round: whoever else uses the machine for a while does not decide about one of them. */
async function measureAll(cases: readonly BenchCase[]): Promise<void> {
  for (let round = 0; round < ROUNDS; round++)
    for (const one of cases) {
      const ms = await bestThreadMs(engine, benchRequest(one), 1);
      measuredMs.set(one, Math.min(ms, measuredMs.get(one) ?? Infinity));
    }
}

/** One line of the table; gives the ratio, either way. */
function compare(one: BenchCase): number {
  const plan = engine.plan(benchRequest(one).problem);
  const measured = measuredMs.get(one) as number;
  const ratio = plan.estimatedMs / measured;
  const name = one.precision === 'float64' ? `${plan.backend.name} fp64` : plan.backend.name;
  const numbers = [plan.estimatedMs, measured, ratio].map((value) => value.toFixed(2));
  const shown = [name, one.polynomial, one.n, one.d, one.heads ?? 1, one.mask?.type ?? 'none', plan.algorithm, ...numbers];
  print(`| ${shown.join(' | ')} |`);
  return Math.max(ratio, 1 / ratio);
}

const worstOf = (cases: readonly BenchCase[]): number => Math.max(1, ...cases.map(compare));

const [load = Number.NaN] = loadavg();
print(`${cpus()[0]?.model}, ${new Date().toISOString().slice(0, 10)}, load ${load.toFixed(1)} at the start; one thread.\n`);
print('| back end | polynomial | n | d | heads | mask | algorithm | estimated ms | measured ms | ratio |');
print('|---|---|---|---|---|---|---|---|---|---|');
const others = [...native, ...masked, ...reference];
await measureAll([...exact, ...others]);
const worstExact = worstOf(exact);
const worst = Math.max(worstExact, worstOf(others));
print(`\nworst ratio, either way: ${worstExact.toFixed(2)} over the ${exact.length} cases of issue 3 (target 1.5)`);
print(`worst ratio, either way: ${worst.toFixed(2)} over all ${exact.length + others.length} cases (target 2)`);
await engine.close();
writeFileSync(new URL('results/cost.md', import.meta.url), `${lines.join('\n')}\n`);
