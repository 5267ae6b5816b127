/**
 * The native kernels of the approximate modes: time, and share of the core's own multiply-add peak, measured in the same process.
 *
 *   node bench/approximate-kernels.ts [--isa=avx2] [--n=65536] [--only=accumulate]
 *
 * Operations are counted as 2 n r (dv + 1) for accumulate and apply, whatever the kernel does. Times are the least processor time of
 * several runs of one thread; the peak is measured before and after each run.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { Backend, Matrix, Precision, Step } from '../kernels/backend.ts';
import { type Bench, operand, runStep } from './kernel-cases.ts';

interface Addon {
  isas(): string[];
  peak(isa: number, precision: number, seconds: number): number;
  threadSeconds(): number;
}

const { values: options } = parseArgs({
  options: { isa: { type: 'string' }, n: { type: 'string', default: '65536' }, only: { type: 'string', default: '' } },
});
const n = Number(options.n);
// Computed specifiers: the kernels are type-checked by rules of their own (tsconfig.kernels.json).
const kernel = (name: string) => import(new URL(`../kernels/native/${name}.ts`, import.meta.url).href);
const { load } = (await kernel('index')) as { load(options: { isa?: string | undefined }): Backend };
const { loadAddon } = (await kernel('addon')) as { loadAddon(): Addon };
const addon = loadAddon();
const isa = options.isa ?? addon.isas()[0] ?? '';

interface Case {
  readonly name: string;
  readonly flops: number;
  readonly step: Step<Matrix>;
  readonly rows: number;
}

function rank(dimension: number, degree: number): number {
  let count = 1;
  for (let i = 1; i <= degree; i++) count = (count * (dimension + i)) / i;
  return Math.round(count);
}

function map(bench: Bench, dimension: number, degree: number) {
  const vector = () => operand(bench, 1, dimension);
  const [queries, center, tilts] = [operand(bench, n, dimension), vector(), [{ vector: vector(), factor: 0.1 }]];
  return { queries, center, stretch: 0.5, degree, tilts };
}

function accumulateCase(bench: Bench, dimension: number, degree: number, dv: number): Case {
  const r = rank(dimension, degree);
  const step: Step<Matrix> = {
    kind: 'accumulate',
    ...map(bench, dimension, degree),
    ...{ values: dv > 0 ? operand(bench, n, dv) : null, bias: operand(bench, n, 1), parts: 1 },
    ...{ sums: operand(bench, r, dv + 1), shift: operand(bench, 1, 1) },
  };
  return { name: `accumulate D=${dimension} g=${degree} (r=${r}) dv=${dv}`, flops: 2 * n * r * (dv + 1), step, rows: 1 };
}

function applyCase(bench: Bench, dimension: number, degree: number, dv: number): Case {
  const r = rank(dimension, degree);
  const step: Step<Matrix> = {
    kind: 'apply',
    ...map(bench, dimension, degree),
    ...{ result: operand(bench, r, dv + 1), resultShift: operand(bench, 1, 1) },
    ...{ message: operand(bench, n, dv), logSumExp: operand(bench, n, 1) },
  };
  return { name: `apply D=${dimension} g=${degree} (r=${r}) dv=${dv}`, flops: 2 * n * r * (dv + 1), step, rows: n };
}

function surveyCase(bench: Bench, dimension: number, covariance: boolean, weighted = false): Case {
  const step: Step<Matrix> = {
    kind: 'survey',
    ...{ input: operand(bench, n, dimension), mean: operand(bench, 1, dimension), extremes: operand(bench, 2, dimension) },
    ...{ norms: operand(bench, 2, 8), covariance: covariance ? operand(bench, dimension, dimension) : null },
    ...{ bias: weighted ? operand(bench, n, 1) : null, weighted: weighted ? operand(bench, 1 + dimension, dimension) : null },
  };
  const flops = n * dimension * (26 + (covariance || weighted ? 2 * dimension : 0));
  const what = `${covariance ? ' with covariance' : ''}${weighted ? ' with weights' : ''}`;
  return { name: `survey D=${dimension}${what}`, flops, step, rows: 1 };
}

function compressCase(bench: Bench, dimension: number, k: number): Case {
  const step: Step<Matrix> = {
    kind: 'compress',
    ...{
      input: operand(bench, n, dimension),
      center: operand(bench, 1, dimension),
      basis: operand(bench, dimension, k),
      tilts: [],
    },
    ...{ parts: 1, output: operand(bench, n, k), unary: operand(bench, n, 1), residual: operand(bench, 1, 1) },
  };
  return { name: `compress D=${dimension} to k=${k}`, flops: 4 * n * dimension * k, step, rows: 1 };
}

/** `edges` pairs of a cycle, or one monomial. */
function contractCase(
  bench: Bench,
  dimension: number,
  degree: number,
  dv: number,
  monomials: readonly (readonly number[])[],
): Case {
  const r = rank(dimension, degree);
  const t = Math.max(...monomials.flat());
  const visits = rank(monomials.length * dimension, degree);
  const step: Step<Matrix> = {
    kind: 'contract',
    ...{ dimension, coefficients: Array.from({ length: degree + 1 }, () => 1), offsets: [] },
    monomials: monomials.map((variables) => ({ factor: 1, variables })),
    sums: Array.from({ length: t - 1 }, () => ({ sums: operand(bench, r, dv + 1), shift: operand(bench, 1, 1), parts: 1 })),
    ...{ result: operand(bench, r, dv + 1), resultShift: operand(bench, 1, 1) },
  };
  const name = `contract D=${dimension} g=${degree} dv=${dv}, ${monomials.length} monomials (${visits} visits)`;
  return { name, flops: visits * t * (dv + 1), step, rows: 1 };
}

function cases(bench: Bench): Case[] {
  const shapes: (readonly [number, number, number])[] = [1, 2, 3, 4].flatMap((degree) =>
    [16, 64].map((dv) => [16, degree, dv] as const),
  );
  const triangle = [
    [1, 2],
    [2, 3],
    [1, 3],
  ];
  return [
    ...[
      ...shapes,
      ...([
        [16, 3, 0],
        [64, 2, 16],
        [64, 2, 64],
        [8, 4, 16],
        [8, 4, 64],
      ] as const),
    ].flatMap(([dimension, degree, dv]) => [accumulateCase(bench, dimension, degree, dv), applyCase(bench, dimension, degree, dv)]),
    surveyCase(bench, 64, false),
    surveyCase(bench, 64, true),
    surveyCase(bench, 64, false, true),
    surveyCase(bench, 16, false),
    surveyCase(bench, 1, false),
    compressCase(bench, 64, 16),
    contractCase(bench, 16, 4, 16, [[1, 2]]),
    contractCase(bench, 16, 3, 16, triangle),
    contractCase(bench, 16, 4, 16, triangle),
  ];
}

/** The least time of several runs, and the median of the shares of the peak measured beside each. */
function measure(body: () => void, flops: number, peak: () => number): { seconds: number; share: number } {
  let seconds = Number.POSITIVE_INFINITY;
  const shares: number[] = [];
  const end = performance.now() + 500;
  let before = peak();
  for (let i = 0; i < 2 || performance.now() < end; i++) {
    const start = addon.threadSeconds();
    body();
    const taken = addon.threadSeconds() - start;
    const after = peak();
    shares.push((2 * flops) / taken / (before + after));
    before = after;
    seconds = Math.min(seconds, taken);
  }
  return { seconds, share: shares.sort((a, b) => a - b)[Math.floor(shares.length / 2)] ?? Number.NaN };
}

console.log(
  `${cpus()[0]?.model}, ${isa}, n = ${n}\n\n| case | precision | ms | GFLOP/s | share of the peak beside it |\n|---|---|---|---|---|`,
);
for (const precision of ['float32', 'float64'] as const satisfies readonly Precision[]) {
  const peak = () => addon.peak(addon.isas().indexOf(isa), precision === 'float64' ? 64 : 32, 0.003);
  const bench: Bench = { backend: load({ isa }), precision };
  for (const { name, flops, step, rows } of cases(bench).filter((each) => each.name.includes(options.only))) {
    const { seconds, share } = measure(() => runStep(bench, step, rows), flops, peak);
    console.log(
      `| ${name} | ${precision} | ${(1000 * seconds).toFixed(2)} | ${(flops / seconds / 1e9).toFixed(1)} | ${(100 * share).toFixed(0)} % |`,
    );
  }
}
