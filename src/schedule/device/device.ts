import { setTimeout as delay } from 'node:timers/promises';
import type { BackendDescription, DeviceName } from '../../../kernels/backend.ts';
import type { TileOutcome, TileTask } from '../task.ts';
import { epochMs } from '../task.ts';
import { calibrate } from './calibration.ts';
import { DeviceFailure } from './failure.ts';
import { messageBytes } from './operand-bytes.ts';
import { DeviceProcess, type ProcessOptions } from './process.ts';
import { Room } from './room.ts';

export type DeviceState = 'starting' | 'ready' | 'restarting' | 'unavailable' | 'closed';

export interface DeviceOptions extends ProcessOptions {
  /** Operands and results that may lie with its process at once. */
  readonly inflightBytes: number;
  /** Told when the state has changed. */
  readonly onChange: () => void;
}

/** Between the end of a process and the start of the next: doubled with each that did not live long, up to the cap. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
const HEALTHY_MS = 60_000;
/** A device whose process has died so often before it ever loaded is given up. */
const LOADING_TRIES = 3;
/** Tiles wait this long for a process that is on its way up again before they go elsewhere. */
const PATIENCE_MS = 5_000;

/** A device over the lives of its processes: starts one, and another when it has died. */
export class Device {
  readonly name: DeviceName;
  /** Resolves when the device is ready, or known not to become so, for the first time. */
  readonly settled: Promise<void>;
  readonly #options: DeviceOptions;
  readonly #room: Room;
  #state: DeviceState = 'starting';
  #reason = 'it is starting';
  #description: BackendDescription | null = null;
  #process: DeviceProcess | null = null;
  #restarts = 0;
  #changed = Promise.withResolvers<void>();
  readonly #life: Promise<void>;
  readonly #closing = new AbortController();

  constructor(options: DeviceOptions) {
    this.name = options.name;
    this.#options = options;
    this.#room = new Room(options.inflightBytes);
    this.settled = this.#firstState();
    this.#life = this.#live();
  }

  get state(): DeviceState {
    return this.#state;
  }

  /** Why it is not ready. */
  get reason(): string {
    return this.#reason;
  }

  /** What its last process said of it. */
  get description(): BackendDescription | null {
    return this.#description;
  }

  /** Processes that took the place of one that had died. */
  get restarts(): number {
    return this.#restarts;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /**
   * @throws DeviceFailure when the device cannot answer: the tiles are then for another back end; the signal's reason when it fired, and the
   * device has stopped or will
   */
  async run(task: TileTask, signal?: AbortSignal): Promise<TileOutcome[]> {
    const bytes = messageBytes(task.tiles);
    await this.#room.enter(bytes, signal);
    try {
      return await this.#run(task, signal);
    } finally {
      this.#room.leave(bytes);
    }
  }

  async #run(task: TileTask, signal: AbortSignal | undefined): Promise<TileOutcome[]> {
    const patience = delay(PATIENCE_MS, 'late', { ref: false });
    while (this.#state === 'starting' || this.#state === 'restarting') {
      if ((await Promise.race([this.#changed.promise, patience])) === 'late') break;
    }
    const life = this.#process;
    if (this.#state !== 'ready' || life === null) throw new DeviceFailure(this.#reason);
    try {
      return await life.run(task, signal);
    } catch (error) {
      if (!(error instanceof DeviceFailure)) throw error;
      // Its process is ending: what comes from now on waits for the next one.
      if (life === this.#process && this.#state === 'ready') this.#become('restarting', error.message);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#become('closed', 'the service is closing');
    this.#closing.abort();
    await this.#process?.close();
    await this.#life;
  }

  async #firstState(): Promise<void> {
    while (this.#state === 'starting' || this.#state === 'restarting') await this.#changed.promise;
  }

  async #live(): Promise<void> {
    let failures = 0;
    while (this.#state !== 'closed') {
      if (this.#process !== null) this.#restarts++;
      const life = new DeviceProcess(this.#options);
      this.#process = life;
      const refused = await this.#load(life);
      const readySince = epochMs();
      if (refused !== null) return this.#giveUp(refused, life);
      const reason = await life.ended;
      if (this.#closing.signal.aborted) return;
      failures = epochMs() - readySince > HEALTHY_MS ? 1 : failures + 1;
      if (this.#description === null && failures >= LOADING_TRIES) return this.#giveUp(reason, life);
      this.#become('restarting', reason);
      const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
      await delay(pause, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    }
  }

  /** Loads and measures; what dies over it has ended, or will. Returns the module's own reason where it refuses. */
  async #load(life: DeviceProcess): Promise<string | null> {
    try {
      const own = await life.load();
      this.#description = await calibrate(own, (task) => life.run(task));
      this.#become('ready', '');
      return null;
    } catch (error) {
      if (!(error instanceof DeviceFailure)) return reasonOf(error);
      life.kill(error.message);
      return null;
    }
  }

  async #giveUp(reason: string, life: DeviceProcess): Promise<void> {
    this.#description = null;
    this.#become('unavailable', reason);
    await life.close();
  }

  #become(state: DeviceState, reason: string): void {
    if (this.#state === 'closed') return;
    this.#state = state;
    this.#reason = reason;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
    this.#options.onChange();
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
