/**
 * What `POST /v1/polynomials/analyze` predicts of mode 'approximate' against what a run then takes: entries of q uniform in ±B, v in ±1, scale 1/d, float32.
 *
 *   node bench/forecast.ts [--threads=2]
 *
 * Both times are measured, exact ones up to a second; longer ones are the model's own, whatever n, and then the ratio is of the approximation alone.
 */
import { parseArgs } from 'node:util';
import { degreeFor } from '../src/plan/outlook.ts';
import { type ApproximateCase, bestOf, requestsOf } from './approximate-data.ts';
import { benchEngine } from './engine.ts';

const { values: options } = parseArgs({ options: { threads: { type: 'string', default: '2' } } });
const engine = await benchEngine(Number(options.threads));
const CASES: readonly (ApproximateCase & { readonly entries: number })[] = [
  { polynomial: 'x1*x2*x3', n: 1024, d: 16, entries: 0.5 },
  { polynomial: 'x1*x2*x3', n: 4096, d: 16, entries: 0.5 },
  { polynomial: 'x1*x2*x3', n: 4096, d: 16, entries: 1 },
  { polynomial: 'x1*x2 + x1*x3 + x2*x3', n: 4096, d: 16, entries: 0.5 },
  { polynomial: 'x1*x2 + x2*x3', n: 4096, d: 16, entries: 0.5 },
  { polynomial: 'x1*x2 + x2*x3', n: 16384, d: 16, entries: 0.5 },
  { polynomial: 'x1*x2', n: 16384, d: 32, entries: 0.5 },
];

console.log('| case | n | B | tolerance | predicted | measured | predicted / measured |\n|---|---|---|---|---|---|---|');
for (const one of CASES) {
  const { exact } = requestsOf(one);
  const plan = engine.plan(exact.problem);
  const exactMs = plan.estimatedMs < 1000 ? (await bestOf(engine, exact, 1000)).ms : plan.estimatedMs;
  for (const tolerance of [1e-2, 1e-3, 1e-4]) {
    const { speedUp = null } = degreeFor(tolerance, one.entries, exact.problem, plan, engine.machine);
    const { approximate } = requestsOf({ ...one, wish: { tolerance } });
    const found = await bestOf(engine, approximate, 700).catch(() => null);
    const measured = found === null ? null : exactMs / found.ms;
    const ratio = speedUp !== null && measured !== null ? (speedUp / measured).toFixed(2) : '';
    const cells = [
      one.polynomial,
      one.n,
      one.entries,
      tolerance,
      speedUp?.toPrecision(3) ?? 'none',
      measured?.toPrecision(3) ?? 'none',
    ];
    console.log(`| ${[...cells, ratio].join(' | ')} |`);
  }
}
await engine.close();
