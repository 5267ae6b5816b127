import { fail } from '../errors.ts';
import { cast, findNonFinite } from '../tensor/convert.ts';
import { type DType, FLOAT_DTYPES, type Tensor } from '../tensor/tensor.ts';
import type { Options } from './options.ts';
import type { Operand, Problem, Projection, VariableInputs } from './request.ts';
import { pointer } from './validate.ts';

export interface OperandsByRole extends Pick<Problem, 'batch' | 'heads' | 'd' | 'dv' | 'projected' | 'rows'> {
  readonly variables: readonly VariableInputs[];
  readonly byName: ReadonlyMap<string, Operand>;
  readonly outputRank: 2 | 3 | 4;
}

/** Queries or values of one variable, given or projected: what their size is checked by. */
interface Sized {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
}

const FLOATS: ReadonlySet<DType> = new Set(FLOAT_DTYPES);
const ROLE = /^(?:(q|v|b)|w(q|v))([1-9]\d*)$/;

/**
 * Sorts named tensors into q1..qt, v2..vt and b1..bt, or x with wq1..wqt and wv2..wvt, checks every size against every other and casts to
 * the compute precision.
 * @throws ServiceError `invalid_request`, or `non_finite_input` where a value does not fit the precision
 */
export function readOperands(tensors: ReadonlyMap<string, Tensor>, t: number, precision: Options['precision']): OperandsByRole {
  checkNames(tensors, t);
  const read = (name: string): Operand | null => {
    const tensor = tensors.get(name);
    return tensor === undefined ? null : operand(name, tensor, name.startsWith('b') ? 1 : 2, precision);
  };
  const tokens = read('x');
  const given = (name: string): Operand | Projection | null => chooseSource(name, read(name), read(`w${name}`), tokens);
  const variables = Array.from({ length: t }, (_, index) => {
    const j = index + 1;
    const queries = given(`q${j}`);
    if (queries === null) {
      refuse(`q${j}`, `tensor q${j} is missing${tokens ? `, and so is wq${j}` : ''}; the polynomial has the variables x1..x${t}`);
    }
    return { queries, values: j === 1 ? null : given(`v${j}`), bias: read(`b${j}`) };
  });
  const sizes = variables.map(({ queries, values, bias }) => [sized(queries), values && sized(values), bias] as const);
  for (const [queries, ...others] of sizes) checkRows(queries, others);
  const d = common(
    sizes.map(([queries]) => queries),
    'd, the columns of every q_j',
  );
  const dv = common(
    sizes.map(([, values]) => values),
    'dv, the columns of every v_j',
  );
  const all = operandsOf(variables);
  const sources = tokens === null ? [] : variables.flatMap(({ queries, values }) => [queries, values]);
  const names = sources.flatMap((one) => (one && 'tokens' in one ? [one.name] : []));
  return {
    variables,
    byName: new Map(all.map((one) => [one.name, one])),
    ...slices(all),
    rows: sizes.map(([queries]) => queries.rows),
    d: d as number,
    dv: dv ?? 1,
    outputRank: outputRank(all),
    projected: { names, m: tokens?.cols ?? 0 },
  };
}

/** Operands of the same names, types and shapes as ones that were read before, with the values of `tensors`. @throws as `readOperands` */
export function operandsLike(
  known: ReadonlyMap<string, Operand>,
  tensors: ReadonlyMap<string, Tensor>,
  precision: Options['precision'],
): Map<string, Operand> {
  const operands = new Map<string, Operand>();
  for (const [name, { batch, heads, rows, cols }] of known) {
    operands.set(name, { name, tensor: inPrecision(name, tensors.get(name) as Tensor, precision), batch, heads, rows, cols });
  }
  return operands;
}

/** Every tensor behind the variables' inputs, each once. */
function operandsOf(variables: readonly VariableInputs[]): Operand[] {
  const all = new Set<Operand>();
  for (const { queries, values, bias } of variables) {
    for (const one of [queries, values, bias]) {
      if (one === null) continue;
      if ('tokens' in one) all.add(one.tokens).add(one.weights);
      else all.add(one);
    }
  }
  return [...all];
}

/** A tensor comes as it is or as a projection of the tokens, never as both. */
function chooseSource(
  name: string,
  own: Operand | null,
  weights: Operand | null,
  tokens: Operand | null,
): Operand | Projection | null {
  if (weights === null) return own;
  if (own !== null) refuse(`w${name}`, `${name} is given too; send either the tensor or its projection`);
  if (tokens === null) refuse(`w${name}`, `w${name} projects the tokens x, and x is missing`);
  if (weights.rows !== tokens.cols)
    refuse(`w${name}`, `w${name} has ${weights.rows} rows and x has ${tokens.cols} columns; they must be the same`);
  return { name, tokens, weights };
}

function sized(one: Operand | Projection): Sized {
  return 'tokens' in one ? { name: one.weights.name, rows: one.tokens.rows, cols: one.weights.cols } : one;
}

function checkNames(tensors: ReadonlyMap<string, Tensor>, t: number): void {
  for (const name of tensors.keys()) {
    if (name === 'x') continue;
    const match = ROLE.exec(name);
    if (match === null) {
      const shown = JSON.stringify(name.toWellFormed().slice(0, 40));
      refuse(
        name,
        `${shown} is not a tensor's name; the names are q1..q${t}, v2..v${t}, b1..b${t}, or x with wq1..wq${t}, wv2..wv${t}`,
      );
    }
    const role = match[1] ?? match[2];
    const variable = Number(match[3]);
    if (role === 'v' && variable === 1) refuse(name, "there is no v1: the output row's own value does not enter (math.md §1.2)");
    if (variable > t) refuse(name, `the polynomial has only the variables x1..x${t}`);
  }
}

/** `trailing`: 2 for matrices, 1 for vectors, which get one column. */
function operand(name: string, tensor: Tensor, trailing: 1 | 2, precision: Options['precision']): Operand {
  if (!FLOATS.has(tensor.dtype)) {
    refuse(name, `dtype ${tensor.dtype} is not a float type; ${name} takes ${FLOAT_DTYPES.join(', ')}`);
  }
  const { shape } = tensor;
  const lead = shape.length - trailing;
  if (lead < 0 || lead > 2) {
    const wanted = trailing === 2 ? 'n×d, heads×n×d or batch×heads×n×d' : 'n, heads×n or batch×heads×n';
    refuse(name, `shape [${shape.join(', ')}] has ${shape.length} dimensions; ${name} is ${wanted}`);
  }
  const empty = shape.indexOf(0);
  if (empty >= 0) refuse(name, `shape [${shape.join(', ')}]: dimension ${empty} is 0; every dimension is at least 1`);
  const batch = lead === 2 ? (shape[0] as number) : 1;
  const heads = lead > 0 ? (shape[lead - 1] as number) : 1;
  const rows = shape[lead] as number;
  return {
    name,
    tensor: inPrecision(name, tensor, precision),
    batch,
    heads,
    rows,
    cols: trailing === 2 ? (shape[lead + 1] as number) : 1,
  };
}

/** The tensor in the compute precision. A float64 value beyond float32's range would become infinite: it is refused. */
function inPrecision(name: string, tensor: Tensor, precision: Options['precision']): Tensor {
  const result = cast(tensor, precision);
  if (precision === 'float64' || tensor.dtype !== 'float64') return result;
  const { count, firstIndex } = findNonFinite(result.data, { allowNegativeInfinity: name.startsWith('b') });
  if (count === 0) return result;
  const detail = `${name} holds ${count} values beyond the range of float32, the first at index ${firstIndex}; ask for precision float64`;
  fail('non_finite_input', detail, { errors: [{ pointer: pointer(['tensors', name]), detail }] });
}

function checkRows(queries: Sized, others: readonly (Sized | null)[]): void {
  for (const other of others) {
    if (other !== null && other.rows !== queries.rows) {
      refuse(
        other.name,
        `${other.name} has ${other.rows} rows and ${queries.name} has ${queries.rows}; they index the same tokens`,
      );
    }
  }
}

function common(all: readonly (Sized | null)[], what: string): number | undefined {
  const given = all.filter((one) => one !== null);
  const first = given[0];
  for (const other of given) {
    if (first && other.cols !== first.cols) {
      refuse(other.name, `${other.name} has ${other.cols} columns and ${first.name} has ${first.cols}; ${what}, must be the same`);
    }
  }
  return first?.cols;
}

/** The number of (batch, head) pairs; a tensor with fewer heads shares each among heads / its own (grouped-query attention). */
function slices(operands: readonly Operand[]): { batch: number; heads: number } {
  const batch = Math.max(...operands.map((one) => one.batch));
  const heads = Math.max(...operands.map((one) => one.heads));
  for (const one of operands) {
    if (one.batch !== batch && one.batch !== 1)
      refuse(one.name, `${one.name} has batch ${one.batch}; expected ${batch}, or 1 to share it`);
    if (heads % one.heads !== 0) refuse(one.name, `${one.name} has ${one.heads} heads, which does not divide ${heads}`);
  }
  return { batch, heads };
}

/** The output has as many dimensions as the tensor with the most. */
function outputRank(operands: readonly Operand[]): 2 | 3 | 4 {
  const ranks = operands.map((one) => (one.name.startsWith('b') ? 1 : 0) + one.tensor.shape.length);
  return Math.max(...ranks) as 2 | 3 | 4;
}

function refuse(name: string, detail: string): never {
  const place = pointer(['tensors', name]);
  fail('invalid_request', `${place}: ${detail}`, { errors: [{ pointer: place, detail }] });
}
