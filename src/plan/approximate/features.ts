import type { AccumulateStep } from '../../../kernels/backend.ts';
import type { Block } from '../../polynomial/blocks.ts';
import { addStage, bytesPerElement, type Draft, draftRows, input, type Message, named, scratch } from '../draft.ts';
import { type Gathered, newMessage } from '../messages.ts';
import type { Extent } from '../plan.ts';
import { combineWork } from '../work.ts';
import { meanName } from './names.ts';
import { contractWork, featureWork, rank } from './work.ts';

/** How one block is approximated: the polynomial for the sum of its scores, and how rows become vectors of the feature map. */
export interface FeatureSpec {
  readonly coefficients: readonly number[];
  /** Rows are taken less their means (math.md §3.3). */
  readonly centred: boolean;
  /** Largest absolute entry of each variable's rows, by variable; what is divided by to come within [-1, 1]. */
  readonly entries: ReadonlyMap<number, number>;
  /** Scale and coefficient are in the rows already. */
  readonly weighted?: boolean;
  /** Rows that are not q_j themselves; null: they are. */
  readonly prepared: PreparedRows | null;
}

/** Rows that were made ready for the feature map: in fewer coordinates, or random features themselves. */
export interface PreparedRows {
  readonly dimension: number;
  /** [n_j, dimension], and a log-weight of each row [n_j, 1] that stands beside them. */
  buffers(draft: Draft, variable: number): { readonly queries: number; readonly unary: number | null };
}

/** Rows of one part: enough parts for the threads, few enough that joining them costs nothing. */
const PART_ROWS = 2048;
const MAX_PARTS = 16;

/**
 * The message of a block onto its root with the polynomial of its whole score in the place of the exponential (math.md §3.5): sums of
 * features over every other variable, their contraction, and the features of the root's rows. Linear in every n.
 */
export function featureMessage(draft: Draft, block: Block, gathered: ReadonlyMap<number, Gathered>, spec: FeatureSpec): Message {
  const { problem } = draft;
  const others = block.variables.slice(1);
  const withValues = others.some((variable) => gathered.get(variable)?.values != null);
  const dimension = spec.prepared?.dimension ?? problem.d;
  const cols = withValues ? problem.dv + 1 : 1;
  const map = { draft, block, spec, dimension, cols, rank: rank(dimension, spec.coefficients.length - 1) };
  const sums = others.map((variable) => accumulate(map, variable, gathered.get(variable) as Gathered));
  const contracted = contract(map, sums);
  const extent = { variable: block.root, count: 1 };
  const message = newMessage(draft, `features ${block.variables.join(',')}`, extent, withValues);
  const width = bytesPerElement(problem.precision);
  addStage(
    draft,
    { kind: 'apply', ...rowsOf(map, block.root), ...contracted, message: message.u, logSumExp: message.logSumExp },
    extent,
    0,
    featureWork(draftRows(draft, extent), map.rank, dimension, map.cols, width),
  );
  const unary = unaryRest(map, block.root);
  return { u: message.u, logSumExp: addUp(draft, `L ${block.variables.join(',')}`, block.root, [message.logSumExp, unary]) };
}

export interface FeatureDraft {
  readonly draft: Draft;
  readonly block: Block;
  readonly spec: FeatureSpec;
  readonly dimension: number;
  readonly cols: number;
  readonly rank: number;
}

/** Sum of log-weights of one variable's rows; one alone is used as it is. */
export function addUp(draft: Draft, name: string, variable: number, given: readonly (number | null)[]): number | null {
  const addends = given.filter((one) => one !== null);
  if (addends.length < 2) return addends[0] ?? null;
  const extent = { variable, count: 1 };
  const sum = scratch(draft, name, extent, 1);
  const work = combineWork(draftRows(draft, extent), 0, addends.length, bytesPerElement(draft.problem.precision));
  addStage(draft, { kind: 'combine', factors: [], product: null, addends, sum }, extent, 0, work);
  return sum;
}

/** The log-weights that prepared rows bring along; null where there are none. */
export function unaryRest({ draft, spec }: FeatureDraft, variable: number): number | null {
  return spec.prepared?.buffers(draft, variable).unary ?? null;
}

interface Sums {
  readonly sums: number;
  readonly shift: number;
  readonly parts: number;
}

type RowFields = Pick<AccumulateStep<number>, 'queries' | 'center' | 'stretch' | 'degree' | 'tilts'>;

/** Rows of a variable as vectors, and the unary rest of its pairs: x_i x_j leaves <mean_i, q_j - mean_j> on j. */
export function rowsOf({ draft, block, spec }: FeatureDraft, variable: number): RowFields {
  const { centred, entries, coefficients, prepared } = spec;
  const entry = entries.get(variable) as number;
  const [stretch, degree] = [entry > 0 ? 1 / entry : 1, coefficients.length - 1];
  if (prepared !== null) return { queries: prepared.buffers(draft, variable).queries, center: null, stretch, degree, tilts: [] };
  const tilts = centred
    ? block.monomials
        .filter(({ variables }) => variables.includes(variable))
        .map(({ coefficient, variables }) => ({
          vector: mean(draft, variables.find((one) => one !== variable) as number),
          factor: draft.problem.scale * coefficient,
        }))
    : [];
  return {
    queries: input(draft, 'q', variable),
    center: centred ? mean(draft, variable) : null,
    stretch,
    degree,
    tilts,
  };
}

export function mean(draft: Draft, variable: number): number {
  return named(draft, meanName(variable), { variable: 0, count: 1 }, draft.problem.d);
}

/** The constants of centring, Σ factor <mean_i, mean_j>. */
export function offsetsOf({ draft, block, spec }: FeatureDraft): { left: number; right: number; factor: number }[] {
  if (!spec.centred) return [];
  return block.monomials.map(({ coefficient, variables: [a, b] }) => ({
    left: mean(draft, a as number),
    right: mean(draft, b as number),
    factor: draft.problem.scale * coefficient,
  }));
}

function accumulate(map: FeatureDraft, variable: number, gathered: Gathered): Sums {
  const { draft, block, rank: r } = map;
  const { problem } = draft;
  const n = problem.rows[variable - 1] as number;
  const parts = Math.max(1, Math.min(MAX_PARTS, Math.floor(n / PART_ROWS)));
  const cols = gathered.values === null ? 1 : problem.dv + 1;
  const name = `${variable} of ${block.variables.join(',')}`;
  const sums = scratch(draft, `sums ${name}`, { variable: 0, count: parts * r }, cols);
  const shift = scratch(draft, `shift ${name}`, { variable: 0, count: parts }, 1);
  const { values } = gathered;
  const bias = addUp(draft, `bias ${name}`, variable, [gathered.bias, unaryRest(map, variable)]);
  const extent: Extent = { variable: 0, count: parts };
  const work = featureWork(n, r, map.dimension, cols, bytesPerElement(problem.precision));
  addStage(draft, { kind: 'accumulate', ...rowsOf(map, variable), values, bias, parts, sums, shift }, extent, variable, work);
  return { sums, shift, parts };
}

function contract(map: FeatureDraft, sums: readonly Sums[]): { result: number; resultShift: number } {
  const { draft, block, spec, dimension, cols, rank: r } = map;
  const { scale, precision } = draft.problem;
  const name = block.variables.join(',');
  const result = scratch(draft, `features ${name}`, { variable: 0, count: r }, cols);
  const resultShift = scratch(draft, `log-weight ${name}`, { variable: 0, count: 1 }, 1);
  const entry = (variable: number): number => spec.entries.get(variable) as number;
  const monomials = block.monomials.map(({ coefficient, variables }) => ({
    factor: variables.reduce((product, variable) => product * entry(variable), spec.weighted ? 1 : scale * coefficient),
    variables: variables.map((variable) => block.variables.indexOf(variable) + 1),
  }));
  const offsets = offsetsOf(map);
  const { coefficients } = spec;
  const visits = rank(monomials.length * dimension, coefficients.length - 1);
  const work = contractWork(visits, r, block.variables.length, cols, bytesPerElement(precision));
  const step = { kind: 'contract', dimension, coefficients, monomials, sums, offsets, result, resultShift } as const;
  addStage(draft, step, { variable: 0, count: 1 }, 0, work);
  return { result, resultShift };
}
