import type { FloatArray, Matrix, Precision, Step, VariableOperands } from '../../kernels/backend.ts';
import type { AttentionRequest, Operand } from '../contract/request.ts';
import { type Extent, extentRows, type Plan } from '../plan/plan.ts';

/** The memory of one request: its tensors and the plan's own buffers, all on shared memory, seen slice by slice. */
export interface Binding {
  /** The rows of an extent in one slice, padding trimmed. */
  rows(extent: Extent, slice: number): number;
  step(step: Step<number>, slice: number): Step<Matrix>;
  /** A whole output buffer, all slices, [slices, n1, cols]. */
  output(name: 'output' | 'logSumExp'): FloatArray;
}

type Bound<T> = Record<string, T>;

export function bind(plan: Plan, request: AttentionRequest): Binding {
  const inputs = new Map(
    request.variables.flatMap(({ queries, values, bias }) =>
      [queries, values, bias].flatMap((one) => (one ? [[one.name, one]] : [])),
    ),
  );
  const slices = plan.batch * plan.heads;
  const own = plan.buffers.map(({ source, extent, cols, name }) => {
    if (source === 'input') return null;
    const data = allocateFloats(plan.precision, slices * extentRows(extent, plan.rows) * cols);
    // A padded row gets no tile, and has no admissible tuple.
    if (name === 'logSumExp' && request.lengths !== null) data.fill(Number.NEGATIVE_INFINITY);
    return data;
  });
  const lengths = plan.rows.map((n, j) => Array.from({ length: plan.batch }, (_, entry) => request.lengths?.[j]?.[entry] ?? n));
  const sliceRows = Array.from({ length: plan.batch }, (_, entry) => lengths.map((of) => of[entry] as number));
  const rows = (extent: Extent, slice: number): number => extentRows(extent, sliceRows[Math.floor(slice / plan.heads)] as number[]);

  const cache = new Map<number, Matrix>();
  const matrix = (buffer: number, slice: number): Matrix => {
    const key = slice * plan.buffers.length + buffer;
    const known = cache.get(key);
    if (known !== undefined) return known;
    const { extent, cols, name, source } = plan.buffers[buffer] as Plan['buffers'][number];
    const full = extentRows(extent, plan.rows) * cols;
    const trimmed = rows(extent, slice);
    const operand = source === 'input' ? inputs.get(name) : undefined;
    const data = operand ? (operand.tensor.data as FloatArray) : (own[buffer] as FloatArray);
    const start = (operand ? inputSlice(operand, slice, plan) : slice) * full;
    const bound = { data: data.subarray(start, start + trimmed * cols), rows: trimmed, cols };
    cache.set(key, bound);
    return bound;
  };

  return {
    rows,
    step: (step, slice) => bindStep(step, (buffer) => matrix(buffer, slice)),
    output: (name) => own[plan.buffers.findIndex((buffer) => buffer.source === 'output' && buffer.name === name)] as FloatArray,
  };
}

/** Which of an operand's own slices serves a slice of the request: shared batches, and heads shared by groups. */
function inputSlice(operand: Operand, slice: number, plan: Plan): number {
  const entry = operand.batch === 1 ? 0 : Math.floor(slice / plan.heads);
  const head = Math.floor((slice % plan.heads) / (plan.heads / operand.heads));
  return entry * operand.heads + head;
}

function allocateFloats(precision: Precision, length: number): FloatArray {
  return precision === 'float32'
    ? new Float32Array(new SharedArrayBuffer(4 * length))
    : new Float64Array(new SharedArrayBuffer(8 * length));
}

const SINGLE = ['queries', 'keys', 'keyBias', 'values', 'message', 'logSumExp', 'product', 'sum', 'messages', 'logSumExps'];
const MANY = ['factors', 'addends'];

/** The same step with every operand replaced: the operand fields of all steps have distinct, telling names. */
function bindStep(step: Step<number>, view: (buffer: number) => Matrix): Step<Matrix> {
  const bound: Bound<unknown> = { ...step };
  for (const key of SINGLE) if (typeof bound[key] === 'number') bound[key] = view(bound[key]);
  for (const key of MANY) if (Array.isArray(bound[key])) bound[key] = bound[key].map(view);
  if (Array.isArray(bound.variables)) {
    bound.variables = bound.variables.map(({ queries, values, bias }: VariableOperands<number>) => ({
      queries: view(queries),
      values: values === null ? null : view(values),
      bias: bias === null ? null : view(bias),
    }));
  }
  return bound as unknown as Step<Matrix>;
}
