/**
 * A cycle by shared exponential matrices and tiled products (math.md §6.3, §6.5): conditioning on x1 whose inner edges, which no
 * assignment changes, are products with P = exp(S - r) in place of scores and exponentials. 2 n^3 (dv + 1) flops an inner edge.
 *
 * Certificate of a row, with tiny the smallest normal number: weights w are at most 1 and their largest is 1; what underflows in P, w or
 * their products, and a Y that is dropped, costs an entry of Y = P w at most 4 m tiny, and what was lost before at most m times its bound
 * E. Relative to the largest weight of the next variable, e^A with A = max (g + ln Y), that is E' = e^(max g - A) m (4 tiny + E). Accepted
 * if the n rows that are summed at the end lost at most 1e-7; otherwise the row is computed by conditioning. It implies the a-priori range
 * test of §6.3.
 *
 * Fast products are left to the native back end: FAST_ROWS stays as it is, which `product` allows.
 */
import { type ConditionedStep, type CycleStep, type Matrix, PROGRESS, type TileContext } from '../backend.ts';
import { restrict } from '../reference/restriction.ts';
import { checkOperands, leastFloats, range, type Solved, solve, store } from './conditioned.ts';
import { checkTile, type Session } from './session.ts';
import { EMPTY } from './shaders/prelude.ts';
import { scoreIterations, TILE } from './shaders/tiles.ts';

const TINY = 2 ** -126;
const LOST = 1e-7;

/** A cycle step and the rows of it that are asked for. */
export interface CycleJob {
  readonly step: CycleStep<Matrix>;
  readonly tile: TileContext;
}

/** @throws Error when operands contradict each other or the order is no cycle. */
export function checkCycle({ step, tile }: CycleJob): void {
  const { order, variables } = step;
  checkOperands({ ...step, cutset: [], forest: [], parts: 1 }, 1);
  if (order.length !== variables.length || order[0] !== 1) {
    throw new Error(`webgpu: the order ${order.join(', ')} of a cycle of ${variables.length} variables`);
  }
  checkTile(tile, variables[0].queries.rows);
}

/** Jobs of one shape (batches.ts) that were checked; gives the number of rows of each that fell back. @throws Error */
export async function runCycles(session: Session, jobs: readonly CycleJob[]): Promise<number[]> {
  const [{ step, tile }] = jobs;
  const conditioned = jobs.map((job) => ({ step: asConditioned(job.step), tile: job.tile }));
  const restriction = restrict(conditioned[0].step);
  const rows = range(tile.firstRow, tile.lastRow);
  const edges = sharesMatrices(session, step, jobs.length, rows.length) ? 'product' : 'attend';
  const solved = await solve(session, conditioned, restriction, rows, edges);
  if (solved === null) return jobs.map(() => 0);
  const failed = edges === 'product' ? failedRows(step, solved, jobs.length) : jobs.map(() => rows.map((_, index) => index));
  for (const [member, job] of conditioned.entries()) {
    store(job.step, solved, member, (row) => rows[row]);
    if (edges === 'product' && failed[member].length > 0) {
      const again = failed[member].map((row) => rows[row]);
      const repaired = await solve(session, [job], restriction, again, 'attend');
      if (repaired === null) continue;
      store(job.step, repaired, 0, (row) => again[row]);
    }
    Atomics.add(job.tile.control, PROGRESS, rows.length);
  }
  return failed.map(({ length }) => length);
}

/** Without room for the shared matrices every row is computed by conditioning, which needs none. */
export function sharesMatrices(session: Session, step: CycleStep<Matrix>, members: number, rows: number): boolean {
  if (!inReach(session, step)) return false;
  const conditioned = asConditioned(step);
  const amount = { heads: rows, members, rows, edges: 'product' } as const;
  return leastFloats(session, conditioned, restrict(conditioned), amount) <= session.device.capacity;
}

/** A cycle as conditioning on x1. */
export function asConditioned({ order, product, ...step }: CycleStep<Matrix>): ConditionedStep<Matrix> {
  const forest = order.slice(1).map((variable, index) => ({ variable, parent: index === 0 ? 0 : order[index] }));
  return { ...step, kind: 'conditioned', cutset: [1], forest: forest.reverse(), parts: 1 };
}

/** Whether one invocation gets through a row of the shared matrix twice (device.ts). */
function inReach({ device }: Session, { variables }: CycleStep<Matrix>): boolean {
  const longest = variables.reduce((most, { queries }) => Math.max(most, queries.rows), 0);
  const perTile = 2 * scoreIterations(device.tiles, variables[0].queries.cols) + 2;
  return Math.ceil(longest / TILE) * perTile < device.iterations;
}

/** Of each problem the rows of `solved` whose certificate does not hold. */
function failedRows({ order, variables }: CycleStep<Matrix>, { tops, results, rows }: Solved, members: number): number[][] {
  // Leaf first, as `tops` is.
  const sizes = order
    .slice(1)
    .map((variable) => variables[variable - 1].queries.rows)
    .reverse();
  const failed = range(0, members).map((): number[] => []);
  for (const [index, result] of results.entries()) {
    if (!isAccepted(sizes, tops, index)) failed[Math.floor(result / rows)].push(result % rows);
  }
  return failed;
}

function isAccepted(sizes: readonly number[], tops: readonly Float32Array[], index: number): boolean {
  let lost = 0;
  for (const [k, top] of tops.entries()) {
    const largest = top[2 * index];
    if (k > 0) {
      const loosest = top[2 * index + 1];
      // Whether no tuple reaches the variable, or all that do underflowed.
      if (loosest < EMPTY / 2) return true;
      if (largest < EMPTY / 2) return false;
      lost = Math.exp(loosest - largest) * sizes[k - 1] * (4 * TINY + lost);
    } else if (largest < EMPTY / 2) return true;
  }
  return (sizes.at(-1) as number) * lost <= LOST;
}
