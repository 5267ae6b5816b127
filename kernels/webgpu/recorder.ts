/** Dispatches of one run, recorded and sent in submissions of bounded work; the cancel flag is read between them. */
import { CANCEL } from '../backend.ts';
import { type Arena, BLOCKS } from './arena.ts';
import type { Device } from './device.ts';
import { type FieldsOf, fieldsOf, type KernelName, type Pipelines } from './pipelines.ts';
import { BLOCK_BYTES, type Values, writeFields } from './shaders/fields.ts';

type Groups = readonly [x: number, y: number, z: number];

/** Submissions that the device may have in hand: the next one is recorded and queued while one runs. */
const MOST_IN_FLIGHT = 2;

/** Of one run; `finish` comes last. */
export class Recorder {
  readonly #device: Device;
  readonly #pipelines: Pipelines;
  readonly #arena: Arena;
  readonly #controls: readonly Int32Array[];
  readonly #bytes = new ArrayBuffer(BLOCKS * BLOCK_BYTES);
  readonly #view = new DataView(this.#bytes);
  #recorded: { readonly pipeline: GPUComputePipeline; readonly groups: Groups }[] = [];
  #inFlight: Promise<unknown>[] = [];
  #flops = 0;

  constructor(device: Device, pipelines: Pipelines, arena: Arena, controls: readonly Int32Array[]) {
    this.#device = device;
    this.#pipelines = pipelines;
    this.#arena = arena;
    this.#controls = controls;
  }

  /** Whether nobody waits for the result any more. */
  get cancelled(): boolean {
    return this.#controls.length > 0 && this.#controls.every((control) => Atomics.load(control, CANCEL) !== 0);
  }

  /** Records one dispatch of about `flops`; sends what stands before it when both together would take too long. */
  async dispatch<K extends KernelName>(name: K, values: Values<FieldsOf<K>>, groups: Groups, flops = 0): Promise<void> {
    if (groups.some((count) => count === 0)) return;
    const full = this.#recorded.length === BLOCKS || this.#flops + flops > this.#device.budget;
    if (full && this.#recorded.length > 0) await this.submit();
    writeFields(this.#view, this.#recorded.length * BLOCK_BYTES, fieldsOf(name), values);
    const { single, half } = this.#pipelines;
    const pipeline = ('halves' in values && values.halves !== 0 ? half : single)[name];
    if (pipeline === undefined) throw new Error(`webgpu: the device has no room for ${name}`);
    this.#recorded.push({ pipeline, groups });
    this.#flops += flops;
  }

  /** Sends what is recorded; waits while too much is on its way. A cancelled run sends nothing. */
  async submit(): Promise<void> {
    const recorded = this.#recorded;
    this.#recorded = [];
    this.#flops = 0;
    if (recorded.length === 0 || this.cancelled) return;
    const { gpu, guard, scoped } = this.#device;
    const { accepted } = scoped(() => {
      gpu.queue.writeBuffer(this.#arena.parameters, 0, this.#bytes, 0, recorded.length * BLOCK_BYTES);
      const encoder = gpu.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (const [index, { pipeline, groups }] of recorded.entries()) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, this.#arena.bindings, [index * BLOCK_BYTES]);
        pass.dispatchWorkgroups(...groups);
      }
      pass.end();
      gpu.queue.submit([encoder.finish()]);
    });
    const done = guard(Promise.all([accepted, gpu.queue.onSubmittedWorkDone()]));
    done.catch(() => {});
    this.#inFlight.push(done);
    while (this.#inFlight.length >= MOST_IN_FLIGHT) await this.#inFlight.shift();
  }

  /** Sends the rest and waits for all of it; false when cancelled. @throws Error when the device refused something or was lost. */
  async finish(): Promise<boolean> {
    await this.submit();
    await Promise.all(this.#inFlight);
    this.#inFlight = [];
    return !this.cancelled;
  }
}
