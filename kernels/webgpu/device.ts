/**
 * A WebGPU device through Dawn, by one of two routes: core WebGPU on Vulkan (or Metal), and the compatibility level on OpenGL ES, which is
 * what the software rendering of a stock Debian 12 can do (EGL_PLATFORM=surfaceless and a libEGL.so must be there).
 *
 * Runs in a process of its own: Dawn crashes on a thread's end. What goes wrong on the device becomes an error of the calls in hand: the
 * supervisor of the process decides what comes next.
 */
import { platform } from 'node:os';
import { create, globals } from 'webgpu';
import { errorScope, type LossGuard, lossGuard } from './errors.ts';
import type { HalfReads } from './shaders/operands.ts';
import { THREADS, type TileSizes, tileBytes } from './shaders/tiles.ts';

Object.assign(globalThis, globals);

/** How Dawn reaches the adapter. */
export type Route = 'vulkan' | 'opengles';
/** A route, or the first of them that leads to an adapter. */
export type Mode = 'auto' | Route;

/** An open device with what the kernels need to know of it. */
export interface Device {
  readonly gpu: GPUDevice;
  readonly route: Route;
  /** The adapter's own words for itself. */
  readonly adapter: string;
  /** The processor draws: right answers, but never the fastest ones. */
  readonly software: boolean;
  readonly tiles: TileSizes;
  readonly reads: HalfReads;
  /** Whether operands may be in half precision: set once the device has shown what it makes of them (half-check.ts). */
  halves: boolean;
  /** Rounds of all loops together that one invocation of a shader may make. */
  readonly iterations: number;
  /** Numbers that one arena can hold. */
  readonly capacity: number;
  /** Flops that one dispatch may take; set by the calibration so that a dispatch stays far below a driver's watchdog. */
  budget: number;
  /** The promise's result, or an error as soon as the device is lost. */
  readonly guard: LossGuard;
  /** Runs `body` and gives, besides what it gives, a promise that rejects when the device refuses or lacks memory for something in it. */
  scoped<T>(body: () => T): { readonly value: T; readonly accepted: Promise<void> };
  close(): void;
}

const ROUTES: Readonly<Record<Route, () => Promise<[GPU, GPUAdapter | null]>>> = {
  vulkan: async () => {
    const gpu = create(platform() === 'darwin' ? [] : ['backend=vulkan']);
    return [gpu, await gpu.requestAdapter({ powerPreference: 'high-performance' })];
  },
  opengles: async () => {
    const gpu = create(['backend=opengles']);
    return [gpu, await gpu.requestAdapter({ featureLevel: 'compatibility' })];
  },
};

/** Dawn's entry objects own their adapters: they must not be collected while a device is in use. */
const entries: GPU[] = [];

/** Until the rates are measured: 50 ms of the slowest device seen. */
const FIRST_BUDGET = 1e8;
/** Mesa's llvmpipe leaves every loop, without a word, once an invocation has made 65535 rounds (seen on 22.3: keys beyond were ignored). */
const SOFTWARE_ITERATIONS = 60_000;
const HALF_FEATURE = 'shader-f16';
const MOST_CAPACITY = 2 ** 29; // 2 GiB; offsets beyond 2^30 would not fit the kernels' signed differences

/** Bounds below the device's own. */
export interface Bounds {
  /** Numbers in one arena. */
  readonly arenaFloats?: number | undefined;
  /** Flops of one dispatch; measured where it is left out. */
  readonly dispatchFlops?: number | undefined;
  /** Shared memory of a workgroup. */
  readonly workgroupBytes?: number | undefined;
  /** Whether `shader-f16` is used where it is there. */
  readonly shaderF16?: boolean | undefined;
  /** Whether operands may be in half precision at all. */
  readonly halves?: boolean | undefined;
}

/** @throws Error naming what each route lacked. */
export async function openDevice(mode: Mode = 'auto', bounds: Bounds = {}): Promise<Device> {
  const routes: readonly Route[] = mode === 'auto' ? ['vulkan', 'opengles'] : [mode];
  for (const route of routes) {
    const [entry, adapter] = await ROUTES[route]();
    if (adapter === null) continue;
    entries.push(entry);
    return adopt(await requestDevice(adapter, bounds), adapter.info, route, bounds);
  }
  const hint = routes.includes('opengles') ? '; OpenGL ES without a display needs libEGL.so and EGL_PLATFORM=surfaceless' : '';
  throw new Error(`no WebGPU adapter by ${routes.join(' or ')}${hint}`);
}

function requestDevice(adapter: GPUAdapter, { shaderF16 = true }: Bounds): Promise<GPUDevice> {
  const { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize } = adapter.limits;
  const requiredFeatures: GPUFeatureName[] = shaderF16 && adapter.features.has(HALF_FEATURE) ? [HALF_FEATURE] : [];
  const requiredLimits = { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize };
  return adapter.requestDevice({ requiredFeatures, requiredLimits });
}

function adopt(gpu: GPUDevice, info: GPUAdapterInfo, route: Route, bounds: Bounds): Device {
  const { arenaFloats = MOST_CAPACITY, dispatchFlops = FIRST_BUDGET, workgroupBytes = Number.POSITIVE_INFINITY } = bounds;
  const adapter = [info.vendor, info.architecture, info.device, info.description].filter((part) => part !== '').join(' ');
  const software = info.isFallbackAdapter || /llvmpipe|lavapipe|swiftshader|softpipe|basic render/i.test(adapter);
  const { maxBufferSize, maxStorageBufferBindingSize } = gpu.limits;
  return {
    gpu,
    route,
    adapter,
    software,
    tiles: tileSizes(gpu.limits, workgroupBytes),
    reads: gpu.features.has(HALF_FEATURE) ? HALF_FEATURE : 'unpack2x16float',
    halves: false,
    iterations: software ? SOFTWARE_ITERATIONS : Number.POSITIVE_INFINITY,
    capacity: Math.min(MOST_CAPACITY, arenaFloats, Math.floor(Math.min(maxBufferSize, maxStorageBufferBindingSize) / 4)),
    budget: dispatchFlops,
    guard: lossGuard(gpu.lost),
    scoped: (body) => errorScope(gpu, body),
    close: () => gpu.destroy(),
  };
}

/** The largest tiles whose shared memory the device has; more channels a workgroup repeat the scores less often. */
function tileSizes(limits: GPUSupportedLimits, bound: number): TileSizes {
  if (limits.maxComputeInvocationsPerWorkgroup < THREADS) throw new Error('the device runs fewer than 64 threads a workgroup');
  const sizes = [
    { depth: 64, channels: 128 },
    { depth: 64, channels: 64 },
    { depth: 32, channels: 32 },
  ];
  const bytes = Math.min(bound, limits.maxComputeWorkgroupStorageSize);
  const fitting = sizes.find((size) => tileBytes(size) <= bytes);
  if (fitting === undefined) throw new Error(`a workgroup has ${bytes} bytes of shared memory`);
  return fitting;
}
