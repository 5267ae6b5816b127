import type { Band } from '../../kernels/backend.ts';
import { operandsOf } from './operands.ts';
import { type BufferSpec, type Extent, extentRows, type Plan, type Stage } from './plan.ts';

const WORDS: Readonly<Record<Stage['step']['kind'], string>> = {
  attend: 'attention call',
  combine: 'product of messages',
  conditioned: 'conditioning',
  merge: 'merge partial results',
  definition: 'all tuples, by the definition',
  cycle: 'cycle by matrix products',
  prefix: 'growing prefixes',
  eliminate: 'tables over pairs',
  project: 'projection of the tokens',
  survey: 'survey of sizes',
  accumulate: 'sums of features',
  contract: 'contraction of features',
  apply: 'features times sums',
  compress: 'fewer coordinates',
  scan: 'moving sums of features',
  sample: 'tuples drawn at random',
  residual: 'what a sample adds to a polynomial',
  judge: 'bound on the error of a sample',
  'random-features': 'random features',
};

/** The plan in words, a line a stage, for people: what is computed from what, where, and what it costs. */
export function formatPlan(plan: Plan): string {
  const { algorithm, exponent, mask, backend, threads, batch, heads, bytes } = plan;
  const slices = batch * heads === 1 ? '' : `, ${batch * heads} slices`;
  const masked = mask === 'none' ? '' : `, ${mask}`;
  const head = `${algorithm}, n^${exponent}${masked} on ${backend.name}, ${threads} threads${slices}, ${quantity(bytes)}B at most`;
  return [head, ...plan.stages.map((stage) => `  ${line(stage, plan)}`)].join('\n');
}

function line(stage: Stage, plan: Plan): string {
  const { read, write } = operandsOf(stage.step);
  const names = (buffers: readonly number[]): string =>
    [...new Set(buffers.map((buffer) => (plan.buffers[buffer] as BufferSpec).name))].join(', ');
  const variable = stage.variable === 0 ? '' : ` over x${stage.variable}`;
  const { flops, exponentials } = stage.work;
  const cost = `${rowsOf(stage.extent, plan)} rows, ${quantity(flops)}flop${exponentials > 0 ? `, ${quantity(exponentials)}exp` : ''}`;
  return `${stage.level}. ${WORDS[stage.step.kind]}${variable}${detail(stage, plan)}: ${names(read)} -> ${names(write)} [${cost}]`;
}

/** What distinguishes one step of a kind from another: a band, a cutset, an order. Blocks number their variables themselves; here h's names. */
function detail({ step }: Stage, plan: Plan): string {
  if (step.kind === 'attend') return step.band === null ? '' : `, ${bandText(step.band)}`;
  if (step.kind === 'accumulate' || step.kind === 'apply') return ` of degree ${step.degree}`;
  if (!('variables' in step) || step.kind === 'definition') return '';
  const name = (local: number): string => {
    const buffer = step.variables[local - 1]?.queries as number;
    return `x${(plan.buffers[buffer] as BufferSpec).name.slice(1)}`;
  };
  if (step.kind === 'cycle') return ` ${step.order.map(name).join(' - ')}`;
  const cutset = step.cutset.length === 0 ? '' : ` with ${step.cutset.map(name).join(', ')} fixed`;
  return step.kind === 'eliminate' ? `${cutset}, summing out ${step.order.map(name).join(', ')}` : cutset;
}

function bandText({ lowest, highest }: Band): string {
  if (highest === Number.POSITIVE_INFINITY) return `keys at or before row - ${lowest}`.replace(' - 0', '');
  return `keys ${lowest} to ${highest} before the row`;
}

function rowsOf(extent: Extent, plan: Plan): number {
  return extentRows(extent, plan.rows);
}

function quantity(value: number): string {
  const units = ['', 'k', 'M', 'G', 'T', 'P'];
  const step = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  return `${Number((value / 1e3 ** step).toPrecision(3))} ${units[step]}`;
}
