/** y = number i of an operand in half precision, 64 a workgroup: what a device makes of halves (half-check.ts). */
import type { Fields } from './fields.ts';
import type { Reads } from './operands.ts';
import { prelude } from './prelude.ts';

/** Parameters of a dispatch. */
export const HALVES_FIELDS = { count: 'u32', halves: 'u32', operand: 'u32', results: 'u32' } as const satisfies Fields;

/** WGSL of the kernel. */
export function halvesSource(reads: Reads): string {
  return `${prelude(HALVES_FIELDS, reads)}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < p.count) { arena[p.results + id.x] = operand(p.operand, id.x, isHalf(1u)); }
}
`;
}
