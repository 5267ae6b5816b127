import type { Polynomial } from '../polynomial/polynomial.ts';
import type { FloatDType, Tensor } from '../tensor/tensor.ts';
import type { ApproximationOptions, Options } from './options.ts';

/** A tensor by role, seen as [batch, heads, rows, cols]; a batch or head count of 1, or a head count that divides, is shared. */
export interface Operand {
  readonly name: string;
  readonly tensor: Tensor;
  readonly batch: number;
  readonly heads: number;
  readonly rows: number;
  readonly cols: number;
}

/** Queries or values that are still to be computed from tokens: x [.., n, m] times w [.., m, cols] (api.md §2). */
export interface Projection {
  /** The tensor's role, e.g. q2. */
  readonly name: string;
  readonly tokens: Operand;
  readonly weights: Operand;
}

export interface VariableInputs {
  readonly queries: Operand | Projection; // q_j [.., n_j, d]
  readonly values: Operand | Projection | null; // v_j [.., n_j, dv]; null: all ones, and always for x1
  readonly bias: Operand | null; // b_j [.., n_j, 1]
}

/** What the modes 'approximate' and 'auto' were asked for, defaults filled in. */
export interface Approximation extends Pick<ApproximationOptions, 'method' | 'seed' | 'confidence'> {
  /** Absolute bound on the error of every output entry; Infinity where the client fixed the size of the approximation instead. */
  readonly tolerance: number;
  /** Sizes that the client fixed. */
  readonly degree?: number | undefined;
  readonly features?: number | undefined;
  readonly samples?: number | undefined;
  /** What the output is rounded to in the end. */
  readonly outputType: FloatDType;
  /** Some tensor came in float64 and is computed in float32. */
  readonly roundedInputs: boolean;
}

/** All that the planner reads: no tensor, no clock. */
export interface Problem {
  readonly polynomial: Polynomial;
  readonly batch: number;
  readonly heads: number;
  /** n_1 .. n_t. */
  readonly rows: readonly number[];
  readonly d: number;
  readonly dv: number;
  /** Which of v_1..v_t and b_1..b_t were given. */
  readonly hasValues: readonly boolean[];
  readonly hasBias: readonly boolean[];
  /** The factor of h in the exponent, '1/d' and '1/sqrt(d)' resolved. */
  readonly scale: number;
  readonly mask: { readonly type: Options['mask']['type']; readonly window?: readonly number[] | undefined };
  /** Names of the queries and values that are projections of tokens with m columns. */
  readonly projected: { readonly names: readonly string[]; readonly m: number };
  readonly mode: Options['mode'];
  /** How to approximate; left out in mode 'exact'. */
  readonly approximation?: Approximation;
  readonly algorithm: Options['algorithm'];
  readonly precision: Options['precision'];
  readonly backend: Options['backend'];
}

/** A validated request: the planner's problem, the tensors by role, and what the client wants back. */
export interface AttentionRequest {
  readonly problem: Problem;
  /** The tensors by name: q1..qt, v2..vt, b1..bt, and x with wq1.. and wv2.. where queries or values are projected. */
  readonly operands: ReadonlyMap<string, Operand>;
  /** Real rows of each variable in each batch entry, or null where nothing is padded: lengths[j - 1][batch entry]. */
  readonly lengths: readonly (readonly number[])[] | null;
  /** Dimensions of the output: 2 (n1×dv), 3 (heads) or 4 (batch). */
  readonly outputRank: 2 | 3 | 4;
  readonly output: Options['output'];
  /** How the error of an approximate answer is to be measured; null: not at all. */
  readonly errorReport: { readonly type: 'sample' | 'full'; readonly rows: number; readonly seed: number } | null;
  readonly timeoutMs: number | undefined;
}
