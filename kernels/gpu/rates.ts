/** What the device sustains and how exact its exp is, measured at load on the programs themselves. */
import { CONTROL_CELLS, type Matrix, type Rates } from '../backend.ts';
import { runAttend } from './attend.ts';
import type { Context } from './context.ts';

const RUNS = 3;
const NARROW = 8;
const WIDE = 64;
const SMALL = 16;
/** Rows and keys of the larger runs, until they take long against the smallest: a fast device shows nothing but its latency before. */
const SIZES = [64, 256, 1024];
const LONG = 3;

/** `now` gives milliseconds. From runs that differ in one thing alone: wide keys and narrow ones, blocks large and small. */
export function measureRates(context: Context, now: () => number): Rates {
  const small = bestSeconds(context, now, SMALL, NARROW);
  let [n, narrow, wide] = [0, 0, 0];
  for (n of SIZES) {
    narrow = bestSeconds(context, now, n, NARROW);
    wide = bestSeconds(context, now, n, WIDE);
    if (wide > LONG * small) break;
  }
  // At worst a quarter of the time is put down to arithmetic, so that noise cannot give a rate below zero.
  const flopSeconds = Math.max(wide - narrow, wide / 4) / (4 * n * n * (WIDE - NARROW));
  const exponentialSeconds = Math.max(narrow - small, narrow / 4) / (n * n);
  return {
    flopsPerSecond: 1 / flopSeconds,
    exponentialsPerSecond: 1 / exponentialSeconds,
    // Uploads are within the figures above; what the tensors cost on their way here is measured by who brings them.
    bytesPerSecond: 1e10,
    tileSeconds: small,
  };
}

function bestSeconds(context: Context, now: () => number, n: number, d: number): number {
  const matrix = (cols: number): Matrix => ({ data: new Float32Array(n * cols).map((_, i) => Math.sin(i)), rows: n, cols });
  const [queries, keys, values, message, logSumExp] = [matrix(d), matrix(d), matrix(d), matrix(d), matrix(1)];
  const tile = { firstRow: 0, lastRow: n, control: new Int32Array(CONTROL_CELLS), callId: -1 };
  let best = Number.POSITIVE_INFINITY;
  // The first run compiles.
  for (let run = 0; run <= RUNS; run++) {
    const before = now();
    runAttend(
      context,
      { kind: 'attend', queries, keys, keyBias: null, values, scale: 1 / d, band: null, message, logSumExp },
      tile,
    );
    if (run > 0) best = Math.min(best, now() - before);
  }
  return Math.max(best, 1e-3) / 1e3;
}

/** Largest relative error of e^x over [-87, 0], beyond which fp32 has no normal numbers. */
export function measureExpError({ exponentials }: Context): number {
  const x = Float32Array.from({ length: 4096 }, (_, i) => (-87 * i) / 4095);
  const found = exponentials(x);
  return x.reduce((worst, value, i) => Math.max(worst, Math.abs(found[i] / Math.exp(value) - 1)), 0);
}
