/**
 * Streams 64 MiB bodies into the service and out of it, one after the other over two connections, until it is killed. As a child process:
 * `node bench/wire/streams.ts URL`.
 */
import { binaryRequest, randomTensor, type Sent } from './bodies.ts';

const [url = ''] = process.argv.slice(2);
const body = (shapes: Readonly<Record<string, readonly number[]>>): Sent =>
  binaryRequest('self', new Map(Object.entries(shapes).map(([name, shape]) => [name, randomTensor('float32', shape)])));

/** 64 MiB in and 16 KiB out: many keys. */
const into = body({ q1: [64, 64], q2: [2 ** 17, 64], v2: [2 ** 17, 63] });
/** 1.5 MiB in and 64 MiB out: many rows, few and wide values. */
const out = body({ q1: [2 ** 15, 8], q2: [64, 8], v2: [64, 511] });

async function stream({ path, type, body }: Sent): Promise<void> {
  for (;;) {
    const response = await fetch(new URL(path, url), {
      method: 'POST',
      headers: { 'content-type': type },
      body: new Uint8Array(body),
    });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    let bytes = 0;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) bytes += chunk.length;
    console.log(`${body.length + bytes}`);
  }
}

await Promise.all([stream(into), stream(out)]);
