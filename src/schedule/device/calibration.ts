import { type AttendStep, type BackendDescription, CONTROL_CELLS, type Matrix, type Rates } from '../../../kernels/backend.ts';
import type { TileOutcome, TileTask } from '../task.ts';
import { epochMs } from '../task.ts';

/** The way to a device and back, measured on the way itself; and one answer of the device held against the formula. */

const SMALL = { n: 8, d: 4 };
const CHECKED = { n: 40, d: 8 };
/** Brought there in a tile without rows, which no kernel sees: 1 MiB of operands. */
const LARGE = { n: 4096, d: 21 };
const RUNS = 5;
/** Of |score| <= 1 and values within ±1, above the device's own error of exp: far above rounding, far below a wrong kernel. */
const TOLERANCE = 1e-4;

type Run = (task: TileTask) => Promise<TileOutcome[]>;

let calls = 0;

/**
 * The description with the transfer in its rates: bytes per second there and back on top of the device's own, and the fixed cost of a tile
 * with the message that brings it.
 * @throws Error when the device computes wrongly; DeviceFailure when it does not compute
 */
export async function calibrate(description: BackendDescription, run: Run): Promise<BackendDescription> {
  // The first runs compile, so the check comes before the clock.
  for (const shape of [SMALL, CHECKED]) {
    const step = attendStep(shape);
    await run(taskOf(step, shape.n));
    check(step, description.expError ?? 0);
  }
  const overhead = await bestOverhead(attendStep(SMALL), SMALL.n, run);
  const large = await bestOverhead(attendStep(LARGE), 0, run);
  const transfer = Math.max(0, large - overhead) / (4 * LARGE.n * 3 * LARGE.d);
  const rates = Object.entries(description.rates).map(([precision, own]) => [
    precision,
    withTransfer(own as Rates, overhead, transfer),
  ]);
  return { ...description, rates: Object.fromEntries(rates) };
}

function withTransfer(own: Rates, overhead: number, secondsPerByte: number): Rates {
  return { ...own, bytesPerSecond: 1 / (1 / own.bytesPerSecond + secondsPerByte), tileSeconds: own.tileSeconds + overhead };
}

/** Seconds that a tile takes beyond what the device's process itself counts, the best of some runs. */
async function bestOverhead(step: AttendStep<Matrix>, rows: number, run: Run): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < RUNS; i++) {
    const before = epochMs();
    const [outcome] = (await run(taskOf(step, rows))) as [TileOutcome];
    best = Math.min(best, epochMs() - before - (outcome.endMs - outcome.startMs));
  }
  return Math.max(0, best) / 1e3;
}

function taskOf(step: AttendStep<Matrix>, rows: number): TileTask {
  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_CELLS));
  // Below zero, where no request has its numbers.
  return { control, tiles: [{ backend: 'gpu', step, firstRow: 0, lastRow: rows, callId: --calls }], countedBytes: 0 };
}

function attendStep({ n, d }: { n: number; d: number }): AttendStep<Matrix> {
  const matrix = (cols: number, seed: number): Matrix => {
    return { data: Float32Array.from({ length: n * cols }, (_, i) => Math.sin(1 + i * (seed + 0.37))), rows: n, cols };
  };
  return {
    kind: 'attend',
    queries: matrix(d, 1),
    keys: matrix(d, 2),
    keyBias: null,
    values: matrix(d, 3),
    scale: 1 / d,
    band: { lowest: 0, highest: Number.POSITIVE_INFINITY },
    message: matrix(d, 4),
    logSumExp: matrix(1, 5),
  };
}

/** The last row, which sees every key, by the formula in fp64. @throws Error */
function check({ queries, keys, values, scale, message, logSumExp }: AttendStep<Matrix>, expError: number): void {
  const { rows: n, cols: d } = keys;
  const at = ({ data }: Matrix, row: number, column: number): number => data[row * d + column] as number;
  let total = 0;
  const sums = new Float64Array(d);
  for (let l = 0; l < n; l++) {
    let score = 0;
    for (let c = 0; c < d; c++) score += scale * at(queries as Matrix, n - 1, c) * at(keys, l, c);
    total += Math.exp(score);
    for (let c = 0; c < d; c++) sums[c] = (sums[c] as number) + Math.exp(score) * at(values as Matrix, l, c);
  }
  const errors = Array.from(sums, (sum, c) => Math.abs(sum / total - at(message as Matrix, n - 1, c)));
  const worst = Math.max(Math.abs(Math.log(total) - (logSumExp.data[n - 1] as number)), ...errors);
  // Written so that NaN fails.
  if (!(worst <= TOLERANCE + 2 * expError)) throw new Error(`it computes wrongly: an attend step of ${n} rows is off by ${worst}`);
}
