import { binaryRequest, jsonRequest, randomTensors, type Sent } from './bodies.ts';
import { SERVICE, type Server, startServer } from './server.ts';
import { type Figure, median } from './table.ts';

/** path(3), n = 4096, d = 64, one client: what the way in and out adds to the computation. */

const [N, D] = [4096, 64];
const RUNS = 9;

/** Milliseconds by the service's own clock, from the request's first byte to the answer's. */
interface Timing {
  readonly total: number;
  readonly compute: number;
}

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

async function timings({ url }: Server, { path, type, body }: Sent): Promise<Timing[]> {
  const found: Timing[] = [];
  for (let run = -2; run < RUNS; run++) {
    const response = await fetch(new URL(path, url), {
      method: 'POST',
      headers: { 'content-type': type },
      body: new Uint8Array(body),
    });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
    const header = response.headers.get('server-timing') ?? '';
    const span = (name: string): number => Number(new RegExp(`${name};dur=([\\d.]+)`).exec(header)?.[1]);
    if (run >= 0) found.push({ total: span('total'), compute: span('compute') });
  }
  return found;
}

/** The run in the middle by its ratio: total and compute of one request belong together. */
function figure(format: string, { body }: Sent, runs: readonly Timing[], most?: number): Figure {
  const ratio = median(runs.map(({ total, compute }) => total / compute));
  const [total, compute] = [median(runs.map((run) => run.total)), median(runs.map((run) => run.compute))];
  return {
    what: `path(3), n = ${N}, d = ${D}, ${format} of ${(body.length / 1e6).toFixed(1)} MB, one client: total ÷ compute`,
    measured: `${ratio.toFixed(3)} (${total.toFixed(1)} ms ÷ ${compute.toFixed(1)} ms)`,
    ...(most !== undefined && { target: `≤ ${most.toFixed(2)}`, isMet: ratio <= most }),
    values: { ratio, totalMs: total, computeMs: compute, bytes: body.length },
  };
}
