/**
 * Slices of one dispatch may belong to several problems of one shape, such as the heads of a request: its *members*. What all slices of a
 * member share stands once for each, `memberStride` places apart, and has a stride of 0; what a slice has of its own, a stride of its size.
 */
import { NONE } from './fields.ts';

/** Parameters of every kernel whose slices may have members. */
export const MEMBER_FIELDS = {
  members: 'u32', // [slices], or NONE: every slice is the member of its number
  memberStride: 'u32',
} as const;

/** For dispatches whose slices share nothing. */
export const NO_MEMBERS = { members: NONE, memberStride: 0 } as const;

/** WGSL: where `slice` finds its part of what begins at `at`. */
export const MEMBERS = `
fn baseOf(at: u32, slice: u32, stride: u32) -> u32 {
  if (stride != 0u) { return at + slice * stride; }
  if (p.members == NONE) { return at + slice * p.memberStride; }
  return at + u32(arena[p.members + slice]) * p.memberStride;
}
`;
