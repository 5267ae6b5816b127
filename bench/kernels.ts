/**
 * The native kernels against the machine's own limit and against PyTorch and numpy (issue 3's table). Prints markdown and writes it with
 * the numbers to bench/results/kernels.md and kernels.json.
 *
 *   node bench/kernels.ts [--isa=avx2] [--quick] [--no-peers] [--case=TEXT]
 *
 * About seven minutes on a quiet machine, once .venv/bench stands; a minute with --quick --no-peers. With --case only what has the text in
 * its name is measured and nothing is written.
 *
 * The peers run in a virtual environment that this script makes in .venv/bench (numpy and torch from the package index); what is missing is
 * said, never replaced. Times are the least processor time of several runs in one thread, theirs before and after ours.
 *
 * A virtual machine's core changes its pace with what its neighbours do. Every round therefore measures the multiply-add peak before and
 * after each case, and the rates that the planner calibrates; ratios are taken within a round, and the table has their medians.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Backend, modelledSeconds, type Precision } from '../kernels/backend.ts';
import {
  attendCase,
  type Bench,
  type Case,
  diamondCase,
  prefixCase,
  projectCase,
  strassenCase,
  tensorCase,
  treeCase,
} from './kernel-cases.ts';
import { fasterOf, type Peers, runPeers } from './peers.ts';
import { twoThreads } from './two-threads.ts';

interface Addon {
  isas(): string[];
  peak(isa: number, precision: number, seconds: number): number;
  threadSeconds(): number;
}

interface Measured {
  readonly name: string;
  readonly precision: string;
  readonly seconds: number;
  readonly gigaflops: number;
  readonly share: number; // of the multiply-add peak beside it, median of the rounds
  readonly shareOfHighest: number; // the least time against the highest peak of the whole run
  readonly modelled: number; // the planner's seconds, by rates of the same round, over the measured ones; median
  readonly peers: Readonly<Record<string, number>>;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    isa: { type: 'string' },
    quick: { type: 'boolean', default: false },
    'no-peers': { type: 'boolean', default: false },
    case: { type: 'string' },
  },
});

// Computed specifiers: the kernels are type-checked by rules of their own (tsconfig.kernels.json).
const kernel = (name: string) => import(new URL(`../kernels/native/${name}.ts`, import.meta.url).href);
const { load } = (await kernel('index')) as { load(options: { isa?: string | undefined }): Backend };
const { loadAddon } = (await kernel('addon')) as { loadAddon(): Addon };
const addon = loadAddon();

const ROUNDS = options.quick ? 1 : 7;

/** One case in one round. */
interface Visit {
  readonly seconds: number;
  readonly share: number;
  readonly modelled: number;
}

function visit({ work, run }: Case, precision: Precision, peak: () => number, backend: Backend): Visit {
  const rates = backend.describe().rates[precision];
  const before = peak();
  const seconds = bestSeconds(run);
  const beside = (before + peak()) / 2;
  return {
    seconds,
    share: work.flops / seconds / beside,
    modelled: rates === undefined ? Number.NaN : modelledSeconds(work, rates) / seconds,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The least processor time of several runs: what the kernel needs of its core, whoever else uses the machine. */
function bestSeconds(body: () => void, budget = options.quick ? 0.3 : 0.35): number {
  let best = Number.POSITIVE_INFINITY;
  const end = performance.now() + 1000 * budget;
  for (let i = 0; i < (options.quick ? 3 : 1) || performance.now() < end; i++) {
    const before = addon.threadSeconds();
    body();
    best = Math.min(best, addon.threadSeconds() - before);
  }
  return best;
}

function wideCases(bench: Bench): Case[] {
  return [
    attendCase(bench, 4096, 64, 64),
    attendCase(bench, 4096, 64, 64, { lowest: 0, highest: Number.POSITIVE_INFINITY }),
    attendCase(bench, 4096, 128, 128),
    attendCase(bench, 1000, 40, 33),
    tensorCase(bench, 512, 64),
    ...stepCases(bench),
    ...[512, 1024].flatMap((n) => (['gemm', 'fast'] as const).map((product) => strassenCase(bench, n, 64, product))),
  ];
}

/** Projections, growing prefixes and tables over pairs. */
function stepCases(bench: Bench): Case[] {
  return [projectCase(bench, 4096, 1024, 64), prefixCase(bench, 2048, 64), diamondCase(bench, 512, 64)];
}

function cases(bench: Bench): Case[] {
  if (bench.precision === 'float64') return wideCases(bench);
  const causal = { lowest: 0, highest: Number.POSITIVE_INFINITY };
  const path = (t: number) => Array.from({ length: t - 1 }, (_, i) => [t - i, t - i - 1] as const);
  return [
    ...[1024, 2048, 4096, 8192].map((n) => attendCase(bench, n, 64, 64)),
    attendCase(bench, 4096, 128, 128),
    attendCase(bench, 4096, 64, 64, causal),
    attendCase(bench, 4096, 128, 128, causal),
    attendCase(bench, 1000, 40, 33),
    treeCase(bench, 'path(3)', path(3), 4096, 64),
    treeCase(bench, 'path(6)', path(6), 4096, 64),
    treeCase(
      bench,
      'star(4)',
      [2, 3, 4].map((leaf) => [leaf, 1] as const),
      4096,
      64,
    ),
    tensorCase(bench, 512, 64),
    ...stepCases(bench),
    ...[256, 384, 512, 768, 1024, 1536].flatMap((n) =>
      (['gemm', 'fast'] as const).map((product) => strassenCase(bench, n, 64, product)),
    ),
  ];
}

const format = (value: number, digits: number) => (Number.isFinite(value) ? value.toFixed(digits) : '');

function table(rows: readonly Measured[]): string {
  const lines = rows.map(({ name, precision, seconds, gigaflops, share, shareOfHighest, modelled, peers }) => {
    const [library, fastest] = Object.entries(peers).sort(([, a], [, b]) => a - b)[0] ?? ['', Number.NaN];
    const peer = library === '' ? ['', ''] : [`${library} ${format(1000 * fastest, 2)}`, `${format(fastest / seconds, 2)}×`];
    const cells = [
      name,
      precision,
      format(1000 * seconds, 2),
      format(gigaflops, 1),
      `${format(100 * share, 1)} %`,
      `${format(100 * shareOfHighest, 1)} %`,
      format(modelled, 2),
      ...peer,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const head = [
    'case',
    'type',
    'ms',
    'GFLOP/s',
    'share of the peak beside it',
    'of the highest peak',
    'modelled / measured',
    'fastest peer, ms',
    'gain',
  ];
  return [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`, ...lines].join('\n');
}

interface Visits {
  readonly each: Case;
  readonly visits: Visit[];
}

function visitAll(bench: Bench, peak: () => number): Visits[] {
  const chosen = cases(bench).filter(({ name }) => name.includes(options.case ?? ''));
  const all = chosen.map((each): Visits => ({ each, visits: [] }));
  for (let round = 0; round < ROUNDS; round++)
    for (const { each, visits } of all) visits.push(visit(each, bench.precision, peak, bench.backend));
  return all;
}

function measuredRow(
  { name, work }: Case,
  precision: Precision,
  visits: readonly Visit[],
  highest: number,
  peers: Peers | string,
): Measured {
  const seconds = Math.min(...visits.map((each) => each.seconds));
  return {
    name,
    precision,
    seconds,
    gigaflops: work.flops / seconds / 1e9,
    share: median(visits.map(({ share }) => share)),
    shareOfHighest: work.flops / seconds / highest,
    modelled: median(visits.map(({ modelled }) => modelled)),
    peers: precision === 'float32' && typeof peers !== 'string' ? (peers.seconds[name.replace(' fast', '')] ?? {}) : {},
  };
}

/** path(3) at n = 65,536 in O(n d) memory: seconds, and megabytes of resident memory beyond operands and results. */
function longPath(bench: Bench): { seconds: number; megabytes: number } {
  const long = treeCase(
    bench,
    'path(3)',
    [
      [3, 2],
      [2, 1],
    ],
    65_536,
    64,
  );
  const before = process.memoryUsage().rss;
  const start = performance.now();
  long.run();
  return { seconds: (performance.now() - start) / 1000, megabytes: (process.memoryUsage().rss - before) / 2 ** 20 };
}

async function main(): Promise<void> {
  const [load1 = Number.NaN] = loadavg();
  const backend = load({ isa: options.isa });
  const { rates, isa } = backend.describe();
  const index = addon.isas().indexOf(isa ?? '');
  const rows: Measured[] = [];
  const peaks: Record<string, number> = {};
  const measured = new Map<Precision, Visits[]>();
  const askPeers = () => (options['no-peers'] || options.case !== undefined ? 'left out' : runPeers());
  const peersBefore = askPeers();
  for (const precision of ['float32', 'float64'] as const) {
    const peak = () => {
      const now = addon.peak(index, precision === 'float64' ? 64 : 32, 0.03);
      peaks[precision] = Math.max(peaks[precision] ?? 0, now);
      return now;
    };
    measured.set(precision, visitAll({ backend, precision }, peak));
  }
  const peers = fasterOf(peersBefore, askPeers());
  for (const [precision, cases] of measured)
    for (const { each, visits } of cases) rows.push(measuredRow(each, precision, visits, peaks[precision] ?? Number.NaN, peers));
  if (options.case !== undefined) {
    console.log(table(rows));
    return;
  }
  const bench: Bench = { backend, precision: 'float32' };
  const seconds = (name: string) => rows.find((row) => row.name === name && row.precision === 'float32')?.seconds ?? Number.NaN;
  const one = seconds('attend n=4096 d=64');
  const pair = await twoThreads(bench, options.isa, 4096, 64, options.quick ? 10 : 60);
  const long = options.quick ? null : longPath(bench);
  const notes = [
    `- Machine: ${cpus()[0]?.model}, ${cpus().length} processors, ${new Date().toISOString().slice(0, 10)}, load ${format(load1, 1)} at the start; instruction set ${isa}; highest peak of one core ${format((peaks.float32 ?? 0) / 1e9, 1)} GFLOP/s in fp32, ${format((peaks.float64 ?? 0) / 1e9, 1)} in fp64.`,
    `- The core's pace changes with its neighbours: shares of the peak beside a case, and modelled over measured time by rates calibrated beside it, are medians of ${ROUNDS} rounds; times and shares of the highest peak are of the fastest run.`,
    `- Peers, one thread, fp32: ${
      typeof peers === 'string'
        ? peers
        : Object.entries(peers.versions)
            .map((pair) => pair.join(' '))
            .join(', ')
    }.`,
    `- Causal against unmasked: ${format(seconds('attend causal n=4096 d=64') / one, 3)} (d=64), ${format(seconds('attend causal n=4096 d=128') / seconds('attend n=4096 d=128'), 3)} (d=128).`,
    `- Trees against t-1 attend calls: path(3) ${format(seconds('path(3) n=4096 d=64') / (2 * one), 3)}, path(6) ${format(seconds('path(6) n=4096 d=64') / (5 * one), 3)}, star(4) ${format(seconds('star(4) n=4096 d=64') / (3 * one), 3)}.`,
    `- Two threads against one, attend n=4096 d=64, best of rounds that take turns: ${format(pair.wall.one / pair.wall.two, 2)}× by the clock, ${format(pair.processor.one / pair.processor.two, 2)}× by processor time.`,
    long === null
      ? ''
      : `- path(3) n=65,536 d=64, one thread: ${format(long.seconds, 1)} s, ${format(long.megabytes, 0)} MB beyond operands and results.`,
  ].filter((note) => note !== '');
  const markdown = `# Native kernels\n\n${notes.join('\n')}\n\n${table(rows)}\n`;
  console.log(markdown);
  mkdirSync(`${root}bench/results`, { recursive: true });
  const suffix = options.isa === undefined ? '' : `-${options.isa}`;
  writeFileSync(`${root}bench/results/kernels${suffix}.md`, markdown);
  writeFileSync(
    `${root}bench/results/kernels${suffix}.json`,
    `${JSON.stringify({ isa, peaks, rates, rows, pair, long, peers }, null, 2)}\n`,
  );
}

await main();
