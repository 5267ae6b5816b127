import { isDevice } from '../../kernels/backend.ts';
import type { Plan, Stage } from '../plan/plan.ts';
import { cutRows, ONE_PIECE_SECONDS, TILE_SECONDS } from '../plan/tiles.ts';
import type { Binding } from './bind.ts';
import { operandBytes } from './device/operand-bytes.ts';
import { MESSAGE_BYTES, SLOTS } from './device/protocol.ts';
import type { WorkItem } from './queue.ts';
import type { BoundTile } from './task.ts';

/** A tile and the stage that it belongs to. */
export interface PlacedTile extends BoundTile {
  readonly stage: number;
  readonly seconds: number;
}

/** A work item whose outcomes can be told apart by stage. */
export interface PlacedItem extends WorkItem {
  readonly tiles: readonly PlacedTile[];
}

let calls = 0;

/** A number for a stage's tiles in one slice of one request (kernels/backend.ts). */
export function nextCall(): number {
  return ++calls;
}

/** The tiles of one stage in all slices. */
export function stageTiles(plan: Plan, index: number, binding: Binding): PlacedTile[] {
  const stage = plan.stages[index] as Stage;
  const slices = plan.batch * plan.heads;
  return Array.from({ length: slices }, (_, slice) => slice).flatMap((slice) => {
    const rows = binding.rows(stage.extent, slice);
    if (rows === 0) return [];
    const step = binding.step(stage.step, slice, isDevice(stage.backend.name));
    const callId = nextCall();
    // A device has threads of its own; on ours a stage is cut so that all have something to do.
    const threads = isDevice(stage.backend.name) ? 1 : plan.threads;
    return cutRows(rows, stage, slices, threads).map(({ first, last }) => ({
      backend: stage.backend.name,
      step,
      firstRow: first,
      lastRow: last,
      callId,
      stage: index,
      seconds: (stage.seconds * (last - first)) / rows,
    }));
  });
}

/** The plan's work, level by level; items of one level may run in any order and at once. */
export function* levels(plan: Plan, binding: Binding, control: Int32Array): Generator<PlacedItem[]> {
  const indices = plan.stages.map((_, index) => index);
  if (plan.seconds < ONE_PIECE_SECONDS && plan.stages.every(({ backend }) => !isDevice(backend.name))) {
    const tiles = indices.flatMap((index) => stageTiles(plan, index, binding));
    if (tiles.length > 0) yield [item(binding, control, tiles)];
    return;
  }
  const deepest = Math.max(...plan.stages.map(({ level }) => level));
  for (let level = 1; level <= deepest; level++) {
    const tiles = indices
      .filter((index) => plan.stages[index]?.level === level)
      .flatMap((index) => stageTiles(plan, index, binding));
    yield bundle(plan, binding, control, tiles);
    binding.release(level);
  }
}

/** The items of one level: what goes to the threads, and to each device, apart. */
function bundle(plan: Plan, binding: Binding, control: Int32Array, tiles: readonly PlacedTile[]): PlacedItem[] {
  const places = Map.groupBy(tiles, ({ backend }) => (isDevice(backend) ? backend : 'threads'));
  return [...places].flatMap(([place, own]) => join(binding, place === 'threads' ? plan.threads : SLOTS, control, own));
}

/** Joins neighbouring tiles that are too short to be handed over one by one, but leaves everything that runs them something to do. */
function join(binding: Binding, runners: number, control: Int32Array, tiles: readonly PlacedTile[]): PlacedItem[] {
  const total = tiles.reduce((sum, { seconds }) => sum + seconds, 0);
  const target = Math.min(TILE_SECONDS, total / runners);
  const items: PlacedItem[] = [];
  let open: PlacedTile[] = [];
  let seconds = 0;
  let bytes = 0;
  for (const tile of tiles) {
    open.push(tile);
    seconds += tile.seconds;
    if (isDevice(tile.backend)) bytes += operandBytes(tile.step);
    if (seconds < 0.75 * target && bytes < MESSAGE_BYTES) continue;
    items.push(item(binding, control, open));
    open = [];
    seconds = 0;
    bytes = 0;
  }
  if (open.length > 0) items.push(item(binding, control, open));
  return items;
}

function item({ countedBytes }: Binding, control: Int32Array, tiles: readonly PlacedTile[]): PlacedItem {
  const bound = tiles.map(({ backend, step, firstRow, lastRow, callId }) => ({ backend, step, firstRow, lastRow, callId }));
  return {
    task: { control, tiles: bound, countedBytes },
    seconds: tiles.reduce((sum, tile) => sum + tile.seconds, 0),
    tiles,
  };
}
