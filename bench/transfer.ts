import { fork } from 'node:child_process';
import { openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

/** Three ways of a tensor to another process and back, timed: what src/schedule/device/slot.ts was chosen by. */

const SIZES = [12, 14, 16, 18, 20, 22, 24].map((power) => 2 ** power);
const RUNS = 25;

type Way = (bytes: number) => Promise<void>;

/** A table in markdown, one row a size. */
export async function measureTransfers(): Promise<string> {
  const path = `/dev/shm/polyattention-bench-${process.pid}`;
  const file = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  const child = fork(fileURLToPath(new URL('./transfer-host.ts', import.meta.url)), [], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe', file],
  });
  const socket = child.stdio[4] as Socket;
  const largest = SIZES.at(-1) as number;
  const sent = new Uint8Array(new SharedArrayBuffer(largest)).fill(1);
  const received = new Uint8Array(new SharedArrayBuffer(largest));
  const answer = (): Promise<{ data?: Uint8Array }> =>
    new Promise((resolve) => child.once('message', (message) => resolve(message as object)));
  const ways: Record<string, Way> = {
    channel: async (bytes) => {
      const back = answer();
      child.send({ way: 'channel', data: sent.slice(0, bytes) });
      received.set((await back).data as Uint8Array);
    },
    'shared memory': async (bytes) => {
      writeSync(file, sent, 0, bytes, 0);
      const back = answer();
      child.send({ way: 'shared memory', bytes });
      await back;
      readSync(file, received, 0, bytes, 0);
    },
    socket: (bytes) =>
      new Promise((resolve) => {
        let got = 0;
        const take = (data: Uint8Array): void => {
          received.set(data, got);
          got += data.length;
          if (got < bytes) return;
          socket.off('data', take);
          resolve();
        };
        socket.on('data', take);
        child.send({ way: 'socket', bytes });
        socket.write(sent.subarray(0, bytes));
      }),
  };
  const names = Object.keys(ways);
  const lines = [`| bytes | ${names.join(' | ')} |`, `|---|${names.map(() => '---|').join('')}`];
  for (const bytes of SIZES) {
    const row: string[] = [];
    for (const name of names) row.push((await medianMs(() => (ways[name] as Way)(bytes))).toPrecision(2));
    lines.push(`| ${bytes} | ${row.join(' | ')} |`);
  }
  child.disconnect();
  return lines.join('\n');
}

async function medianMs(run: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i <= RUNS; i++) {
    const before = performance.now();
    await run();
    if (i > 0) times.push(performance.now() - before);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(RUNS / 2)] as number;
}
