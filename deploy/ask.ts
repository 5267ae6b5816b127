/**
 * Asks a running service whether it is ready and for one attention whose answer is known, and prints both; then the same of each device that
 * is named. Exit code 1 when one is wrong. Use: `node deploy/ask.ts http://127.0.0.1:8080 [gpu] [webgpu]`.
 */
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

const url = process.argv[2] ?? 'http://127.0.0.1:8080';
const zeros = [
  [0, 0],
  [0, 0],
];

async function ask(path: string, body?: unknown): Promise<unknown> {
  const init =
    body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(url + path, { ...init, signal: AbortSignal.timeout(30_000) });
  const text = await response.text();
  console.log(`   ${path} ${response.status} ${text.slice(0, 400)}`);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return JSON.parse(text);
}

await ask('/readyz');
// All scores are equal, so every row of the answer is the mean of the values.
const values = [
  [1, 2],
  [3, 4],
];

/** @throws Error when the answer is wrong, or when something else than the back end that was named gave it */
async function askFor(backend?: string): Promise<void> {
  const tensors = { q1: zeros, q2: zeros, v2: values };
  const answer = (await ask('/v1/attention', { mechanism: 'self', tensors, ...(backend && { backend }) })) as {
    output: { data: number[] };
    plan: { backend: string };
  };
  const { data } = answer.output;
  if (data.length !== 4 || data.some((value, index) => Math.abs(value - (index % 2 === 0 ? 2 : 3)) > 1e-5)) {
    throw new Error('the answer is not the mean of the values');
  }
  if (backend !== undefined && answer.plan.backend !== backend) throw new Error(`${answer.plan.backend} answered for ${backend}`);
}

/** A device may come up after the service: some tries, a second apart. */
async function patiently(backend: string): Promise<void> {
  for (let tries = 30; ; tries--) {
    try {
      return await askFor(backend);
    } catch (error) {
      if (tries === 0) throw error;
      await delay(1_000);
    }
  }
}

await askFor();
for (const backend of process.argv.slice(3)) await patiently(backend);
