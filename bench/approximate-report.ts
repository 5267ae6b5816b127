import type { Row } from './approximate.ts';
import { type ControlRow, controlTable } from './approximate-control.ts';
import type { Ratios, Threshold } from './approximate-threshold.ts';

export interface Figures {
  readonly machine: string;
  readonly load: number;
  readonly rows: readonly Row[];
  readonly choice: readonly { readonly name: string; readonly share: number }[];
  readonly threshold: Threshold;
  readonly ratios: readonly Ratios[];
  readonly control: readonly ControlRow[];
}

export function markdown({ machine, load, rows, choice, threshold, ratios, control }: Figures): string {
  const { n, d, exactMs, points } = threshold;
  return `# Approximate modes

\`npm run bench:approximate\`: ${machine}, load ${load.toFixed(1)}. Q uniform in ±B, V uniform in ±1, scale 1/d, tolerance 1e-3 proved unless said otherwise; float32.
Times from the request's tensors to its output. m: modelled from a smaller n that was run.

| case | target | n | method | certified | measured | ms | exact ms | speed-up | slope |
|---|---|---|---|---|---|---|---|---|---|
${rows.map(rowOf).join('\n')}

The cost of the choice where mode 'auto' looks at the tensors and goes exact (target: under 3 % of the exact time):

| case | share |
|---|---|
${choice.map(({ name, share }) => `| ${name} | ${(100 * share).toFixed(1)} % |`).join('\n')}

The threshold: tensor(3), n = ${n}, d = ${d}; (ln n)^(1/3) = ${threshold.threshold.toFixed(2)}; exact takes ${exactMs.toPrecision(3)} ms. Below it a few features do; beyond it
the rank outgrows n, and 'auto' goes exact.

| B | degree that certifies 1e-3 | rank | ms of 'auto' | |
|---|---|---|---|---|
${points.map(({ B, degree, rank, ms, used }) => `| ${B} | ${degree ?? 'none'} | ${rank ?? ''} | ${ms.toPrecision(3)} | ${used ? 'approximated' : 'exact'} |`).join('\n')}

${controlTable(control)}
Certified error over measured error, d = 16, four classes, B from 0.25 to 1, tolerances 1e-2 to 1e-4. A certificate holds for any values; errors of values drawn
at random cancel over many tuples, the more the larger n:

| method | n | cases | least | median | most |
|---|---|---|---|---|---|
${ratios.map(({ method, n, cases, least, median, most }) => `| ${method} | ${n} | ${cases} | ${least.toPrecision(3)} | ${median.toPrecision(3)} | ${most.toPrecision(3)} |`).join('\n')}
`;
}

function rowOf({ name, target, n, method, certified, error, ms, exactMs, exactIsModelled, speedUp, slope }: Row): string {
  const number = (value: number): string => (Number.isFinite(value) ? Number(value.toPrecision(3)).toLocaleString('en') : '');
  const cells = [
    ...[name, target, String(n), method, certified?.toPrecision(2) ?? '', error?.toPrecision(2) ?? '', number(ms)],
    ...[`${number(exactMs)}${exactIsModelled ? ' m' : ''}`, Number.isFinite(speedUp) ? `${number(speedUp)}×` : ''],
    slope?.toFixed(2) ?? '',
  ];
  return `| ${cells.join(' | ')} |`;
}
