/**
 * The native back end: C++ with SIMD behind Node-API, one source compiled for several instruction sets (kernels/native/src). Runs in
 * the thread that calls it; operands may be views on shared memory and are never copied.
 */
import type { Backend, BackendDescription, Matrix, Precision, Rates, Step, TileContext, TileReport } from '../backend.ts';
import { type Addon, isaIndex, KINDS, loadAddon } from './addon.ts';
import { encode } from './encode.ts';

export interface NativeOptions {
  /** 'avx512', 'avx2', 'baseline' or 'neon'; the best of this machine where left out. */
  readonly isa?: string | undefined;
  /** Another build of the addon than build/native/polyattention.node. */
  readonly path?: string | undefined;
}

/** Runs in the calling thread and is done when it returns. */
export interface NativeBackend extends Backend {
  run(step: Step<Matrix>, tile: TileContext): TileReport;
}

/** @throws Error with the reason when the addon is missing, does not load, or has not the instruction set asked for. */
export function load(options: NativeOptions = {}): NativeBackend {
  const addon = loadAddon(options.path);
  const isa = isaIndex(addon, options.isa);
  return {
    name: 'native',
    describe: () => describe(addon, isa),
    run: (step, tile) => run(addon, isa, step, tile),
  };
}

function describe(addon: Addon, isa: number): BackendDescription {
  return {
    name: 'native',
    precisions: ['float32', 'float64'],
    steps: ['attend', 'combine', 'conditioned', 'merge', 'cycle'],
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
  const { kind, numbers, operands } = encode(step, tile);
  return { fallbackRows: addon.run(isa, KINDS[kind], numbers, operands, tile.control) };
}
