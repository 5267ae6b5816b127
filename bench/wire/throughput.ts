import { existsSync } from 'node:fs';
import { binaryRequest, jsonRequest, randomTensors, type Sent } from './bodies.ts';
import type { Load } from './load.ts';
import { drive, EMPTY, SERVICE, type Server, startServer } from './server.ts';
import { type Figure, median } from './table.ts';

/**
 * Requests a second over 64 connections: the smallest request beside an empty Fastify route, a usual one beside FastAPI with PyTorch.
 *
 * Where a small binary request's time went first, microseconds of 50 in the machine's faster state (perf, shares of samples; an empty route takes
 * 20): decode 3.4, check and run 3.1, encode 5.9 (before its texts were written by hand), send 11 with the write of some 5 in it, log line 1; the
 * rest is Node's and Fastify's way in, with our hooks. Of JSON's 83 then, decoding took 22, half of it for its 192 numbers. Between sockets a
 * request took twice the sum of its parts, since its whole way is far more code than a core's caches hold: taking those of one turn of the loop
 * through each stage together (routes/lockstep.ts) made 73 of them 57. By hand instead of by pino and JSON.stringify, the log line and the texts of
 * a response made it 50; 64 together instead of 32 a tenth less again.
 * Short bodies as the parser gives them (wire/whole-request.ts) took 12 to 17 % off that, text straight to bytes (wire/json-value.ts) 3 µs of
 * encode's 6, and the way out past Fastify's (routes/body.ts) 6 to 9 % of what was left.
 * This host changes its pace within seconds, and two processes of the same source differ by a tenth: what is left was found with a window of 250 ms
 * for each of several servers in turn, many rounds, and shares of the empty route in the same rounds.
 * Processes of one source answered 0.37 or 0.53 of the empty route's requests. The slow ones kept every request alive: a Set of those under way had
 * left a table in the old generation that pointed to the next one, and that to its next (plugins/running.ts; --trace-gc-nvp shows `promoted`, the
 * sampling heap profiler without what minor collections free shows of what). A scavenge took 10 ms of 83 and 20 ms of V8's threads, now 1; p99 fell
 * from 17 ms to 7.
 * A full collection forgets the hidden classes that have no object just then, and with them the compiled code of forty functions that each request
 * goes through (--trace-deopt: "embedded weak objects cleared"). Our own for shared memory came every 3 to 5 s of full load; slabs that go from
 * request to request (tensor/slab.ts) leave none. V8's memory reducer, which does the same after seconds of rest, can be switched off by a flag of
 * the process alone (too late from within): no difference beyond the noise after the two above.
 * Header and body as one buffer past writeHead and end: 23.1 instead of 18.5 thousand binary requests a second in windows in turn, their paired
 * shares 0.68 and 0.67, so somewhere from nothing to a fifth; rows of zeros where a kernel of n = 8 had met subnormal leftovers 1.3 µs.
 * Then, of 33 µs with an empty route at 18 (perf, the faster state): native outside JavaScript 9 (of an empty route 7), send 7 with 4 of it the
 * write, encode 3.5, headers and routing 3.4, compute 2.7, decode 1.7, log line 2. A loop over decode to send alone, without sockets, went from 11.5
 * to 9.6 µs by operands as places in two memories (kernels/native/packed.ts, 0.45 µs of five typed arrays through Node-API), the timing written by
 * name (0.8) and a look at the clock less here and there; header and log lines as bytes instead of text, and what is the same in all of them kept as
 * bytes (bytes/byte-sink.ts: 2.3 ns a character by charCodeAt, 1.3 from bytes) came on top of it. In windows in turn with the state before: 24 to 31
 * and, with what else ran here slower, 20 to 26 thousand a second.
 * Shares in three runs of this bench then: binary 0.56, 0.59 and 0.61, JSON 0.82, 0.66 and 0.72.
 * In its first second a server answers a third of what it does after ten: V8 compiles hundreds of functions meanwhile (--trace-opt).
 *
 * What did not pay: four digits at a time in the JavaScript reader of numbers (1.2 to 1.6 times slower, by a DataView or by bytes), JSON.parse for
 * runs of numbers (1.2x for 64 of 17 digits, 0.85x for short ones, nested ones and large bodies), other instruction sets for the kernels (no
 * difference), a semi-space of 1, 2 or 4 MiB (0.27, 0.26 and 0.34 of the empty route's requests beside 0.43), large pages for Node's code (none),
 * lines of the log written together at the end of a turn (an eighth fewer: what they hold lives longer).
 */

const CONNECTIONS = 64;
/** Short rounds, and many: this host changes its pace within seconds, and what is compared has to meet the same one. */
const SMALL = { seconds: 2, rounds: 9 };
/** The peer goes on for two seconds with what it was asked and nobody waits for any more: longer rounds, so that it disturbs less of the other's. */
const USUAL = { seconds: 4, rounds: 3 };
/** Of the same load before any is counted: V8 compiles what a request goes through over some 50,000 of them, an empty route's over a tenth. */
const WARM_UP_SECONDS = 5;
const PYTHON = new URL('../../build/peers/bin/python', import.meta.url).pathname;

/** In turns, so that what else the machine does meets both. */
async function alternate(
  first: [Server, Sent],
  second: [Server, Sent],
  { seconds, rounds }: typeof SMALL,
): Promise<[Load[], Load[]]> {
  const loads: [Load[], Load[]] = [[], []];
  for (const [{ url }, { path, type, body }] of [first, second]) {
    const warm = { method: 'POST', headers: { 'content-type': type }, body: new Uint8Array(body) };
    for (let i = 0; i < 4; i++) await (await fetch(new URL(path, url), warm)).arrayBuffer();
  }
  for (const [server, sent] of [first, second]) await drive(server, sent, CONNECTIONS, WARM_UP_SECONDS);
  for (let round = 0; round < rounds; round++) {
    loads[0].push(await drive(...first, CONNECTIONS, seconds));
    loads[1].push(await drive(...second, CONNECTIONS, seconds));
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

/** Of each round, how many times as many requests a second were answered, from the fewest. @throws as `rate` */
function factors(loads: readonly Load[], others: readonly Load[]): number[] {
  return loads.map((load, round) => rate([load]) / rate([others[round] as Load])).sort((a, b) => a - b);
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

export async function smallFigures(): Promise<Figure[]> {
  const tensors = randomTensors(2, 8, 8);
  const empty = await startServer(EMPTY);
  const service = await startServer(SERVICE);
  const figures: Figure[] = [];
  for (const [format, sent] of [
    ['JSON', jsonRequest('self', tensors)],
    ['binary', binaryRequest('self', tensors)],
  ] as const) {
    const [ceiling, ours] = await alternate([empty, { ...sent, path: '/' }], [service, sent], SMALL);
    const shares = factors(ours, ceiling);
    const share = median(shares);
    const [least = 0, most = 0] = [shares.at(0), shares.at(-1)];
    const p99Ms = median(ours.map((load) => load.p99Ms));
    const request = `n = 8, d = 8, ${format} of ${sent.body.length} bytes, ${CONNECTIONS} connections`;
    const rates = `${rate(ours).toFixed(0)} of ${rate(ceiling).toFixed(0)}; p99 ${p99Ms.toFixed(1)} ms`;
    figures.push({
      what: `${request}: requests/s, share of an empty Fastify POST route's, median of ${SMALL.rounds} rounds`,
      measured: `${percent(share)} (${percent(least)} to ${percent(most)}; ${rates})`,
      target: '≥ 50 %',
      isMet: share >= 0.5,
      values: { share, least, most, ours: rate(ours), empty: rate(ceiling) },
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
    const [theirs, ours] = await alternate([peer, sent], [service, sent], USUAL);
    await Promise.all([peer.stop(), service.stop()]);
    const factor = median(factors(ours, theirs));
    figures.push({
      what: workers === 1 ? what : `the same, with ${workers} processes of it`,
      measured: `${factor.toFixed(1)}× (${rate(ours).toFixed(0)} and ${rate(theirs).toFixed(0)})`,
      ...(workers === 1 && { target: '≥ 5×', isMet: factor >= 5 }),
      values: { factor, ours: rate(ours), theirs: rate(theirs), bytes: sent.body.length },
    });
  }
  return figures;
}
