/**
 * Operands in single or in half precision. Halves stand two in a place of the arena and become single as they are read, so that products
 * and sums are those of single precision and no result depends on how its operands came: float16 is half the traffic, not another answer.
 *
 * Where the device has `shader-f16` a place is read as two f16; elsewhere by core WGSL's unpack2x16float. Either may flush what is subnormal,
 * so a device shows for all 65,536 halves that it does not (half-check.ts), or gets its operands in single precision. Kernels are compiled
 * twice, for single operands alone and for any: one text for both took 1.15 times as long on single ones (llvmpipe, which takes both sides
 * of a branch), and one that selects without a branch adds a sixth to its instructions, by count. Halves themselves take 1.2 times as long
 * there (bench/results/gpu.md): what they spare, a card's memory, is not there.
 */

/** How halves are read. */
export type HalfReads = 'shader-f16' | 'unpack2x16float';
/** What a kernel's operands may be: 'single' alone, or either, with the way to read halves. */
export type Reads = 'single' | HalfReads;

/** Bits of a kernel's field `halves`: which of its operands are in half precision. */
export const HALF_QUERIES = 1;
export const HALF_KEYS = 2;
export const HALF_VALUES = 4;

/** Places of the arena that `count` numbers of an operand take. */
export function roomFor(count: number, isHalf: boolean): number {
  return isHalf ? Math.ceil(count / 2) : count;
}

const UNPACK: Readonly<Record<HalfReads, string>> = {
  'shader-f16': 'vec2<f32>(bitcast<vec2<f16>>(word))',
  unpack2x16float: 'unpack2x16float(word)',
};

const FOUR = ['x', 'y', 'z', 'w'];

/** WGSL: number `index` of the operand that begins at `at`, or four of them; `isHalf` is the same for all invocations. */
export function operandReads(reads: Reads): string {
  const singles = `vec4(${FOUR.map((axis) => `arena[at + index.${axis}]`).join(', ')})`;
  if (reads === 'single') {
    return `
fn isHalf(bit: u32) -> bool { return false; }
fn operand(at: u32, index: u32, isHalf: bool) -> f32 { return arena[at + index]; }
fn operand4(at: u32, index: vec4<u32>, isHalf: bool) -> vec4<f32> { return ${singles}; }
`;
  }
  return `
fn isHalf(bit: u32) -> bool { return (p.halves & bit) != 0u; }

fn halfAt(at: u32, index: u32) -> f32 {
  let word = bitcast<u32>(arena[at + index / 2u]);
  return ${UNPACK[reads]}[index % 2u];
}

fn operand(at: u32, index: u32, isHalf: bool) -> f32 {
  if (isHalf) { return halfAt(at, index); }
  return arena[at + index];
}

fn operand4(at: u32, index: vec4<u32>, isHalf: bool) -> vec4<f32> {
  if (isHalf) { return vec4(${FOUR.map((axis) => `halfAt(at, index.${axis})`).join(', ')}); }
  return ${singles};
}
`;
}
