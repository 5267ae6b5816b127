/**
 * The figures of the approximate modes: time against n, against exact, the threshold in B, what choosing costs, and how far certificates lie
 * above measured errors. Prints Markdown; writes bench/results/approximate.{md,json,svg} and approximate-threshold.svg.
 *
 *   npm run bench:approximate -- [--threads=2] [--only=tensor]      --only=control: that of control variates alone
 *
 * Times are from the request's tensors to its output, best of the runs that fit into a second or two. Where exact would take too long to
 * run it is modelled: the planner's time for it, times measured over modelled at the largest n that was run; the table says so.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { controlTable, measureControl } from './approximate-control.ts';
import { type ApproximateCase, bestOf, clustered, gaussian, lowRank, requestsOf } from './approximate-data.ts';
import { type Figures, markdown } from './approximate-report.ts';
import { measureRatios, measureThreshold } from './approximate-threshold.ts';
import { benchEngine } from './engine.ts';
import { plotSvg } from './plot.ts';

const { values: options } = parseArgs({ options: { threads: { type: 'string', default: '2' }, only: { type: 'string' } } });
const engine = await benchEngine(Number(options.threads));

export interface Row {
  readonly name: string;
  readonly target: string;
  readonly n: number;
  readonly method: string;
  readonly certified: number | null;
  /** Largest error of 16 rows, where it was measured. */
  readonly error: number | null;
  readonly ms: number;
  readonly exactMs: number;
  readonly exactIsModelled: boolean;
  readonly speedUp: number;
  /** Of ms against n, and the sizes that it is of. */
  readonly slope?: number;
  readonly points?: readonly (readonly [number, number])[];
}

interface Measured extends ApproximateCase {
  readonly name: string;
  readonly target: string;
  /** Sizes of the slope. */
  readonly sizes?: readonly number[];
  /** Whether the error is measured, on 16 rows. */
  readonly measured?: boolean;
  /** A smaller n at which exact is run to correct its model. */
  readonly modelledFrom?: number;
}

const SIZES = [1024, 2048, 4096, 8192, 16384, 32768, 65536];
const [TENSOR, TRIANGLE, PATH] = ['x1*x2*x3', 'x1*x2 + x1*x3 + x2*x3', 'x1*x2 + x2*x3'];
const peaked = { polynomial: 'x1*x2', n: 16384, d: 64, scale: 30 / 64, wish: { tolerance: 1e-4, method: 'prune' as const } };
const CASES: readonly Measured[] = [
  {
    ...{ name: 'tensor(3), d=16, B=0.5', target: 'slope ≤ 1.1; ≥ 10,000×', polynomial: TENSOR, n: 4096, d: 16, entries: 0.5 },
    ...{ sizes: SIZES, modelledFrom: 1024 },
  },
  {
    ...{ name: 'tensor(3), d=16, B=1', target: '≥ 1000×', polynomial: TENSOR, n: 4096, d: 16, entries: 1 },
    modelledFrom: 1024,
  },
  {
    ...{ name: 'Strassen, d=16, B=0.5', target: 'slope ≤ 1.1; ≥ 300×', polynomial: TRIANGLE, n: 4096, d: 16, entries: 0.5 },
    ...{ sizes: SIZES, modelledFrom: 1024 },
  },
  { name: 'path(3), d=16, B=0.5', target: '≥ 100×', polynomial: PATH, n: 65536, d: 16, entries: 0.5 },
  {
    ...{ name: 'path(3), d=64 of rank 8 and 1 % noise, B=0.5', target: '≥ 100×', polynomial: PATH, n: 65536, d: 64 },
    ...{ entries: lowRank(64, 8, 0.01), largest: 0.5, modelledFrom: 16384 },
  },
  {
    ...{ name: 'sampling, tensor(3), d=64, 1/√d, unit-normal', target: '≥ 20×', polynomial: TENSOR, n: 2048, d: 64 },
    ...{ entries: gaussian, scale: 1 / 8, wish: { tolerance: 0.1, method: 'sampling' as const }, modelledFrom: 512 },
  },
  {
    ...{ name: 'the same, 4,096 tuples, certificate of no use', target: '', polynomial: TENSOR, n: 2048, d: 64, entries: gaussian },
    ...{ scale: 1 / 8, wish: { tolerance: Number.POSITIVE_INFINITY, method: 'sampling' as const, samples: 4096 } },
    ...{ modelledFrom: 512, measured: true },
  },
  { ...peaked, name: 'prune, 64 clusters, scores to ±30', target: '≥ 3×', entries: clustered(64, 64, 0.05) },
  { ...peaked, name: 'prune, nothing to leave out', target: '≥ 0.9×', entries: 1 },
];

async function exactMs(one: Measured): Promise<{ readonly ms: number; readonly isModelled: boolean }> {
  const { exact } = requestsOf(one);
  const modelled = engine.plan(exact.problem).estimatedMs;
  if (one.modelledFrom === undefined) return { ms: (await bestOf(engine, exact, 1500)).ms, isModelled: false };
  const smaller = requestsOf({ ...one, n: one.modelledFrom }).exact;
  const { ms } = await bestOf(engine, smaller, 1500);
  return { ms: (modelled * ms) / engine.plan(smaller.problem).estimatedMs, isModelled: true };
}

async function measure(one: Measured): Promise<Row> {
  const { name, target, n } = one;
  const exact = await exactMs(one);
  const base = { name, target, n, exactMs: exact.ms, exactIsModelled: exact.isModelled };
  try {
    const points: [number, number][] = [];
    for (const size of one.sizes ?? []) points.push([size, (await bestOf(engine, requestsOf({ ...one, n: size }).approximate)).ms]);
    const { approximate } = requestsOf(one);
    const { ms, result } = await bestOf(engine, approximate, 2500);
    const report = { ...approximate, errorReport: { type: 'sample', rows: 16, seed: 1 } } as const;
    const error = one.measured ? ((await bestOf(engine, report, 0)).result.measured?.maxAbsError ?? null) : null;
    const { method = '', degree, certificate } = result.plan.approximation ?? {};
    return {
      ...base,
      method: degree === undefined ? method : `${method}, degree ${degree}`,
      ...{ certified: certificate?.maxAbsError ?? null, error, ms, speedUp: exact.ms / ms },
      ...(points.length > 0 && { slope: slope(points), points }),
    };
  } catch (error) {
    return { ...base, method: (error as Error).message, certified: null, error: null, ms: Number.NaN, speedUp: Number.NaN };
  }
}

/** Least-squares slope of log ms on log n. */
function slope(points: readonly (readonly [number, number])[]): number {
  const logs = points.map(([n, ms]) => [Math.log(n), Math.log(ms)] as const);
  const mean = (index: 0 | 1): number => logs.reduce((sum, one) => sum + one[index], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  return logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
}

/** What mode 'auto' adds where it looks, finds nothing and goes exact: its plan time against the exact one. */
async function choiceShares(): Promise<{ name: string; share: number }[]> {
  const cases = [
    { name: 'path(3), n=4096, d=64', polynomial: PATH, n: 4096, d: 64, entries: gaussian, scale: 1 / 8 },
    { name: 'tensor(3), n=768, d=64', polynomial: TENSOR, n: 768, d: 64, entries: gaussian, scale: 1 / 8 },
    { name: 'Strassen, n=768, d=64', polynomial: TRIANGLE, n: 768, d: 64, entries: gaussian, scale: 1 / 8 },
  ] as const;
  const shares = [];
  for (const one of cases) {
    const { exact, approximate } = requestsOf({ ...one, mode: 'auto' });
    const alone = await bestOf(engine, exact, 1500);
    const chosen = await bestOf(engine, approximate, 1500);
    const { used } = chosen.result.plan.approximation ?? {};
    const share = (chosen.result.timing.planMs - alone.result.timing.planMs) / alone.ms;
    shares.push({ name: `${one.name} (${used ? 'approximated' : 'went exact'})`, share });
  }
  return shares;
}

const rows: Row[] = [];
for (const one of CASES.filter(({ name }) => name.includes(options.only ?? ''))) {
  rows.push(await measure(one));
  const { name, ms, speedUp, method } = rows.at(-1) as Row;
  console.log(`${name}: ${ms.toPrecision(3)} ms, ${speedUp.toPrecision(3)}× (${method})`);
}
if (options.only === 'control') console.log(controlTable(await measureControl(engine)));
if (options.only === undefined) {
  const figures: Figures = {
    machine: `${cpus()[0]?.model}, ${options.threads} threads`,
    load: loadavg()[0] ?? 0,
    ...{ rows, choice: await choiceShares(), threshold: await measureThreshold(engine), ratios: await measureRatios(engine) },
    control: await measureControl(engine),
  };
  const text = markdown(figures);
  const file = (name: string): URL => new URL(`results/${name}`, import.meta.url);
  mkdirSync(file(''), { recursive: true });
  writeFileSync(file('approximate.md'), text);
  writeFileSync(file('approximate.json'), `${JSON.stringify(figures, null, 2)}\n`);
  const series = rows.flatMap(({ name, slope, points }) =>
    points === undefined ? [] : [{ name: `${name} (${slope?.toFixed(2)})`, points }],
  );
  writeFileSync(
    file('approximate.svg'),
    plotSvg('Approximate attention, tolerance 1e-3 proved: ms against n (slope)', 'n', 'ms', series),
  );
  const { points, threshold } = figures.threshold;
  const line = (of: 'degree' | 'ms'): [number, number][] => points.flatMap((one) => (one[of] === null ? [] : [[one.B, one[of]]]));
  const marks = [1, Math.max(...points.map(({ ms }) => ms))].map((y) => [threshold, y] as const);
  const plotted = [
    { name: 'ms', points: line('ms') },
    { name: 'degree that certifies', points: line('degree') },
    { name: `B = (ln n)^(1/3) = ${threshold.toFixed(2)}`, points: marks },
  ];
  writeFileSync(file('approximate-threshold.svg'), plotSvg('tensor(3), n = 4096, d = 8, mode auto', 'B', 'ms', plotted));
  console.log(`\n${text}`);
}
await engine.close();
