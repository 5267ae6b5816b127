import { mkdirSync, writeFileSync } from 'node:fs';
import { type BenchCase, benchEngine, benchRequest, bestThreadMs } from './engine.ts';
import { plotSvg, type Series } from './plot.ts';

/**
 * Measured time against n for every class: the slope of log time on log n beside the planned exponent. One thread,
 * so that tiling does not bend it. `node bench/exponents.ts K4` measures the classes whose names hold the word, and leaves the recorded
 * results alone.
 */

const engine = await benchEngine(1);
/** Rows are multiples of 64, the widest panel of keys, where classes begin small: padding would bend the line. */
const CLASSES: { name: string; sizes: number[]; one: Omit<BenchCase, 'n'> }[] = [
  { name: 'tree: path(3)', sizes: [1024, 1536, 2304, 3456, 5184], one: { polynomial: 'x1*x2 + x2*x3', d: 64 } },
  {
    name: 'tree, edge-causal',
    sizes: [2304, 3456, 5184, 7776, 11664],
    one: { polynomial: 'x1*x2 + x2*x3', d: 64, mask: { type: 'edge-causal' } },
  },
  {
    name: 'tree of depth 2, root-causal',
    sizes: [768, 1152, 1728, 2592, 3888],
    one: { polynomial: 'x1*x2 + x2*x3', d: 64, mask: { type: 'root-causal' }, backend: 'auto' },
  },
  { name: 'cycle: strassen', sizes: [256, 384, 512, 768, 1024], one: { polynomial: 'x1*x2 + x2*x3 + x1*x3', d: 64 } },
  { name: 'tensor(3)', sizes: [192, 256, 320, 384, 512], one: { polynomial: 'x1*x2*x3', d: 64 } },
  {
    name: 'treewidth 2: K4 less an edge',
    sizes: [320, 384, 512, 640, 832],
    one: { polynomial: 'x1*x2 + x1*x3 + x2*x3 + x2*x4 + x3*x4', d: 64 },
  },
  {
    name: 'general: K4',
    sizes: [128, 192, 256, 320, 384],
    one: { polynomial: 'x1*x2 + x1*x3 + x1*x4 + x2*x3 + x2*x4 + x3*x4', d: 16 },
  },
  {
    name: 'elimination: two triangles, two joins',
    sizes: [384, 512, 640, 832, 1088],
    one: { polynomial: 'x1*x2 + x2*x3 + x1*x3 + x4*x5 + x5*x6 + x4*x6 + x1*x4 + x2*x5', d: 16 },
  },
];

const ROUNDS = 3;

/** Least-squares slope of log ms on log n. */
function slope(points: readonly (readonly [number, number])[]): number {
  const logs = points.map(([n, ms]) => [Math.log(n), Math.log(ms)] as const);
  const mean = (index: 0 | 1): number => logs.reduce((sum, one) => sum + one[index], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  return logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
}

const series: Series[] = [];
const lines = [
  '| class | back end | algorithm | sizes | ms | planned exponent | slope | difference |',
  '|---|---|---|---|---|---|---|---|',
];
const wanted = process.argv[2] ?? '';
for (const { name, sizes, one } of CLASSES.filter(({ name }) => name.includes(wanted))) {
  const requests = sizes.map((n) => benchRequest({ ...one, n }));
  const points = sizes.map((n): [number, number] => [n, Infinity]);
  // All sizes in every round: whoever else uses the machine for a while does not bend the line.
  for (let round = 0; round < ROUNDS; round++)
    for (const [index, request] of requests.entries()) {
      const point = points[index] as [number, number];
      point[1] = Math.min(point[1], await bestThreadMs(engine, request, 1));
    }
  const plan = engine.plan((requests[0] as (typeof requests)[0]).problem);
  const measured = slope(points);
  const ms = points.map(([, time]) => time.toPrecision(3)).join(', ');
  lines.push(
    `| ${name} | ${plan.backend.name} | ${plan.algorithm} | ${sizes.join(', ')} | ${ms} | ${plan.exponent} | ${measured.toFixed(2)} | ${(measured - plan.exponent).toFixed(2)} |`,
  );
  console.log(lines.at(-1));
  series.push({ name: `${name} (${measured.toFixed(2)})`, points });
}
await engine.close();
if (wanted === '') {
  mkdirSync(new URL('results/', import.meta.url), { recursive: true });
  writeFileSync(new URL('results/exponents.md', import.meta.url), `${lines.join('\n')}\n`);
  writeFileSync(
    new URL('results/exponents.svg', import.meta.url),
    plotSvg('Compute time against n, one thread (slope)', 'n', 'ms', series),
  );
}
console.log(`\n${lines.join('\n')}`);
