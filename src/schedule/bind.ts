import type { FloatArray, Matrix, Step, StepKind } from '../../kernels/backend.ts';
import type { AttentionRequest, Operand } from '../contract/request.ts';
import { fail } from '../errors.ts';
import { finishedBy } from '../plan/memory.ts';
import { mapOperands } from '../plan/operands.ts';
import { type BufferSpec, type Extent, extentRows, type Plan } from '../plan/plan.ts';
import { allocateData } from '../tensor/allocate.ts';
import { isReusable, type Lease } from '../tensor/lease.ts';

/** The memory of one request: its tensors and the plan's own buffers, all on shared memory, seen slice by slice. */
export interface Binding {
  /** The rows of an extent in one slice, padding trimmed. */
  rows(extent: Extent, slice: number): number;
  /** With the bytes of float16 tensors beside their values where `halves`: for devices alone, since threads would hold the body longer for them. */
  step(step: Step<number>, slice: number, halves: boolean): Step<Matrix>;
  /** A whole output buffer, all slices, [slices, rows, cols]. */
  output(name: string): FloatArray;
  /** What a thread that sees this memory has to count (tensor/shared-memory.ts): nothing where all of it will be used again. */
  readonly countedBytes: number;
  /** Gives back the memory of buffers that no stage after this level touches. */
  release(level: number): void;
}

export function bind(plan: Plan, request: AttentionRequest, lease: Lease): Binding {
  const slices = plan.batch * plan.heads;
  const own = new Map<number, FloatArray>();
  const rows = sliceRows(plan, request);
  const isOverwritten = request.lengths === null && writesAll(plan);

  const memory = (buffer: number): FloatArray => {
    const known = own.get(buffer);
    if (known !== undefined) return known;
    const { extent, cols, name } = plan.buffers[buffer] as BufferSpec;
    const data = allocateData(plan.precision, slices * extentRows(extent, plan.rows) * cols, lease, isOverwritten) as FloatArray;
    // A padded row gets no tile, and has no admissible tuple.
    if (name === 'logSumExp' && request.lengths !== null) data.fill(Number.NEGATIVE_INFINITY);
    own.set(buffer, data);
    return data;
  };

  const matrix = (buffer: number, slice: number, halves: boolean): Matrix => {
    const { extent, cols, name, source } = plan.buffers[buffer] as BufferSpec;
    const full = extentRows(extent, plan.rows) * cols;
    const trimmed = rows(extent, slice);
    const operand = source === 'input' ? (request.operands.get(name) as Operand) : null;
    const data = operand ? (operand.tensor.data as FloatArray) : memory(buffer);
    const start = (operand ? inputSlice(operand, slice, plan) : slice) * full;
    const end = start + trimmed * cols;
    const half = halves ? operand?.tensor.half?.subarray(start, end) : undefined;
    return { data: data.subarray(start, end), ...(half && { half }), rows: trimmed, cols };
  };

  const outputs = plan.buffers.flatMap(({ source }, index) => (source === 'output' ? [index] : []));
  for (const buffer of outputs) memory(buffer);
  return {
    rows,
    step: (step, slice, halves) => mapOperands(step, (buffer) => matrix(buffer, slice, halves)),
    output: (name) => memory(outputs.find((buffer) => plan.buffers[buffer]?.name === name) as number),
    release: (level) => {
      for (const buffer of finishedBy(plan, level)) {
        const data = own.get(buffer);
        if (data?.buffer instanceof SharedArrayBuffer) lease.return(data.buffer);
        own.delete(buffer);
      }
    },
    countedBytes: isReused(plan, request, lease) ? 0 : plan.bytes,
  };
}

/** The same for who answers: @throws ServiceError `overloaded` where the memory cannot be had */
export function bindMemory(plan: Plan, request: AttentionRequest, lease: Lease): Binding {
  try {
    return bind(plan, request, lease);
  } catch (cause) {
    fail('overloaded', `The ${plan.bytes} bytes that the plan needs could not be allocated`, { retryAfterSeconds: 1, cause });
  }
}

/** Steps whose native kernels write every entry of every result: the tests of all kernels start from results full of NaN. */
const WRITING: ReadonlySet<StepKind> = new Set<StepKind>([
  ...(['attend', 'combine', 'conditioned', 'merge', 'cycle', 'prefix', 'eliminate', 'project'] as const),
  ...(['survey', 'compress', 'accumulate', 'contract', 'apply'] as const),
]);

/**
 * Whether nobody reads a buffer's entry before a stage has written it, where no row is padding: zeros first would be a tenth of the time of a
 * linear plan, and 0.35 ms of 3 MiB of results beside 45 ms of attend.
 */
export function writesAll({ stages }: Plan): boolean {
  return stages.every(({ step, backend }) => backend.name === 'native' && WRITING.has(step.kind));
}

/** Rows of an extent by slice: the real rows of its variable in the slice's batch entry. */
function sliceRows(plan: Plan, { lengths }: AttentionRequest): (extent: Extent, slice: number) => number {
  const byEntry = Array.from({ length: plan.batch }, (_, entry) => plan.rows.map((n, j) => lengths?.[j]?.[entry] ?? n));
  return (extent, slice) => extentRows(extent, byEntry[Math.floor(slice / plan.heads)] as number[]);
}

/** Which of an operand's own slices serves a slice of the request: shared batches, and heads shared by groups. */
export function inputSlice(operand: Operand, slice: number, { heads }: Pick<Plan, 'heads'>): number {
  const entry = operand.batch === 1 ? 0 : Math.floor(slice / heads);
  const head = Math.floor((slice % heads) / (heads / operand.heads));
  return entry * operand.heads + head;
}

/** Whether everything that the plan's steps see goes back to the lease, or is small. */
function isReused(plan: Plan, { operands }: AttentionRequest, lease: Lease): boolean {
  const width = plan.batch * plan.heads * (plan.precision === 'float32' ? 4 : 8);
  const isSmall = ({ extent, cols }: BufferSpec): boolean => isReusable(width * extentRows(extent, plan.rows) * cols);
  return plan.buffers.every(isSmall) && operands.values().every(({ tensor }) => lease.has(tensor.data.buffer));
}
