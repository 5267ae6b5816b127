import type { ApproximateStep } from '../../../kernels/backend.ts';

export type Role = 'read' | 'write';

/** `mapOperands` (src/plan/operands.ts) of the steps of the approximate modes. */
export function mapApproximate<A, B>(step: ApproximateStep<A>, replace: (operand: A, role: Role) => B): ApproximateStep<B> {
  const read = (operand: A): B => replace(operand, 'read');
  const write = (operand: A): B => replace(operand, 'write');
  const maybe = (operand: A | null, role: Role): B | null => (operand === null ? null : replace(operand, role));
  switch (step.kind) {
    case 'survey': {
      const { input, mean, extremes, norms, covariance, bias, weighted } = step;
      const written = {
        mean: write(mean),
        extremes: write(extremes),
        norms: maybe(norms, 'write'),
        covariance: maybe(covariance, 'write'),
        weighted: maybe(weighted, 'write'),
      };
      return { ...step, input: read(input), bias: maybe(bias, 'read'), ...written };
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
    case 'scan': {
      const root = { ...step.root, ...mapRows(step.root, read) };
      const others = step.others.map((one) => {
        const [values, bias] = [maybe(one.values, 'read'), maybe(one.bias, 'read')];
        return { ...one, ...mapRows(one, read), values, bias };
      });
      const offsets = step.offsets.map((one) => ({ ...one, left: read(one.left), right: read(one.right) }));
      return { ...step, root, others, offsets, message: maybe(step.message, 'write'), logSumExp: write(step.logSumExp) };
    }
    case 'sample': {
      const operands = step.operands.map(({ queries, values, bias }) => ({
        queries: read(queries),
        values: maybe(values, 'read'),
        bias: maybe(bias, 'read'),
      }));
      const [keys, bias, doubledBias] = [write(step.keys), write(step.bias), maybe(step.doubledBias, 'write')] as const;
      return {
        ...step,
        operands,
        keys,
        bias,
        doubledBias,
        values: maybe(step.values, 'write'),
        moments: maybe(step.moments, 'write'),
      };
    }
    case 'judge': {
      const [message, moments] = [maybe(step.message, 'read'), maybe(step.moments, 'read')];
      const [logSumExp, squaredLogSumExp] = [read(step.logSumExp), read(step.squaredLogSumExp)];
      const drawnFrom = step.drawnFrom.map(read);
      const written = { bound: write(step.bound), scaled: write(step.scaled) };
      return { ...step, message, moments, logSumExp, squaredLogSumExp, drawnFrom, ...written };
    }
    case 'residual': {
      const { queries, keys, bias, values, moments, average, logSum } = step;
      const sampled = { keys: read(keys), bias: read(bias), values: read(values), moments: read(moments) };
      const known = { queries: read(queries), average: read(average), logSum: read(logSum), drawnFrom: step.drawnFrom.map(read) };
      const written = { message: write(step.message), bound: write(step.bound), scaled: write(step.scaled) };
      return { ...step, ...sampled, ...known, ...written };
    }
    case 'random-features':
      return { ...step, input: read(step.input), output: write(step.output) };
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
