/**
 * Register-blocked tiles of 32 rows and 32 keys on 64 threads. Thread (tx, ty) of 8 x 8 owns rows 4 ty .. 4 ty + 3, as scores keys
 * 4 tx .. 4 tx + 3 and as sums channels 4 tx + 32 j .. of its rows: 16 multiply-adds for two reads of shared memory where scores are
 * made, 16 J for 1 + J where values are added. Accumulators are named variables, not arrays, so that no driver has to unroll a loop to
 * keep them in registers; and the bounds of the inner loops are parameters, since compilers unroll what they can count (0.5 s a kernel on
 * software rendering, 7 s unrolled).
 *
 * Shared vectors stand 9 apart, not 8, so that the transposing writes of 8 threads meet 8 banks.
 */
import { HALF_KEYS, HALF_QUERIES, HALF_VALUES, type Reads } from './operands.ts';

/** Rows, and keys, of a tile. */
export const TILE = 32;
/** Of a workgroup. */
export const THREADS = 64;

/** Chosen from the adapter's limits (device.ts). */
export interface TileSizes {
  /** Coordinates of queries and keys in shared memory at a time. */
  readonly depth: number;
  /** Channels of values that a workgroup accumulates; a multiple of 32. */
  readonly channels: number;
}

/** What the source of a kernel depends on. */
export interface Target extends TileSizes {
  readonly reads: Reads;
}

/** Bytes of shared memory that a tile needs. */
export function tileBytes({ depth, channels }: TileSizes): number {
  return 16 * (9 * depth + Math.max(9 * depth, 8 * channels) + 9 * TILE + THREADS) + 16;
}

/** Rounds of all loops that `scores` makes for one tile of keys, with the loads. */
export function scoreIterations({ depth }: TileSizes, d: number): number {
  return d + Math.ceil(d / depth) * ((8 * depth) / THREADS + 1);
}

/** The same of storeWeightsAndValues and addValues, the reduction and the loop over tiles around them. */
export function valueIterations({ channels }: TileSizes): number {
  return (8 * channels) / THREADS + TILE + 10; // and once a row of the results, for which iterations have room
}

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

/** WGSL: the shared memory of a workgroup. */
export function sharedTiles({ depth, channels }: TileSizes): string {
  return `
var<workgroup> queryTile: array<vec4<f32>, ${9 * depth}>; // [c][row / 4]
var<workgroup> otherTile: array<vec4<f32>, ${Math.max(9 * depth, 8 * channels)}>; // keys [c][key / 4], then values [key][channel / 4]
var<workgroup> weightTile: array<vec4<f32>, ${9 * TILE}>; // [key][row / 4]
var<workgroup> partials: array<vec4<f32>, ${THREADS}>; // [ty][tx]
`;
}

/**
 * s0 .. s3 = scores of the thread's rows with its four keys: rows `firstRow` .. of `queries` times a weight for each coordinate, keys key0 ..;
 * the names are WGSL expressions, of offsets the last two. Rows and keys beyond the last are the last once more: whoever uses the scores leaves
 * them out.
 */
export function scores({ depth }: TileSizes, names: Readonly<Record<'firstRow' | 'queries' | 'keys', string>>): string {
  const load = (tile: string, base: string, offset: string, end: string, half: number, weight: string) => `
      {
        let row = vec4(${base} + 4u * group) + vec4(0u, 1u, 2u, 3u);
        let index = min(row, vec4(${end} - 1u)) * p.d + min(c0 + c, p.d - 1u);
        ${tile}[c * 9u + group] = operand4(${offset}, index, isHalf(${half}u))${weight};
      }`;
  return `
    var s0 = vec4(0.0); var s1 = vec4(0.0); var s2 = vec4(0.0); var s3 = vec4(0.0);
    for (var c0 = 0u; c0 < p.d; c0 += ${depth}u) {
      // The last readers of the tiles may still be at them.
      workgroupBarrier();
      // Rows that fit whole in the tile stay there for all keys.
      let fresh = c0 > 0u || p.d > ${depth}u || firstBlock;
      for (var i = t; i < ${8 * depth}u; i += ${THREADS}u) {
        let c = i % ${depth}u;
        let group = i / ${depth}u;
        if (fresh) {${load('queryTile', names.firstRow, names.queries, 'p.rows', HALF_QUERIES, ' * weightOf(slice, min(c0 + c, p.d - 1u))')}
        }${load('otherTile', 'key0', names.keys, 'lastKey', HALF_KEYS, '')}
      }
      workgroupBarrier();
      for (var c = 0u; c < min(p.depth, p.d - c0); c++) {
        let q = queryTile[c * 9u + ty];
        let k = otherTile[c * 9u + tx];
        s0 += q.x * k; s1 += q.y * k; s2 += q.z * k; s3 += q.w * k;
      }
    }`;
}

/** weightTile from the thread's weights w0 .. w3, 0 for keys beyond the last, and the values of 32 keys beside them. */
export function storeWeightsAndValues({ channels }: TileSizes): string {
  return `
    weightTile[(4u * tx) * 9u + ty] = vec4(w0.x, w1.x, w2.x, w3.x);
    weightTile[(4u * tx + 1u) * 9u + ty] = vec4(w0.y, w1.y, w2.y, w3.y);
    weightTile[(4u * tx + 2u) * 9u + ty] = vec4(w0.z, w1.z, w2.z, w3.z);
    weightTile[(4u * tx + 3u) * 9u + ty] = vec4(w0.w, w1.w, w2.w, w3.w);
    if (p.values != NONE) {
      for (var i = t; i < ${8 * channels}u; i += ${THREADS}u) {
        let key = min(key0 + i / ${channels / 4}u, lastKey - 1u);
        let c = vec4(channel0 + 4u * (i % ${channels / 4}u)) + vec4(0u, 1u, 2u, 3u);
        let index = (key - valueOrigin) * p.dv + min(c, vec4(p.dv - 1u));
        otherTile[i] = operand4(baseOf(p.values, slice, p.valueStride), index, isHalf(${HALF_VALUES}u));
      }
    }
    workgroupBarrier();`;
}

/** WGSL: o_r = 0, the sums of a thread. */
export function declareSums({ channels }: TileSizes): string {
  return lines(channels / 32, (j) => `  ${lines(4, (r) => `var o${r}_${j} = vec4(0.0);`).replaceAll('\n', ' ')}`);
}

/** o_r *= factor[r] */
export function scaleSums({ channels }: TileSizes, factor: string): string {
  const axes = ['x', 'y', 'z', 'w'];
  return lines(channels / 32, (j) => `    ${lines(4, (r) => `o${r}_${j} *= ${factor}.${axes[r]};`).replaceAll('\n', ' ')}`);
}

/** o_r[channel] += sum over the tile's keys of weight * value */
export function addValues({ channels }: TileSizes): string {
  return `
    if (p.values != NONE) {
      for (var key = 0u; key < min(p.tile, lastKey - key0); key++) {
        let w = weightTile[key * 9u + ty];
${lines(channels / 32, (j) => `        let v${j} = otherTile[key * ${channels / 4}u + tx + ${8 * j}u];`)}
${lines(channels / 32, (j) => `        o0_${j} += w.x * v${j}; o1_${j} += w.y * v${j}; o2_${j} += w.z * v${j}; o3_${j} += w.w * v${j};`)}
      }
    }`;
}

/**
 * Adds up `z` [4 rows] over the threads of a row, then stores o / z and `logSumExp`, an expression of `total` [4 rows]. A total that is not
 * a normal number, which only a product can have, leaves the row empty: its reciprocal need not be finite. Results go through shared
 * memory, so that neighbouring threads store neighbouring channels.
 */
export function storeRows({ channels }: TileSizes, logSumExp: string): string {
  const axes = ['x', 'y', 'z', 'w'];
  const keep = (r: number, j: number) =>
    `  otherTile[(4u * ty + ${r}u) * ${channels / 4}u + tx + ${8 * j}u] = o${r}_${j} * inverse.${axes[r]};`;
  return `
  workgroupBarrier();
  partials[ty * 8u + tx] = z;
  workgroupBarrier();
  var total = vec4(0.0);
  for (var i = 0u; i < 8u; i++) { total += partials[ty * 8u + i]; }
  let isFull = total > vec4(1.2e-38);
  let inverse = select(vec4(0.0), 1.0 / total, isFull);
  if (tx == 0u) { weightTile[ty] = select(vec4(EMPTY), ${logSumExp}, isFull); }
${lines(channels / 32, (j) => lines(4, (r) => keep(r, j)))}
  workgroupBarrier();
  let rowCount = min(${TILE}u, lastRow - row0);
  if (wid.z == 0u && t < rowCount) {
    arena[baseOf(p.logSumExp, slice, p.logSumExpStride) + row0 - p.baseRow + t] = weightTile[t / 4u][t % 4u];
  }
  if (p.message == NONE) { return; }
  let width = min(${channels}u, p.dv - channel0);
  let out = baseOf(p.message, slice, p.messageStride) + (row0 - p.baseRow) * p.dv + channel0;
  for (var i = t; i < rowCount * width; i += ${THREADS}u) {
    let row = i / width;
    let c = i % width;
    arena[out + row * p.dv + c] = otherTile[row * ${channels / 4}u + c / 4u][c % 4u];
  }`;
}
