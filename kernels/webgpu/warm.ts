/**
 * One small step through every kernel before the back end says that it is ready: drivers translate shaders when they first run, which takes
 * up to seconds a kernel on software rendering, and neither a request nor the calibration is to wait for that.
 */
import { CONTROL_CELLS, type Matrix, type TileContext, type VariableOperands } from '../backend.ts';
import { runAttends } from './attend.ts';
import { attendShape } from './attend-shape.ts';
import { runConditioned } from './conditioned.ts';
import { runCycles } from './cycle.ts';
import type { Session } from './session.ts';

const ROWS = 2;
/** A width for each of the kernels' (pipelines.ts). */
const CHANNELS = [1, 64, 128];

const zeros = (rows: number, cols: number): Matrix => {
  return { data: new Float32Array(rows * cols), half: new Uint16Array(rows * cols), rows, cols };
};

/** With the kernels for halves once the device takes these, and with those for single precision before that. */
export async function warmUp(session: Session): Promise<void> {
  for (const [index, dv] of CHANNELS.entries()) {
    const tile: TileContext = { firstRow: 0, lastRow: ROWS, control: new Int32Array(CONTROL_CELLS), callId: -1 - index };
    await Promise.all([warmAttend(session, tile, dv), warmWhole(session, tile, dv)]);
  }
}

async function warmAttend(session: Session, tile: TileContext, dv: number): Promise<void> {
  const results = { message: zeros(ROWS, dv), logSumExp: zeros(ROWS, 1) };
  const operands = { queries: zeros(ROWS, 1), keys: zeros(ROWS, 1), keyBias: null, values: zeros(ROWS, dv) };
  const job = { step: { kind: 'attend', ...operands, scale: 1, band: null, ...results } as const, tile };
  await runAttends(session, attendShape(session.device, job), [job]);
}

/** The triangle, as a cycle and by conditioning. */
async function warmWhole(session: Session, tile: TileContext, dv: number): Promise<void> {
  const operands = (values: boolean): VariableOperands<Matrix> => {
    return { queries: zeros(ROWS, 1), values: values ? zeros(ROWS, dv) : null, bias: null };
  };
  const whole = {
    variables: [operands(false), operands(true), operands(true)],
    monomials: [
      [1, 2],
      [2, 3],
      [1, 3],
    ].map((variables) => ({ coefficient: 1, variables })),
    masks: [],
    scale: 1,
    message: zeros(ROWS, dv),
    logSumExp: zeros(ROWS, 1),
  };
  await runCycles(session, [{ step: { kind: 'cycle', ...whole, order: [1, 2, 3], product: 'gemm' }, tile }]);
  const forest = [
    { variable: 3, parent: 2 },
    { variable: 2, parent: 0 },
  ];
  await runConditioned(session, [{ step: { kind: 'conditioned', ...whole, cutset: [1], forest, parts: 1 }, tile }]);
}
