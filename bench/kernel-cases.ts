/** What bench/kernels.ts runs: steps of the native back end on random operands, with the work that each is counted for. */
import { type Backend, type Band, CONTROL_CELLS, type Matrix, type Precision, type Step, type Work } from '../kernels/backend.ts';
import { eliminationSums, eliminationWork } from '../src/plan/tables.ts';
import { prefixWork, projectWork } from '../src/plan/work.ts';
import { tensorOf } from '../test/helpers/steps.ts';

export interface Case {
  readonly name: string;
  /** Multiply-adds count twice; what the share of the peak is taken of. */
  readonly work: Work;
  /** One whole evaluation in the calling thread; gives the rows that fell back. */
  run(): number;
}

export interface Bench {
  readonly backend: Backend;
  readonly precision: Precision;
}

let calls = 0;

export function operand({ precision }: Bench, rows: number, cols: number): Matrix {
  const bytes = (precision === 'float64' ? 8 : 4) * rows * cols;
  const memory = new SharedArrayBuffer(bytes);
  const data = precision === 'float64' ? new Float64Array(memory) : new Float32Array(memory);
  for (let at = 0; at < data.length; at++) data[at] = 2 * Math.random() - 1;
  return { data, rows, cols };
}

export function runStep({ backend }: Bench, step: Step<Matrix>, rows: number): number {
  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_CELLS));
  const report = backend.run(step, { firstRow: 0, lastRow: rows, control, callId: ++calls });
  if (report instanceof Promise) throw new Error('the native back end runs in the calling thread');
  return report.fallbackRows;
}

/** Q Kᵀ and P V, 2 n² (d + dv) flops; with a causal mask half of it. */
export function attendCase(bench: Bench, n: number, d: number, dv: number, band: Band | null = null): Case {
  const step: Step<Matrix> = {
    kind: 'attend',
    queries: operand(bench, n, d),
    keys: operand(bench, n, d),
    keyBias: null,
    values: operand(bench, n, dv),
    scale: 1 / d,
    band,
    message: operand(bench, n, dv),
    logSumExp: operand(bench, n, 1),
  };
  const share = band === null ? 1 : 0.5;
  const name = `attend${band === null ? '' : ' causal'} n=${n} d=${d}${dv === d ? '' : ` dv=${dv}`}`;
  return { name, work: attendWork(n, d, dv, share), run: () => runStep(bench, step, n) };
}

function attendWork(n: number, d: number, dv: number, share: number): Work {
  return { flops: share * 2 * n * n * (d + dv), exponentials: share * n * n, bytes: 4 * n * (2 * d + 2 * dv) };
}

/** A tree by one attend and one combine an edge; `children` lists the variables below each, leaves first (math.md §6.1). */
export function treeCase(bench: Bench, name: string, edges: readonly (readonly [number, number])[], n: number, d: number): Case {
  const t = edges.length + 1;
  const queries = Array.from({ length: t + 1 }, () => operand(bench, n, d));
  const values = Array.from({ length: t + 1 }, () => operand(bench, n, d));
  const sent = Array.from({ length: t + 1 }, () => ({ message: operand(bench, n, d), logSumExp: operand(bench, n, 1) }));
  const node = { product: operand(bench, n, d), sum: operand(bench, n, 1) };
  const inbox = (variable: number) => edges.filter(([, parent]) => parent === variable).map(([child]) => sent[child] ?? sent[0]);
  const gather = (variable: number): { values: Matrix; keyBias: Matrix | null } => {
    const messages = inbox(variable).filter((each) => each !== undefined);
    const own = values[variable] as Matrix;
    if (messages.length === 0) return { values: own, keyBias: null };
    const factors = [...(variable === 1 ? [] : [own]), ...messages.map((each) => each.message)];
    runStep(bench, { kind: 'combine', factors, addends: messages.map((each) => each.logSumExp), ...node }, n);
    return { values: node.product, keyBias: node.sum };
  };
  const run = () => {
    for (const [child, parent] of edges) {
      const result = sent[child];
      const [above, below] = [queries[parent], queries[child]];
      if (result === undefined || above === undefined || below === undefined) throw new Error('an edge off the tree');
      runStep(bench, { kind: 'attend', queries: above, keys: below, ...gather(child), scale: 1 / d, band: null, ...result }, n);
    }
    gather(1);
    return 0;
  };
  const one = attendWork(n, d, d, 1);
  const work = { flops: one.flops * (t - 1), exponentials: one.exponentials * (t - 1), bytes: one.bytes * 2 * (t - 1) };
  return { name: `${name} n=${n} d=${d}`, work, run };
}

function variables(bench: Bench, t: number, n: number, d: number) {
  return Array.from({ length: t }, (_, j) => ({
    queries: operand(bench, n, d),
    values: j === 0 ? null : operand(bench, n, d),
    bias: null,
  }));
}

/** x1 x2 x3 conditioned on x1: 4 n³ d flops. */
export function tensorCase(bench: Bench, n: number, d: number): Case {
  const step = tensorOf((rows, cols) => operand(bench, rows, cols), n, d, d);
  const work = { flops: 4 * n ** 3 * d, exponentials: n ** 3, bytes: 4 * n * d * 6 };
  return { name: `tensor(3) n=${n} d=${d}`, work, run: () => runStep(bench, step, n) };
}

/** x1 x2 + x2 x3 + x1 x3 by shared exponentials: 2 n³ (d + 1) flops whatever the product. */
export function strassenCase(bench: Bench, n: number, d: number, product: 'gemm' | 'fast' | 'auto'): Case {
  const edges = [
    [1, 2],
    [2, 3],
    [1, 3],
  ];
  const step: Step<Matrix> = {
    kind: 'cycle',
    variables: variables(bench, 3, n, d),
    monomials: edges.map((members) => ({ coefficient: 1, variables: members })),
    masks: [],
    scale: 1 / d,
    order: [1, 2, 3],
    product,
    message: operand(bench, n, d),
    logSumExp: operand(bench, n, 1),
  };
  const work = { flops: 2 * n ** 3 * (d + 1), exponentials: 3 * n * n, bytes: 4 * n * n };
  return { name: `Strassen${product === 'fast' ? ' fast' : ''} n=${n} d=${d}`, work, run: () => runStep(bench, step, n) };
}

/** X W with [m, cols] weights: 2 n m cols flops. */
export function projectCase(bench: Bench, n: number, m: number, cols: number): Case {
  const operands = { input: operand(bench, n, m), weights: operand(bench, m, cols), output: operand(bench, n, cols) };
  const work = projectWork(n, m, cols, bytesOf(bench));
  return { name: `project n=${n} m=${m} to ${cols}`, work, run: () => runStep(bench, { kind: 'project', ...operands }, n) };
}

/** x1 x2 + x2 x3, root-causal, as the planner counts it. */
export function prefixCase(bench: Bench, n: number, d: number): Case {
  const [root, child, grandchild] = variables(bench, 3, n, d);
  if (root === undefined || child === undefined || grandchild === undefined) throw new Error('three variables are expected');
  const step: Step<Matrix> = {
    kind: 'prefix',
    queries: root.queries,
    child,
    coefficient: 1,
    grandchildren: [{ operands: grandchild, coefficient: 1 }],
    scale: 1 / d,
    message: operand(bench, n, d),
    logSumExp: operand(bench, n, 1),
  };
  const work = prefixWork(n, n, [n], d, d, bytesOf(bench));
  return { name: `path(3) root-causal n=${n} d=${d}`, work, run: () => runStep(bench, step, n) };
}

/** x1 x2 + x1 x3 + x2 x3 + x2 x4 + x3 x4 by tables: two sums of 2 n³ (d + 1) flops. */
export function diamondCase(bench: Bench, n: number, d: number): Case {
  const edges = [
    [1, 2],
    [1, 3],
    [2, 3],
    [2, 4],
    [3, 4],
  ];
  const polynomial = { monomials: edges.map((members) => ({ coefficient: 1, variables: members })), masks: [] };
  const how = { cutset: [], order: [4, 3, 2] };
  const step: Step<Matrix> = {
    kind: 'eliminate',
    variables: variables(bench, 4, n, d),
    ...{ ...polynomial, ...how, scale: 1 / d },
    message: operand(bench, n, d),
    logSumExp: operand(bench, n, 1),
  };
  const shape = { rows: [n, n, n, n], d, dv: d, width: bytesOf(bench) };
  const work = eliminationWork(eliminationSums({ ...polynomial, ...how }), how.cutset, shape, 'products');
  return { name: `diamond n=${n} d=${d}`, work, run: () => runStep(bench, step, n) };
}

function bytesOf({ precision }: Bench): number {
  return precision === 'float64' ? 8 : 4;
}
