/**
 * Asks a running service whether it is ready and for one attention whose answer is known, and prints both. Exit code 1 when either
 * is wrong. Use: `node deploy/ask.ts http://127.0.0.1:8080`.
 */
import process from 'node:process';

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
const answer = (await ask('/v1/attention', { mechanism: 'self', tensors: { q1: zeros, q2: zeros, v2: values } })) as {
  output: { data: number[] };
};
const wrong =
  answer.output.data.length !== 4 || answer.output.data.some((value, index) => Math.abs(value - (index % 2 === 0 ? 2 : 3)) > 1e-6);
if (wrong) throw new Error('the answer is not the mean of the values');
