/** y = exp x for 64 numbers a workgroup: what the kernels' exp is worth on a device (exp-error.ts). */
import type { Fields } from './fields.ts';
import { prelude } from './prelude.ts';

/** Parameters of a dispatch. */
export const EXP_FIELDS = { count: 'u32', arguments: 'u32', results: 'u32' } as const satisfies Fields;

/** WGSL of the kernel. */
export const EXP_SOURCE = `${prelude(EXP_FIELDS)}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < p.count) { arena[p.results + id.x] = exponential(arena[p.arguments + id.x]); }
}
`;
