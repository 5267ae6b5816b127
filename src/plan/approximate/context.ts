import { type BackendDescription, isDevice, type Precision } from '../../../kernels/backend.ts';
import type { Approximation, Problem } from '../../contract/request.ts';
import { type BlockTree, blockTree } from '../../polynomial/blocks.ts';
import { type MaskedBlock, withMasks } from '../block.ts';
import { allowedBackends } from '../compile.ts';
import { maskEdges, pairMasks } from '../masks.ts';
import type { Machine, Plan } from '../plan.ts';
import { type CertificateContext, type PartError, type ProjectionError, roundingError } from './certificate.ts';
import type { Glance } from './glance.ts';
import { type ScoreBound, sumOfRawBounds } from './score-bound.ts';
import { type CompressedBlock, type Survey, type SurveyedSlice, valueRange } from './survey.ts';

/** All that the methods decide by: the problem in the precision to compute in, its blocks, and what the survey found. */
export interface ApproximateContext {
  readonly problem: Problem;
  readonly wish: Approximation;
  readonly backends: readonly BackendDescription[];
  readonly threads: number;
  readonly survey: Survey;
  readonly tree: Pick<BlockTree, 'roots'> & { readonly blocks: readonly MaskedBlock[] };
  /** Pair blocks in fewer coordinates, by their index in the tree; empty before the second look. */
  readonly compressed: ReadonlyMap<number, CompressedBlock>;
  readonly certificate: CertificateContext;
  /** A few scores, for modelling what pruning saves; null where nobody looked. */
  readonly glance: Glance | null;
  /** By block, bounds by a look at every tuple, where there are so few; null where there are not. */
  readonly measured: readonly (ScoreBound | null)[];
  /** Bound on |score + biases| of any tuple, and so on any pair's with what its key has gathered. */
  readonly largestScore: number;
  /** Largest |log-weight| that a variable's rows have of their own. */
  readonly largestBias: (variable: number) => number;
  /** Error of a block that is computed exactly. */
  readonly exactPart: PartError;
  /** Error of one attention call over n keys, whatever their scores are made of. */
  readonly attention: (n: number) => PartError;
}

/** A plan with the bound that it certifies, whether that is within the tolerance or not. */
export interface Candidate {
  readonly plan: Plan;
  readonly maxAbsError: number;
}

/** The problem must have its projections behind it. */
export function approximateContext(
  given: Problem,
  wish: Approximation,
  machine: Machine,
  survey: Survey,
  precision: Precision,
  projections: ProjectionError,
  compressed: ApproximateContext['compressed'] = new Map(),
): ApproximateContext {
  const problem = { ...given, precision };
  const masks = pairMasks(problem);
  const tree = blockTree(problem.polynomial, maskEdges(masks));
  const largest = sumOfRawBounds(problem.polynomial.monomials, problem.scale, survey);
  const largestBias = (variable: number): number =>
    problem.hasBias[variable - 1] ? largestEntryOf(survey.get(`b${variable}`) ?? []) : 0;
  const biases = problem.rows.reduce((sum, _, j) => sum + largestBias(j + 1), 0);
  const logs = problem.rows.reduce((sum, n) => sum + Math.log(n), 0);
  const sizes = {
    score: largest,
    // Keys bring their biases along, and where there are several blocks the messages of those below.
    keyLog: tree.blocks.length > 1 ? largest + biases + logs : biases,
    terms: (problem.d + problem.polynomial.variableCount) * Math.max(1, ...tree.blocks.map(({ monomials }) => monomials.length)),
    pair: tree.blocks.every(({ variables }) => variables.length === 2),
  };
  return {
    problem,
    wish,
    // The certificates count the rounding of this processor's kernels; a device sums in an order of its own.
    backends: withReference(problem, machine).filter(({ name }) => !isDevice(name)),
    threads: machine.threads,
    survey,
    compressed,
    glance: null,
    measured: [],
    tree: { ...tree, blocks: tree.blocks.map((block) => withMasks(block, masks)) },
    certificate: {
      values: valueRange(problem, survey),
      precision,
      outputType: wish.outputType,
      largestLog: largest + biases + logs,
      variables: problem.polynomial.variableCount,
      largestScore: largest + biases,
      roundedInputs: wish.roundedInputs,
      projections,
    },
    largestScore: largest + biases,
    largestBias,
    exactPart: roundingError({ ...sizes, n: Math.max(...problem.rows) }, precision),
    attention: (n) => roundingError({ ...sizes, n, pair: true }, precision),
  };
}

function largestEntryOf(slices: readonly SurveyedSlice[]): number {
  return slices.reduce((most, { raw }) => Math.max(most, raw.entry), 0);
}

/**
 * The back ends that a request allows, and the reference for the small steps that others lack: surveys and contractions. Every stage still
 * goes to the fastest that has it.
 */
export function withReference(problem: Problem, machine: Machine): BackendDescription[] {
  const reference = machine.backends.filter(({ name }) => name === 'reference');
  return [...new Set([...allowedBackends(problem, machine), ...reference])];
}
