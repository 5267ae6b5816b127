/** The gpu back end as the service runs it: in its own process, tensors by shared memory. Starting fails where the mode cannot be had: nothing skips. */
import type { Backend, BackendDescription, Matrix, Step, TileContext, TileReport } from '../../../kernels/backend.ts';
import { load as loadReference } from '../../../kernels/reference/index.ts';
import { DeviceProcess } from '../../../src/schedule/device/process.ts';
import { driveAsync, type Output, type Tiles } from '../cases.ts';

const TIMEOUT_MS = 100_000;
const reference = loadReference();

export class ServedGpu implements Backend {
  readonly name = 'gpu';
  readonly #process: DeviceProcess;
  readonly #description: BackendDescription;

  static async start(mode: string): Promise<ServedGpu> {
    const process = new DeviceProcess({
      name: 'gpu',
      module: null,
      load: { mode },
      loadTimeoutMs: TIMEOUT_MS,
      timeoutMs: TIMEOUT_MS,
    });
    try {
      return new ServedGpu(process, await process.load());
    } catch (error) {
      await process.close();
      throw error;
    }
  }

  private constructor(process: DeviceProcess, description: BackendDescription) {
    this.#process = process;
    this.#description = description;
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  describe(): BackendDescription {
    return this.#description;
  }

  async run(step: Step<Matrix>, { firstRow, lastRow, callId, control }: TileContext): Promise<TileReport> {
    const tiles = [{ backend: 'gpu' as const, step, firstRow, lastRow, callId }];
    const [outcome] = await this.#process.run({ control, tiles, countedBytes: 0 });
    return { fallbackRows: outcome.fallbackRows };
  }

  /** On the device what it has, and the small steps between on the reference, as a plan does. */
  drive(tiles: Tiles): Promise<Output> {
    return driveAsync((step) => (this.#description.steps.includes(step.kind) ? this : reference), tiles);
  }

  /** Resolves with the way in which the process ended. */
  async close(): Promise<string> {
    await this.#process.close();
    return this.#process.ended;
  }
}
