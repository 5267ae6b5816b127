/** Cycles in several orders, and rows of one that are made to underflow. */
import type { Matrix, Precision, VariableOperands } from '../../kernels/backend.ts';
import { matrix, type Problem, randomSource } from './cases.ts';

export const ORDERS = [
  [1, 2, 3],
  [1, 3, 2],
  [1, 2, 3, 4],
  [1, 4, 2, 3],
  [1, 3, 5, 2, 4],
];

export function cycleOf(order: readonly number[]): Pick<Problem, 'monomials'> & { t: number } {
  const monomials = order.map((x, i) => {
    const variables = [x, order[(i + 1) % order.length]].sort((a, b) => a - b);
    return { coefficient: i === 1 ? -0.75 : 1, variables };
  });
  return { t: order.length, monomials };
}

/**
 * Strassen rows whose scores towards x3 peak where those of the pairs (x2, x3) are lowest (math.md §6.3): x1 prefers the keys of
 * one sign, x2 those of the other, more and more from row to row.
 */
export function adversarial(precision: Precision, seed: number, spread: number): Problem {
  const random = randomSource(seed);
  const [n1, n2, n3] = [180, 9, 11];
  const operands = (n: number, fill: (row: number, c: number) => number, values: boolean): VariableOperands<Matrix> => ({
    queries: matrix(precision, n, 3, (at) => fill(Math.floor(at / 3), at % 3)),
    values: values ? matrix(precision, n, 2, () => 2 * random() - 1) : null,
    bias: null,
  });
  const noise = () => (2 * random() - 1) / 8;
  const variables = [
    operands(n1, (row, c) => (c === 0 ? row / n1 : 0) + noise() / 8, false),
    operands(n2, (_, c) => (c === 1 ? -1 : 0) + noise(), true),
    operands(n3, (row, c) => (c < 2 ? (row / (n3 - 1) - 0.5) * (c === 0 ? 1 : 1) : 0) + noise(), true),
  ];
  return {
    variables,
    monomials: cycleOf([1, 2, 3]).monomials.map(({ variables }) => ({ coefficient: 1, variables })),
    masks: [],
    scale: spread,
  };
}
