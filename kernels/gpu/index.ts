/**
 * The gpu.js back end: softmax attention and composite queries in fp32 on whatever gpu.js reaches (context.ts). A GL context loads in one
 * thread of a process only and does not survive its end, so the service runs this module in a process of its own (src/schedule/device/).
 */
import type { Backend, BackendDescription, Matrix, Step, TileContext, TileReport } from '../backend.ts';
import { runAttend } from './attend.ts';
import { runConditioned } from './conditioned.ts';
import { type Context, type Mode, openContext } from './context.ts';
import { measureExpError, measureRates } from './rates.ts';

/** How to open the device; all may be left out. */
export interface GpuOptions {
  /** 'auto': the first that can be had of headlessgl, webasm and cpu. */
  readonly mode?: Mode | 'auto';
  readonly now?: () => number;
}

/** Runs in the calling thread and is done when it returns. */
export interface GpuBackend extends Backend {
  run(step: Step<Matrix>, tile: TileContext): TileReport;
}

/** @throws Error with the reason when the mode asked for cannot be had */
export function load({ mode = 'auto', now = () => performance.now() }: GpuOptions = {}): GpuBackend {
  const context = openContext(mode);
  return { name: 'gpu', describe: () => describe(context, now), run: (step, tile) => run(context, step, tile) };
}

function describe(context: Context, now: () => number): BackendDescription {
  const { mode, kernelClass, device, software } = context;
  return {
    name: 'gpu',
    precisions: ['float32'],
    steps: ['attend', 'conditioned'],
    isa: null,
    device,
    mode,
    kernel: kernelClass,
    software,
    expError: measureExpError(context),
    rates: { float32: measureRates(context, now) },
  };
}

function run(context: Context, step: Step<Matrix>, tile: TileContext): TileReport {
  switch (step.kind) {
    case 'attend':
      runAttend(context, step, tile);
      break;
    case 'conditioned':
      runConditioned(context, step, tile);
      break;
    default:
      throw new Error(`the gpu back end does not run ${step.kind} steps`);
  }
  return { fallbackRows: 0 };
}
