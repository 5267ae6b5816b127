/** A step as the list of numbers and the list of operands that the addon reads (kernels/native/src/decode.cc), shapes checked. */
import type {
  AttendStep,
  CombineStep,
  ConditionedStep,
  CycleStep,
  EliminateStep,
  FloatArray,
  Matrix,
  MergeStep,
  PrefixStep,
  ProjectStep,
  Step,
  TileContext,
  VariableOperands,
} from '../backend.ts';
import type { KINDS } from './addon.ts';
import { encodeApproximate } from './encode-approximate.ts';
import { take } from './operand.ts';

export interface EncodedStep {
  readonly kind: keyof typeof KINDS;
  readonly numbers: Float64Array;
  readonly operands: readonly (FloatArray | null)[];
}

type Operand = FloatArray | null;

/** @throws Error when shapes contradict each other, element types differ, or the back end has no such step. */
export function encode(step: Step<Matrix>, tile: Omit<TileContext, 'control'>): EncodedStep {
  const numbers: number[] = [];
  const operands: Operand[] = [];
  switch (step.kind) {
    case 'attend':
      encodeAttend(step, numbers, operands);
      break;
    case 'combine':
      encodeCombine(step, numbers, operands);
      break;
    case 'merge':
      encodeMerge(step, numbers, operands);
      break;
    case 'conditioned':
      encodeConditioned(step, numbers, operands);
      break;
    case 'cycle':
      encodeCycle(step, numbers, operands);
      break;
    case 'eliminate':
      encodeEliminate(step, numbers, operands);
      break;
    case 'prefix':
      encodePrefix(step, numbers, operands);
      break;
    case 'project':
      encodeProject(step, numbers, operands);
      break;
    case 'survey':
    case 'accumulate':
    case 'contract':
    case 'apply':
    case 'compress':
    case 'scan':
    case 'sample':
    case 'judge':
    case 'random-features':
    case 'residual':
      encodeApproximate(step, numbers, operands);
      break;
    default:
      throw new Error(`the native back end does not run ${step.kind} steps`);
  }
  const { kind } = step;
  const wide = operands.find((operand) => operand !== null) instanceof Float64Array;
  return { kind, numbers: Float64Array.from([wide ? 64 : 32, tile.firstRow, tile.lastRow, tile.callId, ...numbers]), operands };
}

function encodeAttend(step: AttendStep<Matrix>, numbers: number[], operands: Operand[]): void {
  const { queries, keys, keyBias, values, message, logSumExp } = step;
  const nq = queries?.rows ?? 1;
  const nk = keys.rows;
  const d = keys.cols;
  const dv = message?.cols ?? values?.cols ?? 0;
  numbers.push(
    step.scale,
    step.band?.lowest ?? -Infinity,
    step.band?.highest ?? Infinity,
    nq,
    nk,
    d,
    dv,
    step.dropBelow ?? Infinity,
  );
  operands.push(
    take('queries', queries, nq, d),
    take('keys', keys, nk, d),
    take('keyBias', keyBias, nk, 1),
    take('values', values, nk, dv),
    take('message', message, nq, dv),
    take('logSumExp', logSumExp, nq, 1),
  );
}

function encodeCombine(step: CombineStep<Matrix>, numbers: number[], operands: Operand[]): void {
  const { factors, addends, product, sum } = step;
  const result = product ?? sum;
  if (result === null) throw new Error('native: combine without a result');
  const rows = result.rows;
  const dv = product?.cols ?? factors[0]?.cols ?? 0;
  const shared = (matrix: Matrix) => matrix.rows === 1 && rows !== 1;
  numbers.push(rows, dv, factors.length, addends.length);
  numbers.push(...[...factors, ...addends].map((matrix) => (shared(matrix) ? 1 : 0)));
  operands.push(...factors.map((factor) => take('factor', factor, shared(factor) ? 1 : rows, dv)));
  operands.push(...addends.map((addend) => take('addend', addend, shared(addend) ? 1 : rows, 1)));
  operands.push(take('product', product, rows, dv), take('sum', sum, rows, 1));
}

function encodeMerge(step: MergeStep<Matrix>, numbers: number[], operands: Operand[]): void {
  const { parts, messages, logSumExps, message, logSumExp } = step;
  const rows = logSumExp.rows;
  const dv = message?.cols ?? messages?.cols ?? 0;
  numbers.push(parts, rows, dv);
  operands.push(
    take('messages', messages, parts * rows, dv),
    take('logSumExps', logSumExps, parts * rows, 1),
    take('message', message, rows, dv),
    take('logSumExp', logSumExp, rows, 1),
  );
}

function encodePolynomial(
  step: ConditionedStep<Matrix> | CycleStep<Matrix> | EliminateStep<Matrix>,
  numbers: number[],
  operands: Operand[],
): void {
  const { variables, monomials, masks, message } = step;
  const d = variables[0]?.queries.cols ?? 0;
  const dv = message?.cols ?? variables.find(({ values }) => values !== null)?.values?.cols ?? 0;
  if (variables[0]?.values) throw new Error('native: x1 has values');
  numbers.push(d, dv, step.scale, variables.length, ...variables.map(({ queries }) => queries.rows), monomials.length);
  for (const monomial of monomials) numbers.push(monomial.coefficient, monomial.variables.length, ...monomial.variables);
  numbers.push(masks.length);
  for (const { row, column, lowest, highest } of masks) numbers.push(row, column, lowest, highest);
  for (const [index, { queries, values, bias }] of variables.entries()) {
    operands.push(
      take(`queries of x${index + 1}`, queries, queries.rows, d),
      take(`values of x${index + 1}`, values, queries.rows, dv),
      take(`bias of x${index + 1}`, bias, queries.rows, 1),
    );
  }
}

function encodeConditioned(step: ConditionedStep<Matrix>, numbers: number[], operands: Operand[]): void {
  encodePolynomial(step, numbers, operands);
  const { cutset, forest, parts, message, logSumExp } = step;
  numbers.push(cutset.length, ...cutset, forest.length, ...forest.flatMap(({ variable, parent }) => [variable, parent]), parts);
  const rows = parts * (step.variables[0]?.queries.rows ?? 0);
  operands.push(take('message', message, rows, message?.cols ?? 0), take('logSumExp', logSumExp, rows, 1));
}

function encodeCycle(step: CycleStep<Matrix>, numbers: number[], operands: Operand[]): void {
  encodePolynomial(step, numbers, operands);
  const { order, product, message, logSumExp } = step;
  if (order.length !== step.variables.length)
    throw new Error(`native: a cycle of ${order.length} variables, not ${step.variables.length}`);
  numbers.push(...order, ['gemm', 'fast', 'auto'].indexOf(product));
  const rows = step.variables[0]?.queries.rows ?? 0;
  operands.push(take('message', message, rows, message?.cols ?? 0), take('logSumExp', logSumExp, rows, 1));
}

function encodeProject({ input, weights, output }: ProjectStep<Matrix>, numbers: number[], operands: Operand[]): void {
  const { rows: n, cols: m } = input;
  const { cols } = weights;
  numbers.push(n, m, cols);
  operands.push(take('input', input, n, m), take('weights', weights, m, cols), take('output', output, n, cols));
}

function encodePrefix(step: PrefixStep<Matrix>, numbers: number[], operands: Operand[]): void {
  const { queries, child, grandchildren, scale, coefficient, message, logSumExp } = step;
  const { rows: n1, cols: d } = queries;
  const all = [child, ...grandchildren.map((grandchild) => grandchild.operands)];
  const dv = message?.cols ?? all.find(({ values }) => values !== null)?.values?.cols ?? 0;
  const takeOperands = (each: VariableOperands<Matrix>) => {
    const n = each.queries.rows;
    operands.push(take('keys', each.queries, n, d), take('values', each.values, n, dv), take('bias', each.bias, n, 1));
  };
  numbers.push(scale, n1, child.queries.rows, d, dv, coefficient, grandchildren.length);
  operands.push(take('queries', queries, n1, d));
  takeOperands(child);
  for (const grandchild of grandchildren) {
    numbers.push(grandchild.operands.queries.rows, grandchild.coefficient);
    takeOperands(grandchild.operands);
  }
  operands.push(take('message', message, n1, dv), take('logSumExp', logSumExp, n1, 1));
}

function encodeEliminate(step: EliminateStep<Matrix>, numbers: number[], operands: Operand[]): void {
  encodePolynomial(step, numbers, operands);
  const { cutset, order, message, logSumExp } = step;
  numbers.push(cutset.length, ...cutset, order.length, ...order);
  const rows = step.variables[0]?.queries.rows ?? 0;
  operands.push(take('message', message, rows, message?.cols ?? 0), take('logSumExp', logSumExp, rows, 1));
}
