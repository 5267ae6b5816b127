import { allocate } from '../../src/tensor/allocate.ts';
import type { DType, Tensor } from '../../src/tensor/tensor.ts';
import { joinParts } from '../../src/wire/codec.ts';
import { safetensorsCodec } from '../../src/wire/safetensors.ts';

/** Requests as the benches send them: random tensors of path(t), in JSON and in safetensors. */

export interface Sent {
  readonly path: string;
  readonly type: string;
  readonly body: Buffer;
}

/** q1..qt and v2..vt, n rows and d columns, uniform in [-1, 1). */
export function randomTensors(t: number, n: number, d: number, dtype: DType = 'float32'): Map<string, Tensor> {
  const names = Array.from({ length: t }, (_, index) => index + 1).flatMap((j) => (j === 1 ? ['q1'] : [`q${j}`, `v${j}`]));
  return new Map(names.map((name) => [name, randomTensor(dtype, [n, d])]));
}

export function randomTensor(dtype: DType, shape: readonly number[]): Tensor {
  const tensor = allocate(dtype, shape);
  for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = Math.random() * 2 - 1;
  return tensor;
}

/** The same request in flat JSON. */
export function jsonRequest(mechanism: string, tensors: ReadonlyMap<string, Tensor>): Sent {
  const written = Object.fromEntries([...tensors].map(([name, { shape, data }]) => [name, { shape, data: Array.from(data) }]));
  return {
    path: '/v1/attention',
    type: 'application/json',
    body: Buffer.from(JSON.stringify({ mechanism, tensors: written })),
  };
}

/** The same request in safetensors. */
export function binaryRequest(mechanism: string, tensors: ReadonlyMap<string, Tensor>): Sent {
  return { path: '/v1/attention/binary', type: 'application/octet-stream', body: safetensorsBody({ mechanism }, tensors) };
}

/** The codec writes responses; a request carries its options under another key. */
function safetensorsBody(options: object, tensors: ReadonlyMap<string, Tensor>): Buffer {
  const body = joinParts(safetensorsCodec.encode({ tensors, options: { ...options } }, {}));
  const headerEnd = 8 + Number(body.readBigUInt64LE());
  const header = body.toString('utf8', 8, headerEnd).replace('"response"', '"request"').trimEnd();
  const padded = Buffer.from(header.padEnd(Math.ceil(header.length / 8) * 8));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([size, padded, body.subarray(headerEnd)]);
}

/** The whole request as it goes over a kept connection. */
export function httpRequest({ path, type, body }: Sent): Buffer {
  const header = `POST ${path} HTTP/1.1\r\nhost: bench\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(header), body]);
}
