/**
 * The seam between the planner and the arithmetic: what a step is, as pure data, and what a back end must be able to say and do.
 *
 * A step names its operands with a type parameter `T`. In a plan `T` is a buffer's number; in a worker it is a `Matrix`, a view on
 * shared memory. The step itself is the same object in both places, so a plan can be printed, compared and sent to another thread.
 *
 * Conventions (math.md §6): a *message* is a pair (u, L): `u` [rows, dv], the softmax-average of values, and `L` [rows], the natural
 * log-sum-exp of the scores, scale and biases included. A row without an admissible key has u = 0 and L = -Infinity; no kernel ever
 * subtracts infinities. A vector is a matrix of one column. A missing `values` operand stands for all ones: its message `u` would be
 * all ones too, so it is left out (`null`) and only `L` is computed.
 */

import type { ApproximateStep } from './approximate.ts';

export type * from './approximate.ts';
export { SCAN_LOSS, SURVEYED_NORMS } from './approximate.ts';

export type BackendName = 'reference' | 'native' | 'gpu' | 'webgpu';
/** Back ends that run in a process of their own: a driver may hang or die, and takes nothing with it then. */
export type DeviceName = 'gpu' | 'webgpu';

export function isDevice(name: BackendName): name is DeviceName {
  return name === 'gpu' || name === 'webgpu';
}

export type Precision = 'float32' | 'float64';
export type FloatArray = Float32Array | Float64Array;

/** Dense row-major view [rows, cols]; `data.length === rows * cols`. Every operand of one step has the same element type. */
export interface Matrix {
  readonly data: FloatArray;
  /** The same numbers as float16, where they came so: a device may read these, and `data` be made only once somebody asks for it. */
  readonly half?: Uint16Array;
  readonly rows: number;
  readonly cols: number;
}

/** Key `c` is admissible for row `r` iff `lowest <= r - c <= highest` (math.md §7). Causal: {0, Infinity}; window w: {0, w - 1}. */
export interface Band {
  readonly lowest: number;
  readonly highest: number;
}

/** Flash-style softmax attention (math.md §6.1): u = softmax(scale · Q Kᵀ + bias) X, L = LSE of the same. Tiles: rows of Q. */
export interface AttendStep<T> {
  readonly kind: 'attend';
  /** [nq, d]; null: every score is the bias alone, nq = 1, and of `keys` only the number of rows is read (a weighted mean of values). */
  readonly queries: T | null;
  readonly keys: T; // [nk, d]
  readonly keyBias: T | null; // [nk, 1]
  readonly values: T | null; // [nk, dv]
  readonly scale: number;
  readonly band: Band | null;
  /** Keys whose score lies this far below the row's largest may be left out (math.md §3.7); exact where it is left out. */
  readonly dropBelow?: number;
  readonly message: T | null; // [nq, dv]
  readonly logSumExp: T; // [nq, 1]
}

/** Products of messages and sums of log-weights, row by row: product = Π factors, sum = Σ addends. Tiles: rows. */
export interface CombineStep<T> {
  readonly kind: 'combine';
  /** [rows, dv], or [1, dv] which applies to every row. Empty: all ones. */
  readonly factors: readonly T[];
  readonly product: T | null; // [rows, dv]; 0 in a row whose sum is -Infinity
  /** [rows, 1], or [1, 1] which applies to every row. Empty: zero. */
  readonly addends: readonly T[];
  readonly sum: T | null; // [rows, 1]
}

export interface Monomial {
  readonly coefficient: number;
  /** Distinct variables, ascending, from 1. */
  readonly variables: readonly number[];
}

/** The tensors of one variable x_j; index j - 1 in the steps that take a whole polynomial. */
export interface VariableOperands<T> {
  readonly queries: T; // [n_j, d]
  readonly values: T | null; // [n_j, dv]; always null for x1
  readonly bias: T | null; // [n_j, 1] additive log-weight
}

/** Tuples with l_row - l_column outside the band carry no weight. */
export interface PairMask extends Band {
  readonly row: number;
  readonly column: number;
}

interface WholePolynomial<T> {
  readonly variables: readonly VariableOperands<T>[];
  readonly monomials: readonly Monomial[];
  readonly masks: readonly PairMask[];
  readonly scale: number;
}

/** One free variable of the forest that is left once the cutset is fixed; children stand before their parents. */
export interface ForestNode {
  readonly variable: number;
  /** 0 marks the root of a component. */
  readonly parent: number;
}

/**
 * Conditioning (math.md §6.4): for every assignment of the cutset the residual forest is solved by messages (the queries of an edge
 * are composite, §6.2) and assignments are merged by an online softmax.
 *
 * Cutset with x1: tiles are rows of the output. Cutset without x1 (all l1 at once): tiles are `parts`; part p takes the p-th of
 * `parts` contiguous ranges of the rows of the first cutset variable and leaves its own partial (u, L), rows p·n1 .. (p+1)·n1 of the
 * outputs, for a `merge` step to join.
 */
export interface ConditionedStep<T> extends WholePolynomial<T> {
  readonly kind: 'conditioned';
  /** Ascending. Fixing these leaves each monomial at most two free variables, and their pairs a forest. May be empty. */
  readonly cutset: readonly number[];
  readonly forest: readonly ForestNode[];
  /** 1 when x1 is in the cutset. */
  readonly parts: number;
  readonly message: T | null; // [parts * n1, dv]
  readonly logSumExp: T; // [parts * n1, 1]
}

/** Joins partial messages over disjoint sets of tuples: L = LSE_p L_p, u = Σ_p e^(L_p - L) u_p. Tiles: rows of the result. */
export interface MergeStep<T> {
  readonly kind: 'merge';
  readonly parts: number;
  readonly messages: T | null; // [parts * rows, dv]
  readonly logSumExps: T; // [parts * rows, 1]
  readonly message: T | null; // [rows, dv]
  readonly logSumExp: T; // [rows, 1]
}

/** The definition (math.md §1.2), O(n^t d), two passes per row, straight loops in fp64: the oracle. Tiles: rows of the output. */
export interface DefinitionStep<T> extends WholePolynomial<T> {
  readonly kind: 'definition';
  readonly message: T | null; // [n1, dv]
  readonly logSumExp: T; // [n1, 1]
}

/**
 * A cycle x1 - order[1] - ... - order[t-1] - x1 by shared exponential matrices and GEMM (math.md §6.3), with the range test, the
 * per-row certificate and the per-row fallback to conditioning. Tiles: rows of the output.
 */
export interface CycleStep<T> extends WholePolynomial<T> {
  readonly kind: 'cycle';
  /** The variables in the order in which the cycle visits them, from x1; `monomials` holds just its edges. */
  readonly order: readonly number[];
  /**
   * 'gemm': classical products. 'fast': Strassen-Winograd channel by channel under a norm-wise certificate, rows that fail it by
   * conditioning. 'auto': the kernel measures on some rows whether the certificate can be expected to hold, and takes 'fast' or 'gemm'
   * for all; FAST_ROWS tells which.
   */
  readonly product: 'gemm' | 'fast' | 'auto';
  readonly message: T | null; // [n1, dv]
  readonly logSumExp: T; // [n1, 1]
}

/**
 * A tree of depth two under a root-causal mask, in O(n^2 d) (math.md §7): a child c of the root x1, its own children g, and
 * l_c <= l_1, l_g <= l_1 for all of them. For every grandchild edge one online-softmax state per row of c is kept over the keys l_g <= i
 * and grows with i = l_1. Tiles: rows of the output; a tile that does not start at row 0 first folds in the keys before its first row.
 */
export interface PrefixStep<T> {
  readonly kind: 'prefix';
  readonly queries: T; // [n1, d], the root's
  readonly child: VariableOperands<T>;
  /** Of the monomial x1 x_c. */
  readonly coefficient: number;
  readonly grandchildren: readonly { readonly operands: VariableOperands<T>; readonly coefficient: number }[];
  readonly scale: number;
  readonly message: T | null; // [n1, dv]
  readonly logSumExp: T; // [n1, 1]
}

/**
 * Elimination (math.md §6.5): for every assignment of the cutset, what is left has pairs only and treewidth at most two, and its
 * variables are summed out one by one in `order`, each leaving a table (L, u) over its at most two neighbours. Where x1 is free it is
 * not in `order` and remains. Tiles: rows of the output. Tables that hold neither x1 nor depend on the assignment may be kept by callId.
 */
export interface EliminateStep<T> extends WholePolynomial<T> {
  readonly kind: 'eliminate';
  /** Ascending; may be empty, may hold x1. */
  readonly cutset: readonly number[];
  readonly order: readonly number[];
  readonly message: T | null; // [n1, dv]
  readonly logSumExp: T; // [n1, 1]
}

/** X W: tokens to queries or values (api.md §2, "from tokens"). Tiles: rows of X. */
export interface ProjectStep<T> {
  readonly kind: 'project';
  readonly input: T; // [n, m]
  readonly weights: T; // [m, cols]
  readonly output: T; // [n, cols]
}

export type Step<T> =
  | AttendStep<T>
  | CombineStep<T>
  | ConditionedStep<T>
  | MergeStep<T>
  | DefinitionStep<T>
  | CycleStep<T>
  | PrefixStep<T>
  | EliminateStep<T>
  | ProjectStep<T>
  | ApproximateStep<T>;
export type StepKind = Step<unknown>['kind'];

/** Cells of the control block that a request's tiles share (Int32Array on shared memory). */
export const CANCEL = 0; // not 0: stop at the next look
export const PROGRESS = 1; // rows finished in the present stage, all slices together; kernels add to it
export const FAST_ROWS = 2; // rows that fast products computed, all stages and slices together; kernels add to it
export const CONTROL_CELLS = 3;

/** One tile's context. */
export interface TileContext {
  readonly firstRow: number;
  readonly lastRow: number; // exclusive
  /** Looked at at least every 10 ms; a cancelled tile returns early and its output is not used. */
  readonly control: Int32Array;
  /** The same for all tiles of one stage and slice of one request, and never reused: lets a thread keep packed operands. */
  readonly callId: number;
}

export interface TileReport {
  /** Rows that failed their certificate and were computed by the fallback (math.md §6.3). */
  readonly fallbackRows: number;
  /** Pairs of a row and a key that an attend step with `dropBelow` left out. */
  readonly prunedPairs?: number;
}

/** Modelled work of a step, or of a whole plan. Multiply-add counts as two flops. */
export interface Work {
  readonly flops: number;
  readonly exponentials: number;
  /** Bytes of operands read and results written. */
  readonly bytes: number;
}

/** Sustained rates of one thread of one back end, measured at start; the planner's seconds come from these. */
export interface Rates {
  readonly flopsPerSecond: number;
  readonly exponentialsPerSecond: number;
  readonly bytesPerSecond: number;
  /** Fixed cost of one tile, seconds. */
  readonly tileSeconds: number;
}

export interface BackendDescription {
  readonly name: BackendName;
  readonly precisions: readonly Precision[];
  readonly steps: readonly StepKind[];
  /** Instruction set, or null where it means nothing. */
  readonly isa: string | null;
  readonly device: string;
  readonly rates: Readonly<Partial<Record<Precision, Rates>>>;
  /** How a device is reached: gpu.js's mode ('headlessgl', 'webasm', 'cpu'), Dawn's ('vulkan', 'opengles'). Of devices only, as what follows. */
  readonly mode?: string;
  /** Class of the kernels that ran when the device was checked, which need not be the one asked for. */
  readonly kernel?: string;
  /** The device is a program on this machine's processor: `auto` never takes it where `native` loaded. */
  readonly software?: boolean;
  /** Largest relative error of the device's exp for arguments in [-87, 0], measured at load: comes on top of math.md §3.1's tolerance. */
  readonly expError?: number;
}

/** What `load()` of a back end's module gives; an error thrown there is the reason that `GET /v1/backends` shows. */
export interface Backend {
  readonly name: BackendName;
  /** Measures rates; under 200 ms. Called once per process, not once per thread. */
  describe(): BackendDescription;
  /** Runs rows [firstRow, lastRow) of a bound step. Throws on operands whose shapes contradict each other. */
  run(step: Step<Matrix>, tile: TileContext): TileReport | Promise<TileReport>;
  /** Makes a tile ready to be run again and again, on other operands of the same shapes and element type. Throws as `run`. */
  prepare?(step: Step<Matrix>, rows: Pick<TileContext, 'firstRow' | 'lastRow'>): PreparedTile;
  /** Largest |x|, Infinity where one is NaN or infinite: of tensors on their way in and out, where vectors do it faster than loops. */
  sizeOf?(values: FloatArray): number;
  /** Gives a device back, before its process ends. */
  close?(): void;
}

/** A tile that knows all but its memory. */
export interface PreparedTile {
  /** The arrays of the step that was made ready, in the order in which `run` takes others in their place. */
  readonly operands: readonly (FloatArray | null)[];
  run(operands: readonly (FloatArray | null)[], call: Pick<TileContext, 'control' | 'callId'>): TileReport;
}

/** Seconds that one thread needs for `work`, by the rates that were measured. */
export function modelledSeconds(work: Work, rates: Rates): number {
  return work.flops / rates.flopsPerSecond + work.exponentials / rates.exponentialsPerSecond + work.bytes / rates.bytesPerSecond;
}

export function supportsStep(backend: BackendDescription, kind: StepKind, precision: Precision): boolean {
  return backend.steps.includes(kind) && backend.precisions.includes(precision);
}
