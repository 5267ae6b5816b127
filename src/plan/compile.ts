import { type BackendDescription, modelledSeconds, supportsStep } from '../../kernels/backend.ts';
import type { Problem } from '../contract/request.ts';
import { fail } from '../errors.ts';
import { type Block, type BlockTree, blockTree } from '../polynomial/blocks.ts';
import { polynomialFacts } from '../polynomial/facts.ts';
import { definitionDraft } from './definition.ts';
import { bytesPerElement, type Draft, newDraft } from './draft.ts';
import { extentRows, type Machine, type Plan, type PlanAlgorithm, type Stage } from './plan.ts';
import { BLOCK_METHODS, type BlockMethod, solve } from './solve.ts';
import { parallelSeconds } from './tiles.ts';
import { addWork } from './work.ts';

/**
 * Problem → Plan: for every admissible back end and every block of h the cheapest method by modelled time. Pure: no clock, no tensors.
 * @throws ServiceError `invalid_request` where a forced algorithm does not apply, `unsupported_on_backend` where no back end can run it
 */
export function compile(problem: Problem, machine: Machine): Plan {
  const tree = blockTree(problem.polynomial);
  checkAlgorithm(problem, tree);
  const plans = candidates(problem, machine).flatMap((backend) => compileFor(problem, tree, backend, machine.threads) ?? []);
  const best = plans.reduce<Plan | null>(
    (least, plan) => (least === null || plan.estimatedMs < least.estimatedMs ? plan : least),
    null,
  );
  if (best === null) refuseBackend(problem, machine);
  return best;
}

function candidates(problem: Problem, machine: Machine): readonly BackendDescription[] {
  if (problem.backend === 'auto') return machine.backends;
  const chosen = machine.backends.find(({ name }) => name === problem.backend);
  if (chosen !== undefined) return [chosen];
  const reason = machine.unavailable[problem.backend] ?? 'it is not part of this version';
  const detail = `back end '${problem.backend}' is not loaded: ${reason}`;
  fail('unsupported_on_backend', detail, { errors: [{ pointer: '/backend', detail }] });
}

/** Whether a forced algorithm applies to this polynomial at all. */
function checkAlgorithm(problem: Problem, tree: BlockTree): void {
  const { algorithm } = problem;
  if (algorithm === 'auto' || algorithm === 'conditioning' || algorithm === 'definition') return;
  const refuse = (detail: string): never => fail('invalid_request', detail, { errors: [{ pointer: '/algorithm', detail }] });
  if (algorithm === 'elimination') refuse("algorithm 'elimination' is not available in this version");
  const method = BLOCK_METHODS.find((one) => one.algorithm === algorithm) as BlockMethod;
  const wide = tree.blocks.filter((block) => block.variables.length > 2);
  if (algorithm === 'tree-messages' && wide.length > 0)
    refuse("algorithm 'tree-messages' applies to forests of pairs; this polynomial is not one");
  if (algorithm !== 'tree-messages' && (wide.length === 0 || !wide.every((block) => method.applies(block)))) {
    refuse(`algorithm '${algorithm}' applies to cycles; this polynomial has none, or more than cycles`);
  }
}

function refuseBackend(problem: Problem, machine: Machine): never {
  const names = problem.backend === 'auto' ? machine.backends.map(({ name }) => name).join(', ') : problem.backend;
  const detail = `algorithm '${problem.algorithm}' at precision ${problem.precision} does not run on ${names}`;
  fail('unsupported_on_backend', detail, { errors: [{ pointer: problem.backend === 'auto' ? '/algorithm' : '/backend', detail }] });
}

function compileFor(problem: Problem, tree: BlockTree, backend: BackendDescription, threads: number): Plan | null {
  if (backend.rates[problem.precision] === undefined) return null;
  if (problem.algorithm === 'definition') {
    if (!supportsStep(backend, 'definition', problem.precision)) return null;
    return finishPlan(definitionDraft(problem, backend), 'definition', threads);
  }
  const used = new Set<PlanAlgorithm>();
  const draft = newDraft(problem, backend);
  const blocks = tree.blocks.map((block) => ({ block, method: chooseMethod(draft, block) }));
  if (blocks.some(({ method }) => method === null)) return null;
  solve(draft, tree, (block) => {
    const method = blocks.find((one) => one.block === block)?.method as BlockMethod;
    used.add(method.algorithm);
    return method;
  });
  if (draft.stages.some(({ step }) => !supportsStep(backend, step.kind, problem.precision))) return null;
  return finishPlan(draft, headline(used), threads);
}

/** The cheapest method that applies to a block, is not excluded by the request, and that the back end has. */
function chooseMethod(draft: Draft, block: Block): BlockMethod | null {
  const { problem, backend } = draft;
  const allowed = BLOCK_METHODS.filter(
    (method) => method.applies(block) && permitted(method, block, problem) && supportsStep(backend, method.kind, problem.precision),
  );
  let best: { method: BlockMethod; seconds: number } | null = null;
  for (const method of allowed) {
    const trial = newDraft(problem, backend);
    const nothing = { values: null, bias: null };
    method.add(trial, block, new Map(block.variables.slice(1).map((variable) => [variable, nothing])));
    const seconds = trial.stages.reduce((sum, stage) => sum + stage.seconds, 0);
    if (best === null || seconds < best.seconds) best = { method, seconds };
  }
  return best?.method ?? null;
}

function permitted(method: BlockMethod, block: Block, problem: Problem): boolean {
  if (problem.algorithm === 'auto') return method.algorithm !== 'fast-matmul';
  if (problem.algorithm === 'conditioning') return method.algorithm === 'conditioning';
  return method.algorithm === problem.algorithm || block.variables.length === 2;
}

/** The plan is named after its hardest part. */
function headline(used: ReadonlySet<PlanAlgorithm>): PlanAlgorithm {
  const order: PlanAlgorithm[] = ['elimination', 'conditioning', 'fast-matmul', 'cycle-gemm'];
  return order.find((algorithm) => used.has(algorithm)) ?? 'tree-messages';
}

function finishPlan(draft: Draft, algorithm: PlanAlgorithm, threads: number): Plan {
  const { problem, backend, stages } = draft;
  const facts = polynomialFacts(problem.polynomial);
  const slices = problem.batch * problem.heads;
  const work = addWork(
    stages.map((stage) => stage.work),
    slices,
  );
  const levels = Math.max(...stages.map((stage) => stage.level));
  return {
    class: facts.class,
    algorithm,
    exponent: algorithm === 'definition' ? problem.polynomial.variableCount : planExponent(stages),
    backend,
    precision: problem.precision,
    rows: problem.rows,
    batch: problem.batch,
    heads: problem.heads,
    buffers: draft.buffers,
    stages: stages.toSorted((a, b) => a.level - b.level),
    work,
    bytes: planBytes(draft, slices),
    seconds: modelledSeconds(work, draft.rates),
    estimatedMs: 1e3 * (parallelSeconds(stages, slices, threads) + levels * draft.rates.tileSeconds),
    threads,
  };
}

/** The largest number of rows multiplied with each other in any stage. */
function planExponent(stages: readonly Stage[]): number {
  const exponents = stages.map(({ step }) => {
    if (step.kind === 'conditioned') return step.cutset.length + (step.forest.some(({ parent }) => parent !== 0) ? 2 : 1);
    if (step.kind === 'cycle') return 3;
    return step.kind === 'attend' && step.queries !== null ? 2 : 1;
  });
  return Math.max(...exponents);
}

function planBytes(draft: Draft, slices: number): number {
  const width = bytesPerElement(draft.problem.precision);
  return draft.buffers.reduce((sum, { extent, cols }) => sum + extentRows(extent, draft.problem.rows) * cols, 0) * width * slices;
}
