import type { FloatArray } from '../../kernels/backend.ts';
import type { AttentionRequest, Operand, Problem } from '../contract/request.ts';
import { allocate } from '../tensor/allocate.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * The request whose output is the marginal attention P(l_j | l_1): the same weights with V_j the identity and all other values ones
 * (math.md §1.2), so that it runs by the same plan and is as exact.
 */
export function marginalRequest(request: AttentionRequest, variable: number): AttentionRequest {
  const { problem } = request;
  const n = problem.rows[variable - 1] as number;
  const names = problem.projected.names.filter((name) => name.startsWith('q'));
  const marginal: Problem = {
    ...problem,
    dv: n,
    hasValues: problem.rows.map((_, index) => index === variable - 1),
    projected: { ...problem.projected, names },
  };
  const values = identity(`v${variable}`, n, problem.precision);
  return {
    ...request,
    problem: marginal,
    operands: new Map([...request.operands, [values.name, values]]),
    output: { ...request.output, logSumExp: false, weights: false },
  };
}

function identity(name: string, n: number, precision: Problem['precision']): Operand {
  const tensor: Tensor = allocate(precision, [n, n]);
  for (let row = 0; row < n; row++) (tensor.data as FloatArray)[row * n + row] = 1;
  return { name, tensor, batch: 1, heads: 1, rows: n, cols: n };
}
