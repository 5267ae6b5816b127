import { type ChildProcess, fork } from 'node:child_process';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BackendDescription, type DeviceName, FAST_ROWS, PROGRESS } from '../../../kernels/backend.ts';
import type { TileOutcome, TileTask } from '../task.ts';
import { Courier } from './courier.ts';
import { DeviceFailure } from './failure.ts';
import { type HostMessage, type HostOptions, type RanMessage, type RunMessage, SLOTS } from './protocol.ts';
import { Slot } from './slot.ts';

export interface ProcessOptions {
  readonly name: DeviceName;
  /** Another module than the device's own, for tests; and what its `load` is given. */
  readonly module: URL | null;
  readonly load: Readonly<Record<string, string>>;
  /** Loading, compiling and measuring may take this long. */
  readonly loadTimeoutMs: number;
  /** An answer may take this long from the one before it, or from the question where nothing else was asked. */
  readonly timeoutMs: number;
}

/** What a process writes on its error output before it ends is kept up to here, for the reason. */
const KEPT_OUTPUT = 2_000;
/** A process that was asked to end is killed after this. */
const FAREWELL_MS = 1_000;
/** Under which the answer to loading is awaited; tiles count from 1. */
const LOADING = 0;

interface Waiting {
  readonly resolve: (message: HostMessage) => void;
  readonly reject: (failure: DeviceFailure) => void;
}

/** One life of a device's process, from fork to exit; it never comes back (device.ts starts another one). */
export class DeviceProcess {
  /** Resolves, with the reason, when the process has ended and was reaped. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #options: ProcessOptions;
  readonly #slots = Array.from({ length: SLOTS }, () => new Slot());
  readonly #free = this.#slots.map((_, index) => index);
  readonly #courier = new Courier();
  readonly #waiting = new Map<number, Waiting>();
  #watchdog: NodeJS.Timeout | undefined;
  /** Why it was killed or asked to end; null: it did so by itself. */
  #reason: string | null = null;
  #output = '';
  #asked = LOADING;
  #buried = false;
  /** Messages leave in the order in which they were packed: a later one relies on what an earlier one brings. */
  #packing: Promise<unknown> = Promise.resolve();

  constructor(options: ProcessOptions) {
    this.#options = options;
    const host = { name: options.name, module: options.module?.href ?? null, load: options.load } satisfies HostOptions;
    this.#child = fork(fileURLToPath(new URL('./host.ts', import.meta.url)), [JSON.stringify(host)], {
      execArgv: [],
      serialization: 'advanced',
      env: hostEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', ...this.#slots.map(({ file }) => file)],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
    });
    this.#child.on('message', (message) => this.#hear(message as HostMessage));
    this.ended = new Promise((resolve) => {
      const end = (what: string): void => resolve(this.#bury(what));
      this.#child.once('error', ({ message }) => end(`its process did not start: ${message}`));
      this.#child.once('exit', (code, signal) => end(`its process ended with ${signal ?? `code ${code}`}`));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What the module says of its device. @throws Error with the module's reason; DeviceFailure when the process died or hung over it */
  async load(): Promise<BackendDescription> {
    const message = await this.#answer(LOADING, this.#options.loadTimeoutMs);
    if (message.kind === 'loaded') return message.description;
    throw new Error(message.kind === 'unloaded' ? message.reason : 'its process answered out of turn');
  }

  /**
   * Runs tiles that need nothing of each other; at most `SLOTS` calls at once. When `signal` fires they are taken back: the device stops
   * between its dispatches, and the process goes on.
   * @throws DeviceFailure, after which the process is ending; the signal's reason, after which it is not
   */
  async run({ tiles, control }: TileTask, signal?: AbortSignal): Promise<TileOutcome[]> {
    const index = this.#free.pop();
    if (index === undefined) throw new Error(`more than ${SLOTS} messages to ${this.#options.name} at once`);
    const slot = this.#slots[index] as Slot;
    try {
      const packed = this.#packing.then(() => this.#courier.pack(slot, tiles));
      const sent = packed.then((parts) => this.#ask({ id: ++this.#asked, slot: index, ...parts }, slot, signal));
      this.#packing = sent.catch(() => undefined);
      const ran = await (await sent).answer;
      if (ran === null) throw signal?.reason;
      await this.#courier.unpack(slot, tiles, (await packed).tiles);
      Atomics.add(control, PROGRESS, ran.progress);
      Atomics.add(control, FAST_ROWS, ran.fastRows);
      return [...ran.tiles];
    } catch (error) {
      if (error === signal?.reason && signal?.aborted) throw error;
      // Whatever went wrong, what the device holds is no longer known: it starts anew.
      const reason = error instanceof Error ? error.message : String(error);
      this.kill(reason);
      throw error instanceof DeviceFailure ? error : new DeviceFailure(reason, { cause: error });
    } finally {
      this.#free.push(index);
      if (this.#buried) slot.close();
    }
  }

  /** Ends the process now; what it was asked fails with `reason`. */
  kill(reason: string): void {
    this.#reason ??= reason;
    this.#child.kill('SIGKILL');
  }

  /** Lets the process end by itself, and sees to it that it does. */
  async close(): Promise<void> {
    this.#reason ??= 'the service is closing';
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), FAREWELL_MS);
    await this.ended;
    clearTimeout(timer);
  }

  /** The answer is null where the message was taken back in time. It leaves in any case: later ones rely on what it brings. */
  #ask(message: RunMessage, slot: Slot, signal?: AbortSignal): { readonly answer: Promise<RanMessage | null> } {
    const takeBack = (): void => slot.takeBack(message.id);
    if (signal?.aborted) takeBack();
    else signal?.addEventListener('abort', takeBack, { once: true });
    const answer = this.#answer(message.id, this.#options.timeoutMs)
      .then((heard) => {
        if (heard.kind === 'ran') return heard;
        if (heard.kind === 'stopped' && signal?.aborted) return null;
        throw new DeviceFailure(heard.kind === 'failed' ? heard.reason : 'its process answered out of turn');
      })
      .finally(() => signal?.removeEventListener('abort', takeBack));
    // A channel that is closed says so by an error; the exit that follows rejects the answer.
    this.#child.send(message, () => undefined);
    return { answer };
  }

  #answer(id: number, timeoutMs: number): Promise<HostMessage> {
    if (this.#reason !== null) return Promise.reject(new DeviceFailure(this.#reason));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      if (this.#watchdog === undefined) this.#watch(timeoutMs);
    });
  }

  #hear(message: HostMessage): void {
    const id = 'id' in message ? message.id : LOADING;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(this.#watchdog);
    this.#watchdog = undefined;
    if (this.#waiting.size > 0) this.#watch(this.#options.timeoutMs);
    waiting?.resolve(message);
  }

  #watch(timeoutMs: number): void {
    this.#watchdog = setTimeout(() => this.kill(`it gave no answer for ${timeoutMs} ms`), timeoutMs);
    this.#watchdog.unref();
  }

  #bury(what: string): string {
    clearTimeout(this.#watchdog);
    const said = this.#output.trim().split('\n').at(-1) ?? '';
    this.#reason ??= said === '' ? what : `${what}: ${said}`;
    const failure = new DeviceFailure(this.#reason);
    for (const { reject } of this.#waiting.values()) reject(failure);
    this.#waiting.clear();
    // A slot in use may have a transfer under way, and its number must not become another file's under it: `run` closes it.
    this.#buried = true;
    for (const index of this.#free) this.#slots[index]?.close();
    return this.#reason;
  }
}

/** What drivers need to know: surfaces without a screen, and libraries under the names that Dawn asks for (scripts/build-device). */
function hostEnvironment(environment = process.env): NodeJS.ProcessEnv {
  const ours = fileURLToPath(new URL('../../../build/device/lib', import.meta.url));
  return {
    ANGLE_DEFAULT_PLATFORM: 'vulkan',
    EGL_PLATFORM: 'surfaceless',
    ...environment,
    LD_LIBRARY_PATH: [ours, environment.LD_LIBRARY_PATH].filter(Boolean).join(delimiter),
  };
}
