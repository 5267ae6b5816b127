import type { Matrix, Step } from '../../../kernels/backend.ts';
import { mapOperands } from '../../plan/operands.ts';
import type { BoundTile } from '../task.ts';
import { ELEMENT_BYTES, type RunMessage, type SentCall, type SentOperand, type SentResult, type SentTile } from './protocol.ts';
import type { Slot } from './slot.ts';

/** Operands that a device keeps for tiles to come. */
const KEPT_CALLS = 64;
const KEPT_BYTES = 2 ** 25;

/** Brings tiles to one process and their results back; knows what that process has already. */
export class Courier {
  /** Calls whose operands are there, oldest first, with their bytes. */
  readonly #there = new Map<number, number>();

  /** Writes into `slot` what the process lacks, and says what lies where. @throws Error when shared memory is full */
  async pack(slot: Slot, tiles: readonly BoundTile[]): Promise<Omit<RunMessage, 'id' | 'slot'>> {
    await slot.reset();
    const wanted = new Set(tiles.map(({ callId }) => callId));
    const calls: SentCall[] = [];
    for (const tile of tiles) {
      if (this.#there.has(tile.callId)) continue;
      const call = await sendCall(slot, tile);
      calls.push(call);
      this.#there.set(tile.callId, bytesOf(call));
    }
    const sent = tiles.map(({ step, callId, firstRow, lastRow }): SentTile => {
      return { callId, firstRow, lastRow, results: resultsOf(slot, step, firstRow, lastRow) };
    });
    return { calls, tiles: sent, drop: this.#outdated(wanted) };
  }

  /** Reads the rows that the tiles' results have got into the tensors where they belong. */
  async unpack(slot: Slot, tiles: readonly BoundTile[], sent: readonly SentTile[]): Promise<void> {
    for (const [index, { step }] of tiles.entries()) {
      const operands = list(step);
      for (const { operand, from, count, offset } of (sent[index] as SentTile).results) {
        await slot.read((operands[operand] as Listed).matrix.data.subarray(from, from + count), offset);
      }
    }
  }

  #outdated(wanted: ReadonlySet<number>): number[] {
    const drop: number[] = [];
    let bytes = [...this.#there.values()].reduce((sum, each) => sum + each, 0);
    for (const [callId, held] of this.#there) {
      if (this.#there.size <= KEPT_CALLS && bytes <= KEPT_BYTES) break;
      if (wanted.has(callId)) continue;
      this.#there.delete(callId);
      bytes -= held;
      drop.push(callId);
    }
    return drop;
  }
}

interface Listed {
  readonly matrix: Matrix;
  readonly role: 'read' | 'write';
}

/** A step's operands in the order in which `mapOperands` meets them. */
function list(step: Step<Matrix>): Listed[] {
  const operands: Listed[] = [];
  mapOperands(step, (matrix, role) => operands.push({ matrix, role }));
  return operands;
}

async function sendCall(slot: Slot, { callId, step }: BoundTile): Promise<SentCall> {
  const operands: SentOperand[] = [];
  for (const { matrix, role } of list(step)) {
    const { data, half, rows, cols } = matrix;
    const numbers = half ?? data;
    const offset = role === 'read' ? slot.reserve(numbers.byteLength) : null;
    if (offset !== null) await slot.write(numbers, offset);
    operands.push({ rows, cols, type: half ? 'half' : data instanceof Float64Array ? 'double' : 'single', offset });
  }
  let index = 0;
  return { callId, step: mapOperands(step, () => index++), operands };
}

function bytesOf({ operands }: SentCall): number {
  return operands.reduce((sum, { rows, cols, type }) => sum + rows * cols * ELEMENT_BYTES[type], 0);
}

/** Room for the rows that a tile writes: those of its own range, and of a conditioned step's parts n1 rows each (kernels/backend.ts). */
function resultsOf(slot: Slot, step: Step<Matrix>, firstRow: number, lastRow: number): SentResult[] {
  const inParts = step.kind === 'conditioned' && !step.cutset.includes(1);
  const unit = inParts ? (step.variables[0]?.queries.rows ?? 0) : 1;
  return list(step).flatMap(({ matrix: { data, cols }, role }, operand) => {
    if (role === 'read') return [];
    const [from, count] = [firstRow * unit * cols, (lastRow - firstRow) * unit * cols];
    return [{ operand, from, count, offset: slot.reserve(count * data.BYTES_PER_ELEMENT) }];
  });
}
