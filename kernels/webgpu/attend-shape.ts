/** What attend steps have in common that share a dispatch, and what one of them takes. */
import type { AttendStep, Matrix, TileContext } from '../backend.ts';
import { isHalf } from './arena.ts';
import type { Device } from './device.ts';
import { checkOperand, checkTile } from './session.ts';
import { HALF_KEYS, HALF_QUERIES, HALF_VALUES } from './shaders/operands.ts';

/** An attend step and the rows of it that are asked for. */
export interface AttendJob {
  readonly step: AttendStep<Matrix>;
  readonly tile: TileContext;
}

/** What slices of one dispatch have in common. */
export interface AttendShape {
  readonly firstRow: number;
  readonly lastRow: number;
  readonly nk: number;
  readonly d: number; // 0 without queries
  readonly dv: number; // 0 without a message
  readonly hasBias: boolean;
  readonly hasValues: boolean;
  readonly scale: number;
  /** Which of the operands are in half precision (shaders/operands.ts). */
  readonly halves: number;
  readonly lowest: number;
  readonly highest: number;
}

/** @throws Error when the operands' shapes contradict each other. */
export function attendShape(device: Device, { step, tile }: AttendJob): AttendShape {
  const { queries, keys, keyBias, values, message, logSumExp, band } = step;
  const nq = queries?.rows ?? 1;
  const dv = message?.cols ?? 0;
  if (queries !== null) checkOperand('queries', queries, nq, keys.cols);
  if (queries !== null) checkOperand('keys', keys, keys.rows, keys.cols);
  if (keyBias !== null) checkOperand('keyBias', keyBias, keys.rows, 1);
  if (values !== null) checkOperand('values', values, keys.rows, message?.cols ?? values.cols);
  if (message !== null) checkOperand('message', message, nq, dv);
  checkOperand('logSumExp', logSumExp, nq, 1);
  checkTile(tile, nq);
  return {
    firstRow: tile.firstRow,
    lastRow: tile.lastRow,
    nk: keys.rows,
    d: queries === null ? 0 : keys.cols,
    dv,
    hasBias: keyBias !== null,
    hasValues: values !== null && dv > 0,
    scale: step.scale,
    halves: halvesOf(device, step),
    lowest: band?.lowest ?? -Infinity,
    highest: band?.highest ?? Infinity,
  };
}

function halvesOf(device: Device, { queries, keys, values }: AttendStep<Matrix>): number {
  const bit = (matrix: Matrix | null, mark: number): number => (matrix !== null && isHalf(device, matrix) ? mark : 0);
  return bit(queries, HALF_QUERIES) | bit(keys, HALF_KEYS) | bit(values, HALF_VALUES);
}

/** Flops of one slice's tile. */
export function attendFlops({ firstRow, lastRow, nk, d, dv }: AttendShape): number {
  return 2 * (lastRow - firstRow) * nk * (d + dv);
}

/** Places that one slice takes in an arena when nothing is cut, at most. */
export function attendFloats({ firstRow, lastRow, nk, d, dv }: AttendShape): number {
  return (lastRow - firstRow) * (d + 4 * (dv + 1)) + nk * (d + dv + 1);
}
