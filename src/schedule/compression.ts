import type { AttentionRequest, Operand } from '../contract/request.ts';
import { type BlockBasis, type Covariances, chooseBases, compileCompression, lostScore } from '../plan/approximate/compression.ts';
import type { ApproximateContext } from '../plan/approximate/context.ts';
import { logShare } from '../plan/approximate/fit.ts';
import { basisName, compressedNames } from '../plan/approximate/names.ts';
import type { CompressedBlock } from '../plan/approximate/survey.ts';
import type { Plan } from '../plan/plan.ts';
import { allocate } from '../tensor/allocate.ts';
import type { Binding } from './bind.ts';
import type { Session } from './session.ts';
import { outputSlices, surveyOf, withOutputs } from './survey.ts';

/** The second look: rows of pair blocks in fewer coordinates. */
export interface Compression {
  readonly request: AttentionRequest;
  readonly compressed: ReadonlyMap<number, CompressedBlock>;
}

/** Null where no block has few enough coordinates that matter. */
export async function compress(
  request: AttentionRequest,
  context: ApproximateContext,
  covariances: Covariances,
  session: Session,
): Promise<Compression | null> {
  const bases = chooseBases(context, covariances, logShare(context, context.tree.blocks.length));
  const plan = bases.length === 0 ? null : compileCompression(context, bases);
  if (plan === null) return null;
  const based = withBases(request, bases, plan);
  session.admit([plan]);
  const { binding } = await session.run(based, plan);
  const compressed = new Map(bases.map((basis) => [basis.block, readBlock(context, basis, plan, binding)]));
  return { request: withOutputs(based, plan, binding), compressed };
}

function withBases(request: AttentionRequest, bases: readonly BlockBasis[], { batch, heads, precision }: Plan): AttentionRequest {
  const operands = new Map(request.operands);
  for (const { block, dimension, bases: bySlice } of bases) {
    const rows = request.problem.d;
    const tensor = allocate(precision, [batch, heads, rows, dimension]);
    bySlice.forEach((basis, slice) => {
      tensor.data.set(basis, slice * rows * dimension);
    });
    const name = basisName(block);
    operands.set(name, { name, tensor, batch, heads, rows, cols: dimension } satisfies Operand);
  }
  return { ...request, operands };
}

function readBlock(context: ApproximateContext, basis: BlockBasis, plan: Plan, binding: Binding): CompressedBlock {
  const { block, dimension } = basis;
  const variables = context.tree.blocks[block]?.variables ?? [];
  const names = variables.map((variable) => compressedNames(variable, block));
  const residuals = names.map(({ residual }) =>
    outputSlices(plan, binding, residual).map((parts) => Math.max(...Array.from(parts))),
  );
  const slices = new Map(variables.map((variable, side) => [variable, surveyOf(plan, binding, names[side]?.rows ?? '')]));
  return { dimension, slices, lost: lostScore(context, basis, residuals) };
}
