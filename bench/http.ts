import { buildApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { allocate } from '../src/tensor/allocate.ts';
import type { Tensor } from '../src/tensor/tensor.ts';
import { safetensorsCodec } from '../src/wire/safetensors.ts';

/** One large request over HTTP, path(3) with n = 4096 and d = 64: where its time goes, by base64 JSON and by safetensors. */

const N = 4096;
const D = 64;
const RUNS = 5;

const app = await buildApp(readConfig({ LOG_LEVEL: 'silent', PORT: '0', MAX_JSON_BYTES: String(2 ** 26) }));
const address = await app.listen({ host: '127.0.0.1', port: 0 });
const tensors = new Map<string, Tensor>();
for (const name of ['q1', 'q2', 'q3', 'v2', 'v3']) {
  const tensor = allocate('float32', [N, D]);
  for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = Math.random() * 2 - 1;
  tensors.set(name, tensor);
}
const base64 = (tensor: Tensor): string => Buffer.from(new Uint8Array(tensor.data.buffer)).toString('base64');
const json = JSON.stringify({
  mechanism: 'path(3)',
  output: { encoding: 'base64' },
  tensors: Object.fromEntries([...tensors].map(([name, tensor]) => [name, { shape: tensor.shape, base64: base64(tensor) }])),
});
const binary = safetensorsRequest(tensors);

/** The codec writes responses; a request carries the same options under another key. */
function safetensorsRequest(all: ReadonlyMap<string, Tensor>): Buffer {
  const written = Buffer.concat(
    safetensorsCodec.encode({ tensors: all, options: { mechanism: 'path(3)' } }, { encoding: 'base64' }),
  );
  const length = Number(written.readBigUInt64LE(0));
  const header = written
    .subarray(8, 8 + length)
    .toString()
    .replace('"response"', '"request"')
    .trimEnd();
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([size, Buffer.from(padded), written.subarray(8 + length)]);
}

interface Timing {
  readonly decode: number;
  readonly plan: number;
  readonly queue: number;
  readonly compute: number;
  readonly encode: number;
  readonly total: number;
}

function serverTiming(header: string): Timing {
  const entries = header.split(', ').map((part) => [part.split(';')[0] as string, Number(part.split('dur=')[1])] as const);
  return { decode: 0, plan: 0, queue: 0, compute: 0, encode: 0, total: 0, ...Object.fromEntries(entries) };
}

console.log('| body | MB | decode ms | plan | queue | compute | encode | total | decode + queue + encode, share of compute |');
console.log('|---|---|---|---|---|---|---|---|---|');
const ways = [
  ['JSON, base64', '/v1/attention', 'application/json', Buffer.from(json)],
  ['safetensors', '/v1/attention/binary', 'application/vnd.safetensors', binary],
] as const;
for (const [name, path, type, body] of ways) {
  const timings: Timing[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const response = await fetch(address + path, { method: 'POST', headers: { 'content-type': type }, body });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`${name}: ${response.status}`);
    if (run > 0) timings.push(serverTiming(response.headers.get('server-timing') ?? ''));
  }
  const middle = timings.toSorted((a, b) => a.total - b.total)[Math.floor(RUNS / 2)] as Timing;
  const { decode, plan, queue, compute, encode, total } = middle;
  const share = (100 * (decode + queue + encode)) / compute;
  const figures = [decode, plan, queue, compute, encode, total].map((ms) => ms.toFixed(1));
  console.log(`| ${[name, (body.length / 1e6).toFixed(1), ...figures].join(' | ')} | ${share.toFixed(0)} % |`);
}
await app.close();
