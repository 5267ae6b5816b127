import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  type Backend,
  type BackendDescription,
  CONTROL_CELLS,
  type DeviceName,
  type Matrix,
  modelledSeconds,
  type Step,
} from '../kernels/backend.ts';
import { calibrate } from '../src/schedule/device/calibration.ts';
import { DeviceProcess } from '../src/schedule/device/process.ts';
import { measureTransfers } from './transfer.ts';

/**
 * Time of every back end over n, those of this processor in this thread, the devices in their processes and with the way there and back.
 * Prints markdown and writes bench/results/gpu.md.
 *
 *   npm run bench:gpu -- [--peak=67] [--largest=4096] [--quick]
 *
 * `--peak` is the device's peak in TFLOP/s (fp32), for the shares. Figures are medians of some runs.
 */

const { values: options } = parseArgs({
  options: { peak: { type: 'string' }, largest: { type: 'string' }, quick: { type: 'boolean', default: false } },
});
const RUNS = options.quick ? 3 : 5;
/** A case that took this long at a smaller n is not tried at a larger one. */
const TOO_LONG_MS = 4_000;
const LARGEST = Number(options.largest ?? (options.quick ? 512 : 4096));
const D = 64;

interface Measured {
  readonly ms: number;
  /** Of it, what the device's own process did not count: there and back. */
  readonly transferMs: number;
}

interface Runner {
  readonly title: string;
  readonly description: BackendDescription;
  run(step: Step<Matrix>, rows: number): Promise<Measured>;
  close(): Promise<void>;
}

interface Row extends Measured {
  readonly title: string;
  readonly what: string;
  readonly n: number;
  readonly flops: number;
  readonly modelledMs: number;
}

async function processor(title: 'native' | 'reference'): Promise<Runner> {
  const { load } = await import(new URL(`../kernels/${title}/index.ts`, import.meta.url).href);
  const backend: Backend = load();
  const run = async (step: Step<Matrix>, rows: number): Promise<Measured> => {
    const before = performance.now();
    await backend.run(step, { firstRow: 0, lastRow: rows, control: new Int32Array(CONTROL_CELLS), callId: ++calls });
    return { ms: performance.now() - before, transferMs: 0 };
  };
  return { title: `${title}, one thread`, description: backend.describe(), run, close: async () => {} };
}

async function device(name: DeviceName, mode: string): Promise<Runner> {
  const life = new DeviceProcess({ name, module: null, load: { mode }, loadTimeoutMs: 120_000, timeoutMs: 600_000 });
  const description = await calibrate(await life.load(), (task) => life.run(task));
  const run = async (step: Step<Matrix>, rows: number): Promise<Measured> => {
    const before = performance.now();
    const tiles = [{ backend: name, step, firstRow: 0, lastRow: rows, callId: ++calls }];
    const [outcome] = await life.run({ control: new Int32Array(CONTROL_CELLS), tiles, countedBytes: 0 });
    const ms = performance.now() - before;
    return { ms, transferMs: Math.max(0, ms - ((outcome?.endMs ?? 0) - (outcome?.startMs ?? 0))) };
  };
  return { title: `${name} (${description.mode})`, description, run, close: () => life.close() };
}

let calls = 0;

function matrix(rows: number, cols: number, seed: number): Matrix {
  const data = new Float32Array(new SharedArrayBuffer(4 * rows * cols));
  for (let i = 0; i < data.length; i++) data[i] = Math.sin(1 + i * (seed + 0.37));
  return { data, rows, cols };
}

/** The same, rounded to float16 and with its bits beside it, as a tensor that came so. */
function halved({ data, rows, cols }: Matrix): Matrix {
  const half = new Float16Array(data);
  data.set(half);
  return { data, half: new Uint16Array(half.buffer), rows, cols };
}

function attend(n: number, change = (operand: Matrix) => operand): Step<Matrix> {
  const [queries, keys, values] = [1, 2, 3].map((seed) => change(matrix(n, D, seed))) as [Matrix, Matrix, Matrix];
  const results = { message: matrix(n, D, 0), logSumExp: matrix(n, 1, 0) };
  return { kind: 'attend', queries, keys, keyBias: null, values, scale: 1 / D, band: null, ...results };
}

function tensor(n: number): Step<Matrix> {
  const operands = (values: boolean, seed: number) => ({
    queries: matrix(n, D, seed),
    values: values ? matrix(n, D, seed + 5) : null,
    bias: null,
  });
  return {
    kind: 'conditioned',
    variables: [operands(false, 1), operands(true, 2), operands(true, 3)],
    monomials: [{ coefficient: 1, variables: [1, 2, 3] }],
    masks: [],
    scale: 1 / D,
    cutset: [1],
    forest: [
      { variable: 3, parent: 2 },
      { variable: 2, parent: 0 },
    ],
    parts: 1,
    message: matrix(n, D, 0),
    logSumExp: matrix(n, 1, 0),
  };
}

/** math.md §6.6: 4 n² d flops and n² exponentials, or n times as many. */
const CASES = [
  { what: 'x1*x2', make: (n: number) => attend(n), from: 64, power: 2 },
  { what: 'x1*x2, float16', make: (n: number) => attend(n, halved), from: 64, power: 2, only: 'webgpu' },
  { what: 'x1*x2*x3', make: tensor, from: 32, power: 3 },
] as const satisfies readonly Case[];

interface Case {
  readonly what: string;
  readonly make: (n: number) => Step<Matrix>;
  readonly from: number;
  readonly power: 2 | 3;
  /** The back end that does it in a way of its own. */
  readonly only?: DeviceName;
}

async function measure(runner: Runner): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { what, make, from, power, only } of CASES as readonly Case[]) {
    if (only !== undefined && !runner.title.startsWith(only)) continue;
    for (let n: number = from; n <= (power === 2 ? LARGEST : LARGEST / 8); n *= 2) {
      const step = make(n);
      const runs: Measured[] = [];
      // The first run compiles and is left out.
      for (let i = 0; i <= RUNS; i++) {
        const run = await runner.run(step, n);
        if (i > 0) runs.push(run);
        if (i > 0 && run.ms > TOO_LONG_MS) break;
      }
      const { ms, transferMs } = runs.toSorted((a, b) => a.ms - b.ms)[Math.floor(runs.length / 2)] as Measured;
      const flops = 4 * n ** power * D;
      const rates = runner.description.rates.float32;
      const work = { flops, exponentials: n ** power, bytes: 4 * n * (power === 2 ? 4 : 6) * D };
      const modelledMs = rates === undefined ? Number.NaN : 1e3 * (modelledSeconds(work, rates) + rates.tileSeconds);
      rows.push({ title: runner.title, what, n, ms, transferMs, flops, modelledMs });
      if (ms > TOO_LONG_MS / 8) break;
    }
  }
  return rows;
}

function table(rows: readonly Row[]): string {
  const peak = options.peak === undefined ? null : Number(options.peak) * 1e12;
  const lines = rows.map(({ title, what, n, ms, transferMs, flops, modelledMs }) => {
    const isDevice = title.includes('gpu');
    const share = peak !== null && isDevice ? `${((100 * flops) / (ms / 1e3) / peak).toFixed(2)} %` : '';
    const way = isDevice ? `${((100 * transferMs) / ms).toFixed(0)} %` : '';
    return `| ${what} | ${n} | ${title} | ${ms.toPrecision(3)} | ${(flops / ms / 1e6).toPrecision(3)} | ${share} | ${way} | ${modelledMs.toPrecision(3)} |`;
  });
  const head = '| step | n | back end | ms | GFLOP/s | of peak | on the way | modelled ms |\n|---|---|---|---|---|---|---|---|';
  return [head, ...lines].join('\n');
}

const runners: (() => Promise<Runner>)[] = [
  () => processor('native'),
  () => processor('reference'),
  ...['headlessgl', 'webasm', 'cpu'].map((mode) => () => device('gpu', mode)),
  () => device('webgpu', 'auto'),
];
const load = loadavg()[0]?.toFixed(1);
const rows: Row[] = [];
const devices: string[] = [];
for (const start of runners) {
  const runner = await start().catch((error: unknown) => void process.stdout.write(`left out: ${error}\n`));
  if (runner === undefined) continue;
  const { device: name, kernel, expError } = runner.description;
  if (expError !== undefined) devices.push(`| ${runner.title} | ${name} | ${kernel} | ${expError.toExponential(1)} |`);
  rows.push(...(await measure(runner)));
  await runner.close();
}
rows.sort((a, b) => a.what.localeCompare(b.what) || a.n - b.n);
const text = `# Devices

\`npm run bench:gpu\`, ${new Date().toISOString().slice(0, 10)}, load before the start ${load} on ${availableParallelism()} cores. d = dv = ${D}, fp32, medians of ${RUNS} runs; one tile, so native is one thread.
"On the way" is what a device's process does not see of the time: packing, the message, shared memory, and unpacking.

${table(rows)}

| back end | device | kernels | largest relative error of exp on [-87, 0] |
|---|---|---|---|
${devices.join('\n')}

## There and back

Milliseconds for a tensor to another process and back (median of 25), by the process's own channel (structured clone), a file on shared memory that
is used again and again, and a socket pair. The service takes the second.

${await measureTransfers()}
`;
process.stdout.write(text);
const folder = fileURLToPath(new URL('./results/', import.meta.url));
mkdirSync(folder, { recursive: true });
if (!options.quick) writeFileSync(`${folder}gpu.md`, text);
