import type { FloatArray, Matrix, PreparedTile, Step } from '../../kernels/backend.ts';
import type { AttentionRequest, Operand } from '../contract/request.ts';
import { mapOperands } from '../plan/operands.ts';
import { type BufferSpec, extentRows, type Plan } from '../plan/plan.ts';
import { cutRows } from '../plan/tiles.ts';
import { allocateData } from '../tensor/allocate.ts';
import type { Lease } from '../tensor/lease.ts';
import { writesAll } from './bind.ts';
import { nextCall } from './items.ts';
import type { Kernels } from './kernels.ts';
import { epochMs, type TileOutcome } from './task.ts';

/** A tile of a plan with the buffers of the plan that its operands are. */
interface ReadyTile {
  readonly stage: number;
  readonly tile: PreparedTile;
  /** By operand; null where the operand is none. */
  readonly buffers: readonly (number | null)[];
}

export interface RanTile {
  readonly stage: number;
  readonly outcome: TileOutcome;
}

/**
 * A plan of one slice whose tiles the back ends have made ready: what binding and encoding make of the shapes is made once, and of a request
 * only its memory is put in. Of several slices, or of padded rows, the request says more than the plan does, and they are bound anew.
 */
export class ReadyPlan {
  readonly #plan: Plan;
  readonly #elements: readonly number[];
  readonly #tiles: readonly ReadyTile[];
  readonly #isOverwritten: boolean;
  /** Buffers of outputs by name. */
  readonly #outputs: ReadonlyMap<string, number>;

  /** Null where a back end cannot make its tiles ready, or the plan has several slices. */
  static of(plan: Plan, kernels: Kernels): ReadyPlan | null {
    if (plan.batch * plan.heads !== 1) return null;
    const tiles = readyTiles(plan, kernels);
    return tiles === null ? null : new ReadyPlan(plan, tiles);
  }

  private constructor(plan: Plan, tiles: readonly ReadyTile[]) {
    this.#plan = plan;
    this.#tiles = tiles;
    this.#elements = plan.buffers.map((buffer) => elementsOf(buffer, plan));
    this.#isOverwritten = writesAll(plan);
    this.#outputs = new Map(
      plan.buffers.flatMap(({ source, name }, index) => (source === 'output' ? [[name, index] as const] : [])),
    );
  }

  /** Memory by buffer: the request's tensors, and room for everything that is computed. */
  memory({ operands }: AttentionRequest, lease: Lease): FloatArray[] {
    const { buffers, precision } = this.#plan;
    return buffers.map(({ name, source }, index) =>
      source === 'input'
        ? ((operands.get(name) as Operand).tensor.data as FloatArray)
        : (allocateData(precision, this.#elements[index] as number, lease, this.#isOverwritten) as FloatArray),
    );
  }

  run(memory: readonly FloatArray[], control: Int32Array): RanTile[] {
    const call = { control, callId: nextCall() };
    let last = 0;
    // A tile begins where the one before it ended: a look at the clock takes as long as a row of a small tile.
    let endMs = epochMs();
    return this.#tiles.map(({ stage, tile, buffers }) => {
      // One call a stage: its tiles may share what a kernel keeps, and no others may.
      if (stage !== last) call.callId = nextCall();
      last = stage;
      const operands = buffers.map((buffer) => (buffer === null ? null : (memory[buffer] as FloatArray)));
      const startMs = endMs;
      const { fallbackRows, prunedPairs = 0 } = tile.run(operands, call);
      endMs = epochMs();
      return { stage, outcome: { startMs, endMs, fallbackRows, prunedPairs } };
    });
  }

  output(memory: readonly FloatArray[], name: string): FloatArray {
    return memory[this.#outputs.get(name) as number] as FloatArray;
  }
}

function elementsOf({ extent, cols }: BufferSpec, { rows }: Plan): number {
  return extentRows(extent, rows) * cols;
}

/** Made ready on stand-ins, by which it is seen which operand is which buffer. */
function readyTiles(plan: Plan, kernels: Kernels): ReadyTile[] | null {
  const standIns = plan.buffers.map((buffer) => standIn(buffer, plan));
  const bufferOf = new Map<FloatArray | null, number>(standIns.map(({ data }, index) => [data, index]));
  const tiles: ReadyTile[] = [];
  for (const [stage, { step, extent, backend }] of plan.stages.entries()) {
    const rows = extentRows(extent, plan.rows);
    const bound: Step<Matrix> = mapOperands(step, (buffer) => standIns[buffer] as Matrix);
    for (const { first, last } of cutRows(rows, plan.stages[stage] as Plan['stages'][number], 1, plan.threads)) {
      const tile = kernels.prepare({ backend: backend.name, step: bound, firstRow: first, lastRow: last, callId: 0 });
      if (tile === null) return null;
      tiles.push({ stage, tile, buffers: tile.operands.map((operand) => bufferOf.get(operand) ?? null) });
    }
  }
  return tiles;
}

function standIn(buffer: BufferSpec, plan: Plan): Matrix {
  const elements = elementsOf(buffer, plan);
  const data = plan.precision === 'float32' ? new Float32Array(elements) : new Float64Array(elements);
  return { data, rows: extentRows(buffer.extent, plan.rows), cols: buffer.cols };
}
