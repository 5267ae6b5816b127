/** A process that compiles the kernels for `shader-f16` on Dawn's null device, which has every feature and checks WGSL like any other. */
import { create, globals } from 'webgpu';
import type { Device } from '../../../kernels/webgpu/device.ts';
import { compileHalves, compilePipelines } from '../../../kernels/webgpu/pipelines.ts';

Object.assign(globalThis, globals);

const gpu = create(['backend=null']);
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Names of the kernels that compiled, or why one did not. */
async function compile(requiredFeatures: GPUFeatureName[]): Promise<string[] | string> {
  const adapter = (await gpu.requestAdapter()) as GPUAdapter;
  const device = {
    gpu: await adapter.requestDevice({ requiredFeatures }),
    tiles: { depth: 32, channels: 32 },
    reads: 'shader-f16',
    guard: <T>(promise: Promise<T>) => promise,
  } as unknown as Device;
  try {
    const pipelines = await compilePipelines(device);
    await compileHalves(device, pipelines);
    return Object.keys(pipelines.half);
  } catch (error) {
    return reasonOf(error);
  } finally {
    device.gpu.destroy();
  }
}

process.send?.({ having: await compile(['shader-f16']), lacking: await compile([]) });
process.disconnect();
