import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { encodeSafetensors } from '../../src/wire/safetensors.ts';
import { post, type TestApp } from '../helpers/app.ts';
import { random } from '../helpers/random.ts';

/** What both SDKs are tested with: requests by the names of the wire, and a service that answers what it is told. */

export interface Given {
  readonly shape: readonly number[];
  readonly dtype: 'float16' | 'bfloat16' | 'float32' | 'float64';
  readonly data: readonly (number | '-Infinity')[];
}

export interface SdkCase {
  readonly name: string;
  readonly polynomial: string | null;
  readonly tensors: Readonly<Record<string, Given>>;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Tensors of an answer as little-endian bytes in base64. */
export interface Sent {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly base64: string;
}

export interface Answered {
  readonly output: Sent;
  readonly logSumExp: Sent | null;
  readonly weights: Readonly<Record<string, Sent>>;
  readonly emptyRows: number;
  readonly algorithm: string;
  readonly stages: number;
}

/** Eighths in [-1, 1]: exact in every float type. */
function given(seed: number, shape: readonly number[], dtype: Given['dtype'] = 'float32'): Given {
  const next = random(seed);
  const count = shape.reduce((product, size) => product * size, 1);
  return { shape, dtype, data: Array.from({ length: count }, () => Math.floor(17 * next()) / 8 - 1) };
}

function operands(t: number, leading: readonly number[], dtype?: Given['dtype']): Record<string, Given> {
  const tensors: Record<string, Given> = {};
  for (let j = 1; j <= t; j += 1) tensors[`q${j}`] = given(j, [...leading, 3 + j, 4], dtype);
  for (let j = 2; j <= t; j += 1) tensors[`v${j}`] = given(10 + j, [...leading, 3 + j, 2], dtype);
  return tensors;
}

const PATH = 'x1*x2 + x2*x3';
const everything = { logSumExp: true, weights: true };
const { v2: _, ...withoutV2 } = operands(3, []);

export const SDK_CASES: readonly SdkCase[] = [
  { name: 'float32', polynomial: PATH, tensors: operands(3, []), options: {} },
  { name: 'float64', polynomial: PATH, tensors: operands(3, [], 'float64'), options: { precision: 'float64', output: everything } },
  { name: 'float16', polynomial: PATH, tensors: operands(3, [], 'float16'), options: { output: { dtype: 'float16' } } },
  { name: 'bfloat16', polynomial: PATH, tensors: operands(3, [], 'bfloat16'), options: { output: { dtype: 'bfloat16' } } },
  { name: 'heads', polynomial: 'x1*x2*x3', tensors: operands(3, [2]), options: { output: everything, scale: 0.5 } },
  {
    name: 'a batch that shares keys between heads',
    polynomial: 'x1*x2',
    tensors: { q1: given(1, [2, 4, 3, 2]), q2: given(2, [2, 2, 5, 2]), v2: given(3, [2, 2, 5, 3]) },
    options: { scale: '1/sqrt(d)' },
  },
  {
    name: 'a mechanism by name',
    polynomial: null,
    tensors: operands(3, []),
    options: { mechanism: 'strassen', algorithm: 'definition' },
  },
  { name: 'values that are left out', polynomial: PATH, tensors: withoutV2, options: {} },
  {
    name: 'keys that are switched off',
    polynomial: 'x1*x2',
    tensors: { ...operands(2, []), b2: { shape: [5], dtype: 'float32', data: [0, '-Infinity', 0.5, '-Infinity', 0] } },
    options: {},
  },
  {
    name: 'a mask with lengths',
    polynomial: 'x1*x2',
    tensors: { q1: given(1, [2, 4, 2]), q2: given(2, [2, 4, 2]), v2: given(3, [2, 4, 2]) },
    options: { mask: { type: 'root-causal', lengths: { 2: [3] } } },
  },
  {
    name: 'tokens and projections',
    polynomial: 'x1*x2',
    tensors: { x: given(1, [4, 3]), wq1: given(2, [3, 2]), wq2: given(3, [3, 2]), wv2: given(4, [3, 2]) },
    options: { causal: true },
  },
];

/** Seconds of work on the reference kernels, under the limits of LARGE_SETTINGS. */
export const LARGE: SdkCase = {
  name: 'large',
  polynomial: 'x1*x2*x3',
  tensors: Object.fromEntries(['q1', 'q2', 'q3', 'v2', 'v3'].map((name, seed) => [name, given(seed, [224, 16])])),
  options: { backend: 'reference' },
};
export const LARGE_SETTINGS = {
  BACKENDS: 'reference',
  MAX_SYNC_SECONDS: '600',
  MAX_QUEUE_SECONDS: '6000',
  REQUEST_TIMEOUT_MS: '600000',
};

/** What the JSON route says. */
export async function jsonAnswer(app: TestApp, { polynomial, tensors, options }: SdkCase): Promise<Answered> {
  const output = { ...(options.output as object | undefined), encoding: 'base64' };
  const { status, body } = await post(app, '/v1/attention', { ...options, output, tensors, ...(polynomial && { polynomial }) });
  if (status !== 200) throw new Error(JSON.stringify(body));
  const { logSumExp = null, weights = {}, emptyRows, plan, timing } = body;
  return { output: body.output, logSumExp, weights, emptyRows, algorithm: plan.algorithm, stages: timing.stages.length };
}

/** A status with the Retry-After it comes with; 200 answers a 1×1 output of 7. */
export type Scripted = readonly [status: number, retryAfter?: string];

/** A service that answers the attempts in turn, the last one again and again. */
export async function scriptedService(answers: readonly Scripted[]): Promise<{ url: string; attempts: () => number }> {
  let attempts = 0;
  const server = createServer((request, response) => {
    const [status, retryAfter] = answers[Math.min(attempts, answers.length - 1)] ?? [500];
    attempts += 1;
    if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
    const [type, body] = status === 200 ? ['application/octet-stream', SEVEN] : ['application/problem+json', problemOf(status)];
    request.resume().on('end', () => response.writeHead(status, { 'content-type': type }).end(body));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, attempts: () => attempts };
}

const problemOf = (status: number): string =>
  status === 502 ? '<html>a proxy</html>' : JSON.stringify({ status, code: `code_${status}`, detail: `detail ${status}` });

const work = { exponent: 2, flops: 2, exponentials: 1, bytes: 8, backend: 'none', threads: 1, tiles: 1, fallbackRows: 0 };
const spans = { decodeMs: 0, planMs: 0, queueMs: 0, computeMs: 0, measureMs: 0, encodeMs: 0, totalMs: 0, stages: [] };
const SEVEN = encodeSafetensors({
  tensors: new Map([['output', { dtype: 'float32', shape: [1, 1], data: new Float32Array(new SharedArrayBuffer(4)).fill(7) }]]),
  options: { emptyRows: 0, plan: { class: 'tree', mask: 'none', algorithm: 'tree-messages', ...work }, timing: spans },
});

export interface RetryCase {
  readonly name: string;
  readonly answers: readonly Scripted[];
  readonly attempts: number;
  /** Seconds waited before each further attempt. */
  readonly waits: readonly number[];
  /** The code of the error, null where the answer came. */
  readonly code: string | null;
}

export const RETRY_CASES: readonly RetryCase[] = [
  { name: 'waits as long as Retry-After says', answers: [[429, '2'], [503, '1'], [200]], attempts: 3, waits: [2, 1], code: null },
  {
    name: 'waits longer each time where nothing is said',
    answers: [[503], [429], [200]],
    attempts: 3,
    waits: [0.5, 1],
    code: null,
  },
  { name: 'gives up after its retries', answers: [[429, '1']], attempts: 4, waits: [1, 1, 1], code: 'code_429' },
  { name: 'does not wait for too long', answers: [[503, '31']], attempts: 1, waits: [], code: 'code_503' },
  { name: 'does not repeat what was refused', answers: [[422, '1']], attempts: 1, waits: [], code: 'code_422' },
  { name: 'does not repeat what broke', answers: [[500]], attempts: 1, waits: [], code: 'code_500' },
  { name: 'says so where the answer is no problem document', answers: [[502]], attempts: 1, waits: [], code: 'http_502' },
];

/** Lines of code of hand-written files: blank ones and comments left out. */
export function codeLines(text: string, comment: RegExp): number {
  return text.split('\n').filter((line) => line.trim() !== '' && !comment.test(line)).length;
}

/** The code of a README in one language, as people copy it, but for the address. */
export function readmeCode(readme: string, language: string, url: string): string {
  const [, code = ''] = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(readme) ?? [];
  return code.replace('http://127.0.0.1:8080', url);
}
