import type { Matrix, Step } from '../../../kernels/backend.ts';
import { mapOperands } from '../../plan/operands.ts';
import type { BoundTile } from '../task.ts';

/** Bytes of a step's operands and results as they lie with a device's process. */
export function operandBytes(step: Step<Matrix>): number {
  let bytes = 0;
  mapOperands(step, ({ data, half }, role) => {
    bytes += (role === 'read' ? (half ?? data) : data).byteLength;
  });
  return bytes;
}

/** The same of tiles that go together: those of one call bring theirs once. */
export function messageBytes(tiles: readonly BoundTile[]): number {
  const calls = new Map(tiles.map(({ callId, step }) => [callId, step]));
  return [...calls.values()].reduce((sum, step) => sum + operandBytes(step), 0);
}
