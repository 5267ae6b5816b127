/**
 * Arenas: one storage buffer each, with all operands, intermediate results and results of one run, and beside it the parameters of a
 * submission's dispatches. They are pooled by size, since making buffers costs more than a small step does.
 */
import type { Matrix } from '../backend.ts';
import type { Device } from './device.ts';
import type { Pipelines } from './pipelines.ts';
import { BLOCK_BYTES } from './shaders/fields.ts';
import { EMPTY } from './shaders/prelude.ts';

/** Dispatches that fit in one submission. */
export const BLOCKS = 64;

/** One run's place on the device: a storage buffer, the uniforms of a submission, and the bind group of both. */
export interface Arena {
  /** Whose operands stand in it, for the next tile of the same call; null: nobody's. */
  owner: string | null;
  readonly floats: number;
  readonly buffer: GPUBuffer;
  readonly parameters: GPUBuffer;
  readonly bindings: GPUBindGroup;
}

/** Offsets in numbers, one operand after the other. */
export class Layout {
  floats: number;

  constructor(from = 0) {
    this.floats = from;
  }

  take(floats: number): number {
    const at = this.floats;
    this.floats += floats;
    return at;
  }
}

/** Idle bytes that are kept for the next run. */
const MOST_IDLE_BYTES = 256 * 2 ** 20;
const SMALLEST_FLOATS = 2 ** 14;
/** Arenas in use take at most the room of so many of the largest; who comes then waits, since no device says how much memory it has. */
const MOST_AT_ONCE = 2;

/** The arenas of a device, and the buffers through which results are read: waits where the device has no room, keeps some for the next run. */
export class ArenaPool {
  readonly #device: Device;
  readonly #layout: GPUBindGroupLayout;
  #arenas: Arena[] = []; // least recently used first
  #staging: GPUBuffer[] = [];
  #floatsInUse = 0;
  readonly #waiting: { readonly floats: number; readonly enter: () => void }[] = [];

  constructor(device: Device, { layout }: Pipelines) {
    this.#device = device;
    this.#layout = layout;
  }

  /**
   * Runs `use` with an arena of at least `floats` numbers. With an owner it may be one that the same owner filled before, and `isFilled`
   * says so; what `use` leaves in it counts as the owner's unless it gives null.
   *
   * @throws Error when the device has no room for it
   */
  async with<T>(floats: number, owner: string | null, use: (arena: Arena, isFilled: boolean) => Promise<T>): Promise<T> {
    const { capacity } = this.#device;
    if (floats > capacity)
      throw new Error(`webgpu: the step needs ${4 * floats} bytes, a buffer of the device holds ${4 * capacity}`);
    const size = Math.min(capacity, sizeClass(Math.max(floats, SMALLEST_FLOATS)));
    await this.#enter(size);
    try {
      const arena = this.#takeIdle(size, floats, owner) ?? (await this.#create(size));
      const isFilled = owner !== null && arena.owner === owner;
      arena.owner = null;
      try {
        const result = await use(arena, isFilled);
        if (result !== null) arena.owner = owner;
        return result;
      } finally {
        this.#arenas.push(arena);
        this.#trim();
      }
    } finally {
      this.#leave(size);
    }
  }

  /** First come, first served: a large run is not overtaken by small ones for ever. */
  async #enter(floats: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#hasRoom(floats)) this.#floatsInUse += floats;
    else await new Promise<void>((enter) => this.#waiting.push({ floats, enter }));
  }

  #leave(floats: number): void {
    this.#floatsInUse -= floats;
    for (let next = this.#waiting[0]; next !== undefined && this.#hasRoom(next.floats); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#floatsInUse += next.floats;
      next.enter();
    }
  }

  #hasRoom(floats: number): boolean {
    return this.#floatsInUse + floats <= MOST_AT_ONCE * this.#device.capacity;
  }

  /** `floats` numbers from `offset` on, once everything submitted so far is done. */
  async read(arena: Arena, offset: number, floats: number): Promise<Float32Array> {
    const { gpu, guard, scoped } = this.#device;
    const bytes = 4 * floats;
    const staging = await this.#takeStaging(bytes);
    const { accepted } = scoped(() => {
      const encoder = gpu.createCommandEncoder();
      encoder.copyBufferToBuffer(arena.buffer, 4 * offset, staging, 0, bytes);
      gpu.queue.submit([encoder.finish()]);
    });
    await guard(staging.mapAsync(GPUMapMode.READ, 0, bytes));
    const copy = new Float32Array(staging.getMappedRange(0, bytes)).slice();
    staging.unmap();
    this.#staging.push(staging);
    this.#trim();
    await accepted;
    return copy;
  }

  close(): void {
    for (const arena of this.#arenas) destroy(arena);
    for (const staging of this.#staging) staging.destroy();
    this.#arenas = [];
    this.#staging = [];
  }

  #takeIdle(size: number, floats: number, owner: string | null): Arena | undefined {
    const own = this.#arenas.findIndex((arena) => owner !== null && arena.owner === owner && arena.floats >= floats);
    // Those that were not used for long are least likely to be asked for by their owners.
    const index = own >= 0 ? own : this.#arenas.findIndex((arena) => arena.floats === size);
    return index < 0 ? undefined : this.#arenas.splice(index, 1)[0];
  }

  async #create(floats: number): Promise<Arena> {
    try {
      return await this.#allocate(floats);
    } catch (error) {
      if (this.#arenas.length === 0) throw error;
      // What lies idle may be what it lacks.
      for (const arena of this.#arenas.splice(0)) destroy(arena);
      return this.#allocate(floats);
    }
  }

  async #allocate(floats: number): Promise<Arena> {
    const { gpu, guard, scoped } = this.#device;
    const { value, accepted } = scoped((): Arena => {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      const buffer = gpu.createBuffer({ size: 4 * floats, usage });
      const parameters = gpu.createBuffer({ size: BLOCKS * BLOCK_BYTES, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
      const bindings = gpu.createBindGroup({
        layout: this.#layout,
        entries: [
          { binding: 0, resource: { buffer } },
          { binding: 1, resource: { buffer: parameters, size: BLOCK_BYTES } },
        ],
      });
      return { owner: null, floats, buffer, parameters, bindings };
    });
    await guard(accepted);
    return value;
  }

  async #takeStaging(bytes: number): Promise<GPUBuffer> {
    const size = 4 * sizeClass(Math.max(bytes / 4, SMALLEST_FLOATS));
    const index = this.#staging.findIndex((buffer) => buffer.size === size);
    const idle = index < 0 ? [] : this.#staging.splice(index, 1);
    if (idle[0] !== undefined) return idle[0];
    const { gpu, guard, scoped } = this.#device;
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const { value, accepted } = scoped(() => gpu.createBuffer({ size, usage }));
    await guard(accepted);
    return value;
  }

  #trim(): void {
    const idleBytes = () => this.#arenas.reduce((sum, { floats }) => sum + 4 * floats, 0);
    while (this.#arenas.length > 1 && idleBytes() > MOST_IDLE_BYTES) {
      destroy(this.#arenas.shift() as Arena);
    }
    while (this.#staging.length > 1 && this.#staging.reduce((sum, { size }) => sum + size, 0) > MOST_IDLE_BYTES / 4) {
      this.#staging.shift()?.destroy();
    }
  }
}

function destroy({ buffer, parameters }: Arena): void {
  buffer.destroy();
  parameters.destroy();
}

/** Powers of two and their halves between: at most a third is unused. */
function sizeClass(floats: number): number {
  const power = 2 ** Math.ceil(Math.log2(floats));
  return floats <= 0.75 * power ? 0.75 * power : power;
}

/** Rows [first, last) of an operand to `offset`, in half precision where they came so and the device takes them so. */
export function upload(device: Device, arena: Arena, offset: number, matrix: Matrix, first = 0, last = matrix.rows): void {
  const [from, to] = [first * matrix.cols, last * matrix.cols];
  if (from === to) return;
  const numbers = isHalf(device, matrix) ? wholePlaces(matrix.half.subarray(from, to)) : matrix.data.subarray(from, to);
  device.gpu.queue.writeBuffer(arena.buffer, 4 * offset, numbers as Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>);
}

/** Whether a matrix stands in the arena in half precision. */
export function isHalf({ halves }: Device, matrix: Matrix): matrix is Matrix & { readonly half: Uint16Array } {
  return halves && matrix.half !== undefined;
}

/** A device takes bytes by fours. */
function wholePlaces(half: Uint16Array): Uint16Array {
  if (half.length % 2 === 0) return half;
  const whole = new Uint16Array(half.length + 1);
  whole.set(half);
  return whole;
}

/** Log-weights to `offset`; -Infinity becomes the kernels' EMPTY. */
export function uploadLogWeights(
  { gpu }: Device,
  arena: Arena,
  offset: number,
  data: Float32Array,
  first = 0,
  last = data.length,
): void {
  const rows = new Float32Array(last - first);
  for (let i = 0; i < rows.length; i++) rows[i] = Math.max(data[first + i], EMPTY);
  if (rows.length > 0) gpu.queue.writeBuffer(arena.buffer, 4 * offset, rows);
}

/** The way back for a log-sum-exp. */
export function fromEmpty(logSumExp: number): number {
  return logSumExp < EMPTY / 2 ? -Infinity : logSumExp;
}
