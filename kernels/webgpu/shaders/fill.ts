/**
 * What stands at the rows of one variable before its message is sent, slice by slice (math.md §6.1, §6.4):
 *
 *     sum = bias + child's L + <weights, queries>,  product = values ⊙ child's u
 *
 * Rows count from the first of the slice's range, in all but the operands that every slice shares; those beyond the range, and those whose
 * sum is empty, get (EMPTY, 0). One child at a time: the next dispatch reads what this one wrote.
 * Strides of 0 stand for operands that every slice of a member shares (members.ts).
 * `loose` is the sum with r + c in the place of a child's L = r + c + ln Y_z, what the certificate of a cycle is made from (cycle.ts).
 * rows (2 d + dv) flops a slice. Workgroups: x blocks of 64 rows, y slices.
 */
import type { Fields } from './fields.ts';
import { MEMBER_FIELDS, MEMBERS } from './members.ts';
import { HALF_QUERIES, HALF_VALUES, type Reads } from './operands.ts';
import { prelude } from './prelude.ts';

/** Rows of a workgroup. */
export const FILL_ROWS = 64;

/** Parameters of a dispatch. */
export const FILL_FIELDS = {
  ...MEMBER_FIELDS,
  rows: 'u32', // of the longest range
  d: 'u32',
  dv: 'u32',
  bias: 'u32', // [slices, rows] or NONE
  biasStride: 'u32',
  values: 'u32', // [slices, rows, dv] or NONE
  valueStride: 'u32',
  childSum: 'u32', // [slices, rows] or NONE
  childSumStride: 'u32',
  childMessage: 'u32', // [slices, rows, dv] or NONE
  childMessageStride: 'u32',
  weights: 'u32', // [slices, d] or NONE
  queries: 'u32', // [rows, d]
  halves: 'u32', // operands.ts
  ranges: 'u32', // [slices, 2] or NONE
  sum: 'u32', // out: [slices, rows]
  sumStride: 'u32',
  product: 'u32', // out: [slices, rows, dv] or NONE
  productStride: 'u32',
  loose: 'u32', // out: [slices, rows] or NONE
  maxima: 'u32', // [rows], r of the child's edge, with `loose`
  tops: 'u32', // [slices, 2], c first, with `loose`
} as const satisfies Fields;

/** WGSL of the kernel. */
export function fillSource(reads: Reads): string {
  return `${prelude(FILL_FIELDS, reads)}
${MEMBERS}
var<workgroup> sums: array<f32, ${FILL_ROWS}>;

// First row and number of rows of a slice.
fn rangeOf(slice: u32) -> vec2<u32> {
  if (p.ranges == NONE) { return vec2(0u, p.rows); }
  let first = u32(arena[p.ranges + 2u * slice]);
  return vec2(first, u32(arena[p.ranges + 2u * slice + 1u]) - first);
}

// Row l of the slice's range in an operand: what all slices share counts from row 0.
fn rowOf(l: u32, first: u32, stride: u32) -> u32 { return l + select(0u, first, stride == 0u); }

// Without the child's part.
fn ownSum(slice: u32, range: vec2<u32>, l: u32) -> f32 {
  if (l >= range.y) { return EMPTY; }
  var sum = 0.0;
  if (p.bias != NONE) { sum = arena[baseOf(p.bias, slice, p.biasStride) + rowOf(l, range.x, p.biasStride)]; }
  if (p.weights != NONE) {
    var inner = 0.0;
    let queries = baseOf(p.queries, slice, 0u);
    for (var c = 0u; c < p.d; c++) { 
      inner += arena[p.weights + slice * p.d + c] * operand(queries, (range.x + l) * p.d + c, isHalf(${HALF_QUERIES}u));
    }
    sum += inner;
  }
  return sum;
}

fn valueAt(slice: u32, first: u32, l: u32, c: u32) -> f32 {
  var value = 1.0;
  if (p.values != NONE) {
    value = operand(baseOf(p.values, slice, p.valueStride), rowOf(l, first, p.valueStride) * p.dv + c, isHalf(${HALF_VALUES}u));
  }
  if (p.childMessage != NONE) {
    value *= arena[baseOf(p.childMessage, slice, p.childMessageStride) + rowOf(l, first, p.childMessageStride) * p.dv + c];
  }
  return value;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let slice = wid.y;
  let row0 = wid.x * ${FILL_ROWS}u;
  let row = row0 + t; // of the slice's range
  let range = rangeOf(slice);
  if (row < p.rows) {
    let own = ownSum(slice, range, row);
    var sum = own;
    if (p.childSum != NONE && row < range.y) {
      sum += arena[baseOf(p.childSum, slice, p.childSumStride) + rowOf(row, range.x, p.childSumStride)];
    }
    sum = select(sum, EMPTY, isEmpty(sum) || isEmpty(own));
    if (p.loose != NONE) {
      arena[p.loose + slice * p.sumStride + row] = select(own + arena[baseOf(p.maxima, slice, 0u) + row] + arena[p.tops + 2u * slice], EMPTY, isEmpty(own));
    }
    arena[baseOf(p.sum, slice, p.sumStride) + row] = sum;
    sums[t] = sum;
  }
  if (p.product == NONE) { return; }
  workgroupBarrier();
  let count = min(${FILL_ROWS}u, p.rows - row0) * p.dv;
  for (var i = t; i < count; i += 64u) {
    let l = i / p.dv;
    let c = i % p.dv;
    var value = 0.0;
    if (!isEmpty(sums[l])) { value = valueAt(slice, range.x, row0 + l, c); }
    arena[baseOf(p.product, slice, p.productStride) + (row0 + l) * p.dv + c] = value;
  }
}
`;
}
