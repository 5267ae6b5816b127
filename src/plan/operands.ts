import type { ApproximateStep, Step, VariableOperands } from '../../kernels/backend.ts';

export type Role = 'read' | 'write';

/** The same step with every operand replaced: from buffer numbers to names, to memory. The one place that knows which field is which. */
export function mapOperands<A, B>(step: Step<A>, replace: (operand: A, role: Role) => B): Step<B> {
  const read = (operand: A): B => replace(operand, 'read');
  const maybe = (operand: A | null, role: Role): B | null => (operand === null ? null : replace(operand, role));
  const variable = ({ queries, values, bias }: VariableOperands<A>): VariableOperands<B> => ({
    queries: read(queries),
    values: maybe(values, 'read'),
    bias: maybe(bias, 'read'),
  });
  const message = (from: { message: A | null; logSumExp: A }): { message: B | null; logSumExp: B } => ({
    message: maybe(from.message, 'write'),
    logSumExp: replace(from.logSumExp, 'write'),
  });
  switch (step.kind) {
    case 'attend': {
      const [queries, keys] = [maybe(step.queries, 'read'), read(step.keys)];
      return { ...step, queries, keys, keyBias: maybe(step.keyBias, 'read'), values: maybe(step.values, 'read'), ...message(step) };
    }
    case 'combine': {
      const { factors, addends, product, sum } = step;
      return {
        ...step,
        factors: factors.map(read),
        addends: addends.map(read),
        product: maybe(product, 'write'),
        sum: maybe(sum, 'write'),
      };
    }
    case 'merge':
      return { ...step, messages: maybe(step.messages, 'read'), logSumExps: read(step.logSumExps), ...message(step) };
    case 'prefix': {
      const grandchildren = step.grandchildren.map(({ operands, coefficient }) => ({ operands: variable(operands), coefficient }));
      return { ...step, queries: read(step.queries), child: variable(step.child), grandchildren, ...message(step) };
    }
    case 'project':
      return { ...step, input: read(step.input), weights: read(step.weights), output: replace(step.output, 'write') };
    case 'survey':
    case 'accumulate':
    case 'contract':
    case 'apply':
    case 'compress':
      return mapApproximate(step, replace);
    default:
      return { ...step, variables: step.variables.map(variable), ...message(step) };
  }
}

function mapApproximate<A, B>(step: ApproximateStep<A>, replace: (operand: A, role: Role) => B): ApproximateStep<B> {
  const read = (operand: A): B => replace(operand, 'read');
  const write = (operand: A): B => replace(operand, 'write');
  const maybe = (operand: A | null, role: Role): B | null => (operand === null ? null : replace(operand, role));
  switch (step.kind) {
    case 'survey': {
      const { input, mean, extremes, norms, covariance } = step;
      const written = { mean: write(mean), extremes: write(extremes), norms: write(norms), covariance: maybe(covariance, 'write') };
      return { ...step, input: read(input), ...written };
    }
    case 'accumulate': {
      const [values, bias] = [maybe(step.values, 'read'), maybe(step.bias, 'read')];
      return { ...step, ...mapRows(step, read), values, bias, sums: write(step.sums), shift: write(step.shift) };
    }
    case 'contract': {
      const sums = step.sums.map((one) => ({ ...one, sums: read(one.sums), shift: read(one.shift) }));
      const offsets = step.offsets.map((one) => ({ ...one, left: read(one.left), right: read(one.right) }));
      return { ...step, sums, offsets, result: write(step.result), resultShift: write(step.resultShift) };
    }
    case 'apply': {
      const [result, resultShift] = [read(step.result), read(step.resultShift)];
      const written = { message: maybe(step.message, 'write'), logSumExp: write(step.logSumExp) };
      return { ...step, ...mapRows(step, read), result, resultShift, ...written };
    }
    case 'compress': {
      const { queries: input, center, tilts } = mapRows({ ...step, queries: step.input }, read);
      const written = { output: write(step.output), unary: write(step.unary), residual: write(step.residual) };
      return { ...step, input, center, tilts, basis: read(step.basis), ...written };
    }
  }
}

interface Rows<T> {
  readonly queries: T;
  readonly center: T | null;
  readonly tilts: readonly { readonly vector: T; readonly factor: number }[];
}

function mapRows<A, B>({ queries, center, tilts }: Rows<A>, read: (operand: A) => B): Rows<B> {
  return {
    queries: read(queries),
    center: center === null ? null : read(center),
    tilts: tilts.map(({ vector, factor }) => ({ vector: read(vector), factor })),
  };
}

/** Which operands a step reads and writes, in the order of its fields. */
export function operandsOf<T>(step: Step<T>): Record<Role, T[]> {
  const found: Record<Role, T[]> = { read: [], write: [] };
  mapOperands(step, (operand, role) => found[role].push(operand));
  return found;
}
