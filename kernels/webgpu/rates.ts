/**
 * What the whole device sustains, by running attend steps themselves with everything around them: upload, dispatch and read. The way into
 * this process is not in these figures; its supervisor adds it.
 */
import { CONTROL_CELLS, type Matrix, type Rates } from '../backend.ts';
import { runAttends } from './attend.ts';
import { attendShape } from './attend-shape.ts';
import type { Session } from './session.ts';

/** Fixed cost and transfer take little; each of the other two figures grows until it is worth believing or its time is over. */
const BUDGET_MS = 50;
const BELIEVABLE_MS = 6;
const SMALLEST = 64;
const LARGEST = 8192;
const D = 64;
/** A dispatch should take this long at most: short enough for watchdogs and for cancelling, long enough to hide the gaps. */
export const DISPATCH_SECONDS = 0.05;

/** `now` gives milliseconds. Under 200 ms on a device that answers within 10. */
export async function measureRates(session: Session, now: () => number): Promise<Rates> {
  const tileMs = await bestMs(session, now, { nq: 1, nk: 1, d: 1, dv: 1 }, 5);
  const moved = { nq: 4096, nk: 1, d: D, dv: D };
  const movedMs = await bestMs(session, now, moved, 2);
  const msPerByte = Math.max(movedMs - tileMs, 0.02 * movedMs) / (4 * moved.nq * (2 * D + 1));
  const spent = (n: number, d: number, dv: number) => tileMs + msPerByte * 4 * n * (2 * d + 2 * dv + 1);
  const exponentials = await grow(session, now, (n) => spent(n, 1, 0), 1, 0);
  const arithmetic = await grow(session, now, (n) => spent(n, D, D), D, D);
  const pairMs = exponentials.ms / exponentials.n ** 2;
  // At worst the exponentials are taken for half of the time, so that noise cannot give a rate below zero.
  const flopMs = Math.max(arithmetic.ms - pairMs * arithmetic.n ** 2, arithmetic.ms / 2) / (4 * D * arithmetic.n ** 2);
  return {
    flopsPerSecond: 1e3 / flopMs,
    exponentialsPerSecond: 1e3 / pairMs,
    bytesPerSecond: 1e3 / msPerByte,
    tileSeconds: tileMs / 1e3,
  };
}

/** n rows and n keys, doubled until the arithmetic alone takes long enough, and what it then took. */
async function grow(
  session: Session,
  now: () => number,
  around: (n: number) => number,
  d: number,
  dv: number,
): Promise<{ n: number; ms: number }> {
  const end = now() + BUDGET_MS;
  for (let n = SMALLEST; ; n *= 2) {
    const whole = await bestMs(session, now, { nq: n, nk: n, d, dv }, 2);
    const ms = Math.max(whole - around(n), whole / 2);
    // The next one takes about four times as long, twice.
    if (ms >= BELIEVABLE_MS || n === LARGEST || now() + 8 * whole > end) return { n, ms };
  }
}

interface Size {
  readonly nq: number;
  readonly nk: number;
  readonly d: number;
  readonly dv: number;
}

async function bestMs(session: Session, now: () => number, { nq, nk, d, dv }: Size, runs: number): Promise<number> {
  const matrix = (rows: number, cols: number): Matrix => {
    const data = new Float32Array(rows * cols);
    for (let at = 0; at < data.length; at++) data[at] = (at % 61) / 61 - 0.5;
    return { data, rows, cols };
  };
  const [values, message] = dv === 0 ? [null, null] : [matrix(nk, dv), matrix(nq, dv)];
  const step = { kind: 'attend', queries: matrix(nq, d), keys: matrix(nk, d), keyBias: null, values, band: null } as const;
  const job = {
    step: { ...step, scale: 1 / d, message, logSumExp: matrix(nq, 1) },
    tile: { firstRow: 0, lastRow: nq, control: new Int32Array(CONTROL_CELLS), callId: -1 },
  };
  const shape = attendShape(session.device, job);
  let best = Infinity;
  for (let i = 0; i < runs; i++) {
    const before = now();
    await runAttends(session, shape, [job]);
    best = Math.min(best, now() - before);
  }
  // A clock may be coarser than one run.
  return Math.max(best, 1e-3);
}
