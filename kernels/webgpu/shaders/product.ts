/**
 * A cycle's matrix product, one slice a row of the output (math.md §6.3): Y = P (w ⊙ [X | 1]), left as the message u = Y_v / Y_z,
 * L = r + c + ln Y_z. P and r come from shared.ts, w and its logarithm's maximum c from open.ts. A row whose Y_z underflowed is empty
 * here; the certificate (cycle.ts) tells whether that mattered. 2 rows keys (dv + 1) flops a slice, no exponential.
 * Workgroups: x blocks of rows, y slices, z blocks of channels.
 */
import type { Fields } from './fields.ts';
import { MEMBER_FIELDS, MEMBERS } from './members.ts';
import { prelude } from './prelude.ts';
import { addValues, declareSums, sharedTiles, storeRows, storeWeightsAndValues, type Target, TILE } from './tiles.ts';

/** Parameters of a dispatch. */
export const PRODUCT_FIELDS = {
  ...MEMBER_FIELDS,
  tile: 'u32', // TILE: loops whose bound the compiler knows are unrolled (tiles.ts)
  firstRow: 'u32', // of the dispatch
  lastRow: 'u32',
  baseRow: 'u32',
  keyCount: 'u32',
  dv: 'u32',
  matrix: 'u32', // [rows, keyCount], of each member
  maxima: 'u32', // [rows], likewise
  weights: 'u32', // [slices, keyCount]
  tops: 'u32', // [slices, 2], c first
  values: 'u32', // or NONE
  valueStride: 'u32',
  halves: 'u32', // operands.ts
  message: 'u32', // or NONE
  messageStride: 'u32',
  logSumExp: 'u32',
  logSumExpStride: 'u32',
} as const satisfies Fields;

const ROWS = [0, 1, 2, 3];
const AXES = ['x', 'y', 'z', 'w'];

/** WGSL of the kernel for tiles of these sizes. */
export function productSource(sizes: Target): string {
  return `${prelude(PRODUCT_FIELDS, sizes.reads)}${sharedTiles(sizes)}${MEMBERS}
fn keysFrom(key: u32) -> vec4<u32> { return min(vec4(key) + vec4(0u, 1u, 2u, 3u), vec4(p.keyCount - 1u)); }

fn four(at: u32, keys: vec4<u32>) -> vec4<f32> { return vec4(arena[at + keys.x], arena[at + keys.y], arena[at + keys.z], arena[at + keys.w]); }

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let tx = t % 8u;
  let ty = t / 8u;
  let slice = wid.y;
  let row0 = p.firstRow + wid.x * ${TILE}u;
  let channel0 = wid.z * ${sizes.channels}u;
  let lastKey = p.keyCount;
  let lastRow = p.lastRow;
  let valueOrigin = 0u;
  let matrix = baseOf(p.matrix, slice, 0u);
  let rowMaxima = baseOf(p.maxima, slice, 0u);
  // Rows beyond the last are the last once more; they are not stored.
  let rows = min(vec4(row0 + 4u * ty) + vec4(0u, 1u, 2u, 3u), vec4(p.lastRow - 1u));
  var z = vec4(0.0);
${declareSums(sizes)}
  for (var key0 = 0u; key0 < lastKey; key0 += ${TILE}u) {
    let key = key0 + 4u * tx;
    let keys = keysFrom(key);
    let there = (vec4(key) + vec4(0u, 1u, 2u, 3u)) < vec4(lastKey);
    let w = select(vec4(0.0), four(p.weights + slice * p.keyCount, keys), there);
${ROWS.map((r) => `    let w${r} = four(matrix + rows.${AXES[r]} * p.keyCount, keys) * w;`).join('\n')}
    z += vec4(dot(w0, vec4(1.0)), dot(w1, vec4(1.0)), dot(w2, vec4(1.0)), dot(w3, vec4(1.0)));
${storeWeightsAndValues(sizes)}
${addValues(sizes)}
    workgroupBarrier();
  }
  let c = arena[p.tops + 2u * slice];
  let maxima = four(rowMaxima, rows);
${storeRows(sizes, 'maxima + c + logarithm4(total)')}
}
`;
}
