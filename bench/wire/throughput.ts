import { existsSync } from 'node:fs';
import { binaryRequest, jsonRequest, randomTensors, type Sent } from './bodies.ts';
import type { Load } from './load.ts';
import { drive, EMPTY, SERVICE, type Server, startServer } from './server.ts';
import { type Figure, median } from './table.ts';

/**
 * Requests a second over 64 connections: the smallest request beside an empty Fastify route, a usual one beside FastAPI with PyTorch.
 *
 * Where a small binary request's time goes, microseconds of 50 in the machine's faster state (perf, shares of samples; an empty route takes 20): decode 3.4,
 * check and run 3.1, encode 5.9 (before its texts were written by hand), send 11 with the write of some 5 in it, log line 1; the rest is Node's and Fastify's way
 * in, with our hooks. Of JSON's 83 then, decoding took 22, half of it for its 192 numbers. Between sockets a request took twice the sum of its parts, since its whole
 * way is far more code than a core's caches hold: taking those of one turn of the loop through each stage together (routes/lockstep.ts) made 73 of them 57. By hand instead
 * of by pino and JSON.stringify, the log line and the texts of a response made it 50; 64 together instead of 32 a tenth less again.
 * Short bodies as the parser gives them (wire/whole-request.ts) took 12 to 17 % off that, text straight to bytes (wire/json-value.ts) 3 µs of encode's 6, and the way out past
 * Fastify's (routes/body.ts) 6 to 9 % of what was left.
 * This host changes its pace within seconds, and two processes of the same source differ by a tenth: what is left was found with a window of 250 ms for each of
 * several servers in turn, many rounds, and shares of the empty route in the same rounds.
 * Processes of the same source answer 0.53 and 0.37 of the empty route's requests in windows of 200 ms with seconds of rest between: the slower take 1.3 to 2.7 fresh pages a
 * request and 50 to 100 µs of V8's other threads, because V8's memory reducer has shrunk the space of new objects meanwhile. Started with
 * --no-memory-reducer (with or without --min-semi-space-size=16) they take 0.05 pages, and 0.39 to 0.46 beside 0.20 to 0.23 in the same run; the flag set from
 * within (v8.setFlagsFromString) helped one process of two. To be looked at next: the flag where the service is started.
 * In its first second a server answers a third of what it does after ten: V8 compiles hundreds of functions meanwhile (--trace-opt).
 *
 * What did not pay: four digits at a time in the JavaScript reader of numbers (1.2 to 1.6 times slower, by a DataView or by bytes), JSON.parse for runs of numbers (1.2x for 64 of 17 digits, 0.85x for short ones, nested ones and large bodies), other instruction sets for
 * the kernels (no difference), a semi-space of 1, 4 or 32 MiB (none or worse), large pages for Node's code (none), lines of the log written together at the end of a turn (an eighth fewer: what
 * they hold lives longer).
 */

const CONNECTIONS = 64;
const SECONDS = 4;
const ROUNDS = 3;
/** Of the same load before any is counted: V8 compiles what a request goes through over some 50,000 of them, an empty route's over a tenth. */
const WARM_UP_SECONDS = 5;
const PYTHON = new URL('../../build/peers/bin/python', import.meta.url).pathname;

/** In turns, so that what else the machine does meets both. */
async function alternate(first: [Server, Sent], second: [Server, Sent]): Promise<[Load[], Load[]]> {
  const loads: [Load[], Load[]] = [[], []];
  for (const [{ url }, { path, type, body }] of [first, second]) {
    const warm = { method: 'POST', headers: { 'content-type': type }, body: new Uint8Array(body) };
    for (let i = 0; i < 4; i++) await (await fetch(new URL(path, url), warm)).arrayBuffer();
  }
  for (const [server, sent] of [first, second]) await drive(server, sent, CONNECTIONS, WARM_UP_SECONDS);
  for (let round = 0; round < ROUNDS; round++) {
    loads[0].push(await drive(...first, CONNECTIONS, SECONDS));
    loads[1].push(await drive(...second, CONNECTIONS, SECONDS));
  }
  if (loads.flat().some(({ failures }) => failures > 0)) throw new Error('Some answers were not 200');
  return loads;
}

/** @throws Error where nothing was answered in the time: no ratio follows from that */
function rate(loads: readonly Load[]): number {
  const found = middle(loads);
  if (found > 0) return found;
  throw new Error('A server answered nothing in the time that it was driven; the machine is too busy to compare anything');
}

const middle = (loads: readonly Load[]): number => median(loads.map(({ requestsPerSecond }) => requestsPerSecond));

export async function smallFigures(): Promise<Figure[]> {
  const tensors = randomTensors(2, 8, 8);
  const empty = await startServer(EMPTY);
  const service = await startServer(SERVICE);
  const figures: Figure[] = [];
  for (const [format, sent] of [
    ['JSON', jsonRequest('self', tensors)],
    ['binary', binaryRequest('self', tensors)],
  ] as const) {
    const [ceiling, ours] = await alternate([empty, { ...sent, path: '/' }], [service, sent]);
    const share = rate(ours) / rate(ceiling);
    figures.push({
      what: `n = 8, d = 8, ${format} of ${sent.body.length} bytes, ${CONNECTIONS} connections: requests/s, share of an empty Fastify POST route's`,
      measured: `${(100 * share).toFixed(0)} % (${rate(ours).toFixed(0)} of ${rate(ceiling).toFixed(0)}; p99 ${median(ours.map(({ p99Ms }) => p99Ms)).toFixed(1)} ms)`,
      target: '≥ 50 %',
      isMet: share >= 0.5,
      values: { share, ours: rate(ours), empty: rate(ceiling) },
    });
  }
  await Promise.all([empty.stop(), service.stop()]);
  return figures;
}

export async function peerFigures(): Promise<Figure[]> {
  const what = `n = 128, d = 64, self, the same JSON body, ${CONNECTIONS} connections: requests/s ÷ those of FastAPI + PyTorch`;
  if (!existsSync(PYTHON)) {
    return [{ what, measured: 'no peer: see the top of bench/wire.ts', target: '≥ 5×', values: {} }];
  }
  const sent = jsonRequest('self', randomTensors(2, 128, 64));
  const figures: Figure[] = [];
  for (const workers of [1, 2]) {
    const service = await startServer(SERVICE);
    const peer = await startServer(['bench/wire/peer.py', String(workers)], {}, PYTHON);
    const [theirs, ours] = await alternate([peer, sent], [service, sent]);
    await Promise.all([peer.stop(), service.stop()]);
    const factor = rate(ours) / rate(theirs);
    figures.push({
      what: workers === 1 ? what : `the same, with ${workers} processes of it`,
      measured: `${factor.toFixed(1)}× (${rate(ours).toFixed(0)} and ${rate(theirs).toFixed(0)})`,
      ...(workers === 1 && { target: '≥ 5×', isMet: factor >= 5 }),
      values: { factor, ours: rate(ours), theirs: rate(theirs), bytes: sent.body.length },
    });
  }
  return figures;
}
