/**
 * The native back end: C++ with SIMD behind Node-API, one source compiled for several instruction sets (kernels/native/src). Runs in
 * the thread that calls it; operands may be views on shared memory and are never copied.
 */
import {
  type Backend,
  type BackendDescription,
  type Matrix,
  PROGRESS,
  type Precision,
  type PreparedTile,
  type Rates,
  type Step,
  type StepKind,
  type TileContext,
  type TileReport,
  type VariableOperands,
} from '../backend.ts';
import { type Addon, isaIndex, KINDS, loadAddon } from './addon.ts';
import { type EncodedStep, encode } from './encode.ts';
import { PackedOperands } from './packed.ts';

export interface NativeOptions {
  /** 'avx512', 'avx2', 'baseline' or 'neon'; the best of this machine where left out. */
  readonly isa?: string | undefined;
  /** Another build of the addon than build/native/polyattention.node. */
  readonly path?: string | undefined;
}

/** Runs in the calling thread and is done when it returns. */
export interface NativeBackend extends Backend {
  run(step: Step<Matrix>, tile: TileContext): TileReport;
  prepare(step: Step<Matrix>, rows: Pick<TileContext, 'firstRow' | 'lastRow'>): PreparedTile;
}

/** @throws Error with the reason when the addon is missing, does not load, or has not the instruction set asked for. */
export function load(options: NativeOptions = {}): NativeBackend {
  const addon = loadAddon(options.path);
  const isa = isaIndex(addon, options.isa);
  return {
    name: 'native',
    describe: () => describe(addon, isa),
    run: (step, tile) => run(addon, isa, step, tile),
    prepare: (step, rows) => prepare(addon, isa, step, rows),
    sizeOf: (values) => addon.sizeOf(isa, values),
  };
}

const STEPS: readonly StepKind[] = [
  ...(['attend', 'combine', 'conditioned', 'merge', 'cycle', 'project', 'prefix', 'eliminate'] as const),
  ...(['survey', 'accumulate', 'contract', 'apply', 'compress', 'scan', 'sample', 'judge', 'random-features', 'residual'] as const),
];

type WholeStep = Extract<Step<Matrix>, { variables: unknown }>;

function describe(addon: Addon, isa: number): BackendDescription {
  return {
    name: 'native',
    precisions: ['float32', 'float64'],
    steps: STEPS,
    isa: addon.isas()[isa] ?? null,
    device: 'cpu',
    rates: { float32: rates(addon, isa, 'float32'), float64: rates(addon, isa, 'float64') },
  };
}

function rates(addon: Addon, isa: number, precision: Precision): Rates {
  const [flopsPerSecond, exponentialsPerSecond, bytesPerSecond, tileSeconds] = addon.rates(isa, precision === 'float64' ? 64 : 32);
  return { flopsPerSecond, exponentialsPerSecond, bytesPerSecond, tileSeconds };
}

function run(addon: Addon, isa: number, step: Step<Matrix>, tile: TileContext): TileReport {
  if ('variables' in step && step.variables.some(({ queries }) => queries.rows === 0)) return fillEmpty(step, tile);
  return runEncoded(addon, isa, encode(step, tile), tile.control);
}

/** Where an encoded step has its callId (encode.ts). */
const CALL_ID = 3;

/** The encoding of a step, but for its call and its memory, follows from the shapes: it is made once. */
function prepare(addon: Addon, isa: number, step: Step<Matrix>, rows: Pick<TileContext, 'firstRow' | 'lastRow'>): PreparedTile {
  const { kind, numbers, operands } = encode(step, { ...rows, callId: 0 });
  const packed = new PackedOperands(numbers, operands);
  return {
    operands,
    run: (others, { control, callId }) => {
      const memories = packed.place(others);
      if (memories === null) {
        numbers[CALL_ID] = callId;
        return runEncoded(addon, isa, { kind, numbers, operands: others }, control);
      }
      packed.numbers[CALL_ID] = callId;
      const { first, second } = memories;
      return reportOf(kind, addon.runIn(isa, KINDS[kind], packed.numbers, first, second, operands.length, control));
    },
  };
}

function runEncoded(addon: Addon, isa: number, { kind, numbers, operands }: EncodedStep, control: Int32Array): TileReport {
  return reportOf(kind, addon.run(isa, KINDS[kind], numbers, operands, control));
}

function reportOf(kind: EncodedStep['kind'], count: number): TileReport {
  return kind === 'attend' ? { fallbackRows: 0, prunedPairs: count } : { fallbackRows: count };
}

/** A variable without rows (padding of length 0) leaves no tuple: every row of the tile is empty (math.md §7). */
function fillEmpty(step: WholeStep, { firstRow, lastRow, control }: TileContext): TileReport {
  const { message, logSumExp, variables } = step;
  // Tiles of a conditioned step without x1 in its cutset are parts, of n1 rows each.
  const rows =
    step.kind === 'conditioned' && !step.cutset.includes(1) ? (variables[0] as VariableOperands<Matrix>).queries.rows : 1;
  logSumExp.data.fill(Number.NEGATIVE_INFINITY, firstRow * rows, lastRow * rows);
  message?.data.fill(0, firstRow * rows * message.cols, lastRow * rows * message.cols);
  Atomics.add(control, PROGRESS, lastRow - firstRow);
  return { fallbackRows: 0 };
}
