/** Attention polynomials on typed arrays, computed by a PolyAttention service. The types of everything it speaks: `components`. */
import type { components } from './openapi.ts';
import { decode, encode, type Tensor } from './safetensors.ts';

export type { components, operations, paths } from './openapi.ts';
export { type DType, type Tensor, type TensorData, tensor, toFloat32 } from './safetensors.ts';

type Schemas = components['schemas'];
export type Problem = Schemas['Problem'];
export type Analysis = Schemas['Analysis'];

/** One tensor a variable: in their order (null leaves one out), or by the variable's number. */
export type Roles = readonly (Tensor | null)[] | Readonly<Record<number, Tensor>>;

/** Tensors and everything of the service's AttentionRequest. `signal` cancels the request, the computation included. */
export interface AttentionOptions extends Partial<Omit<Schemas['AttentionRequest'], 'tensors' | 'polynomial'>> {
  /** From x1 on, [n, d] with leading heads and batch. */
  readonly q?: Roles;
  /** From x2 on, [n, dv]; one that is left out counts as all ones. */
  readonly v?: Roles;
  /** From x1 on: a log-weight for each key. */
  readonly b?: Roles;
  /** Tokens [n, m], projected by wq (from x1 on) and wv (from x2 on), instead of q and v. */
  readonly x?: Tensor;
  readonly wq?: Roles;
  readonly wv?: Roles;
  readonly signal?: AbortSignal;
  /** Told how many bytes of the answer were received, and of how many; `fetch` does not say how much of a request was sent. */
  readonly onProgress?: (done: number, total: number) => void;
}

type Outputs = 'output' | 'logSumExp' | 'weights';
export interface Result extends Omit<Schemas['AttentionResponse'], Outputs> {
  readonly output: Tensor;
  readonly logSumExp?: Tensor;
  /** By pair, `x1,x2`. */
  readonly weights: Readonly<Record<string, Tensor>>;
}

export interface ClientOptions {
  readonly token?: string;
  /** The service's deadline for each attempt, 60,000 by default. */
  readonly timeoutMs?: number;
  /** How often 429 and 503 are tried again, 3 by default, after Retry-After; one above maxWaitMs, 30,000, is thrown at once. */
  readonly retries?: number;
  readonly maxWaitMs?: number;
  /** Stand-ins, for tests. */
  readonly fetch?: typeof globalThis.fetch;
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** An answer other than success: switch on `code`, show `detail`. */
export class PolyAttentionError extends Error {
  declare readonly status: number;
  declare readonly code: string;
  declare readonly detail: string;
  declare readonly errors: readonly Schemas['Fault'][];
  declare readonly problem: Partial<Problem>;
  declare readonly retryAfterMs: number | undefined;

  constructor(status: number, problem: Partial<Problem>, retryAfterMs?: number) {
    const { code = `http_${status}`, detail = 'The answer is not a problem document', errors = [] } = problem;
    super(`${status} ${code}: ${detail}${errors.map((fault) => `\n  ${fault.pointer}: ${fault.detail}`).join('')}`);
    this.name = 'PolyAttentionError';
    Object.assign(this, { status, code, detail, errors, problem, retryAfterMs });
  }
}

export interface Client {
  /** Computes one polynomial, exactly unless `mode` says otherwise. @throws PolyAttentionError; AbortError, TypeError by fetch */
  attention(polynomial: string | null, options: AttentionOptions): Promise<Result>;
  /** Facts, plan and cost, without tensors. */
  analyze(request: Partial<Schemas['AnalysisRequest']>, signal?: AbortSignal): Promise<Analysis>;
}

// The service answers 504 at the deadline; only where that answer does not come does the connection give up.
const GRACE_MS = 5000;
const BINARY = { 'content-type': 'application/octet-stream', accept: 'application/octet-stream' };
const FIRST = { q: 1, v: 2, b: 1, wq: 1, wv: 2 } as const;

export function createClient(url = 'http://127.0.0.1:8080', options: ClientOptions = {}): Client {
  const { timeoutMs = 60_000, token } = options;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const send = (path: string, init: RequestInit, deadlineMs = timeoutMs) =>
    sendWithRetries(new URL(path, url), { ...init, headers: { ...headers, ...init.headers } }, deadlineMs, options);
  return {
    async attention(polynomial, { signal, onProgress, ...wanted }) {
      const deadlineMs = wanted.timeoutMs ?? timeoutMs;
      const body = encodeRequest(polynomial, { ...wanted, timeoutMs: deadlineMs });
      const response = await send('/v1/attention/binary', { body, headers: BINARY, signal: signal ?? null }, deadlineMs);
      return decodeResult(onProgress === undefined ? await response.arrayBuffer() : await receive(response, onProgress));
    },
    async analyze(request, signal) {
      const init = { body: JSON.stringify(request), headers: { 'content-type': 'application/json' }, signal: signal ?? null };
      return (await send('/v1/polynomials/analyze', init)).json() as Promise<Analysis>;
    },
  };
}

async function sendWithRetries(url: URL, init: RequestInit, deadlineMs: number, options: ClientOptions): Promise<Response> {
  const { retries = 3, maxWaitMs = 30_000, sleep = pause, fetch = globalThis.fetch } = options;
  for (let attempt = 0; ; attempt += 1) {
    const limits = [AbortSignal.timeout(deadlineMs + GRACE_MS), ...(init.signal ? [init.signal] : [])];
    const response = await fetch(url, { ...init, method: 'POST', signal: AbortSignal.any(limits) });
    if (response.ok) return response;
    const error = await errorOf(response);
    const waitMs = error.retryAfterMs ?? 500 * 2 ** attempt;
    if (![429, 503].includes(error.status) || attempt >= retries || waitMs > maxWaitMs) throw error;
    await sleep(waitMs, init.signal ?? undefined);
  }
}

async function receive(response: Response, report: NonNullable<AttentionOptions['onProgress']>): Promise<ArrayBuffer> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let done = 0;
  for (const reader = response.body?.getReader(); ; ) {
    const { value } = (await reader?.read()) ?? {};
    if (value === undefined) return new Blob(chunks).arrayBuffer();
    chunks.push(value as Uint8Array<ArrayBuffer>);
    done += value.length;
    report(done, Number(response.headers.get('content-length') ?? done));
  }
}

async function errorOf(response: Response): Promise<PolyAttentionError> {
  const problem: unknown = await response.json().catch(() => null);
  const seconds = response.headers.get('retry-after') ?? '';
  const retryAfterMs = /^\d+$/.test(seconds) ? Number(seconds) * 1000 : undefined;
  return new PolyAttentionError(response.status, typeof problem === 'object' && problem !== null ? problem : {}, retryAfterMs);
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    signal?.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}

function encodeRequest(polynomial: string | null, { x, q, v, b, wq, wv, ...rest }: AttentionOptions): Uint8Array<ArrayBuffer> {
  const tensors: Record<string, Tensor> = x === undefined ? {} : { x };
  for (const [role, given] of Object.entries({ q, v, b, wq, wv })) {
    const shift = Array.isArray(given) ? FIRST[role as keyof typeof FIRST] : 0;
    for (const [key, value] of Object.entries(given ?? {})) if (value !== null) tensors[`${role}${Number(key) + shift}`] = value;
  }
  const request = polynomial === null ? rest : { ...rest, polynomial };
  return encode(tensors, { request: JSON.stringify(request) });
}

function decodeResult(body: ArrayBuffer): Result {
  const { tensors, metadata } = decode(body);
  const weights = [...tensors].filter(([name]) => name.startsWith('weights.')).map(([name, value]) => [name.slice(8), value]);
  const [output, logSumExp] = [tensors.get('output'), tensors.get('logSumExp')];
  return {
    ...JSON.parse(metadata.response ?? '{}'),
    output,
    ...(logSumExp && { logSumExp }),
    weights: Object.fromEntries(weights),
  };
}
