import { binaryRequest, jsonRequest, randomTensors, type Sent } from './bodies.ts';
import { openClient } from './client.ts';
import { SERVICE, type Server, startServer } from './server.ts';
import { type Figure, median } from './table.ts';

/**
 * path(3), n = 4096, d = 64, one client: what the way in and out adds to the computation.
 *
 * Of some 3.7 ms beside the computation 2.0 are receipt (1.0 to 1.2 where a bare socket drops the bytes, or looks at each piece once it is there: it is
 * the sender that is waited for), 0.2 of it from the last byte to the handler; 0.1 reading the header and the ends of tensors, 0.45 the way to the threads,
 * 0.75 the check of the output and the answer, of which 0.3 is waking the event loop. Nearly all JavaScript here runs cold: kernels have emptied the caches.
 *
 * Tried without a difference: V8's --always-sparkplug (0.0 to 0.1 ms), --no-lazy-feedback-allocation, --single-threaded-gc; pages of 2 MB for bodies.
 * Left: 0.1 ms between the last byte and the handler, while the parser is shown the last piece, and 0.13 of the output's check, which a thread could do
 * while its rows are in the cache (tried: total over compute 1.084 to 1.093 beside 1.071 to 1.094, so left); to look at pieces takes 0.15 ms, of which two thirds are 80 calls from JavaScript.
 */

const [N, D] = [4096, 64];
/** Of 15 runs, 0.7 s of a machine whose pace changes within seconds, the middle was 1.07 to 1.11; of 60 it was 1.071 to 1.094 in seven processes. */
const [WARM_UP, RUNS] = [10, 60];

/** Milliseconds by the service's own clock, from the request's head to the answer's: the whole, and the parts that are named. */
const PARTS = ['total', 'receive', 'decode', 'plan', 'queue', 'compute', 'encode'] as const;
type Timing = Record<(typeof PARTS)[number], number>;

export async function pathFigures(): Promise<Figure[]> {
  const server = await startServer(SERVICE, { LOG_LEVEL: 'warn', MAX_JSON_BYTES: String(1 << 26) });
  try {
    const tensors = randomTensors(3, N, D);
    return [
      figure('safetensors', binaryRequest('path(3)', tensors), await timings(server, binaryRequest('path(3)', tensors)), 1.1),
      figure('flat JSON', jsonRequest('path(3)', tensors), await timings(server, jsonRequest('path(3)', tensors))),
    ];
  } finally {
    await server.stop();
  }
}

async function timings({ url }: Server, sent: Sent): Promise<Timing[]> {
  const client = await openClient(url, sent);
  const found: Timing[] = [];
  for (let run = -WARM_UP; run < RUNS; run++) {
    const { status, header } = await client.send();
    if (status !== 200) throw new Error(`${sent.path}: ${status}`);
    const span = (name: string): number => Number(new RegExp(`[: ]${name};dur=([\\d.]+)`).exec(header)?.[1]);
    if (run >= 0) found.push(Object.fromEntries(PARTS.map((name) => [name, span(name)])) as Timing);
  }
  client.close();
  return found;
}

/** The run in the middle by its ratio: total and compute of one request belong together. */
function figure(format: string, { body }: Sent, runs: readonly Timing[], most?: number): Figure {
  const ratio = median(runs.map(({ total, compute }) => total / compute));
  const parts = PARTS.map((name) => [name, median(runs.map((run) => run[name]))] as const);
  const { total, compute, ...others } = Object.fromEntries(parts) as Timing;
  const rest = Object.entries(others).map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
  return {
    what: `path(3), n = ${N}, d = ${D}, ${format} of ${(body.length / 1e6).toFixed(1)} MB, one client: total ÷ compute`,
    measured: `${ratio.toFixed(3)} (${total.toFixed(1)} ms ÷ ${compute.toFixed(1)} ms; ${rest.join(', ')})`,
    ...(most !== undefined && { target: `≤ ${most.toFixed(2)}`, isMet: ratio <= most }),
    values: { ratio, ...Object.fromEntries(parts.map(([name, ms]) => [`${name}Ms`, ms])), bytes: body.length },
  };
}
