/** The webgpu back end in a process of its own, as a back end of this thread. Starting fails where there is no adapter: nothing skips. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Backend, Matrix, Step, TileContext, TileReport } from '../../../kernels/backend.ts';
import { load as loadReference } from '../../../kernels/reference/index.ts';
import type { WebGpuDescription, WebGpuOptions } from '../../../kernels/webgpu/index.ts';
import { driveAsync, type Output, type Tiles } from '../cases.ts';
import type { Question, Reply, Run } from './host.ts';

type Answer = Extract<Reply, { value: unknown }>;
/** A union keeps its members only one by one. */
type Unnumbered<Q> = Q extends unknown ? Omit<Q, 'id'> : never;

export class TestDevice implements Backend {
  readonly name = 'webgpu';
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  readonly #exit: Promise<string>;
  #described: WebGpuDescription | null = null;
  #asked = 0;

  /** @throws Error with the module's own reason, or the way in which its process ended */
  static async start(options: WebGpuOptions = {}, environment: NodeJS.ProcessEnv = {}): Promise<TestDevice> {
    const device = new TestDevice(options, environment);
    device.#described = (await device.#answer(0)).value as WebGpuDescription;
    return device;
  }

  private constructor(options: WebGpuOptions, environment: NodeJS.ProcessEnv) {
    const libraries = fileURLToPath(new URL('../../../build/device/lib', import.meta.url));
    this.#child = fork(fileURLToPath(new URL('./host.ts', import.meta.url)), [JSON.stringify(options)], {
      execArgv: ['--expose-gc'],
      serialization: 'advanced',
      env: {
        EGL_PLATFORM: 'surfaceless',
        ...process.env,
        LD_LIBRARY_PATH: [libraries, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':'),
        ...environment,
      },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child.on('message', (reply: Reply) => this.#hear(reply));
    this.#exit = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        resolve(signal ?? `code ${code}`);
        for (const { reject } of this.#waiting.values()) reject(new Error(`the process ended with ${signal ?? code}`));
      });
    });
  }

  describe(): WebGpuDescription {
    return this.#described as WebGpuDescription;
  }

  /** Results and the control block come back into the arrays that were given. */
  async run(step: Step<Matrix>, tile: TileContext): Promise<TileReport> {
    return (await this.runAll([{ step, tile }]))[0] as TileReport;
  }

  /** The same for some that come to the device at once. */
  async runAll(runs: readonly Run[]): Promise<TileReport[]> {
    // Shared memory does not travel by message.
    const sent = runs.map(({ step, tile }) => ({ step, tile: { ...tile, control: Int32Array.from(tile.control) } }));
    const { id, answer } = this.#ask({ kind: 'run', runs: sent });
    this.lastRun = id;
    const { value, runs: ran } = await answer;
    for (const [index, { step, tile }] of (ran as readonly Run[]).entries()) {
      runs[index].tile.control.set(tile.control);
      for (const name of ['message', 'logSumExp'] as const) copyBack(runs[index].step, step, name);
    }
    return value as TileReport[];
  }

  /** Of the last call of `run`, for `cancel`. */
  lastRun = 0;

  async cancel(run: number): Promise<void> {
    await this.#ask({ kind: 'cancel', run }).answer;
  }

  /** Takes the device away from the process. */
  async lose(): Promise<void> {
    await this.#ask({ kind: 'lose' }).answer;
  }

  /** Resident bytes, after a collection. */
  async memory(): Promise<number> {
    return (await this.#ask({ kind: 'memory' }).answer).value as number;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Asks the process to leave; how it ended. */
  async close(): Promise<string> {
    if (this.#child.connected) this.#child.send(null as unknown as Question);
    return this.#exit;
  }

  #ask(question: Unnumbered<Question>): { readonly id: number; readonly answer: Promise<Answer> } {
    const id = ++this.#asked;
    const answer = this.#answer(id);
    this.#child.send({ id, ...question } as Question, (error) => {
      if (error !== null) this.#hear({ id, error: error.message });
    });
    return { id, answer };
  }

  #answer(id: number): Promise<Answer> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #hear(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting?.reject(new Error(reply.error));
    else waiting?.resolve(reply);
  }
}

function copyBack(step: Step<Matrix>, ran: Step<Matrix>, name: 'message' | 'logSumExp'): void {
  const [to, from] = [step, ran].map((each) => (each as Partial<Record<typeof name, Matrix | null>>)[name]);
  if (to && from) to.data.set(from.data);
}

/** One device for all tests of a `describe`, or of a file: `use` gets it before them, and it has to end by itself afterwards. */
export function useDevice(use: (device: TestDevice, expError: number) => void, options: WebGpuOptions = {}): void {
  let device: TestDevice | null = null;
  beforeAll(async () => {
    device = await TestDevice.start(options);
    use(device, device.describe().expError);
  });
  afterAll(async () => {
    expect(await device?.close()).toBe('code 0');
  });
}

const reference = loadReference();

/** Runs on the device what it has, and the small steps between on the reference. */
export function driveDevice(device: TestDevice, tiles: Tiles): Promise<Output> {
  const { steps } = device.describe();
  return driveAsync((step) => (steps.includes(step.kind) ? device : reference), tiles);
}
