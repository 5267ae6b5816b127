/** Attention polynomials on typed arrays, computed by a PolyAttention service. The types of everything it speaks: `components`. */
import type { components } from './openapi.ts';
import { type Tensor } from './safetensors.ts';
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
export declare class PolyAttentionError extends Error {
    readonly status: number;
    readonly code: string;
    readonly detail: string;
    readonly errors: readonly Schemas['Fault'][];
    readonly problem: Partial<Problem>;
    readonly retryAfterMs: number | undefined;
    constructor(status: number, problem: Partial<Problem>, retryAfterMs?: number);
}
export interface Client {
    /** Computes one polynomial, exactly unless `mode` says otherwise. @throws PolyAttentionError; AbortError, TypeError by fetch */
    attention(polynomial: string | null, options: AttentionOptions): Promise<Result>;
    /** Facts, plan and cost, without tensors. */
    analyze(request: Partial<Schemas['AnalysisRequest']>, signal?: AbortSignal): Promise<Analysis>;
}
export declare function createClient(url?: string, options?: ClientOptions): Client;
