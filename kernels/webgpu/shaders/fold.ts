/**
 * Merges partial messages into running ones (math.md §6.4): contribution a of the row's group has L = weight[a] + sums[a, row] and
 * u = factor[a] ⊙ product[a, row],
 *
 *     m' = max(m, L);  z = z e^(m - m') + e^(L - m');  y = y e^(m - m') + u e^(L - m')
 *
 * One thread for each row and channel, each with its own copy of m and z, so that no thread waits for another; a column more than dv
 * where there are no channels. The last dispatch stores u = y / z, L = m + ln z. Workgroups: foldGroups(threads).
 */
import type { Fields } from './fields.ts';
import { MEMBER_FIELDS, MEMBERS } from './members.ts';
import { prelude } from './prelude.ts';

/** Parameters of a dispatch. */
export const FOLD_FIELDS = {
  ...MEMBER_FIELDS,
  rows: 'u32', // of the dispatch: of all groups
  dv: 'u32',
  columns: 'u32', // max(1, dv)
  contributions: 'u32',
  groups: 'u32', // [groups, 3]: first and last contribution, number of the group in the results; NONE: all of them to every row
  groupRows: 'u32', // rows of the results that belong to one group
  weight: 'u32', // [contributions] or NONE: zero
  factor: 'u32', // [contributions, dv] or NONE: one
  ranges: 'u32', // [contributions, 2] or NONE: rows of `sums` and `product` that have a stride count from the first of the range
  sums: 'u32', // [contributions, rows] or NONE: zero
  sumStride: 'u32',
  product: 'u32', // [contributions, rows, dv] or NONE: one
  productStride: 'u32',
  state: 'u32', // [results, columns, 3]: m, z, y
  isFirst: 'u32',
  isLast: 'u32',
  message: 'u32', // out: [results, dv] or NONE
  logSumExp: 'u32', // out: [results]
} as const satisfies Fields;

/** What every device takes in one dimension. */
const MOST_GROUPS = 65535;

/** Workgroups for so many threads, beyond one dimension's limit in two. */
export function foldGroups(threads: number): [number, number, number] {
  const groups = Math.ceil(threads / 64);
  return [Math.min(groups, MOST_GROUPS), Math.ceil(groups / MOST_GROUPS), 1];
}

/** WGSL of the kernel. */
export const FOLD_SOURCE = `${prelude(FOLD_FIELDS)}
${MEMBERS}
fn logWeight(a: u32, row: u32, first: u32) -> f32 {
  var sum = 0.0;
  if (p.weight != NONE) { sum += arena[p.weight + a]; }
  if (p.sums != NONE) { sum += arena[baseOf(p.sums, a, p.sumStride) + row - select(first, 0u, p.sumStride == 0u)]; }
  return sum;
}

fn valueAt(a: u32, row: u32, first: u32, c: u32) -> f32 {
  var value = 1.0;
  if (p.factor != NONE) { value *= arena[p.factor + a * p.dv + c]; }
  if (p.product != NONE) {
    value *= arena[baseOf(p.product, a, p.productStride) + (row - select(first, 0u, p.productStride == 0u)) * p.dv + c];
  }
  return value;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let index = (wid.y * ${MOST_GROUPS}u + wid.x) * 64u + t;
  var row = index / p.columns;
  let c = index % p.columns;
  if (row >= p.rows) { return; }
  var first = 0u;
  var last = p.contributions;
  var result = row;
  if (p.groups != NONE) {
    let group = p.groups + 3u * (row / p.groupRows);
    row %= p.groupRows;
    first = u32(arena[group]);
    last = u32(arena[group + 1u]);
    result = u32(arena[group + 2u]) * p.groupRows + row;
  }
  let at = p.state + (result * p.columns + c) * 3u;
  var m = EMPTY;
  var z = 0.0;
  var y = 0.0;
  if (p.isFirst == 0u) { m = arena[at]; z = arena[at + 1u]; y = arena[at + 2u]; }
  for (var a = first; a < last; a++) {
    var begin = 0u;
    if (p.ranges != NONE) {
      begin = u32(arena[p.ranges + 2u * a]);
      if (row < begin || row >= u32(arena[p.ranges + 2u * a + 1u])) { continue; }
    }
    let sum = logWeight(a, row, begin);
    if (isEmpty(sum)) { continue; }
    let top = max(m, sum);
    let decay = exponential(m - top);
    let w = exponential(sum - top);
    z = z * decay + w;
    y = y * decay + w * valueAt(a, row, begin, c);
    m = top;
  }
  if (p.isLast == 0u) { arena[at] = m; arena[at + 1u] = z; arena[at + 2u] = y; return; }
  if (c == 0u) { arena[p.logSumExp + result] = select(EMPTY, m + logarithm(z), z > 0.0); }
  if (p.message != NONE) { arena[p.message + (result) * p.dv + c] = select(0.0, y / z, z > 0.0); }
}
`;
