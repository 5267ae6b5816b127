import { type BackendDescription, isDevice, type StepKind } from '../../kernels/backend.ts';
import type { Problem } from '../contract/request.ts';
import { fail } from '../errors.ts';
import { blockTree } from '../polynomial/blocks.ts';
import { polynomialFacts } from '../polynomial/facts.ts';
import { type MaskedBlock, withMasks } from './block.ts';
import { definitionDraft } from './definition.ts';
import { type Draft, draftSeconds, newDraft, scratch, supports } from './draft.ts';
import { maskEdges, pairMasks } from './masks.ts';
import { peakBytes } from './memory.ts';
import type { Machine, Plan, PlanAlgorithm, Stage } from './plan.ts';
import { BLOCK_METHODS, type BlockMethod, solve } from './solve.ts';
import { eliminationExponent } from './tables.ts';
import { modelledMs } from './tiles.ts';
import { addWork } from './work.ts';

/** Tables that the planner takes by itself, all threads together; three quarters of the default MAX_INFLIGHT_BYTES. */
const MAX_TABLE_BYTES = 3 * 2 ** 28;
/** What streams in O(n d) memory is kept where tables would hardly be faster. */
const TABLES_GAIN = 1.1;

/**
 * Problem → Plan: h, with the edges of its mask, is cut into blocks, and every block takes the method and the back end that are fastest by
 * modelled time. Pure: no clock, no tensors.
 * @throws ServiceError `invalid_request` where a forced algorithm does not apply, `unsupported_on_backend` where no back end can run it,
 * `unavailable` where the one that was named is starting
 */
export function compile(problem: Problem, machine: Machine): Plan {
  const backends = allowedBackends(problem, machine);
  if (problem.algorithm === 'definition') {
    if (!supports(newDraft(problem, backends, machine.threads), ['definition'])) refuseBackend(problem, backends);
    return finishPlan(definitionDraft(problem, backends, machine.threads), 'definition', machine.threads);
  }
  const masks = pairMasks(problem);
  const tree = blockTree(problem.polynomial, maskEdges(masks));
  const blocks = tree.blocks.map((block) => withMasks(block, masks));
  checkAlgorithm(problem, blocks);
  const draft = newDraft(problem, backends, machine.threads);
  const used = new Set<PlanAlgorithm>();
  const always: StepKind[] = problem.projected.names.length > 0 ? ['attend', 'combine', 'project'] : ['attend', 'combine'];
  if (!supports(draft, always)) refuseBackend(problem, backends);
  solve(draft, tree, masks, (block) => {
    const method = chooseMethod(draft, block);
    if (method === null) refuseBackend(problem, backends);
    used.add(method.algorithm);
    return method;
  });
  return finishPlan(draft, headline(used), machine.threads);
}

export function allowedBackends(problem: Problem, machine: Machine): readonly BackendDescription[] {
  if (problem.backend === 'auto') return machine.backends;
  const chosen = [...machine.backends, ...(machine.named ?? [])].find(({ name }) => name === problem.backend);
  if (chosen !== undefined) return isDevice(chosen.name) ? [chosen, ...helpers(machine)] : [chosen];
  if (machine.starting?.includes(problem.backend)) {
    fail('unavailable', `back end '${problem.backend}' is starting`, { retryAfterSeconds: 2 });
  }
  const reason = machine.unavailable[problem.backend] ?? 'it is not part of this version';
  const detail = `back end '${problem.backend}' is not loaded: ${reason}`;
  fail('unsupported_on_backend', detail, { errors: [{ pointer: '/backend', detail }] });
}

/** The steps around those that a device computes: linear in n, and not worth the way there. */
const HELPER_STEPS: readonly StepKind[] = ['combine', 'merge', 'project'];

/** What this processor's back ends do for a request that names a device. */
function helpers({ backends }: Machine): BackendDescription[] {
  const own = backends.filter(({ name }) => !isDevice(name));
  return own.map((backend) => ({ ...backend, steps: backend.steps.filter((kind) => HELPER_STEPS.includes(kind)) }));
}

export function refuseBackend(problem: Problem, backends: readonly BackendDescription[]): never {
  const names = problem.backend === 'auto' ? backends.map(({ name }) => name).join(', ') : problem.backend;
  const detail = `algorithm '${problem.algorithm}' for this polynomial at precision ${problem.precision} does not run on ${names}`;
  fail('unsupported_on_backend', detail, { errors: [{ pointer: problem.backend === 'auto' ? '/algorithm' : '/backend', detail }] });
}

/** Whether a forced algorithm applies to this polynomial, its mask included, at all. */
function checkAlgorithm({ algorithm }: Problem, blocks: readonly MaskedBlock[]): void {
  if (algorithm === 'auto' || algorithm === 'conditioning') return;
  const wide = blocks.filter((block) => block.variables.length > 2);
  const methods = BLOCK_METHODS.filter((method) => method.algorithm === algorithm);
  const fits = wide.every((block) => methods.some((method) => method.applies(block)));
  if (fits && (algorithm === 'tree-messages' || wide.length > 0)) return;
  const what =
    { 'tree-messages': 'forests of pairs', elimination: 'polynomials that are no forest' }[algorithm as string] ??
    'unmasked cycles';
  const detail = `algorithm '${algorithm}' applies to ${what}; this polynomial with its mask is something else`;
  fail('invalid_request', detail, { errors: [{ pointer: '/algorithm', detail }] });
}

/** The cheapest method that applies to a block, is not excluded by the request, and that a back end has. */
export function chooseMethod({ problem, backends, threads }: Draft, block: MaskedBlock): BlockMethod | null {
  let best: { method: BlockMethod; seconds: number } | null = null;
  for (const method of BLOCK_METHODS) {
    if (!method.applies(block) || !permitted(method, block, problem)) continue;
    const trial = newDraft(problem, backends, threads);
    if (!supports(trial, method.kinds)) continue;
    const gathered = { values: scratch(trial, 'values', { variable: 0, count: 1 }, problem.dv), bias: null };
    method.add(trial, block, new Map(block.variables.slice(1).map((variable) => [variable, gathered])));
    const seconds = draftSeconds(trial);
    const gain = method.algorithm === 'elimination' ? TABLES_GAIN : 1;
    if (best === null || (seconds * gain < best.seconds && affordable(trial))) best = { method, seconds };
  }
  return best?.method ?? null;
}

/** Where something slower needs no tables, ones that would crowd out other requests are not worth their speed. */
function affordable({ stages }: Draft): boolean {
  return stages.every(({ step, scratchBytes }) => step.kind !== 'eliminate' || scratchBytes <= MAX_TABLE_BYTES);
}

function permitted(method: BlockMethod, block: MaskedBlock, problem: Problem): boolean {
  const { algorithm } = problem;
  const pair = block.variables.length === 2;
  if (algorithm === 'auto') return pair ? method.algorithm === 'tree-messages' : method.algorithm !== 'fast-matmul';
  if (algorithm === 'conditioning') return method.algorithm === 'conditioning';
  return method.algorithm === algorithm || (pair && method.algorithm === 'tree-messages');
}

/** The plan is named after its hardest part. */
export function headline(used: ReadonlySet<PlanAlgorithm>): PlanAlgorithm {
  const order: PlanAlgorithm[] = [
    'conditioning',
    'elimination',
    'fast-matmul',
    'cycle-gemm',
    'polynomial-features',
    'random-features',
    'pruning',
  ];
  return order.find((algorithm) => used.has(algorithm)) ?? 'tree-messages';
}

export function finishPlan(draft: Draft, algorithm: PlanAlgorithm, threads: number): Plan {
  const { problem, stages } = draft;
  const facts = polynomialFacts(problem.polynomial, maskEdges(pairMasks(problem)));
  const slices = problem.batch * problem.heads;
  const asked = stages.filter(({ backend }) => backend.name === problem.backend);
  const heaviest = (asked.length > 0 ? asked : stages).reduce((most, stage) => (stage.seconds > most.seconds ? stage : most));
  return {
    class: facts.class,
    algorithm,
    exponent: algorithm === 'definition' ? problem.polynomial.variableCount : Math.max(...stages.map(stageExponent)),
    backend: heaviest.backend,
    precision: problem.precision,
    mask: problem.mask.type,
    rows: problem.rows,
    batch: problem.batch,
    heads: problem.heads,
    buffers: draft.buffers,
    stages: stages.toSorted((a, b) => a.level - b.level),
    work: addWork(
      stages.map((stage) => stage.work),
      slices,
    ),
    bytes: peakBytes(draft, slices),
    seconds: draftSeconds(draft) * slices,
    estimatedMs: modelledMs(stages, slices, threads, problem.precision),
    threads,
  };
}

/** How many n are multiplied with each other in a stage. */
function stageExponent({ step }: Stage): number {
  switch (step.kind) {
    case 'conditioned':
      return step.cutset.length + (step.forest.some(({ parent }) => parent !== 0) ? 2 : 1);
    case 'eliminate':
      return eliminationExponent(step);
    case 'cycle':
      return 3;
    case 'prefix':
      return 2;
    case 'attend':
      return step.queries === null ? 1 : 2;
    default:
      return 1;
  }
}
