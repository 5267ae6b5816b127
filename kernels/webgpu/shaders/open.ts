/**
 * Before a cycle's product: c = the maximum of a slice's log-weights, w = exp(log-weight - c), and the maximum of `loose` (fill.ts), of
 * which the host makes the certificate. Workgroups: y slices.
 */
import type { Fields } from './fields.ts';
import { MEMBER_FIELDS, MEMBERS } from './members.ts';
import { prelude } from './prelude.ts';

/** Parameters of a dispatch. */
export const OPEN_FIELDS = {
  ...MEMBER_FIELDS,
  rows: 'u32',
  bias: 'u32', // [slices, rows] or NONE: zero
  biasStride: 'u32',
  loose: 'u32', // [slices, rows] or NONE
  weights: 'u32', // out: [slices, rows] or NONE
  tops: 'u32', // out: [slices, 2], c and the maximum of `loose`
} as const satisfies Fields;

/** WGSL of the kernel. */
export const OPEN_SOURCE = `${prelude(OPEN_FIELDS)}
${MEMBERS}
var<workgroup> scratch: array<vec2<f32>, 64>;

fn biasOf(slice: u32, row: u32) -> f32 {
  if (p.bias == NONE) { return 0.0; }
  return arena[baseOf(p.bias, slice, p.biasStride) + row];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let slice = wid.y;
  var m = vec2(EMPTY);
  for (var row = t; row < p.rows; row += 64u) {
    var loose = EMPTY;
    if (p.loose != NONE) { loose = arena[p.loose + slice * p.rows + row]; }
    m = max(m, vec2(biasOf(slice, row), loose));
  }
  scratch[t] = m;
  workgroupBarrier();
  for (var i = 0u; i < 64u; i++) { m = max(m, scratch[i]); }
  if (t == 0u) {
    arena[p.tops + 2u * slice] = m.x;
    arena[p.tops + 2u * slice + 1u] = m.y;
  }
  if (p.weights == NONE) { return; }
  let shift = select(m.x, 0.0, isEmpty(m.x));
  for (var row = t; row < p.rows; row += 64u) {
    arena[p.weights + slice * p.rows + row] = exponential(biasOf(slice, row) - shift);
  }
}
`;
