import { binaryRequest, jsonRequest, randomTensors, type Sent } from './bodies.ts';
import { openClient } from './client.ts';
import { SERVICE, type Server, startServer } from './server.ts';
import { type Figure, median } from './table.ts';

/**
 * path(3), n = 4096, d = 64, one client: what the way in and out adds to the computation.
 *
 * Of some 4.2 ms beside the computation 1.7 are receipt (1.2 to 1.3 where a bare socket drops the bytes), 0.5 the one pass over the tensors, 0.7 the
 * way to the threads, a third of it zeroing the results' memory, 0.8 the check of the output and the answer, of which 0.3 is waking the event loop.
 */

const [N, D] = [4096, 64];
const [WARM_UP, RUNS] = [3, 15];

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
