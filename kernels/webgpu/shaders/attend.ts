/**
 * Attention of 32 rows with all keys by an online softmax (math.md §6.1, §6.2): scores, weights and values of one tile of 32 keys live in
 * shared memory and registers only. With `weights` the queries are composite, one weight a coordinate and slice.
 *
 *     m' = max(m, max_k s);  z = z e^(m - m') + sum_k e^(s - m');  o = o e^(m - m') + sum_k e^(s - m') x_k;  u = o / z, L = m + ln z
 *
 * Tiles of keys that a band leaves empty are skipped. 2 (d + dv) flops and an exponential a pair.
 * Workgroups: x blocks of rows, y slices, z blocks of channels (which repeat the scores).
 */
import type { Fields } from './fields.ts';
import { MEMBER_FIELDS, MEMBERS } from './members.ts';
import { prelude } from './prelude.ts';
import {
  addValues,
  declareSums,
  scaleSums,
  scores,
  sharedTiles,
  storeRows,
  storeWeightsAndValues,
  type Target,
  TILE,
} from './tiles.ts';

/** Parameters of a dispatch. */
export const ATTEND_FIELDS = {
  ...MEMBER_FIELDS,
  depth: 'u32', // of the tiles
  tile: 'u32', // TILE: loops whose bound the compiler knows are unrolled (tiles.ts)
  firstRow: 'u32', // of the dispatch
  lastRow: 'u32',
  baseRow: 'u32', // the row that stands first in the results
  rows: 'u32', // of the queries
  lastKey: 'u32',
  d: 'u32',
  dv: 'u32',
  queries: 'u32', // offsets into the arena; strides are from slice to slice (members.ts)
  queryStride: 'u32',
  keys: 'u32',
  keyStride: 'u32',
  bias: 'u32', // or NONE
  biasStride: 'u32',
  values: 'u32', // or NONE
  valueStride: 'u32',
  weights: 'u32', // [slices, d] or NONE: `scale`
  rowRanges: 'u32', // [slices, 2] or NONE: rows count from the first of the slice's range, and results too
  keyRanges: 'u32', // [slices, 2] or NONE: likewise biases and values that are the slice's own
  message: 'u32', // or NONE
  messageStride: 'u32',
  logSumExp: 'u32',
  logSumExpStride: 'u32',
  scale: 'f32',
  halves: 'u32', // which operands are (operands.ts)
  lowest: 'i32',
  highest: 'i32',
} as const satisfies Fields;

const HELPERS = `${MEMBERS}
fn weightOf(slice: u32, c: u32) -> f32 {
  if (p.weights == NONE) { return p.scale; }
  return arena[p.weights + slice * p.d + c];
}

// Scores of one row with four keys, biases added, EMPTY where the key is not admissible.
fn admit(s: vec4<f32>, bias: vec4<f32>, row: u32, key: u32) -> vec4<f32> {
  let difference = i32(row) - (vec4(i32(key)) + vec4(0, 1, 2, 3));
  let inside = (difference >= vec4(p.lowest)) & (difference <= vec4(p.highest)) & (bias > vec4(-5e37));
  return select(vec4(EMPTY), s + bias, inside);
}

// Of four keys; the last one stands in for those beyond it before they are left out.
fn biasOf(at: u32, key: u32, lastKey: u32) -> vec4<f32> {
  let keys = vec4(key) + vec4(0u, 1u, 2u, 3u);
  var bias = vec4(0.0);
  if (p.bias != NONE) {
    let places = at + min(keys, vec4(lastKey - 1u));
    bias = vec4(arena[places.x], arena[places.y], arena[places.z], arena[places.w]);
  }
  return select(vec4(EMPTY), bias, keys < vec4(lastKey));
}

fn most(v: vec4<f32>) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }

var<workgroup> range: vec4<u32>; // first row and rows, first key and keys

fn rangeOf(slice: u32) -> vec4<u32> {
  var r = vec4(0u, p.lastRow, 0u, p.lastKey);
  if (p.rowRanges != NONE) {
    r.x = u32(arena[p.rowRanges + 2u * slice]);
    r.y = min(p.lastRow, u32(arena[p.rowRanges + 2u * slice + 1u]) - r.x);
  }
  if (p.keyRanges != NONE) {
    r.z = u32(arena[p.keyRanges + 2u * slice]);
    r.w = u32(arena[p.keyRanges + 2u * slice + 1u]) - r.z;
  }
  return r;
}
`;

/** WGSL of the kernel for tiles of these sizes. */
export function attendSource(sizes: Target): string {
  return `${prelude(ATTEND_FIELDS, sizes.reads)}${sharedTiles(sizes)}${HELPERS}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let tx = t % 8u;
  let ty = t / 8u;
  let slice = wid.y;
  let row0 = p.firstRow + wid.x * ${TILE}u;
  let channel0 = wid.z * ${sizes.channels}u;
  if (t == 0u) { range = rangeOf(slice); }
  let limits = workgroupUniformLoad(&range);
  let lastRow = limits.y;
  if (row0 >= lastRow) { return; }

  // What every slice has of its own is counted from the start of its range; what they share, from row 0.
  let firstOfBlock = limits.x + row0;
  let lastOfBlock = limits.x + min(row0 + ${TILE}u, lastRow) - 1u;
  let biasOrigin = select(limits.z, 0u, p.biasStride == 0u);
  let valueOrigin = select(limits.z, 0u, p.valueStride == 0u);
  // Admissible keys of the block: row - highest .. row - lowest, for its first and its last row.
  let firstKey = u32(max(i32(limits.z), i32(firstOfBlock) - p.highest));
  let lastKey = u32(max(0, min(i32(limits.z + limits.w), i32(lastOfBlock) - p.lowest + 1)));

  var m = vec4(EMPTY);
  var z = vec4(0.0);
${declareSums(sizes)}
  var firstBlock = true;
  for (var key0 = firstKey; key0 < lastKey; key0 += ${TILE}u) {
${scores(sizes, { firstRow: 'firstOfBlock', queries: 'baseOf(p.queries, slice, p.queryStride)', keys: 'baseOf(p.keys, slice, p.keyStride)' })}
    firstBlock = false;
    let key = key0 + 4u * tx;
    let row = firstOfBlock + 4u * ty;
    let bias = biasOf(baseOf(p.bias, slice, p.biasStride) - biasOrigin, key, lastKey);
    s0 = admit(s0, bias, row, key);
    s1 = admit(s1, bias, row + 1u, key);
    s2 = admit(s2, bias, row + 2u, key);
    s3 = admit(s3, bias, row + 3u, key);

    partials[ty * 8u + tx] = vec4(most(s0), most(s1), most(s2), most(s3));
    workgroupBarrier();
    var top = m;
    for (var i = 0u; i < 8u; i++) { top = max(top, partials[ty * 8u + i]); }
    let shift = select(top, vec4(0.0), top < vec4(-5e37));
    let decay = exponential4(m - shift);
    let w0 = exponential4(s0 - shift.x);
    let w1 = exponential4(s1 - shift.y);
    let w2 = exponential4(s2 - shift.z);
    let w3 = exponential4(s3 - shift.w);
    m = top;
    z = z * decay + vec4(dot(w0, vec4(1.0)), dot(w1, vec4(1.0)), dot(w2, vec4(1.0)), dot(w3, vec4(1.0)));
${scaleSums(sizes, 'decay')}
${storeWeightsAndValues(sizes)}
${addValues(sizes)}
  }
${storeRows(sizes, 'm + logarithm4(total)')}
}
`;
}
