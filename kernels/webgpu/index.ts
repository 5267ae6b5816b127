/**
 * The WebGPU back end: fused WGSL kernels (shaders/) on Dawn, inputs in half or single precision with fp32 accumulation. For a process of its own
 * (device.ts). Any number of runs may be in hand at once: those of one shape share
 * dispatches (batches.ts), others have their own arenas, and the read of one overlaps the work of the next.
 */
import type { Backend, BackendDescription, Matrix, Rates, Step, TileContext, TileReport } from '../backend.ts';
import { attendBatch, conditionedBatch, cycleBatch } from './batches.ts';
import { type Bounds, type Device, type Mode, openDevice } from './device.ts';
import { measureExp } from './exp-error.ts';
import { checkHalves } from './half-check.ts';
import { DISPATCH_SECONDS, measureRates } from './rates.ts';
import { openSession, type Session } from './session.ts';
import { TILE } from './shaders/tiles.ts';
import { warmUp } from './warm.ts';

/** How to open the device; all may be left out. */
export interface WebGpuOptions {
  /** 'auto': Vulkan (or Metal) where there is one, else OpenGL ES. */
  readonly mode?: Mode | undefined;
  readonly bounds?: Bounds | undefined;
  /** Milliseconds on a clock that never goes back; read by the calibration only. */
  readonly now?: (() => number) | undefined;
}

/** `kernel` names the tiles, rows x keys, coordinates and channels held at a time, and how operands that came as float16 are read. */
export type WebGpuDescription = BackendDescription &
  Required<Pick<BackendDescription, 'mode' | 'kernel' | 'software' | 'expError'>>;

/** Done when its promise is; closing frees the device. */
export interface WebGpuBackend extends Backend {
  describe(): WebGpuDescription;
  run(step: Step<Matrix>, tile: TileContext): Promise<TileReport>;
  close(): void;
}

/** @throws Error (a rejection) with the reason when there is no adapter, or a kernel does not compile on it. */
export async function load({
  mode = 'auto',
  bounds = {},
  now = () => performance.now(),
}: WebGpuOptions = {}): Promise<WebGpuBackend> {
  const device = await openDevice(mode, bounds);
  const session = await openSession(device);
  await warmUp(session);
  if (bounds.halves !== false) await checkHalves(session);
  if (device.halves) await warmUp(session);
  const expError = await measureExp(session);
  const rates = await measureRates(session, now);
  device.budget = bounds.dispatchFlops ?? DISPATCH_SECONDS * rates.flopsPerSecond;
  const description = describe(device, expError, rates);
  const batches = { attend: attendBatch(session), conditioned: conditionedBatch(session), cycle: cycleBatch(session) };
  return {
    name: 'webgpu',
    describe: () => description,
    run: (step, tile) => run(batches, step, tile),
    close: () => close(session),
  };
}

function describe(device: Device, expError: number, rates: Rates): WebGpuDescription {
  const { depth, channels } = device.tiles;
  return {
    name: 'webgpu',
    precisions: ['float32'],
    steps: ['attend', 'conditioned', 'cycle'],
    isa: null,
    device: `${device.route}: ${device.adapter}${device.software ? ' (software)' : ''}`,
    rates: { float32: rates },
    mode: device.route,
    kernel: `wgsl ${TILE}x${TILE}, d ${depth}, dv ${channels}, ${device.halves ? `f16 inputs by ${device.reads}` : 'f32 inputs'}`,
    software: device.software,
    expError,
  };
}

interface Batches {
  readonly attend: ReturnType<typeof attendBatch>;
  readonly conditioned: ReturnType<typeof conditionedBatch>;
  readonly cycle: ReturnType<typeof cycleBatch>;
}

async function run({ attend, conditioned, cycle }: Batches, step: Step<Matrix>, tile: TileContext): Promise<TileReport> {
  switch (step.kind) {
    case 'attend':
      return attend.run({ step, tile });
    case 'conditioned':
      return conditioned.run({ step, tile });
    case 'cycle':
      return cycle.run({ step, tile });
    default:
      throw new Error(`the webgpu back end does not run ${step.kind} steps`);
  }
}

function close({ device, arenas }: Session): void {
  arenas.close();
  device.close();
}
