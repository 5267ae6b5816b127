/**
 * A load generator that costs little beside what it drives: the request is one buffer made beforehand, and of an answer only status and length
 * are read. As a child process: `node bench/wire/load.ts HOST PORT CONNECTIONS SECONDS FILE`, FILE the whole request, HTTP and all.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

export interface Load {
  readonly requestsPerSecond: number;
  /** Milliseconds from request to the end of its answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers other than 200. */
  readonly failures: number;
}

interface Counts {
  readonly latencies: number[];
  failures: number;
}

const HEADER_END = Buffer.from('\r\n\r\n');
const WARM_UP_MS = 1000;

/** Sends a request over one connection again and again. */
function drive(socket: Socket, request: Buffer, counts: Counts, isCounted: () => boolean): void {
  let began = 0;
  let pending = Buffer.alloc(0);
  const send = (): void => {
    began = performance.now();
    socket.write(request);
  };
  socket.on('data', (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    const headerEnd = pending.indexOf(HEADER_END);
    if (headerEnd < 0) return;
    const header = pending.toString('latin1', 0, headerEnd);
    const length = Number(/content-length: (\d+)/i.exec(header)?.[1] ?? 0);
    if (pending.length < headerEnd + HEADER_END.length + length) return;
    pending = Buffer.alloc(0);
    if (!header.startsWith('HTTP/1.1 200')) counts.failures++;
    if (isCounted()) counts.latencies.push(performance.now() - began);
    send();
  });
  socket.on('error', (error) => {
    throw error;
  });
  send();
}

async function open(host: string, port: number): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true });
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

async function load(host: string, port: number, connections: number, seconds: number, request: Buffer): Promise<Load> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(host, port)));
  const counts: Counts = { latencies: [], failures: 0 };
  const from = performance.now() + WARM_UP_MS;
  for (const socket of sockets) drive(socket, request, counts, () => performance.now() >= from);
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS + seconds * 1000));
  const elapsed = performance.now() - from;
  for (const socket of sockets)
    socket
      .removeAllListeners()
      .on('error', () => {})
      .destroy();
  const sorted = counts.latencies.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { requestsPerSecond: (1000 * sorted.length) / elapsed, p50Ms: at(0.5), p99Ms: at(0.99), failures: counts.failures };
}

const [host = '', port = '', connections = '', seconds = '', file = ''] = process.argv.slice(2);
console.log(JSON.stringify(await load(host, Number(port), Number(connections), Number(seconds), readFileSync(file))));
