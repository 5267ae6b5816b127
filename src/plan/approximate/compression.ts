import type { Problem } from '../../contract/request.ts';
import type { MaskedBlock } from '../block.ts';
import { finishPlan } from '../compile.ts';
import { addStage, bytesPerElement, type Draft, input, named, newDraft, supports } from '../draft.ts';
import type { Plan } from '../plan.ts';
import { UNITS } from './certificate.ts';
import type { ApproximateContext } from './context.ts';
import { dot, leadingEigen, symmetricEigen, times } from './eigen.ts';
import { basisName, compressedNames, meanName } from './names.ts';
import { sumOfRawBounds } from './score-bound.ts';
import { PAIR_NORMS, type SurveyedSlice, weighs } from './survey.ts';
import { shortProductWork, surveyWork } from './work.ts';

/**
 * Fewer coordinates for pair factors whose queries have low numerical rank: both sides are rotated into one basis and all but k coordinates
 * dropped, with the dropped part in the certificate, since |<a, b>| <= |a| |b| over the dropped coordinates. A product of three or more
 * vectors is not invariant under rotation, so this is for pairs alone.
 */

/** Covariances of centred rows, by variable and slice: [d, d] each. */
export type Covariances = ReadonlyMap<number, readonly ArrayLike<number>[]>;

export interface BlockBasis {
  /** Index of the block in the tree. */
  readonly block: number;
  readonly dimension: number; // k
  /** By slice, row major [d, k]. */
  readonly bases: readonly Float64Array[];
}

/** Exact plans shorter than this are not worth a second look. */
const WORTH_LOOKING_SECONDS = 0.5;
/** Few coordinates as they are: nothing to drop. */
const SMALLEST_DIMENSION = 8;

/** Whether the survey should bring covariances: where compression was asked for, or may pay. */
export function compressionWanted({ polynomial, d, mask, approximation }: Problem, exact: Plan): boolean {
  const pairs = polynomial.monomials.some(({ variables }) => variables.length === 2);
  if (!pairs || mask.type !== 'none' || d > LARGEST_DIMENSION) return false;
  if (approximation?.method !== 'auto') return approximation?.method === 'compress';
  return d >= SMALLEST_DIMENSION && exact.seconds > WORTH_LOOKING_SECONDS;
}

/** Beyond this the eigenvectors would take longer on the event loop than a request may hold it. */
const LARGEST_DIMENSION = 128;
/** The largest row is at most so many times the typical one: a guess, for choosing k only. */
const PEAK = 2;
/** Of the log-error that a block may have, what dropping may take. */
const SHARE = 0.3;
/** With more coordinates than this part of all, there is nothing to gain. */
const WORTH = 0.6;

/** The fewest coordinates for each pair block that keep the dropped part within its share of `logShare`; none where that is too many. */
export function chooseBases({ problem, tree }: ApproximateContext, covariances: Covariances, logShare: number): BlockBasis[] {
  const { d, scale } = problem;
  if (d > LARGEST_DIMENSION) return [];
  return tree.blocks.flatMap((block, index) => {
    const pair = pairOf(block);
    if (pair === null) return [];
    const [first, second] = pair.variables.map((variable) => covariances.get(variable)) as (
      | readonly ArrayLike<number>[]
      | undefined
    )[];
    if (first === undefined || second === undefined) return [];
    const factor = Math.abs(scale * pair.coefficient);
    const enough = (rest: number): boolean => factor * PEAK ** 2 * rest <= SHARE * logShare;
    const spectra = first.map((a, slice) => commonBasis(a, second[slice] as ArrayLike<number>, d, enough));
    const needed = spectra.map(({ lost }) => lost.findIndex(enough));
    const dimension = Math.max(1, ...needed);
    if (needed.some((k) => k < 0) || dimension > WORTH * d) return [];
    const bases = spectra.map(({ vectors }) => columns(vectors, d, dimension));
    return [{ block: index, dimension, bases }];
  });
}

function pairOf(block: MaskedBlock): { readonly variables: readonly number[]; readonly coefficient: number } | null {
  const [monomial, ...more] = block.monomials;
  const isPair = block.variables.length === 2 && block.masks.length === 0 && monomial !== undefined && more.length === 0;
  return isPair ? { variables: block.variables, coefficient: monomial.coefficient } : null;
}

interface CommonBasis {
  readonly vectors: readonly Float64Array[];
  /** lost[k]: typical dropped score with the first k kept. */
  readonly lost: readonly number[];
}

/** Coordinates that are looked for first: most of what can be compressed at all needs fewer. */
const FEW = 16;

/** Eigenvectors of both covariances together, each weighed by its size: the leading ones where those are `enough`, or else all of them. */
function commonBasis(a: ArrayLike<number>, b: ArrayLike<number>, d: number, enough: (rest: number) => boolean): CommonBasis {
  const [first, second] = [Float64Array.from(a), Float64Array.from(b)];
  const [sizeA, sizeB] = [trace(first, d), trace(second, d)];
  const sum = new Float64Array(d * d);
  for (let i = 0; i < sum.length; i++) {
    sum[i] = (sizeA > 0 ? (first[i] as number) / sizeA : 0) + (sizeB > 0 ? (second[i] as number) / sizeB : 0);
  }
  if (d > 2 * FEW) {
    const few = withLosses(leadingEigen(sum, d, FEW).vectors, [first, second], [sizeA, sizeB]);
    if (few.lost.some(enough)) return padded(few, d);
  }
  return withLosses(symmetricEigen(sum, d).vectors, [first, second], [sizeA, sizeB]);
}

/** What is outside of the first k vectors is what they leave of the trace. */
function withLosses(
  vectors: readonly Float64Array[],
  covariances: readonly Float64Array[],
  traces: readonly number[],
): CommonBasis {
  const rest = [...traces];
  const typical = (): number => Math.sqrt(rest.reduce((product, one) => product * Math.max(0, one), 1));
  const lost = [typical()];
  for (const vector of vectors) {
    covariances.forEach((covariance, i) => {
      rest[i] = (rest[i] as number) - dot(vector, times(covariance, vector));
    });
    lost.push(typical());
  }
  return { vectors, lost };
}

/** With coordinates that hold nothing, for slices that need more than this one. */
function padded({ vectors, lost }: CommonBasis, d: number): CommonBasis {
  const none = Array.from({ length: d - vectors.length }, () => new Float64Array(d));
  return { vectors: [...vectors, ...none], lost };
}

function trace(matrix: ArrayLike<number>, d: number): number {
  let sum = 0;
  for (let i = 0; i < d; i++) sum += matrix[i * d + i] as number;
  return sum;
}

function columns(vectors: readonly Float64Array[], d: number, k: number): Float64Array {
  const basis = new Float64Array(d * k);
  for (let i = 0; i < k; i++) for (let c = 0; c < d; c++) basis[c * k + i] = (vectors[i] as Float64Array)[c] as number;
  return basis;
}

/** The plan of the second look: rows into their bases, what that loses, and the sizes of what is left. */
export function compileCompression(
  { problem, backends, threads, tree }: ApproximateContext,
  bases: readonly BlockBasis[],
): Plan | null {
  const draft = newDraft(problem, backends);
  if (!supports(draft, ['compress', 'survey'])) return null;
  for (const { block, dimension } of bases) {
    const { variables, coefficient } = pairOf(tree.blocks[block] as MaskedBlock) as NonNullable<ReturnType<typeof pairOf>>;
    variables.forEach((variable, side) => {
      addCompression(draft, variable, { other: variables[1 - side] as number, coefficient, block, dimension });
    });
  }
  return finishPlan(draft, 'survey', threads);
}

interface Side {
  readonly other: number;
  readonly coefficient: number;
  readonly block: number;
  readonly dimension: number;
}

const PARTS = 8;

function addCompression(draft: Draft, variable: number, { other, coefficient, block, dimension }: Side): void {
  const { d, scale, rows, precision } = draft.problem;
  const n = rows[variable - 1] as number;
  const parts = Math.min(PARTS, n);
  const one = { variable: 0, count: 1 };
  const output = (name: string, extent: { variable: number; count: number }, cols: number): number => {
    draft.buffers.push({ name, source: 'output', extent, cols });
    draft.ready.push(0);
    return draft.buffers.length - 1;
  };
  const mean = (of: number): number => named(draft, meanName(of), one, d);
  const names = compressedNames(variable, block);
  const compressed = output(names.rows, { variable, count: 1 }, dimension);
  const step = {
    kind: 'compress',
    input: input(draft, 'q', variable),
    center: mean(variable),
    basis: named(draft, basisName(block), { variable: 0, count: d }, dimension),
    tilts: [{ vector: mean(other), factor: scale * coefficient }],
    parts,
    output: compressed,
    unary: output(names.unary, { variable, count: 1 }, 1),
    residual: output(names.residual, { variable: 0, count: parts }, 1),
  } as const;
  const width = bytesPerElement(precision);
  addStage(draft, step, { variable: 0, count: parts }, variable, shortProductWork(n, d, d, 2 * dimension, width));
  const isWeighted = weighs(draft.problem, variable);
  const survey = {
    kind: 'survey',
    input: compressed,
    mean: output(`mean ${names.rows}`, one, dimension),
    extremes: output(`extremes ${names.rows}`, { variable: 0, count: 2 }, dimension),
    norms: output(`norms ${names.rows}`, { variable: 0, count: 2 }, PAIR_NORMS),
    covariance:
      isWeighted || variable === 1 ? null : output(`covariance ${names.rows}`, { variable: 0, count: dimension }, dimension),
    bias: isWeighted ? input(draft, 'b', variable) : null,
    weighted: isWeighted ? output(`weighted ${names.rows}`, { variable: 0, count: 1 + dimension }, dimension) : null,
  } as const;
  addStage(draft, survey, one, variable, surveyWork(n, dimension, width, PAIR_NORMS, variable === 1 ? 0 : 1));
}

/**
 * With U the basis as it is stored, rows are exactly U a + r, a as stored and r measured. U^T U is the identity, and U^T r is zero, up to
 * rounding that is at most (d + k + 16) u of the rows' sizes; so <x, y> = <a, b> + <r, s> with an error of four such terms. The unary rests
 * are stored in the precision of this look, which may be less than that of the plan: up to twice the raw score on either side.
 */
export function lostScore(
  { problem, survey, tree }: Pick<ApproximateContext, 'problem' | 'survey' | 'tree'>,
  { block, dimension }: BlockBasis,
  residuals: readonly (readonly number[])[],
): number {
  const { monomials } = tree.blocks[block] as MaskedBlock;
  const { variables, coefficient } = pairOf(tree.blocks[block] as MaskedBlock) as NonNullable<ReturnType<typeof pairOf>>;
  const sizes = variables.map((variable) => survey.get(`q${variable}`) as readonly SurveyedSlice[]);
  const rounding = 4 * (problem.d + dimension + 16) * UNITS[problem.precision];
  let most = 0;
  (residuals[0] as readonly number[]).forEach((residual, slice) => {
    const [a, b] = sizes.map((all) => (all[slice] as SurveyedSlice).centred.norms[1] as number) as [number, number];
    most = Math.max(most, 1.00001 * residual * ((residuals[1] as readonly number[])[slice] as number) + rounding * a * b);
  });
  const unary = 5 * (problem.d + 8) * UNITS[problem.precision] * sumOfRawBounds(monomials, problem.scale, survey);
  return Math.abs(problem.scale * coefficient) * most + unary;
}
