import { afterAll, describe, expect, it } from 'vitest';
import { type Answer, post, startTestApp } from '../helpers/app.ts';
import { random } from '../helpers/random.ts';

/** A triangle above the crossover of fast products (math.md §6.3): which of them runs depends on the tensors, and the answer says so. */

const app = await startTestApp();
afterAll(() => app.close());

const [n, d] = [800, 4];

function tensors(size: number): Record<string, unknown> {
  const next = random(7);
  const filled = (scale: number): unknown => ({
    shape: [n, d],
    dtype: 'float64',
    data: Array.from({ length: n * d }, () => scale * (2 * next() - 1)),
  });
  return { q1: filled(size), q2: filled(size), q3: filled(size), v2: filled(1), v3: filled(1) };
}

function ask(size: number, options: Record<string, unknown> = {}): Promise<Answer> {
  const output = { dtype: 'float64', logSumExp: true };
  return post(app, '/v1/attention', { mechanism: 'strassen', tensors: tensors(size), output, ...options });
}

function farthest(a: Answer, b: Answer, member: 'output' | 'logSumExp'): number {
  const [x, y] = [a, b].map(({ body }) => body[member].data as number[]) as [number[], number[]];
  return x.reduce((most, value, index) => Math.max(most, Math.abs(value - (y[index] as number))), 0);
}

describe('fast products', () => {
  it('run where a trial says that their certificate will hold, and are within it', async () => {
    const [chosen, exact] = await Promise.all([ask(0.6), ask(0.6, { precision: 'float64', algorithm: 'conditioning' })]);
    expect([chosen.status, chosen.body.plan.algorithm, chosen.body.plan.fallbackRows]).toEqual([200, 'fast-matmul', 0]);
    // Values lie in [-1, 1] and so do their products: 1e-5 of the range of 2.
    expect(farthest(chosen, exact, 'output')).toBeLessThanOrEqual(2e-5);
    expect(farthest(chosen, exact, 'logSumExp')).toBeLessThanOrEqual(2e-5);
  });

  it('are left where scores are large, at no cost in accuracy', async () => {
    const [chosen, exact] = await Promise.all([ask(6), ask(6, { precision: 'float64', algorithm: 'conditioning' })]);
    expect([chosen.status, chosen.body.plan.algorithm]).toEqual([200, 'cycle-gemm']);
    // Three scores of up to 36 a tuple: math.md §3.1, R/2 Σ λ with λ = 4e-7 (1 + 36).
    expect(farthest(chosen, exact, 'output')).toBeLessThanOrEqual(3 * 4e-7 * 37);
  });

  it('are left to those who ask for classical ones by name', async () => {
    expect((await ask(1, { algorithm: 'cycle-gemm' })).body.plan.algorithm).toBe('cycle-gemm');
  });
});
