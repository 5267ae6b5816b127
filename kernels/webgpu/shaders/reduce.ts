/**
 * The softmax-average of one slice's rows: L = LSE of the biases, u = sum of e^(bias - L) X; attention of a query of length zero
 * (math.md §6.2). Two passes: the maximum, then blocks of 64 weights in shared memory against the values. Workgroups: y slices, z blocks
 * of 64 channels.
 */
import type { Fields } from './fields.ts';
import { MEMBER_FIELDS, MEMBERS } from './members.ts';
import { HALF_VALUES, type Reads } from './operands.ts';
import { prelude } from './prelude.ts';

/** Channels of a workgroup. */
export const REDUCE_CHANNELS = 64;

/** Parameters of a dispatch. */
export const REDUCE_FIELDS = {
  ...MEMBER_FIELDS,
  rows: 'u32', // of the longest range
  dv: 'u32',
  ranges: 'u32', // [slices, 2] or NONE: a slice's own rows count from the first of its range
  bias: 'u32', // [slices, rows] or NONE: zero
  biasStride: 'u32',
  values: 'u32', // [slices, rows, dv] or NONE
  valueStride: 'u32',
  message: 'u32', // out: [slices, dv] or NONE
  messageStride: 'u32',
  logSumExp: 'u32', // out: [slices]
  logSumExpStride: 'u32',
  halves: 'u32', // operands.ts
} as const satisfies Fields;

/** WGSL of the kernel. */
export function reduceSource(reads: Reads): string {
  return `${prelude(REDUCE_FIELDS, reads)}
${MEMBERS}
var<workgroup> weights: array<f32, 64>;
var<workgroup> scratch: array<f32, 64>;

var<workgroup> range: vec2<u32>; // first row and number of rows

fn rangeOf(slice: u32) -> vec2<u32> {
  if (p.ranges == NONE) { return vec2(0u, p.rows); }
  let first = u32(arena[p.ranges + 2u * slice]);
  return vec2(first, u32(arena[p.ranges + 2u * slice + 1u]) - first);
}

fn biasOf(slice: u32, row: u32) -> f32 {
  if (p.bias == NONE) { return 0.0; }
  return arena[baseOf(p.bias, slice, p.biasStride) + row];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let slice = wid.y;
  let c = wid.z * ${REDUCE_CHANNELS}u + t;
  if (t == 0u) { range = rangeOf(slice); }
  let limits = workgroupUniformLoad(&range);
  let origin = select(0u, limits.x, p.valueStride == 0u);
  var m = EMPTY;
  for (var row = t; row < limits.y; row += 64u) { m = max(m, biasOf(slice, row)); }
  scratch[t] = m;
  workgroupBarrier();
  for (var i = 0u; i < 64u; i++) { m = max(m, scratch[i]); }
  let shift = select(m, 0.0, isEmpty(m));

  var z = 0.0;
  var y = 0.0;
  for (var row0 = 0u; row0 < limits.y; row0 += 64u) {
    workgroupBarrier();
    var w = 0.0;
    if (row0 + t < limits.y) { w = exponential(biasOf(slice, row0 + t) - shift); }
    weights[t] = w;
    z += w;
    workgroupBarrier();
    if (p.values != NONE && c < p.dv) {
      let at = baseOf(p.values, slice, p.valueStride);
      for (var i = 0u; i < min(64u, limits.y - row0); i++) {
        y += weights[i] * operand(at, (origin + row0 + i) * p.dv + c, isHalf(${HALF_VALUES}u));
      }
    }
  }
  workgroupBarrier();
  scratch[t] = z;
  workgroupBarrier();
  var total = 0.0;
  for (var i = 0u; i < 64u; i++) { total += scratch[i]; }
  if (t == 0u && wid.z == 0u) {
    arena[baseOf(p.logSumExp, slice, p.logSumExpStride)] = select(EMPTY, m + logarithm(total), total > 0.0);
  }
  if (p.message != NONE && c < p.dv) { arena[baseOf(p.message, slice, p.messageStride) + c] = select(0.0, y / total, total > 0.0); }
}
`;
}
