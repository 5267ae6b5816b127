import { readSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import {
  type Backend,
  CANCEL,
  CONTROL_CELLS,
  type DeviceName,
  FAST_ROWS,
  type FloatArray,
  type Matrix,
  PROGRESS,
  type Step,
} from '../../../kernels/backend.ts';
import { mapOperands } from '../../plan/operands.ts';
import { widenHalf } from '../../tensor/half.ts';
import { epochMs } from '../task.ts';
import {
  FIRST_SLOT_FD,
  type HostMessage,
  type HostOptions,
  type RanTile,
  type RunMessage,
  type SentCall,
  type SentTile,
  SLOTS,
} from './protocol.ts';
import { FIRST_MESSAGE, IN_HAND, takenBack, type Watch } from './watch.ts';

/** A device's own process, and the only place that loads its kernels: a driver that hangs or dies takes nothing else with it. */

const MODULES = {
  gpu: '../../../kernels/gpu/index.ts',
  webgpu: '../../../kernels/webgpu/index.ts',
} as const satisfies Record<DeviceName, string>;

interface DeviceModule {
  load(options: Readonly<Record<string, string>>): Backend | Promise<Backend>;
}

const ARRAYS = { half: Uint16Array, single: Float32Array, double: Float64Array } as const;

/** An operand that came as float16, widened when somebody asks for its numbers: a device that reads halves does not. */
class HalfMatrix implements Matrix {
  readonly half: Uint16Array;
  readonly rows: number;
  readonly cols: number;
  #data: Float32Array | null = null;

  constructor(half: Uint16Array, rows: number, cols: number) {
    this.half = half;
    this.rows = rows;
    this.cols = cols;
  }

  get data(): Float32Array {
    if (this.#data === null) {
      this.#data = new Float32Array(this.half.length);
      widenHalf('float16', this.half, this.#data);
    }
    return this.#data;
  }
}

interface Call {
  readonly step: Step<Matrix>;
  readonly operands: readonly Matrix[];
}

const options = JSON.parse(process.argv[2] as string) as HostOptions;
const moduleUrl = options.module ?? new URL(MODULES[options.name], import.meta.url).href;
const calls = new Map<number, Call>();
const say = (message: HostMessage): void => void process.send?.(message);

// A thread of its own looks whether the service is still there, and still wants what is computed: a kernel may keep this one busy, or for good.
const board = new Int32Array(new SharedArrayBuffer(4 * (FIRST_MESSAGE + SLOTS)));
const controls = Array.from({ length: SLOTS }, () => new Int32Array(new SharedArrayBuffer(4 * CONTROL_CELLS)));
const workerData = { parent: process.ppid, board, controls } satisfies Watch;
new Worker(new URL('./watch.ts', import.meta.url), { workerData }).unref();
// Later than the back end's own farewell, which `load` registers first where there is one.
process.on('disconnect', () => setImmediate(() => process.exit(0)));
// A terminal sends these to the whole group; when this process ends is for the service to say.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

try {
  const module: DeviceModule = await import(moduleUrl);
  const backend = await module.load(options.load);
  const description = await backend.describe();
  process.on('disconnect', () => backend.close?.());
  process.on('message', (message) => void answer(backend, message as RunMessage));
  say({ kind: 'loaded', description });
} catch (error) {
  say({ kind: 'unloaded', reason: reasonOf(error) });
}

async function answer(backend: Backend, message: RunMessage): Promise<void> {
  const { id, slot, drop, tiles } = message;
  const control = (controls[slot] as Int32Array).fill(0);
  Atomics.store(board, FIRST_MESSAGE + slot, id);
  Atomics.add(board, IN_HAND, 1);
  Atomics.notify(board, IN_HAND);
  try {
    for (const callId of drop) calls.delete(callId);
    for (const call of message.calls) calls.set(call.callId, receive(call, FIRST_SLOT_FD + slot));
    if (takenBack(slot) === id) Atomics.store(control, CANCEL, 1);
    const ran = await Promise.all(tiles.map((tile) => runTile(backend, tile, control, FIRST_SLOT_FD + slot)));
    if (Atomics.load(control, CANCEL) !== 0) return say({ kind: 'stopped', id });
    say({ kind: 'ran', id, tiles: ran, progress: control[PROGRESS] as number, fastRows: control[FAST_ROWS] as number });
  } catch (error) {
    say({ kind: 'failed', id, reason: reasonOf(error) });
  } finally {
    Atomics.sub(board, IN_HAND, 1);
  }
}

function receive({ step, operands }: SentCall, file: number): Call {
  const matrices = operands.map(({ rows, cols, type, offset }): Matrix => {
    const numbers = new ARRAYS[type](rows * cols);
    if (offset !== null) transfer(readSync, file, numbers, offset);
    return numbers instanceof Uint16Array ? new HalfMatrix(numbers, rows, cols) : { data: numbers, rows, cols };
  });
  return { step: mapOperands(step, (operand) => matrices[operand] as Matrix), operands: matrices };
}

async function runTile(
  backend: Backend,
  { callId, firstRow, lastRow, results }: SentTile,
  control: Int32Array,
  file: number,
): Promise<RanTile> {
  const call = calls.get(callId);
  if (call === undefined) throw new Error(`call ${callId} was not sent`);
  const startMs = epochMs();
  const tile = { firstRow, lastRow, control, callId };
  const { fallbackRows } = firstRow === lastRow ? { fallbackRows: 0 } : await backend.run(call.step, tile);
  const endMs = epochMs();
  for (const { operand, from, count, offset } of results) {
    transfer(writeSync, file, (call.operands[operand] as Matrix).data.subarray(from, from + count), offset);
  }
  return { startMs, endMs, fallbackRows };
}

type Move = (file: number, data: NodeJS.ArrayBufferView, at: number, bytes: number, offset: number) => number;

/** Reads or writes all of it: a single call may do less. @throws Error at the end of the file, or when shared memory is full */
function transfer(move: Move, file: number, data: FloatArray | Uint16Array, offset: number): void {
  for (let done = 0; done < data.byteLength; ) {
    const moved = move(file, data as NodeJS.ArrayBufferView, done, data.byteLength - done, offset + done);
    if (moved === 0) throw new Error('the slot ends before the tensor does');
    done += moved;
  }
}

function reasonOf(error: unknown): string {
  const missing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
  if (missing && error.message.includes(new URL(moduleUrl).pathname)) return 'it is not part of this version';
  return error instanceof Error ? error.message : String(error);
}
