import { bytesPerElement, type Draft } from './draft.ts';
import { operandsOf } from './operands.ts';
import { type BufferSpec, extentRows, type Plan, type Stage } from './plan.ts';

/** The levels between which a buffer of the plan must exist: from its first writer to its last reader. */
export interface Lifetime {
  readonly first: number;
  readonly last: number;
}

/** Lifetimes of all buffers; inputs and outputs live through. */
export function lifetimes(buffers: readonly BufferSpec[], stages: readonly Stage[]): Lifetime[] {
  const deepest = Math.max(...stages.map(({ level }) => level));
  return buffers.map(({ source }, index) => {
    if (source !== 'scratch') return { first: 0, last: deepest };
    const touching = stages.filter(({ step }) => {
      const { read, write } = operandsOf(step);
      return read.includes(index) || write.includes(index);
    });
    const levels = touching.map(({ level }) => level);
    return { first: Math.min(...levels), last: Math.max(...levels) };
  });
}

/** Bytes held at the worst level, all slices together; threads work on one slice of one stage at a time. */
export function peakBytes({ problem, buffers, stages }: Pick<Draft, 'problem' | 'buffers' | 'stages'>, slices: number): number {
  const width = bytesPerElement(problem.precision) * slices;
  const spans = lifetimes(buffers, stages);
  // Tokens are one tensor, whichever variables are projected from them.
  const sizes = buffers.map(({ name, source, extent, cols }, index) => {
    const again = source === 'input' && buffers.findIndex((one) => one.name === name) < index;
    return again ? 0 : extentRows(extent, problem.rows) * cols * width;
  });
  const levels = new Set(stages.map(({ level }) => level));
  return Math.max(
    ...[...levels].map((level) => {
      const scratch = Math.max(...stages.filter((stage) => stage.level === level).map(({ scratchBytes }) => scratchBytes));
      return sizes.reduce((sum, size, index) => sum + (alive(spans[index], level) ? size : 0), scratch);
    }),
  );
}

function alive(span: Lifetime | undefined, level: number): boolean {
  return span !== undefined && span.first <= level && level <= span.last;
}

/** Buffers that no stage after `level` touches. */
export function finishedBy(plan: Plan, level: number): number[] {
  return lifetimes(plan.buffers, plan.stages).flatMap(({ last }, index) =>
    last === level && plan.buffers[index]?.source === 'scratch' ? [index] : [],
  );
}
