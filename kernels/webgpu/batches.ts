/**
 * Which steps go through the device together (batch.ts). Sixteen heads of x1 x2 x3 with 4 rows took 2.4 times as long one by one, of a triangle
 * with 16 rows 1.6 times, and with 32 rows as long (llvmpipe, where the arithmetic of half-empty tiles is what takes time).
 */
import type { Matrix, TileReport } from '../backend.ts';
import { restrict } from '../reference/restriction.ts';
import { isHalf } from './arena.ts';
import { runAttends } from './attend.ts';
import { type AttendJob, attendFloats, attendFlops, attendShape } from './attend-shape.ts';
import { Batch } from './batch.ts';
import { type ConditionedJob, checkConditioned, leastFloats, runConditioned } from './conditioned.ts';
import { asConditioned, type CycleJob, checkCycle, runCycles } from './cycle.ts';
import type { Session } from './session.ts';

/** What every device takes in one dimension of a dispatch. */
const MOST_SLICES = 65_535;
/** Of problems on whole polynomials; beyond it a dispatch is long enough to hide the way to it. */
const MOST_MEMBERS = 256;
/** A batch takes this part of an arena at most, so that more than one fits a device. */
const SHARE = 1 / 4;

const WHOLE: TileReport = { fallbackRows: 0 };

/** Attend steps; no batch takes longer than one dispatch may. */
export function attendBatch(session: Session): Batch<AttendJob, TileReport> {
  const { device } = session;
  return new Batch({
    keyOf: (job) => Object.values(attendShape(device, job)).join(' '),
    most: (job) => {
      const shape = attendShape(device, job);
      const timely = device.budget / Math.max(1, attendFlops(shape));
      const fitting = (SHARE * device.capacity) / Math.max(1, attendFloats(shape));
      return Math.max(1, Math.min(MOST_SLICES, timely, fitting));
    },
    run: async (jobs) => {
      await runAttends(session, attendShape(device, jobs[0]), jobs);
      return jobs.map(() => WHOLE);
    },
  });
}

/** Conditioned steps. */
export function conditionedBatch(session: Session): Batch<ConditionedJob, TileReport> {
  return new Batch({
    keyOf: (job) => {
      checkConditioned(job);
      return wholeShape(session, job);
    },
    most: ({ step, tile }) => {
      const rows = step.cutset[0] === 1 ? tile.lastRow - tile.firstRow : step.variables[0].queries.rows;
      return mostMembers(session, step, rows, 'attend');
    },
    run: async (jobs) => {
      await runConditioned(session, jobs);
      return jobs.map(() => WHOLE);
    },
  });
}

/** Cycles. */
export function cycleBatch(session: Session): Batch<CycleJob, TileReport> {
  return new Batch({
    keyOf: (job) => {
      checkCycle(job);
      return wholeShape(session, job);
    },
    most: ({ step, tile }) => mostMembers(session, asConditioned(step), tile.lastRow - tile.firstRow, 'product'),
    run: async (jobs) => (await runCycles(session, jobs)).map((fallbackRows) => ({ fallbackRows })),
  });
}

function mostMembers(session: Session, step: ConditionedJob['step'], rows: number, edges: 'attend' | 'product'): number {
  const each = leastFloats(session, step, restrict(step), { heads: rows, members: 1, rows, edges });
  return Math.max(1, Math.min(MOST_MEMBERS, (SHARE * session.device.capacity) / each));
}

/** Everything about a step on a whole polynomial but the numbers. */
function wholeShape({ device }: Session, { step, tile }: ConditionedJob | CycleJob): string {
  const { message, logSumExp, variables, ...rest } = step;
  const outline = (matrix: Matrix | null) => (matrix === null ? null : [matrix.rows, matrix.cols, isHalf(device, matrix)]);
  const operands = variables.map(({ queries, values, bias }) => [outline(queries), outline(values), outline(bias)]);
  return JSON.stringify({ ...rest, operands, dv: message?.cols ?? null, tile: [tile.firstRow, tile.lastRow] });
}
