import { fail } from '../errors.ts';
import { cast, findNonFinite } from '../tensor/convert.ts';
import { FLOAT_DTYPES, type Tensor } from '../tensor/tensor.ts';
import type { Options } from './options.ts';
import type { Operand, VariableInputs } from './request.ts';
import { pointer } from './validate.ts';

export interface OperandsByRole {
  readonly variables: readonly VariableInputs[];
  readonly batch: number;
  readonly heads: number;
  readonly d: number;
  readonly dv: number;
  readonly outputRank: 2 | 3 | 4;
}

const ROLE = /^(q|v|b)([1-9]\d*)$/;
const PROJECTION = /^(x|w[qv][1-9]\d*)$/;

/**
 * Sorts named tensors into q1..qt, v2..vt and b1..bt, checks every size against every other and casts to the compute precision.
 * @throws ServiceError `invalid_request`, or `non_finite_input` where a value does not fit the precision
 */
export function readOperands(tensors: ReadonlyMap<string, Tensor>, t: number, precision: Options['precision']): OperandsByRole {
  checkNames(tensors, t);
  const read = (role: 'q' | 'v' | 'b', j: number): Operand | null => {
    const tensor = tensors.get(role + j);
    return tensor === undefined ? null : operand(role + j, tensor, role === 'b' ? 1 : 2, precision);
  };
  const variables = Array.from({ length: t }, (_, index) => {
    const queries = read('q', index + 1);
    if (queries === null) refuse(`q${index + 1}`, `tensor q${index + 1} is missing; the polynomial has the variables x1..x${t}`);
    return { queries, values: read('v', index + 1), bias: read('b', index + 1) };
  });
  const all = variables.flatMap(({ queries, values, bias }) => [queries, values, bias]).filter((one) => one !== null);
  checkRows(variables);
  const d = common(
    variables.map(({ queries }) => queries),
    'd, the columns of every q_j',
  );
  const dv = common(
    variables.map(({ values }) => values),
    'dv, the columns of every v_j',
  );
  const { batch, heads } = slices(all);
  return { variables, batch, heads, d: d as number, dv: dv ?? 1, outputRank: outputRank(all) };
}

function checkNames(tensors: ReadonlyMap<string, Tensor>, t: number): void {
  for (const name of tensors.keys()) {
    const role = ROLE.exec(name);
    if (role === null) {
      const detail = PROJECTION.test(name)
        ? `projections from '${name}' are not available in this version; send q and v`
        : `${JSON.stringify(name.toWellFormed().slice(0, 40))} is not a tensor's name; the names are q1..q${t}, v2..v${t} and b1..b${t}`;
      refuse(name, detail);
    }
    const variable = Number(role[2]);
    if (role[1] === 'v' && variable === 1) refuse(name, "there is no v1: the output row's own value does not enter (math.md §1.2)");
    if (variable > t) refuse(name, `the polynomial has only the variables x1..x${t}`);
  }
}

/** `trailing`: 2 for matrices, 1 for vectors, which get one column. */
function operand(name: string, tensor: Tensor, trailing: 1 | 2, precision: Options['precision']): Operand {
  if (!FLOAT_DTYPES.some((dtype) => dtype === tensor.dtype)) {
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
  const [batch, heads] = [...new Array<number>(2 - lead).fill(1), ...shape.slice(0, lead)] as [number, number];
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

function checkRows(variables: readonly VariableInputs[]): void {
  for (const { queries, values, bias } of variables) {
    for (const other of [values, bias]) {
      if (other !== null && other.rows !== queries.rows) {
        refuse(
          other.name,
          `${other.name} has ${other.rows} rows and ${queries.name} has ${queries.rows}; they index the same tokens`,
        );
      }
    }
  }
}

function common(operands: readonly (Operand | null)[], what: string): number | undefined {
  const given = operands.filter((one) => one !== null);
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
