import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { binaryRequest, randomTensor } from './bodies.ts';
import { SERVICE, startServer } from './server.ts';
import type { Figure } from './table.ts';

/** How much memory a request of 64 MiB takes at its peak, over what the idle service holds. */

const [HEADS, N, D] = [85, 1024, 64];
const RUNS = 5;

export async function memoryFigure(): Promise<Figure> {
  const names = ['q1', 'q2', 'v2'];
  const { path, type, body } = binaryRequest('self', new Map(names.map((name) => [name, randomTensor('float32', [HEADS, N, D])])));
  const server = await startServer(SERVICE, { LOG_LEVEL: 'warn' });
  const pid = server.process.pid as number;
  const send = async (bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
    const response = await fetch(new URL(path, server.url), { method: 'POST', headers: { 'content-type': type }, body: bytes });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
  };
  try {
    const small = binaryRequest('self', new Map(names.map((name) => [name, randomTensor('float32', [2, 8, 8])]))).body;
    await send(new Uint8Array(small));
    await delay(1000);
    const idle = kibibytes(pid, 'VmRSS') * 1024;
    let peak = 0;
    for (let run = 0; run < RUNS; run++) {
      writeFileSync(`/proc/${pid}/clear_refs`, '5'); // resets VmHWM
      await send(new Uint8Array(body));
      peak = Math.max(peak, kibibytes(pid, 'VmHWM') * 1024 - idle);
      await delay(200);
    }
    const ratio = peak / body.length;
    return {
      what: `a safetensors request of ${(body.length / 2 ** 20).toFixed(0)} MiB: peak memory over the idle service ÷ its size, the worst of ${RUNS}`,
      measured: `${ratio.toFixed(2)} (${(peak / 2 ** 20).toFixed(0)} MiB over ${(idle / 2 ** 20).toFixed(0)} MiB)`,
      target: '< 2.5',
      isMet: ratio < 2.5,
      values: { ratio, peakBytes: peak, idleBytes: idle, bodyBytes: body.length },
    };
  } finally {
    await server.stop();
  }
}

function kibibytes(pid: number, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
