/** What every step's runner needs, and the errors of operands that contradict each other. */
import type { Matrix, TileContext } from '../backend.ts';
import { ArenaPool } from './arena.ts';
import type { Device } from './device.ts';
import { compilePipelines, type Pipelines } from './pipelines.ts';

/** An open device, its kernels, and its memory. */
export interface Session {
  readonly device: Device;
  readonly pipelines: Pipelines;
  readonly arenas: ArenaPool;
}

/** Compiles the kernels for single precision. @throws GPUPipelineError when one does not compile on this device */
export async function openSession(device: Device): Promise<Session> {
  const pipelines = await compilePipelines(device);
  return { device, pipelines, arenas: new ArenaPool(device, pipelines) };
}

/** @throws Error when the operand has another shape, or is in neither single nor half precision. */
export function checkOperand(name: string, matrix: Matrix, rows: number, cols: number): void {
  // Where there are halves, `data` may have to be made first.
  const numbers = matrix.half ?? matrix.data;
  if (matrix.rows !== rows || matrix.cols !== cols || numbers.length !== rows * cols) {
    throw new Error(`webgpu: ${name} is [${matrix.rows}, ${matrix.cols}] of ${numbers.length} elements, not [${rows}, ${cols}]`);
  }
  if (numbers instanceof Float64Array) throw new Error(`webgpu: ${name} is not in float32`);
}

/** @throws Error when the tile is not one of whole rows among `rows`. */
export function checkTile({ firstRow, lastRow }: TileContext, rows: number): void {
  const whole = Number.isInteger(firstRow) && Number.isInteger(lastRow);
  if (!whole || firstRow < 0 || firstRow > lastRow || lastRow > rows) {
    throw new Error(`webgpu: the tile [${firstRow}, ${lastRow}) is outside the ${rows} rows of its step`);
  }
}
