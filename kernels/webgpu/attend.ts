/**
 * Attend steps: any number of slices of one shape in each dispatch. What does not fit an arena, or would keep the device too long, goes in
 * blocks of rows and of keys; the partial messages of blocks of keys are merged by `fold`.
 */
import { type AttendStep, type Matrix, PROGRESS } from '../backend.ts';
import { type Arena, fromEmpty, Layout, upload, uploadLogWeights } from './arena.ts';
import type { AttendJob, AttendShape } from './attend-shape.ts';
import type { Device } from './device.ts';
import { widthFor } from './pipelines.ts';
import { Recorder } from './recorder.ts';
import type { Session } from './session.ts';
import { NONE } from './shaders/fields.ts';
import { foldGroups } from './shaders/fold.ts';
import { NO_MEMBERS } from './shaders/members.ts';
import { HALF_KEYS, HALF_QUERIES, HALF_VALUES, roomFor } from './shaders/operands.ts';
import { REDUCE_CHANNELS } from './shaders/reduce.ts';
import { scoreIterations, TILE, valueIterations } from './shaders/tiles.ts';

type Range = readonly [first: number, last: number];

/** Enough rows to occupy a large device; below it, blocks of keys are cut instead. */
const LEAST_ROWS = 2048;
const LEAST_KEYS = 256;

/** Rows of all slices: all jobs have this shape. Rows of cancelled jobs may keep what stood there. */
export async function runAttends(session: Session, shape: AttendShape, jobs: readonly AttendJob[]): Promise<void> {
  for (const rows of rowBlocks(session, shape, jobs.length)) {
    if (!(await runRows(session, shape, jobs, rows))) return;
    for (const { tile } of jobs) Atomics.add(tile.control, PROGRESS, rows[1] - rows[0]);
  }
}

/** So many rows that they and the smallest block of keys fit in half an arena. */
function rowBlocks({ device }: Session, shape: AttendShape, slices: number): Range[] {
  const each = slices * (shape.d + 5 * (shape.dv + 1));
  const most = Math.max(TILE, Math.floor(device.capacity / 2 / each));
  const blocks: Range[] = [];
  for (let row = shape.firstRow; row < shape.lastRow; row += most) blocks.push([row, Math.min(row + most, shape.lastRow)]);
  return blocks;
}

/** Keys that the band admits for some of these rows, in blocks that fit beside them and keep a dispatch within the budget. */
function keyBlocks({ device }: Session, shape: AttendShape, slices: number, [firstRow, lastRow]: Range): Range[] {
  const first = Math.max(0, Math.min(shape.nk, firstRow - shape.highest));
  const last = Math.max(first, Math.min(shape.nk, lastRow - shape.lowest));
  const rows = (lastRow - firstRow) * slices;
  const fitting = Math.floor(
    (device.capacity / slices - (lastRow - firstRow) * (shape.d + 5 * (shape.dv + 1))) / (shape.d + shape.dv + 1),
  );
  const timely = (2 * device.budget) / (2 * Math.min(rows, LEAST_ROWS) * (shape.d + shape.dv));
  const most = Math.max(TILE, Math.min(fitting, Math.max(LEAST_KEYS, timely), keysInReach(device, shape.d)));
  const count = Math.max(1, Math.ceil((last - first) / most));
  return Array.from({ length: count }, (_, i) => [
    first + Math.floor(((last - first) * i) / count),
    first + Math.floor(((last - first) * (i + 1)) / count),
  ]);
}

/** Keys that one dispatch can go through (device.ts); also those that a message of the same shape can have at all in a forest. */
export function keysInReach({ iterations, tiles }: Device, d: number): number {
  return TILE * Math.floor(iterations / (scoreIterations(tiles, d) + valueIterations(tiles)));
}

/** Offsets of one slice's operands; those of slice s stand s strides further. */
interface Places {
  readonly queries: number;
  readonly keys: number;
  readonly bias: number;
  readonly values: number;
  readonly stride: number;
  readonly state: number; // of all slices; NONE with one block of keys
  /** What one block of keys leaves: the results themselves where there is only one. */
  readonly partial: { readonly message: number; readonly logSumExp: number };
  readonly message: number; // results, slice after slice
  readonly logSumExp: number;
  readonly floats: number;
}

function place(shape: AttendShape, slices: number, rows: number, keys: number, blocks: number): Places {
  const layout = new Layout();
  const isHalf = (bit: number) => (shape.halves & bit) !== 0;
  const queries = layout.take(roomFor(rows * shape.d, isHalf(HALF_QUERIES)));
  const keyRows = layout.take(roomFor(keys * shape.d, isHalf(HALF_KEYS)));
  const bias = shape.hasBias ? layout.take(keys) : NONE;
  const values = shape.hasValues ? layout.take(roomFor(keys * shape.dv, isHalf(HALF_VALUES))) : NONE;
  const stride = layout.floats;
  layout.take((slices - 1) * stride);
  const state = blocks > 1 ? layout.take(slices * rows * 3 * Math.max(1, shape.dv)) : NONE;
  const messages = () => ({ message: layout.take(slices * rows * shape.dv), logSumExp: layout.take(slices * rows) });
  const whole = messages();
  const partial = blocks > 1 ? messages() : whole;
  return { queries, keys: keyRows, bias, values, stride, state, partial, ...whole, floats: layout.floats };
}

async function runRows(session: Session, shape: AttendShape, jobs: readonly AttendJob[], rows: Range): Promise<boolean> {
  const blocks = keyBlocks(session, shape, jobs.length, rows);
  const widest = blocks.reduce((most, [first, last]) => Math.max(most, last - first), 0);
  const count = rows[1] - rows[0];
  const places = place(shape, jobs.length, count, widest, blocks.length);
  return session.arenas.with(places.floats, null, async (arena) => {
    const controls = jobs.map(({ tile }) => tile.control);
    const recorder = new Recorder(session.device, session.pipelines, arena, controls);
    for (const [s, { step }] of jobs.entries()) {
      if (step.queries !== null) upload(session.device, arena, places.queries + s * places.stride, step.queries, ...rows);
    }
    for (const [index, keys] of blocks.entries()) {
      uploadKeys(session, arena, places, jobs, keys);
      await record(session, recorder, shape, jobs.length, places, rows, keys);
      if (blocks.length > 1) await foldBlock(recorder, shape, jobs.length * count, places, index, blocks.length);
      // The next block's keys take the place of this one's: uploads overtake nothing that was submitted.
      await recorder.submit();
    }
    if (!(await recorder.finish())) return false;
    const results = await session.arenas.read(arena, places.message, jobs.length * count * (shape.dv + 1));
    for (const [s, { step }] of jobs.entries()) store(step, shape, results, s, jobs.length, rows);
    return true;
  });
}

function uploadKeys({ device }: Session, arena: Arena, places: Places, jobs: readonly AttendJob[], [first, last]: Range): void {
  for (const [s, { step }] of jobs.entries()) {
    const at = s * places.stride;
    if (step.queries !== null) upload(device, arena, places.keys + at, step.keys, first, last);
    if (step.keyBias !== null) {
      uploadLogWeights(device, arena, places.bias + at, step.keyBias.data as Float32Array, first, last);
    }
    if (step.values !== null && places.values !== NONE) upload(device, arena, places.values + at, step.values, first, last);
  }
}

/** One block of keys, in dispatches of as many rows as the budget allows. */
async function record(
  { device }: Session,
  recorder: Recorder,
  shape: AttendShape,
  slices: number,
  places: Places,
  rows: Range,
  keys: Range,
): Promise<void> {
  const count = rows[1] - rows[0];
  const { d, dv } = shape;
  const common = {
    ...NO_MEMBERS,
    dv,
    bias: places.bias,
    biasStride: places.stride,
    values: places.values,
    valueStride: places.stride,
    message: places.values === NONE ? NONE : places.partial.message,
    messageStride: count * dv,
    logSumExp: places.partial.logSumExp,
    logSumExpStride: count,
    halves: shape.halves,
  };
  if (d === 0 && shape.lowest === -Infinity && shape.highest === Infinity) {
    await recorder.dispatch('reduce', { ...common, ranges: NONE, rows: keys[1] - keys[0] }, [
      1,
      slices,
      Math.max(1, Math.ceil(dv / REDUCE_CHANNELS)),
    ]);
    return;
  }
  const channels = widthFor(device, dv);
  const perRow = 2 * (keys[1] - keys[0]) * (d + dv) * slices;
  const step = Math.max(TILE, Math.min(LEAST_ROWS, count), TILE * Math.floor(device.budget / Math.max(1, perRow * TILE)));
  for (let row = 0; row < count; row += step) {
    const lastRow = Math.min(count, row + step);
    await recorder.dispatch(
      `attend${channels}`,
      {
        ...common,
        tile: TILE,
        depth: device.tiles.depth,
        firstRow: row,
        lastRow,
        baseRow: 0,
        rows: count,
        lastKey: keys[1] - keys[0],
        d,
        queries: places.queries,
        queryStride: places.stride,
        keys: places.keys,
        keyStride: places.stride,
        weights: NONE,
        rowRanges: NONE,
        keyRanges: NONE,
        scale: shape.scale,
        lowest: shape.lowest - rows[0] + keys[0],
        highest: shape.highest - rows[0] + keys[0],
      },
      [Math.ceil((lastRow - row) / TILE), slices, Math.max(1, Math.ceil(dv / channels))],
      perRow * (lastRow - row),
    );
  }
}

/** The partial message of one block of keys joins the running one; the last leaves the whole. */
async function foldBlock(
  recorder: Recorder,
  { dv }: AttendShape,
  rows: number,
  places: Places,
  index: number,
  blocks: number,
): Promise<void> {
  const columns = Math.max(1, dv);
  await recorder.dispatch(
    'fold',
    {
      ...NO_MEMBERS,
      rows,
      dv,
      columns,
      contributions: 1,
      groups: NONE,
      groupRows: 1,
      weight: NONE,
      factor: NONE,
      ranges: NONE,
      sums: places.partial.logSumExp,
      sumStride: 0,
      product: places.values === NONE ? NONE : places.partial.message,
      productStride: 0,
      state: places.state,
      isFirst: index === 0 ? 1 : 0,
      isLast: index === blocks - 1 ? 1 : 0,
      message: places.values === NONE ? NONE : places.message,
      logSumExp: places.logSumExp,
    },
    foldGroups(rows * columns),
  );
}

/** `results`: the messages of all slices, then their log-sum-exps. Without values u is all ones where a row is not empty. */
function store(
  step: AttendStep<Matrix>,
  shape: AttendShape,
  results: Float32Array,
  s: number,
  slices: number,
  [first, last]: Range,
): void {
  const { dv, hasValues } = shape;
  const count = last - first;
  const sums = results.subarray(slices * count * dv + s * count, slices * count * dv + (s + 1) * count);
  step.logSumExp.data.set(sums.map(fromEmpty), first);
  if (step.message === null) return;
  const target = step.message.data.subarray(first * dv, last * dv);
  if (hasValues) target.set(results.subarray(s * count * dv, (s + 1) * count * dv));
  else
    for (const [row, sum] of step.logSumExp.data.subarray(first, last).entries())
      target.fill(sum === -Infinity ? 0 : 1, row * dv, (row + 1) * dv);
}
