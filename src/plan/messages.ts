import type { Band } from '../../kernels/backend.ts';
import { addStage, bytesPerElement, type Draft, draftRows, input, type Message, scratch } from './draft.ts';
import { bandShare } from './masks.ts';
import type { Extent } from './plan.ts';
import { attendWork, combineWork } from './work.ts';

/** What has been gathered on a variable so far: its own values and bias, and the messages of finished blocks (math.md §6.1). */
export interface Fold {
  readonly factors: number[];
  readonly addends: number[];
}

/** X_j = V_j ⊙ Π u and b_j = bias_j + Σ L, ready to be the values and the key bias of a step. */
export interface Gathered {
  readonly values: number | null;
  readonly bias: number | null;
}

export function newFold(draft: Draft, variable: number): Fold {
  const { problem } = draft;
  const fold: Fold = { factors: [], addends: [] };
  if (problem.hasValues[variable - 1]) fold.factors.push(input(draft, 'v', variable));
  if (problem.hasBias[variable - 1]) fold.addends.push(input(draft, 'b', variable));
  return fold;
}

export function receive(fold: Fold, message: Message): void {
  if (message.u !== null) fold.factors.push(message.u);
  if (message.logSumExp !== null) fold.addends.push(message.logSumExp);
}

/** Products of values and sums of biases where there are several; a single one is used as it is. */
export function gather(draft: Draft, variable: number, fold: Fold): Gathered {
  const several = fold.factors.length > 1;
  const sums = fold.addends.length > 1;
  if (!several && !sums) return { values: fold.factors[0] ?? null, bias: fold.addends[0] ?? null };
  const extent: Extent = { variable, count: 1 };
  const product = several ? scratch(draft, `X${variable}`, extent, draft.problem.dv) : null;
  const sum = sums ? scratch(draft, `beta${variable}`, extent, 1) : null;
  // A row whose bias is -inf has no weight wherever it is used, so its product may be zeroed: the addends always go along.
  const step = { kind: 'combine', factors: several ? fold.factors : [], product, addends: fold.addends, sum } as const;
  const work = combineWork(
    draftRows(draft, extent),
    draft.problem.dv,
    fold.factors.length,
    bytesPerElement(draft.problem.precision),
  );
  addStage(draft, step, extent, 0, work);
  return { values: product ?? fold.factors[0] ?? null, bias: sum ?? fold.addends[0] ?? null };
}

/** Buffers for a message indexed by `extent`; without values below, u would be all ones and is left out. */
export function newMessage(
  draft: Draft,
  name: string,
  extent: Extent,
  withValues: boolean,
): { u: number | null; logSumExp: number } {
  return {
    u: withValues ? scratch(draft, `u ${name}`, extent, draft.problem.dv) : null,
    logSumExp: scratch(draft, `L ${name}`, extent, 1),
  };
}

/** One edge of a tree; a parent of 0 is no variable but the average over the child's rows. */
export interface Edge {
  readonly child: number;
  readonly parent: number;
  readonly coefficient: number;
  readonly band: Band | null;
}

/** The message of one edge child → parent: an attention call (math.md §6.1). */
export function attendMessage(draft: Draft, edge: Edge, gathered: Gathered): Message {
  const { child, parent, coefficient, band } = edge;
  const { problem } = draft;
  const extent: Extent = parent === 0 ? { variable: 0, count: 1 } : { variable: parent, count: 1 };
  const message = newMessage(draft, parent === 0 ? `${child}` : `${child}->${parent}`, extent, gathered.values !== null);
  const width = bytesPerElement(problem.precision);
  const nk = problem.rows[child - 1] as number;
  const rows = draftRows(draft, extent);
  const dv = gathered.values === null ? 0 : problem.dv;
  addStage(
    draft,
    {
      kind: 'attend',
      queries: parent === 0 ? null : input(draft, 'q', parent),
      keys: input(draft, 'q', child),
      keyBias: gathered.bias,
      values: gathered.values,
      scale: problem.scale * coefficient,
      band,
      message: message.u,
      logSumExp: message.logSumExp,
    },
    extent,
    child,
    attendWork(rows, nk, parent === 0 ? 0 : problem.d, dv, width, bandShare(band, rows, nk)),
  );
  return message;
}
