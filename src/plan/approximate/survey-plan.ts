import { modelledSeconds, SURVEYED_NORMS, supportsStep } from '../../../kernels/backend.ts';
import type { Problem } from '../../contract/request.ts';
import { finishPlan } from '../compile.ts';
import { addStage, bytesPerElement, type Draft, draftRows, input, named, newDraft, tokensOf } from '../draft.ts';
import type { BufferSpec, Machine, Plan } from '../plan.ts';
import { projectWork } from '../work.ts';
import { withReference } from './context.ts';
import { meanName } from './names.ts';
import { projectedTensors } from './projections.ts';
import { PAIR_NORMS, weighs } from './survey.ts';
import { surveyWork } from './work.ts';

/**
 * The plan that looks at the tensors before anything is approximated: one `survey` step a tensor, projections done on the way. Its outputs
 * are named `mean q2`, `extremes q2`, `norms q2` (of q alone), `covariance q2` and `weighted q2` or `weighted v2` where asked for, and a
 * projected q_j or v_j by its own name.
 */
export function compileSurvey(problem: Problem, machine: Machine, wanted: Wanted): Plan {
  const draft = newDraft(problem, withReference(problem, machine));
  for (const { role, variable } of surveyed(problem)) addSurvey(draft, role, variable, wanted);
  for (const tensor of projectedTensors(problem)) addProjectedSurvey(draft, tensor);
  publishProjections(draft);
  return finishPlan(draft, 'survey', machine.threads);
}

/** Beside sizes: covariances of all q, as compression takes them, and what the average errors of moments.ts are made of. */
interface Wanted {
  readonly covariances: boolean;
  readonly moments: boolean;
}

/** Thread-seconds of a survey of the tensors that a problem has, without its plan: for whether to look at all. */
export function surveySeconds(problem: Problem, machine: Machine): number {
  const { precision, rows, d, dv, batch, heads, projected } = problem;
  const rates = withReference(problem, machine).flatMap((backend) =>
    supportsStep(backend, 'survey', precision) ? (backend.rates[precision] ?? []) : [],
  );
  const width = bytesPerElement(precision);
  const works = surveyed(problem).flatMap(({ role, variable, name }) => {
    const [n, cols] = [rows[variable - 1] as number, role === 'b' ? 1 : role === 'q' ? d : dv];
    const survey = surveyWork(n, cols, width, role === 'q' ? normsOf(problem) : 0, 0);
    return projected.names.includes(name) ? [survey, projectWork(n, projected.m, cols, width)] : [survey];
  });
  const seconds = works.reduce((sum, work) => sum + Math.min(...rates.map((one) => modelledSeconds(work, one))), 0);
  return batch * heads * seconds;
}

/** Which of q_j, v_j, b_j a problem has. */
export function surveyed({ hasValues, hasBias }: Problem): SurveyedTensor[] {
  return hasValues.flatMap((values, index) => {
    const roles: Role[] = ['q', ...(values ? (['v'] as const) : []), ...(hasBias[index] ? (['b'] as const) : [])];
    return roles.map((role) => ({ role, variable: index + 1, name: `${role}${index + 1}` }));
  });
}

type Role = 'q' | 'v' | 'b';

interface SurveyedTensor {
  readonly role: Role;
  readonly variable: number;
  readonly name: string;
}

function addSurvey(draft: Draft, role: Role, variable: number, { covariances, moments }: Wanted): void {
  const { problem } = draft;
  const cols = role === 'b' ? 1 : role === 'q' ? problem.d : problem.dv;
  const from = input(draft, role, variable);
  const output = (name: string, count: number, width: number): number => {
    draft.buffers.push({ name, source: 'output', extent: { variable: 0, count }, cols: width });
    draft.ready.push(0);
    return draft.buffers.length - 1;
  };
  const name = `${role}${variable}`;
  const mean = output(role === 'q' ? meanName(variable) : `mean ${name}`, 1, cols);
  const extremes = output(`extremes ${name}`, 2, cols);
  // Bounds of values and biases are made of columns alone.
  const norms = role === 'q' ? output(`norms ${name}`, 2, normsOf(problem)) : null;
  const rows = draftRows(draft, { variable, count: 1 });
  const isWeighted = moments && role !== 'b' && weighs(problem, variable);
  const plain = role === 'q' && (covariances || (moments && variable > 1 && !isWeighted));
  const covariance = plain ? output(`covariance ${name}`, cols, cols) : null;
  const bias = isWeighted ? input(draft, 'b', variable) : null;
  const weighted = isWeighted ? output(`weighted ${name}`, role === 'q' ? 1 + cols : 1, cols) : null;
  const step = { kind: 'survey', input: from, mean, extremes, norms, covariance, bias, weighted } as const;
  const products = Number(plain) + Number(isWeighted && role === 'q');
  const work = surveyWork(rows, cols, bytesPerElement(problem.precision), norms === null ? 0 : normsOf(problem), products);
  addStage(draft, step, { variable: 0, count: 1 }, 0, work);
}

/** Hölder's inequality takes as many as the largest monomial has variables (score-bound.ts). */
function normsOf({ polynomial }: Problem): number {
  const degree = Math.max(PAIR_NORMS, ...polynomial.monomials.map(({ variables }) => variables.length));
  return Math.min(SURVEYED_NORMS, degree);
}

/** Sizes of tokens and weights, for what rounding does to projections. */
function addProjectedSurvey(draft: Draft, { name, weights, cols }: ReturnType<typeof projectedTensors>[0]): void {
  const { problem } = draft;
  // Tokens with their padding: which of them a variable has is its own affair.
  const extent = { variable: 0, count: weights ? problem.projected.m : (problem.rows[0] as number) };
  const from = weights ? named(draft, name, extent, cols) : tokensOf(draft, extent);
  const output = (what: string, count: number, width: number): number => {
    draft.buffers.push({ name: `${what} ${name}`, source: 'output', extent: { variable: 0, count }, cols: width });
    draft.ready.push(0);
    return draft.buffers.length - 1;
  };
  const sizes = { mean: output('mean', 1, cols), extremes: output('extremes', 2, cols), norms: output('norms', 2, PAIR_NORMS) };
  const work = surveyWork(draftRows(draft, extent), cols, bytesPerElement(problem.precision), PAIR_NORMS, 0);
  const rest = { covariance: null, bias: null, weighted: null };
  addStage(draft, { kind: 'survey', input: from, ...sizes, ...rest }, { variable: 0, count: 1 }, 0, work);
}

function publishProjections(draft: Draft): void {
  for (const [index, buffer] of draft.buffers.entries()) {
    if (draft.problem.projected.names.includes(buffer.name) && buffer.source === 'scratch') {
      draft.buffers[index] = { ...(buffer as BufferSpec), source: 'output' };
    }
  }
}
