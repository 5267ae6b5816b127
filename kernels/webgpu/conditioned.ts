/**
 * Any polynomial by conditioning (math.md §6.2, §6.4): chunks of assignments of the cutset go through the device together, each edge of the
 * residual forest one dispatch whose queries are composite, and `fold` merges what they give by an online softmax. Problems of one shape that
 * are asked for at the same time, such as the heads of a request, share chunks and dispatches.
 *
 * n^(|C| + 2) d time an edge that depends on the assignment, n^2 d once for one that does not. A chunk is as large as the arena and the
 * time of one dispatch allow.
 */
import { type ConditionedStep, type Matrix, PROGRESS, type TileContext, type VariableOperands } from '../backend.ts';
import { rangeOfPart } from '../reference/parts.ts';
import { type Restriction, restrict } from '../reference/restriction.ts';
import { type Arena, fromEmpty, isHalf, Layout, upload, uploadLogWeights } from './arena.ts';
import { AssignmentTables, assignments } from './assignment-tables.ts';
import { foldChunk } from './forest-fold.ts';
import { type EdgeKind, type ForestPlan, planForest } from './forest-plan.ts';
import { type Pass, sendMessages, shareMatrices } from './forest-run.ts';
import { sliceFlops } from './forest-work.ts';
import { Recorder } from './recorder.ts';
import { checkOperand, checkTile, type Session } from './session.ts';
import { NONE } from './shaders/fields.ts';

/** Assignments that go through the device together, at most; a chunk of more gains nothing. */
const MOST_SLICES = 4096;
/** What they may take, at most: 256 MiB. */
const MOST_CHUNK_FLOATS = 2 ** 26;

/** A conditioned step and the rows, or parts, of it that are asked for. */
export interface ConditionedJob {
  readonly step: ConditionedStep<Matrix>;
  readonly tile: TileContext;
}

/** What came out of problems of one shape, one after the other. */
export interface Solved {
  readonly rows: number; // of each problem
  readonly message: Float32Array; // [problems * rows, dv]
  readonly logSumExp: Float32Array; // [problems * rows]
  /** Of a cycle's nodes, leaf first: [assignments, 2]; and the row of the results that each assignment counts towards. */
  readonly tops: readonly Float32Array[];
  readonly results: readonly number[];
}

/** @throws Error when operands contradict each other. */
export function checkConditioned({ step, tile }: ConditionedJob): void {
  checkOperands(step, step.parts);
  const { cutset, parts, variables } = step;
  const hasX1 = cutset[0] === 1;
  if (!Number.isInteger(parts) || parts < 1 || (parts > 1 && (hasX1 || cutset.length === 0))) {
    throw new Error(`webgpu: ${parts} parts with the cutset {${cutset.join(', ')}}`);
  }
  checkTile(tile, hasX1 ? variables[0].queries.rows : parts);
}

/** Jobs of one shape (batches.ts) that were checked. @throws Error when the forest does not fit the polynomial. */
export async function runConditioned(session: Session, jobs: readonly ConditionedJob[]): Promise<void> {
  const { step, tile } = jobs[0];
  const { firstRow, lastRow } = tile;
  const restriction = restrict(step);
  const n1 = step.variables[0].queries.rows;
  if (step.cutset[0] === 1) {
    await solveInto(session, jobs, restriction, range(firstRow, lastRow), firstRow, lastRow - firstRow);
    return;
  }
  for (let part = firstRow; part < lastRow; part++) {
    const heads =
      step.cutset.length === 0 ? [0] : range(...rangeOfPart(step.variables[step.cutset[0] - 1].queries.rows, part, step.parts));
    if (!(await solveInto(session, jobs, restriction, heads, part * n1, 1))) return;
  }
}

/** The whole numbers from `first` to before `last`. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
}

/** Of a step on a whole polynomial, whose outputs have `parts` times the rows of x1. @throws Error when they contradict each other */
export function checkOperands(
  { variables, masks, message, logSumExp }: Omit<ConditionedStep<Matrix>, 'kind'>,
  parts: number,
): void {
  const [first] = variables;
  if (first === undefined) throw new Error('webgpu: no variables');
  if (first.values !== null) throw new Error('webgpu: x1 has values');
  const d = first.queries.cols;
  const dv = message?.cols ?? variables.find(({ values }) => values !== null)?.values?.cols ?? 0;
  for (const [index, { queries, values, bias }] of variables.entries()) {
    checkOperand(`queries of x${index + 1}`, queries, queries.rows, d);
    if (values !== null) checkOperand(`values of x${index + 1}`, values, queries.rows, dv);
    if (bias !== null) checkOperand(`bias of x${index + 1}`, bias, queries.rows, 1);
  }
  const absent = masks.flatMap(({ row, column }) => [row, column]).find((variable) => variables[variable - 1] === undefined);
  if (absent !== undefined) throw new Error(`webgpu: a mask on x${absent} of ${variables.length} variables`);
  const rows = parts * first.queries.rows;
  if (message !== null) checkOperand('message', message, rows, dv);
  checkOperand('logSumExp', logSumExp, rows, 1);
}

async function solveInto(
  session: Session,
  jobs: readonly ConditionedJob[],
  restriction: Restriction,
  heads: readonly number[],
  firstRow: number,
  progress: number,
): Promise<boolean> {
  const solved = await solve(session, jobs, restriction, heads, 'attend');
  if (solved === null) return false;
  for (const [member, { step, tile }] of jobs.entries()) {
    store(step, solved, member, (row) => firstRow + row);
    Atomics.add(tile.control, PROGRESS, progress);
  }
  return true;
}

/** Writes the solved rows of one of the problems to the rows that `place` names. */
export function store(
  { message, logSumExp }: Pick<ConditionedStep<Matrix>, 'message' | 'logSumExp'>,
  solved: Solved,
  member: number,
  place: (row: number) => number,
): void {
  const dv = message?.cols ?? 0;
  for (let row = 0; row < solved.rows; row++) {
    const from = member * solved.rows + row;
    const to = place(row);
    logSumExp.data[to] = solved.logSumExp[from];
    message?.data.set(solved.message.subarray(from * dv, (from + 1) * dv), to * dv);
  }
}

/**
 * Problems of one shape together: with x1 in the cutset one row a head, otherwise all rows of x1 over the heads. Null when all are cancelled.
 * @throws Error when there is no room for them, or the device fails
 */
export async function solve(
  session: Session,
  jobs: readonly ConditionedJob[],
  restriction: Restriction,
  heads: readonly number[],
  edges: EdgeKind,
): Promise<Solved | null> {
  const steps = jobs.map(({ step }) => step);
  const [step] = steps;
  const rows = step.cutset[0] === 1 ? heads.length : step.variables[0].queries.rows;
  if (step.variables.some(({ queries }) => queries.rows === 0) || rows === 0) return nothing(step, jobs.length, rows);
  const { floats, plan } = fit(session, step, restriction, { heads: heads.length, members: jobs.length, rows, edges });
  const owner = `${jobs.map(({ tile }) => tile.callId).join(' ')} ${edges}`;
  return session.arenas.with(floats, owner, async (arena, isFilled) => {
    const controls = jobs.map(({ tile }) => tile.control);
    const recorder = new Recorder(session.device, session.pipelines, arena, controls);
    if (!isFilled) await fillFixed(session, arena, recorder, steps, plan);
    const certified = await runChunks(session, arena, recorder, steps, restriction, plan, heads);
    if (!(await recorder.finish())) return null;
    return readResults(session, arena, plan, certified);
  });
}

/** A variable without rows leaves no tuple (math.md §7). */
function nothing({ message }: ConditionedStep<Matrix>, members: number, rows: number): Solved {
  return {
    rows,
    message: new Float32Array(members * rows * (message?.cols ?? 0)),
    logSumExp: new Float32Array(members * rows).fill(-Infinity),
    tops: [],
    results: [],
  };
}

interface Amount {
  readonly heads: number;
  readonly members: number;
  readonly rows: number; // of the results of each
  readonly edges: EdgeKind;
}

/** Plans by the number of assignments in a chunk, and the places that each takes. */
function planner({ device }: Session, step: ConditionedStep<Matrix>, restriction: Restriction, { members, rows, edges }: Amount) {
  const size = { memberCount: members, resultRows: members * rows, edges, isHalf: (operand: Matrix) => isHalf(device, operand) };
  const fixed = new Layout();
  planForest(step, restriction, fixed, new Layout(), { ...size, slices: 0, memberStride: 0 });
  return (slices: number): { floats: number; plan: ForestPlan } => {
    const layout = new Layout(members * fixed.floats);
    const plan = planForest(step, restriction, new Layout(), layout, { ...size, slices, memberStride: fixed.floats });
    return { floats: layout.floats, plan };
  };
}

/** Places that the smallest chunk of so many problems takes. */
export function leastFloats(session: Session, step: ConditionedStep<Matrix>, restriction: Restriction, amount: Amount): number {
  return planner(session, step, restriction, amount)(1).floats;
}

/** The largest chunk of assignments that an arena and one dispatch of every edge have room for. */
function fit(
  session: Session,
  step: ConditionedStep<Matrix>,
  restriction: Restriction,
  amount: Amount,
): { floats: number; plan: ForestPlan } {
  const { device } = session;
  const planned = planner(session, step, restriction, amount);
  const one = planned(1);
  const perSlice = planned(2).floats - one.floats;
  const total = step.cutset
    .slice(1)
    .reduce((count, variable) => count * step.variables[variable - 1].queries.rows, amount.members * Math.max(1, amount.heads));
  const room = Math.min(device.capacity - one.floats, MOST_CHUNK_FLOATS);
  const fitting = 1 + Math.floor(room / perSlice);
  return planned(Math.max(1, Math.min(MOST_SLICES, total, fitting, Math.ceil(device.budget / sliceFlops(one.plan)))));
}

/** What every tile of the call needs: operands, shared matrices, and messages that no assignment changes. */
async function fillFixed(
  session: Session,
  arena: Arena,
  recorder: Recorder,
  steps: readonly ConditionedStep<Matrix>[],
  plan: ForestPlan,
): Promise<void> {
  for (const [member, { variables }] of steps.entries()) {
    for (const { node, operands } of plan.nodes) {
      uploadOperands(session, arena, member * plan.memberStride, variables[node.variable - 1], operands);
    }
  }
  const pass: Pass = { device: session.device, recorder, plan, frequency: 'once', slices: steps.length, done: 0 };
  await shareMatrices(pass);
  await sendMessages(pass);
}

function uploadOperands(
  { device }: Session,
  arena: Arena,
  base: number,
  { queries, values, bias }: VariableOperands<Matrix>,
  places: ForestPlan['nodes'][number]['operands'],
): void {
  upload(device, arena, base + places.queries, queries);
  if (values !== null && places.values !== NONE) upload(device, arena, base + places.values, values);
  if (bias !== null) uploadLogWeights(device, arena, base + places.bias, bias.data as Float32Array);
}

/** Gives the row of the results of each of a cycle's assignments, in their order, for their certificates. */
async function runChunks(
  session: Session,
  arena: Arena,
  recorder: Recorder,
  steps: readonly ConditionedStep<Matrix>[],
  restriction: Restriction,
  plan: ForestPlan,
  heads: readonly number[],
): Promise<number[]> {
  const { device } = session;
  const tables = new AssignmentTables(steps, restriction, plan);
  const source = assignments(steps, heads);
  const isCycle = plan.nodes.some(({ edge }) => edge !== null);
  const certified: number[] = [];
  let done = 0;
  await foldChunk(recorder, plan, 'start', 0, 0);
  for (;;) {
    tables.fill(source);
    const slices = tables.results.length;
    if (slices === 0 || recorder.cancelled) break;
    // What was recorded reads the tables of its own chunk: it goes first.
    await recorder.submit();
    device.gpu.queue.writeBuffer(arena.buffer, 4 * plan.tables, tables.data);
    await sendMessages({ device, recorder, plan, frequency: 'always', slices, done });
    await foldChunk(recorder, plan, 'chunk', slices, tables.groups);
    done += slices;
    if (isCycle) certified.push(...tables.results);
  }
  await foldChunk(recorder, plan, 'end', 0, 0);
  return certified;
}

async function readResults(session: Session, arena: Arena, plan: ForestPlan, results: readonly number[]): Promise<Solved> {
  const { resultRows, memberCount, dv, nodes } = plan;
  const read = (at: number, floats: number) => (floats === 0 ? new Float32Array(0) : session.arenas.read(arena, at, floats));
  const found = await read(plan.message, resultRows * (dv + 1));
  const tops: Float32Array[] = [];
  for (const { edge } of nodes) if (edge !== null) tops.push(await read(edge.tops, 2 * results.length));
  return {
    rows: resultRows / memberCount,
    message: found.subarray(0, resultRows * dv),
    logSumExp: found.subarray(resultRows * dv).map(fromEmpty),
    tops,
    results,
  };
}
