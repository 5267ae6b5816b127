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
import { checkOperands, fits, range, type Solved, solve, store } from './conditioned.ts';
import { checkTile, type Session } from './session.ts';
import { EMPTY } from './shaders/prelude.ts';
import { scoreIterations, TILE } from './shaders/tiles.ts';

const TINY = 2 ** -126;
const LOST = 1e-7;

/** Gives the number of rows that fell back. @throws Error when operands contradict each other or the order is no cycle. */
export async function runCycle(session: Session, step: CycleStep<Matrix>, tile: TileContext): Promise<number> {
  checkOperands({ ...step, cutset: [], forest: [], parts: 1 }, 1);
  const conditioned = asConditioned(step);
  const restriction = restrict(conditioned);
  checkTile(tile, step.variables[0].queries.rows);
  const rows = range(tile.firstRow, tile.lastRow);
  // Without room for the shared matrices every row is computed by conditioning, which needs none.
  const shares = inReach(session, step) && fits(session, conditioned, restriction, rows.length, 'product');
  const edges = shares ? 'product' : 'attend';
  const solved = await solve(session, conditioned, restriction, rows, tile, edges);
  if (solved === null) return 0;
  store(step, solved, (row) => rows[row]);
  const failed = edges === 'product' ? failedRows(step, solved).map((row) => rows[row]) : rows;
  if (edges === 'product' && failed.length > 0) {
    const again = await solve(session, conditioned, restriction, failed, tile, 'attend');
    if (again === null) return 0;
    store(step, again, (row) => failed[row]);
  }
  Atomics.add(tile.control, PROGRESS, rows.length);
  return failed.length;
}

function asConditioned({ order, product, ...step }: CycleStep<Matrix>): ConditionedStep<Matrix> {
  if (order.length !== step.variables.length || order[0] !== 1) {
    throw new Error(`webgpu: the order ${order.join(', ')} of a cycle of ${step.variables.length} variables`);
  }
  const forest = order.slice(1).map((variable, index) => ({ variable, parent: index === 0 ? 0 : order[index] }));
  return { ...step, kind: 'conditioned', cutset: [1], forest: forest.reverse(), parts: 1 };
}

/** Whether one invocation gets through a row of the shared matrix twice (device.ts). */
function inReach({ device }: Session, { variables }: CycleStep<Matrix>): boolean {
  const longest = variables.reduce((most, { queries }) => Math.max(most, queries.rows), 0);
  const perTile = 2 * scoreIterations(device.tiles, variables[0].queries.cols) + 2;
  return Math.ceil(longest / TILE) * perTile < device.iterations;
}

/** Rows of `solved` whose certificate does not hold. */
function failedRows({ order, variables }: CycleStep<Matrix>, { tops, heads }: Solved): number[] {
  // Leaf first, as `tops` is.
  const sizes = order
    .slice(1)
    .map((variable) => variables[variable - 1].queries.rows)
    .reverse();
  return heads.filter((_, index) => !isAccepted(sizes, tops, index));
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
