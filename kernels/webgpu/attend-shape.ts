/** What attend steps have in common that share a dispatch, and what one of them takes. */
import type { AttendStep, Matrix, TileContext } from '../backend.ts';
import { checkTile, take } from './session.ts';

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
  readonly lowest: number;
  readonly highest: number;
}

/** @throws Error when the operands' shapes contradict each other. */
export function attendShape({ step, tile }: AttendJob): AttendShape {
  const { queries, keys, keyBias, values, message, logSumExp, band } = step;
  const nq = queries?.rows ?? 1;
  const dv = message?.cols ?? 0;
  if (queries !== null) take('queries', queries, nq, keys.cols);
  if (queries !== null) take('keys', keys, keys.rows, keys.cols);
  if (keyBias !== null) take('keyBias', keyBias, keys.rows, 1);
  if (values !== null) take('values', values, keys.rows, message?.cols ?? values.cols);
  if (message !== null) take('message', message, nq, dv);
  take('logSumExp', logSumExp, nq, 1);
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
    lowest: band?.lowest ?? -Infinity,
    highest: band?.highest ?? Infinity,
  };
}

/** Flops of one slice's tile. */
export function attendFlops({ firstRow, lastRow, nk, d, dv }: AttendShape): number {
  return 2 * (lastRow - firstRow) * nk * (d + dv);
}

/** Numbers that one slice takes in an arena when nothing is cut. */
export function attendFloats({ firstRow, lastRow, nk, d, dv }: AttendShape): number {
  return (lastRow - firstRow) * (d + 4 * (dv + 1)) + nk * (d + dv + 1);
}
