import { setTimeout as delay } from 'node:timers/promises';
import type { BackendName, DeviceName, StepKind } from '../../../kernels/backend.ts';
import type { Machine } from '../../plan/plan.ts';
import { Device, type DeviceState } from './device.ts';

export interface DevicesOptions {
  readonly devices?: readonly DeviceName[];
  /** Modules in the place of those of kernels/, for tests of what a failing device does. */
  readonly deviceModules?: Partial<Record<DeviceName, URL>>;
  /** gpu.js's mode, or 'auto': the best that this machine has. */
  readonly gpuMode?: string;
  /** How Dawn reaches its adapter, or 'auto': by Vulkan where it can. */
  readonly webgpuMode?: string;
  readonly deviceTimeoutMs?: number;
  readonly deviceInflightBytes?: number;
}

/** What `GET /v1/backends` tells of a device's process. */
export interface DeviceLife {
  readonly state: DeviceState;
  readonly restarts: number;
  /** Why it is not ready. */
  readonly reason?: string;
}

/** A first compilation of shaders on a busy machine; what takes longer is hung. */
const LOAD_TIMEOUT_MS = 60_000;

/** Told of every change of a device's state. */
export type DeviceWatcher = (name: DeviceName, life: DeviceLife) => void;

/** All devices of the service. */
export class Devices {
  readonly #devices: ReadonlyMap<DeviceName, Device>;
  readonly #watchers: DeviceWatcher[] = [];

  constructor(options: DevicesOptions, onChange: () => void) {
    const {
      devices = [],
      deviceModules,
      gpuMode = 'auto',
      webgpuMode = 'auto',
      deviceTimeoutMs = 10_000,
      deviceInflightBytes = 2 ** 28,
    } = options;
    const start = (name: DeviceName): Device => {
      const load = { mode: name === 'gpu' ? gpuMode : webgpuMode };
      const module = deviceModules?.[name] ?? null;
      const tell = (): void => {
        onChange();
        for (const watcher of this.#watchers) watcher(name, this.life(name) as DeviceLife);
      };
      const limits = { loadTimeoutMs: LOAD_TIMEOUT_MS, timeoutMs: deviceTimeoutMs, inflightBytes: deviceInflightBytes };
      return new Device({ name, module, load, ...limits, onChange: tell });
    };
    this.#devices = new Map(devices.map((name) => [name, start(name)]));
  }

  get(name: DeviceName): Device | undefined {
    return this.#devices.get(name);
  }

  life(name: string): DeviceLife | null {
    const device = this.#devices.get(name as DeviceName);
    if (device === undefined) return null;
    const { state, restarts, reason } = device;
    return { state, restarts, ...(reason !== '' && { reason }) };
  }

  watch(watcher: DeviceWatcher): void {
    this.#watchers.push(watcher);
  }

  get names(): readonly DeviceName[] {
    return [...this.#devices.keys()];
  }

  /** Waits until every device is ready or known not to become so, but no longer than `ms`: the slow ones join later. */
  async settle(ms: number): Promise<void> {
    const settled = Promise.all([...this.#devices.values()].map((device) => device.settled));
    await Promise.race([settled, delay(ms, undefined, { ref: false })]);
  }

  /**
   * The machine with the devices as they stand now. Which of them `auto` may take is decided here: those that are ready, and where
   * `native` loaded none that is a program on the same processor, however fast it was measured.
   */
  extend(machine: Machine): Machine {
    const native = machine.backends.some(({ name }) => name === 'native');
    const [backends, named, unavailable] = [[...machine.backends], [...(machine.named ?? [])], { ...machine.unavailable }];
    for (const device of this.#devices.values()) {
      const { description, state } = device;
      if (description === null) unavailable[device.name] = device.reason;
      else if (state === 'ready' && !(native && description.software)) backends.push(description);
      else named.push(description);
    }
    const starting = [...this.#devices.values()].filter(({ state }) => state === 'starting').map(({ name }) => name);
    return { ...machine, backends, named, starting, unavailable };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#devices.values()].map((device) => device.close()));
  }
}

/** What runs in a device's place: the native back end, or the reference where that has not all of the steps. */
export function substituteOf({ backends }: Machine, kinds: readonly StepKind[]): BackendName | null {
  const order: readonly BackendName[] = ['native', 'reference'];
  const able = (wanted: BackendName): boolean =>
    backends.some(({ name, steps }) => name === wanted && kinds.every((kind) => steps.includes(kind)));
  return order.find(able) ?? null;
}
