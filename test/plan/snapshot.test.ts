import { describe, expect, it } from 'vitest';
import type { BackendDescription } from '../../kernels/backend.ts';
import { readAnalysis } from '../../src/contract/analysis.ts';
import { compile } from '../../src/plan/compile.ts';
import { formatPlan } from '../../src/plan/format.ts';

/** Plans in words: a change in what the planner decides shows here. */

const rates = { flopsPerSecond: 1e11, exponentialsPerSecond: 4e9, bytesPerSecond: 1e10, tileSeconds: 2e-5 };
const slow = { flopsPerSecond: 2e9, exponentialsPerSecond: 1e8, bytesPerSecond: 2e9, tileSeconds: 2e-5 };
const described = (
  name: BackendDescription['name'],
  steps: BackendDescription['steps'],
  rate: typeof rates,
): BackendDescription => ({
  name,
  precisions: ['float32', 'float64'],
  steps,
  isa: null,
  device: 'cpu',
  rates: { float32: rate, float64: rate },
});
const machine = {
  backends: [
    described('native', ['attend', 'combine', 'conditioned', 'merge', 'cycle'], rates),
    described('reference', ['attend', 'combine', 'conditioned', 'merge', 'definition', 'prefix', 'eliminate', 'project'], slow),
  ],
  unavailable: {},
  threads: 2,
};

const plan = (polynomial: string, rest: object = {}): string => {
  const options = { polynomial, shape: { n: 256, d: 16 }, ...rest };
  return formatPlan(compile(readAnalysis({ tensors: new Map(), options }).problem, machine));
};

describe('the plan', () => {
  it.each([
    ['x1*x2', {}],
    ['x1*x2 + x2*x3', {}],
    ['x1*x2 + x1*x3', {}],
    ['x1*x2 + x2*x3 + x2*x4', {}],
    ['x1*x2 + x3*x4', {}],
    ['x1*x2 + x2*x3 + x1*x3', {}],
    ['x1*x2 + x2*x3 + x3*x4 + x1*x4', {}],
    ['x1*x2 + x2*x3 + x1*x3 + x3*x4 + x4*x5 + x3*x5', {}],
    ['x1*x2*x3', {}],
    ['x1*x2*x3 + x3*x4', {}],
    ['x1*x2 + x2*x3*x4', {}],
    ['x1*x2 + x1*x3 + x1*x4 + x2*x3 + x2*x4 + x3*x4', {}],
    ['x1*x2 + x2*x3 + x1*x3 + x4*x5 + x5*x6 + x4*x6 + x1*x4 + x2*x5', {}],
    ['x1*x2 + x2*x3', { mask: { type: 'edge-causal' } }],
    ['x1*x2 + x2*x3', { mask: { type: 'root-causal' } }],
    ['x1*x2 + x2*x3 + x3*x4', { mask: { type: 'root-causal' } }],
    ['x1*x2*x3', { mask: { type: 'root-window', window: [8, 4] } }],
    ['x1*x2', { shape: { n: 64, d: 16, batch: 2, heads: 4 } }],
    ['x1*x2', { algorithm: 'definition' }],
  ])('of %s %j', (polynomial, rest) => {
    expect(plan(polynomial, rest)).toMatchSnapshot();
  });
});
