/**
 * Register-blocked tiles of 32 rows and 32 keys on 64 threads. Thread (tx, ty) of 8 x 8 owns rows 4 ty .. 4 ty + 3, as scores keys
 * 4 tx .. 4 tx + 3 and as sums channels 4 tx + 32 j .. of its rows: 16 multiply-adds for two reads of shared memory where scores are
 * made, 16 J for 1 + J where values are added. Accumulators are named variables, not arrays, so that no driver has to unroll a loop to
 * keep them in registers: arrays cost 15 times the compile time on software rendering (0.5 s and 7.6 s).
 *
 * Shared vectors stand 9 apart, not 8, so that the transposing writes of 8 threads meet 8 banks.
 */

export const TILE = 32;
export const THREADS = 64;

/** Chosen from the adapter's limits (device.ts). */
export interface TileSizes {
  /** Coordinates of queries and keys in shared memory at a time. */
  readonly depth: number;
  /** Channels of values that a workgroup accumulates; a multiple of 32. */
  readonly channels: number;
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
  return (8 * channels) / THREADS + TILE + 10;
}

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

export function sharedTiles({ depth, channels }: TileSizes): string {
  return `
var<workgroup> queryTile: array<vec4<f32>, ${9 * depth}>; // [c][row / 4]
var<workgroup> otherTile: array<vec4<f32>, ${Math.max(9 * depth, 8 * channels)}>; // keys [c][key / 4], then values [key][channel / 4]
var<workgroup> weightTile: array<vec4<f32>, ${9 * TILE}>; // [key][row / 4]
var<workgroup> partials: array<vec4<f32>, ${THREADS}>; // [ty][tx]
`;
}

/**
 * s0 .. s3 = scores of the thread's rows with its four keys: rows row0 .. of `queries` times a weight for each coordinate, keys key0 ..;
 * rows beyond `rows` and keys beyond `keys` are 0. `queries` and `keys` are WGSL expressions of offsets.
 */
export function scores({ depth }: TileSizes, names: { readonly queries: string; readonly keys: string }): string {
  const load = (tile: string, base: string, offset: string, end: string, scaled: boolean) => `
      {
        let c = i % ${depth}u;
        let group = i / ${depth}u;
        var v = vec4(0.0);
        if (c0 + c < p.d) {
          let at = ${offset} + c0 + c;
          let row = ${base} + 4u * group;
          if (row < ${end}) { v.x = arena[at + row * p.d]; }
          if (row + 1u < ${end}) { v.y = arena[at + (row + 1u) * p.d]; }
          if (row + 2u < ${end}) { v.z = arena[at + (row + 2u) * p.d]; }
          if (row + 3u < ${end}) { v.w = arena[at + (row + 3u) * p.d]; }
          ${scaled ? 'v *= weightOf(slice, c0 + c);' : ''}
        }
        ${tile}[c * 9u + group] = v;
      }`;
  return `
    var s0 = vec4(0.0); var s1 = vec4(0.0); var s2 = vec4(0.0); var s3 = vec4(0.0);
    for (var c0 = 0u; c0 < p.d; c0 += ${depth}u) {
      // The last readers of the tiles may still be at them.
      workgroupBarrier();
      // Rows that fit whole in the tile stay there for all keys.
      let fresh = c0 > 0u || p.d > ${depth}u || firstBlock;
      for (var i = t; i < ${8 * depth}u; i += ${THREADS}u) {
        if (fresh) {${load('queryTile', 'row0', names.queries, 'p.rows', true)}
        }${load('otherTile', 'key0', names.keys, 'lastKey', false)}
      }
      workgroupBarrier();
      for (var c = 0u; c < min(${depth}u, p.d - c0); c++) {
        let q = queryTile[c * 9u + ty];
        let k = otherTile[c * 9u + tx];
        s0 += q.x * k; s1 += q.y * k; s2 += q.z * k; s3 += q.w * k;
      }
    }`;
}

/** weightTile from the thread's weights w0 .. w3, and the values of 32 keys beside them. */
export function storeWeightsAndValues({ channels }: TileSizes): string {
  return `
    weightTile[(4u * tx) * 9u + ty] = vec4(w0.x, w1.x, w2.x, w3.x);
    weightTile[(4u * tx + 1u) * 9u + ty] = vec4(w0.y, w1.y, w2.y, w3.y);
    weightTile[(4u * tx + 2u) * 9u + ty] = vec4(w0.z, w1.z, w2.z, w3.z);
    weightTile[(4u * tx + 3u) * 9u + ty] = vec4(w0.w, w1.w, w2.w, w3.w);
    if (p.values != NONE) {
      for (var i = t; i < ${8 * channels}u; i += ${THREADS}u) {
        let key = key0 + i / ${channels / 4}u;
        let c = channel0 + 4u * (i % ${channels / 4}u);
        var v = vec4(0.0);
        if (key < lastKey) {
          let at = p.values + slice * p.valueStride + key * p.dv + c;
          if (c < p.dv) { v.x = arena[at]; }
          if (c + 1u < p.dv) { v.y = arena[at + 1u]; }
          if (c + 2u < p.dv) { v.z = arena[at + 2u]; }
          if (c + 3u < p.dv) { v.w = arena[at + 3u]; }
        }
        otherTile[i] = v;
      }
    }
    workgroupBarrier();`;
}

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
      for (var key = 0u; key < min(${TILE}u, lastKey - key0); key++) {
        let w = weightTile[key * 9u + ty];
${lines(channels / 32, (j) => `        let v${j} = otherTile[key * ${channels / 4}u + tx + ${8 * j}u];`)}
${lines(channels / 32, (j) => `        o0_${j} += w.x * v${j}; o1_${j} += w.y * v${j}; o2_${j} += w.z * v${j}; o3_${j} += w.w * v${j};`)}
      }
    }`;
}

/**
 * Adds up `z` [4 rows] over the threads of a row, then stores o / z and `logSumExp` (an expression of the total `sum`). A total that is not
 * a normal number, which only a product can have, leaves the row empty: its reciprocal need not be finite.
 */
export function storeRows({ channels }: TileSizes, logSumExp: (axis: string) => string): string {
  const row = (r: number, axis: string) => `
  {
    let row = row0 + 4u * ty + ${r}u;
    if (row < p.lastRow) {
      let sum = total.${axis};
      let at = p.logSumExp + slice * p.logSumExpStride + (row - p.baseRow);
      if (wid.z == 0u && tx == 0u) { arena[at] = select(EMPTY, ${logSumExp(axis)}, sum > 1.2e-38); }
      if (p.message != NONE) {
        let inverse = select(0.0, 1.0 / sum, sum > 1.2e-38);
        let out = p.message + slice * p.messageStride + (row - p.baseRow) * p.dv;
${lines(channels / 32, (j) => `        storeFour(out, channel0 + ${32 * j}u + 4u * tx, o${r}_${j} * inverse);`)}
      }
    }
  }`;
  return `
  workgroupBarrier();
  partials[ty * 8u + tx] = z;
  workgroupBarrier();
  var total = vec4(0.0);
  for (var i = 0u; i < 8u; i++) { total += partials[ty * 8u + i]; }
${['x', 'y', 'z', 'w'].map((axis, r) => row(r, axis)).join('\n')}`;
}

/** Four channels from `c` on, those that there are. */
export const STORE_FOUR = `
fn storeFour(out: u32, c: u32, v: vec4<f32>) {
  if (c < p.dv) { arena[out + c] = v.x; }
  if (c + 1u < p.dv) { arena[out + c + 1u] = v.y; }
  if (c + 2u < p.dv) { arena[out + c + 2u] = v.z; }
  if (c + 3u < p.dv) { arena[out + c + 3u] = v.w; }
}
`;
