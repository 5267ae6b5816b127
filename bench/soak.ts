import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { buildApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';

/**
 * Many small requests of mixed shape through each device, to see whether anything stays behind: resident memory of the device's process and
 * of the service, processes, restarts, failovers. `node bench/soak.ts --requests 2000 --warm-up 4000 --backends gpu,webgpu`. V8 lets a heap that
 * gets many small objects grow for some 3,000 requests before it holds its size, hence the long warm-up.
 */

export interface SoakOptions {
  readonly backend: 'gpu' | 'webgpu';
  /** Sent first, and not looked at. */
  readonly warmUp: number;
  readonly requests: number;
  readonly gpuMode?: string;
}

export interface SoakReport {
  readonly answered: number;
  readonly failovers: number;
  readonly restarts: number;
  /** Medians over the first and the second half of the requests, MiB. */
  readonly device: readonly [number, number];
  readonly service: readonly [number, number];
  /** State of the device's process once the service has closed; null: it is gone. */
  readonly remains: string | null;
}

const CONCURRENT = 4;
/** Requests between two looks at the memory. */
const STRIDE = 10;
const MECHANISMS = ['self', 'path(3)', 'star(3)', 'strassen', 'tensor(3)'];

/** @throws Error when the device does not come up, or a request is refused */
export async function soak({ backend, warmUp, requests, gpuMode = 'auto' }: SoakOptions): Promise<SoakReport> {
  const app = await buildApp(
    readConfig({ LOG_LEVEL: 'silent', WORKER_THREADS: '1', BACKENDS: `${backend},native,reference`, GPU_MODE: gpuMode }),
  );
  app.readiness.state = 'ready';
  await app.engine.devices.settle(90_000);
  const pid = app.engine.devices.get(backend)?.pid as number;
  const memory: [number, number][] = [];
  let [asked, answered, failovers] = [0, 0, 0];
  const client = async (): Promise<void> => {
    while (asked < warmUp + requests) {
      const index = asked++;
      const payload = JSON.stringify({ ...requestOf(index), backend });
      const headers = { 'content-type': 'application/json' };
      const { statusCode, body } = await app.inject({ method: 'POST', url: '/v1/attention', payload, headers });
      if (statusCode !== 200) throw new Error(`request ${index}: ${statusCode} ${body}`);
      answered++;
      const { plan } = JSON.parse(body);
      if (plan.failovers !== undefined || plan.backend !== backend) failovers++;
      if (index >= warmUp && index % STRIDE === 0) memory.push([residentMiB(pid), residentMiB('self')]);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, client));
  const restarts = app.engine.devices.life(backend)?.restarts ?? 0;
  await app.close();
  return {
    answered,
    failovers,
    restarts,
    device: halves(memory.map(([device]) => device)),
    service: halves(memory.map(([, service]) => service)),
    remains: stateOf(pid),
  };
}

function halves(values: readonly number[]): readonly [number, number] {
  const part = (from: number, to: number): number => {
    const some = values.slice(Math.floor(from * values.length), Math.floor(to * values.length)).toSorted((a, b) => a - b);
    return some[Math.floor(some.length / 2)] ?? Number.NaN;
  };
  return [part(0, 0.5), part(0.5, 1)];
}

/** Of index alone: a mechanism, 1 to 40 rows, 1 to 24 coordinates, with and without a mask and a bias. */
function requestOf(index: number): object {
  const mechanism = MECHANISMS[index % MECHANISMS.length] as string;
  const t = mechanism === 'self' ? 2 : 3;
  const n = 1 + ((index * 7) % 40);
  const [d, dv] = [1 + ((index * 5) % 24), 1 + ((index * 3) % 20)];
  const tensor = (rows: number, cols: number, seed: number): object => {
    return { shape: [rows, cols], data: Array.from({ length: rows * cols }, (_, i) => Math.sin(1 + i * (seed + 1.37))) };
  };
  const tensors: Record<string, object> = { q1: tensor(n, d, 1) };
  for (let j = 2; j <= t; j++) {
    tensors[`q${j}`] = tensor(n, d, j);
    tensors[`v${j}`] = tensor(n, dv, j + 5);
  }
  if (index % 3 === 0) tensors.b2 = { shape: [n], data: Array.from({ length: n }, (_, i) => Math.sin(i)) };
  return { mechanism, tensors, causal: index % 4 === 0 };
}

function residentMiB(pid: number | 'self'): number {
  return (Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096) / 2 ** 20;
}

function stateOf(pid: number): string | null {
  try {
    return /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? null;
  } catch {
    return null;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '2000' },
      'warm-up': { type: 'string', default: '4000' },
      backends: { type: 'string', default: 'gpu,webgpu' },
      mode: { type: 'string' },
    },
  });
  for (const backend of values.backends.split(',') as ('gpu' | 'webgpu')[]) {
    const began = performance.now();
    const gpuMode = values.mode ?? 'auto';
    const report = await soak({ backend, warmUp: Number(values['warm-up']), requests: Number(values.requests), gpuMode });
    const growth = ([before, after]: readonly [number, number]): string =>
      `${before.toFixed(0)} -> ${after.toFixed(0)} MiB (${(100 * (after / before - 1)).toFixed(1)} %)`;
    process.stdout.write(
      `${backend}: ${report.answered} answers in ${((performance.now() - began) / 1e3).toFixed(0)} s, ${report.failovers} failovers, ` +
        `${report.restarts} restarts; device ${growth(report.device)}, service ${growth(report.service)}, ` +
        `process afterwards: ${report.remains ?? 'gone'}\n`,
    );
  }
}
