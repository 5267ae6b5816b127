import type { BackendDescription } from '../../kernels/backend.ts';
import type { Problem } from '../contract/request.ts';
import { addStage, bytesPerElement, type Draft, input, newDraft } from './draft.ts';
import { pairMasks } from './masks.ts';
import { definitionWork } from './work.ts';

/** The plan that is the definition itself, one step over all tuples (math.md §1.2): the oracle, asked for by name. */
export function definitionDraft(problem: Problem, backends: readonly BackendDescription[], threads: number): Draft {
  const draft = newDraft(problem, backends, threads);
  const { polynomial, rows, d, dv, hasValues, hasBias } = problem;
  const variables = rows.map((_, index) => ({
    queries: input(draft, 'q', index + 1),
    values: hasValues[index] ? input(draft, 'v', index + 1) : null,
    bias: hasBias[index] ? input(draft, 'b', index + 1) : null,
  }));
  const extent = { variable: 1, count: 1 };
  draft.buffers.push(
    { name: 'output', source: 'output', extent, cols: dv },
    { name: 'logSumExp', source: 'output', extent, cols: 1 },
  );
  draft.ready.push(0, 0);
  const [message, logSumExp] = [draft.buffers.length - 2, draft.buffers.length - 1];
  const { monomials } = polynomial;
  const step = {
    kind: 'definition',
    variables,
    monomials,
    masks: pairMasks(problem),
    scale: problem.scale,
    message,
    logSumExp,
  } as const;
  addStage(draft, step, extent, 0, definitionWork(rows, monomials, d, dv, bytesPerElement(problem.precision)));
  return draft;
}
