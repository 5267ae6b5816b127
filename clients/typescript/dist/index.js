import { decode, encode } from "./safetensors.js";
export { tensor, toFloat32 } from "./safetensors.js";
/** An answer other than success: switch on `code`, show `detail`. */
export class PolyAttentionError extends Error {
    constructor(status, problem, retryAfterMs) {
        const { code = `http_${status}`, detail = 'The answer is not a problem document', errors = [] } = problem;
        super(`${status} ${code}: ${detail}${errors.map((fault) => `\n  ${fault.pointer}: ${fault.detail}`).join('')}`);
        this.name = 'PolyAttentionError';
        Object.assign(this, { status, code, detail, errors, problem, retryAfterMs });
    }
}
// The service answers 504 at the deadline; only where that answer does not come does the connection give up.
const GRACE_MS = 5000;
const BINARY = { 'content-type': 'application/octet-stream', accept: 'application/octet-stream' };
const FIRST = { q: 1, v: 2, b: 1, wq: 1, wv: 2 };
export function createClient(url = 'http://127.0.0.1:8080', options = {}) {
    const { timeoutMs = 60_000, token } = options;
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const send = (path, init, deadlineMs = timeoutMs) => sendWithRetries(new URL(path, url), { ...init, headers: { ...headers, ...init.headers } }, deadlineMs, options);
    return {
        async attention(polynomial, { signal, onProgress, ...wanted }) {
            const deadlineMs = wanted.timeoutMs ?? timeoutMs;
            const body = encodeRequest(polynomial, { ...wanted, timeoutMs: deadlineMs });
            const response = await send('/v1/attention/binary', { body, headers: BINARY, signal: signal ?? null }, deadlineMs);
            return decodeResult(onProgress === undefined ? await response.arrayBuffer() : await receive(response, onProgress));
        },
        async analyze(request, signal) {
            const init = { body: JSON.stringify(request), headers: { 'content-type': 'application/json' }, signal: signal ?? null };
            return (await send('/v1/polynomials/analyze', init)).json();
        },
    };
}
async function sendWithRetries(url, init, deadlineMs, options) {
    const { retries = 3, maxWaitMs = 30_000, sleep = pause, fetch = globalThis.fetch } = options;
    for (let attempt = 0;; attempt += 1) {
        const limits = [AbortSignal.timeout(deadlineMs + GRACE_MS), ...(init.signal ? [init.signal] : [])];
        const response = await fetch(url, { ...init, method: 'POST', signal: AbortSignal.any(limits) });
        if (response.ok)
            return response;
        const error = await errorOf(response);
        const waitMs = error.retryAfterMs ?? 500 * 2 ** attempt;
        if (![429, 503].includes(error.status) || attempt >= retries || waitMs > maxWaitMs)
            throw error;
        await sleep(waitMs, init.signal ?? undefined);
    }
}
async function receive(response, report) {
    const chunks = [];
    let done = 0;
    for (const reader = response.body?.getReader();;) {
        const { value } = (await reader?.read()) ?? {};
        if (value === undefined)
            return new Blob(chunks).arrayBuffer();
        chunks.push(value);
        done += value.length;
        report(done, Number(response.headers.get('content-length') ?? done));
    }
}
async function errorOf(response) {
    const problem = await response.json().catch(() => null);
    const seconds = response.headers.get('retry-after') ?? '';
    const retryAfterMs = /^\d+$/.test(seconds) ? Number(seconds) * 1000 : undefined;
    return new PolyAttentionError(response.status, typeof problem === 'object' && problem !== null ? problem : {}, retryAfterMs);
}
function pause(ms, signal) {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, ms);
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        signal?.addEventListener('abort', () => clearTimeout(timer), { once: true });
    });
}
function encodeRequest(polynomial, { x, q, v, b, wq, wv, ...rest }) {
    const tensors = x === undefined ? {} : { x };
    for (const [role, given] of Object.entries({ q, v, b, wq, wv })) {
        const shift = Array.isArray(given) ? FIRST[role] : 0;
        for (const [key, value] of Object.entries(given ?? {}))
            if (value !== null)
                tensors[`${role}${Number(key) + shift}`] = value;
    }
    const request = polynomial === null ? rest : { ...rest, polynomial };
    return encode(tensors, { request: JSON.stringify(request) });
}
function decodeResult(body) {
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
