import type { Tensor } from '../../src/tensor/tensor.ts';
import { encodeSafetensors } from '../../src/wire/safetensors.ts';

/** A safetensors request: our writer makes responses, so its options are moved from `response` to `request`. */
export function safetensorsRequest(tensors: ReadonlyMap<string, Tensor>, options: Readonly<Record<string, unknown>>): Buffer {
  const body = encodeSafetensors({ tensors, options });
  const at = body.indexOf('"response":');
  body.write('"request" :', at, 'latin1');
  return body;
}

/** What a safetensors body holds, read by plain means: values by name, and the options of its metadata. */
export function readSafetensors(body: Uint8Array): {
  tensors: Map<string, { dtype: string; shape: number[]; data: number[] }>;
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers freely
  response: any;
} {
  const bytes = Buffer.from(body);
  const start = 8 + Number(bytes.readBigUInt64LE());
  const { __metadata__: metadata, ...entries } = JSON.parse(bytes.toString('utf8', 8, start));
  const tensors = new Map<string, { dtype: string; shape: number[]; data: number[] }>();
  for (const [name, { dtype, shape, data_offsets: offsets }] of Object.entries<{
    dtype: string;
    shape: number[];
    data_offsets: [number, number];
  }>(entries)) {
    const values = new Uint8Array(bytes.subarray(start + offsets[0], start + offsets[1]));
    tensors.set(name, { dtype, shape, data: valuesOf(dtype, values) });
  }
  return { tensors, response: JSON.parse(metadata.response) };
}

function valuesOf(dtype: string, { buffer }: Uint8Array<ArrayBuffer>): number[] {
  if (dtype === 'F64') return [...new Float64Array(buffer)];
  if (dtype === 'F32') return [...new Float32Array(buffer)];
  if (dtype === 'F16') return [...new Float16Array(buffer)];
  if (dtype === 'BF16') return [...new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer)];
  throw new Error(`No reader of ${dtype}`);
}
