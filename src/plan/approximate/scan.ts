import type { Monomial, PairMask } from '../../../kernels/backend.ts';
import type { MaskedBlock } from '../block.ts';
import { addStage, bytesPerElement, type Draft, draftRows, type Message } from '../draft.ts';
import { type Gathered, newMessage } from '../messages.ts';
import { addUp, type FeatureSpec, offsetsOf, rowsOf, unaryRest } from './features.ts';
import { rank, scanWork } from './work.ts';

/**
 * Whether moving sums do for a masked block (math.md §3.5): one monomial of all of its variables, and one mask from the root to each of the
 * others, so that nothing ties two summed variables but the monomial.
 */
export function scans({ root, variables, monomials, masks }: MaskedBlock): boolean {
  const others = variables.filter((variable) => variable !== root);
  const whole = monomials.length === 1 && monomials[0]?.variables.length === variables.length;
  return whole && masks.length === others.length && others.every((variable) => maskOf(masks, root, variable) !== undefined);
}

function maskOf(masks: readonly PairMask[], root: number, variable: number): PairMask | undefined {
  return masks.find(({ row, column }) => row === root && column === variable);
}

/** The message of a masked block onto its root by moving sums of features. */
export function scanMessage(draft: Draft, block: MaskedBlock, gathered: ReadonlyMap<number, Gathered>, spec: FeatureSpec): Message {
  const { problem } = draft;
  const { coefficient, variables } = block.monomials[0] as Monomial;
  const withValues = block.variables.slice(1).some((variable) => gathered.get(variable)?.values != null);
  const dimension = spec.prepared?.dimension ?? problem.d;
  const cols = withValues ? problem.dv + 1 : 1;
  const r = rank(dimension, spec.coefficients.length - 1);
  const map = { draft, block, spec, dimension, cols, rank: r };
  const others = block.variables.slice(1).map((variable) => {
    const { lowest, highest } = maskOf(block.masks, block.root, variable) as PairMask;
    const { values, bias: own } = gathered.get(variable) as Gathered;
    const bias = addUp(draft, `bias ${variable} of ${block.variables.join(',')}`, variable, [own, unaryRest(map, variable)]);
    return { ...rowsOf(map, variable), values, bias, lowest, highest };
  });
  const extent = { variable: block.root, count: 1 };
  const message = newMessage(draft, `scan ${block.variables.join(',')}`, extent, withValues);
  const factor = variables.reduce(
    (product, variable) => product * (spec.entries.get(variable) as number),
    problem.scale * coefficient,
  );
  const step = {
    kind: 'scan',
    root: rowsOf(map, block.root),
    others,
    coefficients: spec.coefficients,
    factor,
    offsets: offsetsOf(map),
    message: message.u,
    logSumExp: message.logSumExp,
  } as const;
  const width = bytesPerElement(problem.precision);
  const work = scanWork(draftRows(draft, extent), r, block.variables.length, dimension, cols, width);
  addStage(draft, step, extent, 0, work);
  const unary = unaryRest(map, block.root);
  return { u: message.u, logSumExp: addUp(draft, `L ${block.variables.join(',')}`, block.root, [message.logSumExp, unary]) };
}
