import { describe, expect, it } from 'vitest';
import { warmUp } from '../../src/plan/warm-up.ts';
import { ALL, BASIC, backend, FULL, machine } from './machine.ts';

describe('the warm-up', () => {
  it('plans with every method and every step that exact plans can have', () => {
    const plans = warmUp(FULL);
    const kinds = new Set(plans.flatMap(({ stages }) => stages.map(({ step }) => step.kind)));
    expect([...kinds].sort()).toEqual(['attend', 'combine', 'conditioned', 'cycle', 'eliminate', 'merge', 'prefix'].sort());
    expect(new Set(plans.map(({ mask }) => mask)).size).toBe(5);
  });

  it('leaves out what no back end of the machine can run, and forgives nothing else', () => {
    const some = warmUp(machine(backend('native', BASIC), backend('reference', ALL)));
    expect(warmUp(machine(backend('gpu', ['attend', 'combine']))).length).toBeLessThan(some.length);
    expect(warmUp(machine(backend('gpu', [])))).toEqual([]);
    const broken = machine({ ...backend('reference', ALL), rates: {} });
    expect(() => warmUp(broken)).toThrow(/no allowed back end runs/);
  });
});
