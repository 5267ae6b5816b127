/**
 * Any polynomial by conditioning (math.md §6.2, §6.4): chunks of assignments of the cutset go through the device together, each edge of the
 * residual forest one dispatch whose queries are composite, and `fold` merges what they give by an online softmax.
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

export interface Solved {
  readonly rows: number;
  readonly message: Float32Array; // [rows, dv]
  readonly logSumExp: Float32Array; // [rows]
  /** Of a cycle's nodes, leaf first: [assignments, 2]; and the head of each assignment. */
  readonly tops: readonly Float32Array[];
  readonly heads: readonly number[];
}

/** @throws Error when operands contradict each other or the forest does not fit the polynomial. */
export async function runConditioned(session: Session, step: ConditionedStep<Matrix>, tile: TileContext): Promise<void> {
  checkOperands(step, step.parts);
  const restriction = restrict(step);
  const n1 = step.variables[0].queries.rows;
  const hasX1 = step.cutset[0] === 1;
  if (!Number.isInteger(step.parts) || step.parts < 1 || (step.parts > 1 && (hasX1 || step.cutset.length === 0))) {
    throw new Error(`webgpu: ${step.parts} parts with the cutset {${step.cutset.join(', ')}}`);
  }
  checkTile(tile, hasX1 ? n1 : step.parts);
  if (hasX1) {
    await solveInto(
      session,
      step,
      restriction,
      tile,
      range(tile.firstRow, tile.lastRow),
      tile.firstRow,
      tile.lastRow - tile.firstRow,
    );
    return;
  }
  for (let part = tile.firstRow; part < tile.lastRow; part++) {
    const heads =
      step.cutset.length === 0 ? [0] : range(...rangeOfPart(step.variables[step.cutset[0] - 1].queries.rows, part, step.parts));
    if (!(await solveInto(session, step, restriction, tile, heads, part * n1, 1))) return;
  }
}

export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
}

/** @throws Error */
export function checkOperands({ variables, message, logSumExp }: Omit<ConditionedStep<Matrix>, 'kind'>, parts: number): void {
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
  const rows = parts * first.queries.rows;
  if (message !== null) checkOperand('message', message, rows, dv);
  checkOperand('logSumExp', logSumExp, rows, 1);
}

async function solveInto(
  session: Session,
  step: ConditionedStep<Matrix>,
  restriction: Restriction,
  tile: TileContext,
  heads: readonly number[],
  firstRow: number,
  progress: number,
): Promise<boolean> {
  const solved = await solve(session, step, restriction, heads, tile, 'attend');
  if (solved === null) return false;
  store(step, solved, (row) => firstRow + row);
  Atomics.add(tile.control, PROGRESS, progress);
  return true;
}

/** Writes the solved rows to the rows that `place` names. */
export function store(
  { message, logSumExp }: Pick<ConditionedStep<Matrix>, 'message' | 'logSumExp'>,
  solved: Solved,
  place: (row: number) => number,
): void {
  const dv = message?.cols ?? 0;
  for (let row = 0; row < solved.rows; row++) {
    const to = place(row);
    logSumExp.data[to] = solved.logSumExp[row];
    message?.data.set(solved.message.subarray(row * dv, (row + 1) * dv), to * dv);
  }
}

/** With x1 in the cutset one row a head, otherwise all rows of x1 over the heads. Null when cancelled. */
export async function solve(
  session: Session,
  step: ConditionedStep<Matrix>,
  restriction: Restriction,
  heads: readonly number[],
  { control, callId }: TileContext,
  edges: EdgeKind,
): Promise<Solved | null> {
  const resultRows = step.cutset[0] === 1 ? heads.length : step.variables[0].queries.rows;
  if (step.variables.some(({ queries }) => queries.rows === 0) || resultRows === 0) return nothing(step, resultRows);
  const { layout, plan } = fit(session, step, restriction, { heads: heads.length, resultRows, edges });
  return session.arenas.with(layout.floats, `${callId} ${edges}`, async (arena, isFilled) => {
    const recorder = new Recorder(session.device, session.pipelines, arena, [control]);
    if (!isFilled) await fillFixed(session, arena, recorder, step, plan);
    const certified = await runChunks(session, arena, recorder, step, restriction, plan, heads);
    if (!(await recorder.finish())) return null;
    return readResults(session, arena, plan, certified);
  });
}

/** A variable without rows leaves no tuple (math.md §7). */
function nothing({ message }: ConditionedStep<Matrix>, rows: number): Solved {
  return {
    rows,
    message: new Float32Array(rows * (message?.cols ?? 0)),
    logSumExp: new Float32Array(rows).fill(-Infinity),
    tops: [],
    heads: [],
  };
}

/** Whether an arena holds one assignment with everything around it. */
export function fits(
  { device }: Session,
  step: ConditionedStep<Matrix>,
  restriction: Restriction,
  resultRows: number,
  edges: EdgeKind,
): boolean {
  const layout = new Layout();
  planForest(step, restriction, layout, layout, { slices: 1, resultRows, edges, isHalf: (operand) => isHalf(device, operand) });
  return layout.floats <= device.capacity;
}

/** The largest chunk of assignments that an arena and one dispatch of every edge have room for. */
function fit(
  { device }: Session,
  step: ConditionedStep<Matrix>,
  restriction: Restriction,
  { heads, resultRows, edges }: { readonly heads: number; readonly resultRows: number; readonly edges: EdgeKind },
): { layout: Layout; plan: ForestPlan } {
  const fixed = new Layout();
  const size = { resultRows, edges, isHalf: (operand: Matrix) => isHalf(device, operand) };
  planForest(step, restriction, fixed, new Layout(), { ...size, slices: 0, resultRows: 0 });
  const planned = (slices: number) => {
    const layout = new Layout(fixed.floats);
    return { layout, plan: planForest(step, restriction, new Layout(), layout, { ...size, slices }) };
  };
  const one = planned(1);
  const perSlice = planned(2).layout.floats - one.layout.floats;
  const total = step.cutset
    .slice(1)
    .reduce((count, variable) => count * step.variables[variable - 1].queries.rows, Math.max(1, heads));
  const room = Math.min(device.capacity - one.layout.floats, MOST_CHUNK_FLOATS);
  const fitting = 1 + Math.floor(room / perSlice);
  return planned(Math.max(1, Math.min(MOST_SLICES, total, fitting, Math.ceil(device.budget / sliceFlops(one.plan)))));
}

/** What every tile of the call needs: operands, shared matrices, and messages that no assignment changes. */
async function fillFixed(
  session: Session,
  arena: Arena,
  recorder: Recorder,
  step: ConditionedStep<Matrix>,
  plan: ForestPlan,
): Promise<void> {
  for (const { node, operands } of plan.nodes) uploadOperands(session, arena, step.variables[node.variable - 1], operands);
  const pass: Pass = { device: session.device, recorder, plan, frequency: 'once', slices: 1, done: 0 };
  await shareMatrices(pass);
  await sendMessages(pass);
}

function uploadOperands(
  { device }: Session,
  arena: Arena,
  { queries, values, bias }: VariableOperands<Matrix>,
  places: ForestPlan['nodes'][number]['operands'],
): void {
  upload(device, arena, places.queries, queries);
  if (values !== null && places.values !== NONE) upload(device, arena, places.values, values);
  if (bias !== null) uploadLogWeights(device, arena, places.bias, bias.data as Float32Array);
}

/** Gives the heads of a cycle's assignments in their order, for their certificates. */
async function runChunks(
  session: Session,
  arena: Arena,
  recorder: Recorder,
  step: ConditionedStep<Matrix>,
  restriction: Restriction,
  plan: ForestPlan,
  heads: readonly number[],
): Promise<number[]> {
  const { device } = session;
  const tables = new AssignmentTables(step, restriction, plan);
  const source = assignments(step, heads);
  const isCycle = plan.nodes.some(({ edge }) => edge !== null);
  const certified: number[] = [];
  let done = 0;
  await foldChunk(recorder, plan, 'start', 0, 0);
  for (;;) {
    tables.fill(source);
    const slices = tables.heads.length;
    if (slices === 0 || recorder.cancelled) break;
    // What was recorded reads the tables of its own chunk: it goes first.
    await recorder.submit();
    device.gpu.queue.writeBuffer(arena.buffer, 4 * plan.tables, tables.data);
    await sendMessages({ device, recorder, plan, frequency: 'always', slices, done });
    await foldChunk(recorder, plan, 'chunk', slices, tables.groups);
    done += slices;
    if (isCycle) certified.push(...tables.heads);
  }
  await foldChunk(recorder, plan, 'end', 0, 0);
  return certified;
}

async function readResults(session: Session, arena: Arena, plan: ForestPlan, heads: readonly number[]): Promise<Solved> {
  const { resultRows, dv, nodes } = plan;
  const read = (at: number, floats: number) => (floats === 0 ? new Float32Array(0) : session.arenas.read(arena, at, floats));
  const results = await read(plan.message, resultRows * (dv + 1));
  const tops: Float32Array[] = [];
  for (const { edge } of nodes) if (edge !== null) tops.push(await read(edge.tops, 2 * heads.length));
  return {
    rows: resultRows,
    message: results.subarray(0, resultRows * dv),
    logSumExp: results.subarray(resultRows * dv).map(fromEmpty),
    tops,
    heads,
  };
}
