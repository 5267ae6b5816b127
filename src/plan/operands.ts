import type { Step, VariableOperands } from '../../kernels/backend.ts';
import { mapApproximate, type Role } from './approximate/operands.ts';

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
    case 'definition':
    case 'conditioned':
    case 'cycle':
    case 'eliminate':
      return { ...step, variables: step.variables.map(variable), ...message(step) };
    default:
      return mapApproximate(step, replace);
  }
}

/** Which operands a step reads and writes, in the order of its fields. */
export function operandsOf<T>(step: Step<T>): Record<Role, T[]> {
  const found: Record<Role, T[]> = { read: [], write: [] };
  mapOperands(step, (operand, role) => found[role].push(operand));
  return found;
}
