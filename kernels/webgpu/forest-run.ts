/** The dispatches of a residual forest: its constant part once, the rest for each chunk of assignments (forest-plan.ts). */
import { keysInReach } from './attend.ts';
import type { Device } from './device.ts';
import { joinComponents } from './forest-fold.ts';
import { type ForestPlan, LEFT_OUT, type NodePlan, type Span } from './forest-plan.ts';
import { fillFlops, messageFlops } from './forest-work.ts';
import { widthFor } from './pipelines.ts';
import type { Recorder } from './recorder.ts';
import { NONE } from './shaders/fields.ts';
import { FILL_ROWS } from './shaders/fill.ts';
import { HALF_KEYS, HALF_QUERIES, HALF_VALUES } from './shaders/operands.ts';
import { REDUCE_CHANNELS } from './shaders/reduce.ts';
import { TILE } from './shaders/tiles.ts';

/** One pass over the nodes: `frequency` says which of their parts are due. */
export interface Pass {
  readonly device: Device;
  readonly recorder: Recorder;
  readonly plan: ForestPlan;
  readonly frequency: 'once' | 'always';
  /** Assignments of this chunk; problems for what is done once. */
  readonly slices: number;
  /** Assignments of the chunks before: where the certificates of this one's rows go. */
  readonly done: number;
}

/** Fills and sends what is due; at the end, what multiplies every row of an assignment. */
export async function sendMessages(pass: Pass): Promise<void> {
  for (const node of pass.plan.nodes) {
    if (node.filled === pass.frequency) await fillNode(pass, node);
    if (node.edge !== null) await openEdge(pass, node);
    if (node.sent !== pass.frequency) continue;
    if (node.node.parent === 0) await averageRoot(pass, node);
    else if (node.edge !== null) await multiplyEdge(pass, node);
    else await attendEdge(pass, node);
  }
  if (pass.frequency === 'always') await joinComponents(pass.recorder, pass.plan, pass.slices);
}

/** Children one at a time: each dispatch takes up what the one before it left. */
async function fillNode(pass: Pass, node: NodePlan): Promise<void> {
  const { d, dv } = pass.plan;
  let bias: Span = { at: node.operands.bias, stride: 0 };
  let values: Span = { at: node.operands.values, stride: 0 };
  for (const [index, child] of (node.children.length > 0 ? node.children : [null]).entries()) {
    const first = index === 0;
    const message = child?.message ?? LEFT_OUT;
    const loose = node.edge?.loose ?? NONE;
    await pass.recorder.dispatch(
      'fill',
      {
        ...membersOf(pass),
        rows: node.width,
        d,
        dv,
        bias: bias.at,
        biasStride: bias.stride,
        values: values.at,
        valueStride: values.stride,
        childSum: child?.logSumExp.at ?? NONE,
        childSumStride: child?.logSumExp.stride ?? 0,
        childMessage: message.at,
        childMessageStride: message.stride,
        weights: first ? node.unary : NONE,
        queries: node.operands.queries,
        halves: node.operands.halves & (HALF_QUERIES | valueHalves(node, values)),
        ranges: node.ranges,
        sum: node.sum.at,
        sumStride: node.sum.stride,
        product: message.at === NONE ? NONE : node.product.at,
        productStride: node.product.stride,
        loose,
        maxima: child?.edge?.maxima ?? NONE,
        tops: topsOf(pass, child),
      },
      [Math.ceil(node.width / FILL_ROWS), pass.slices, 1],
      pass.slices * fillFlops(pass.plan, node),
    );
    bias = node.sum;
    if (message.at !== NONE) values = node.product;
  }
}

function topsOf({ done }: Pass, node: NodePlan | null): number {
  return node?.edge ? node.edge.tops + 2 * done : NONE;
}

/** What is done once is done for each problem. */
function membersOf({ frequency, plan: { members, memberStride } }: Pass) {
  return { members: frequency === 'once' ? NONE : members, memberStride };
}

/** HALF_VALUES where `values` are the node's own, in half precision: what children sent is single. */
function valueHalves({ operands }: NodePlan, values: Span): number {
  return values.at === operands.values ? operands.halves & HALF_VALUES : 0;
}

/** A component without x1 ends in one softmax-average. */
async function averageRoot(pass: Pass, node: NodePlan): Promise<void> {
  const { recorder, plan, slices } = pass;
  const { sum, product, message, logSumExp, width, ranges } = node;
  await recorder.dispatch(
    'reduce',
    {
      ...membersOf(pass),
      rows: width,
      dv: plan.dv,
      ranges,
      bias: sum.at,
      biasStride: sum.stride,
      values: product.at,
      valueStride: product.stride,
      message: message.at,
      messageStride: message.stride,
      logSumExp: logSumExp.at,
      logSumExpStride: logSumExp.stride,
      halves: valueHalves(node, product),
    },
    [1, slices, Math.max(1, Math.ceil(plan.dv / REDUCE_CHANNELS))],
    slices * messageFlops(plan, node),
  );
}

interface Rows {
  readonly firstRow: number;
  readonly lastRow: number;
}

/** Blocks of the parent's rows that keep a dispatch within the budget. */
function* rowBlocks({ device, slices }: Pass, rows: number, flopsPerRow: number): Generator<Rows & { flops: number }> {
  const most = TILE * Math.max(1, Math.floor(device.budget / (flopsPerRow * slices * TILE)));
  for (let firstRow = 0; firstRow < rows; firstRow += most) {
    const lastRow = Math.min(rows, firstRow + most);
    yield { firstRow, lastRow, flops: flopsPerRow * slices * (lastRow - firstRow) };
  }
}

function groupsOf({ slices, plan }: Pass, { firstRow, lastRow }: Rows, channels: number): [number, number, number] {
  return [Math.ceil((lastRow - firstRow) / TILE), slices, Math.max(1, Math.ceil(plan.dv / channels))];
}

async function attendEdge(pass: Pass, node: NodePlan): Promise<void> {
  const { device, recorder, plan } = pass;
  const { d, dv } = plan;
  const { n, width, parentRows, sum, product, message, logSumExp } = node;
  const parent = plan.nodes.find((other) => other.node.variable === node.node.parent) as NodePlan;
  if (width > keysInReach(device, d))
    throw new Error(`webgpu: ${width} rows of x${node.node.variable} are more than this device goes through`);
  const channels = widthFor(device, dv);
  for (const { flops, ...rows } of rowBlocks(pass, parentRows, messageFlops(plan, node) / parentRows)) {
    await recorder.dispatch(
      `attend${channels}`,
      {
        ...membersOf(pass),
        ...rows,
        tile: TILE,
        depth: device.tiles.depth,
        baseRow: 0,
        rows: parent.n,
        lastKey: n,
        d,
        dv,
        queries: parent.operands.queries,
        queryStride: 0,
        keys: node.operands.queries,
        keyStride: 0,
        bias: sum.at,
        biasStride: sum.stride,
        values: message.at === NONE ? NONE : product.at,
        valueStride: product.stride,
        weights: node.weights,
        // A message for all assignments outlives the ranges of one.
        rowRanges: pass.frequency === 'always' ? parent.ranges : NONE,
        keyRanges: node.ranges,
        message: message.at,
        messageStride: message.stride,
        logSumExp: logSumExp.at,
        logSumExpStride: logSumExp.stride,
        scale: node.scale,
        halves:
          (parent.operands.halves & HALF_QUERIES) |
          (node.operands.halves & HALF_QUERIES ? HALF_KEYS : 0) |
          valueHalves(node, product),
        lowest: node.node.band.lowest,
        highest: node.node.band.highest,
      },
      groupsOf(pass, rows, channels),
      flops,
    );
  }
}

/** Maxima for the certificate, and the weights of the product. */
async function openEdge(pass: Pass, node: NodePlan): Promise<void> {
  if (pass.frequency !== 'always' || node.edge === null) return;
  const { n, sum, edge } = node;
  await pass.recorder.dispatch(
    'open',
    {
      ...membersOf(pass),
      rows: n,
      bias: sum.at,
      biasStride: sum.stride,
      loose: edge.loose,
      weights: edge.weights,
      tops: topsOf(pass, node),
    },
    [1, pass.slices, 1],
  );
}

async function multiplyEdge(pass: Pass, node: NodePlan): Promise<void> {
  const { device, recorder, plan } = pass;
  const { dv } = plan;
  const { n, parentRows, product, message, logSumExp, edge } = node;
  if (edge === null) return;
  const channels = widthFor(device, dv);
  for (const { flops, ...rows } of rowBlocks(pass, parentRows, messageFlops(plan, node) / parentRows)) {
    await recorder.dispatch(
      `product${channels}`,
      {
        ...membersOf(pass),
        ...rows,
        tile: TILE,
        baseRow: 0,
        keyCount: n,
        dv,
        matrix: edge.matrix,
        maxima: edge.maxima,
        weights: edge.weights,
        tops: topsOf(pass, node),
        values: message.at === NONE ? NONE : product.at,
        valueStride: product.stride,
        halves: valueHalves(node, product),
        message: message.at,
        messageStride: message.stride,
        logSumExp: logSumExp.at,
        logSumExpStride: logSumExp.stride,
      },
      groupsOf(pass, rows, channels),
      flops,
    );
  }
}

/** The exponential matrices of a cycle's edges, once. */
export async function shareMatrices({ device, recorder, plan }: Pass): Promise<void> {
  for (const { edge, node, n, parentRows, operands, scale } of plan.nodes) {
    if (edge === null || node.parent === 0) continue;
    const parent = plan.nodes.find((other) => other.node.variable === node.parent) as NodePlan;
    const perRow = 4 * n * plan.d * plan.memberCount;
    const step = TILE * Math.max(1, Math.floor(device.budget / (perRow * TILE)));
    for (let firstRow = 0; firstRow < parentRows; firstRow += step) {
      const rows = Math.min(parentRows, firstRow + step);
      await recorder.dispatch(
        'shared',
        {
          tile: TILE,
          depth: device.tiles.depth,
          firstRow,
          rows,
          keyCount: n,
          d: plan.d,
          memberStride: plan.memberStride,
          queries: parent.operands.queries,
          keys: operands.queries,
          matrix: edge.matrix,
          maxima: edge.maxima,
          halves: (parent.operands.halves & HALF_QUERIES) | (operands.halves & HALF_QUERIES ? HALF_KEYS : 0),
          scale,
        },
        [Math.ceil((rows - firstRow) / TILE), plan.memberCount, 1],
        perRow * (rows - firstRow),
      );
    }
  }
}
