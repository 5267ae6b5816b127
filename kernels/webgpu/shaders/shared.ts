/**
 * The exponential matrix that a cycle's rows share (math.md §6.3): P = exp(S - r), r = the maximum of each row of S = scale Q Kᵀ, without
 * biases. Two passes over the keys: the maxima, then the scores again and their exponentials, so that S is never stored.
 * 4 n m d flops, n m exponentials. Workgroups: x blocks of rows, y members.
 */
import type { Fields } from './fields.ts';
import { prelude } from './prelude.ts';
import { scores, sharedTiles, type Target, THREADS, TILE, type TileSizes } from './tiles.ts';

/** Parameters of a dispatch. */
export const SHARED_FIELDS = {
  depth: 'u32', // of the tiles
  tile: 'u32', // TILE: loops whose bound the compiler knows are unrolled (tiles.ts)
  firstRow: 'u32', // of the dispatch
  rows: 'u32',
  keyCount: 'u32',
  d: 'u32',
  memberStride: 'u32', // what follows stands once for each member (members.ts)
  queries: 'u32',
  keys: 'u32',
  matrix: 'u32', // out: [rows, keyCount]
  maxima: 'u32', // out: [rows]
  halves: 'u32', // operands.ts
  scale: 'f32',
} as const satisfies Fields;

const pass = (sizes: TileSizes, body: string): string => `
  for (var key0 = 0u; key0 < lastKey; key0 += ${TILE}u) {
${scores(sizes, { firstRow: 'row0', queries: 'p.queries + member', keys: 'p.keys + member' })}
    firstBlock = false;
    let key = key0 + 4u * tx;
    let there = (vec4(key) + vec4(0u, 1u, 2u, 3u)) < vec4(lastKey);
${body}
  }`;

const AXES = ['x', 'y', 'z', 'w'];

const MAXIMA = AXES.map((axis, r) => `    m.${axis} = max(m.${axis}, most(select(vec4(EMPTY), s${r}, there)));`).join('\n');

const STORE = `
${AXES.map((axis, r) => `    let e${r} = exponential4(s${r} - top.${axis});`).join('\n')}
${AXES.map((axis, k) => `    weightTile[(4u * tx + ${k}u) * 9u + ty] = vec4(e0.${axis}, e1.${axis}, e2.${axis}, e3.${axis});`).join('\n')}
    workgroupBarrier();
    let keyCount = min(${TILE}u, lastKey - key0);
    for (var i = t; i < min(${TILE}u, p.rows - row0) * keyCount; i += ${THREADS}u) {
      let l = i / keyCount;
      let k = i % keyCount;
      arena[p.matrix + member + (row0 + l) * lastKey + key0 + k] = weightTile[k * 9u + l / 4u][l % 4u];
    }`;

/** WGSL of the kernel for tiles of these sizes. */
export function sharedSource(sizes: Target): string {
  return `${prelude(SHARED_FIELDS, sizes.reads)}${sharedTiles(sizes)}
fn weightOf(slice: u32, c: u32) -> f32 { return p.scale; }
fn most(v: vec4<f32>) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let tx = t % 8u;
  let ty = t / 8u;
  let slice = wid.y;
  let member = slice * p.memberStride;
  let row0 = p.firstRow + wid.x * ${TILE}u;
  let row = row0 + 4u * ty;
  let lastKey = p.keyCount;
  var firstBlock = true;
  var m = vec4(EMPTY);
${pass(sizes, MAXIMA)}
  partials[ty * 8u + tx] = m;
  workgroupBarrier();
  var top = vec4(EMPTY);
  for (var i = 0u; i < 8u; i++) { top = max(top, partials[ty * 8u + i]); }
  if (tx == 0u) {
${AXES.map((axis, r) => `    if (row + ${r}u < p.rows) { arena[p.maxima + member + row + ${r}u] = top.${axis}; }`).join('\n')}
  }
${pass(sizes, STORE)}
}
`;
}
