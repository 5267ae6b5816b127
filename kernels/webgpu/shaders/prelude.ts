/**
 * What every shader starts with: the arena that holds all operands and results of one run, and numbers without infinities.
 *
 * WGSL lets a compiler assume that no number is infinite, so -Infinity never enters a shader: a score or a log-sum-exp at or below
 * EMPTY / 2 stands for it, and the host translates on the way in and out. Sums of three such are still finite.
 *
 * exp and ln are ours: a device may be several ulp off (math.md §3.1 adds that to every tolerance), and software rendering is 1e-5 off
 * for ln. exp: x = k ln 2 + r, |r| <= ln 2 / 2, Taylor to r^7 (remainder 5e-9), below 2 ulp where divisions and products are IEEE.
 * ln: z = 2^e m, sqrt(1/2) <= m < sqrt 2, s = (m - 1) / (m + 1), 2 atanh s to s^9 (remainder 1e-9).
 */
import { type Fields, structOf } from './fields.ts';
import { operandReads, type Reads } from './operands.ts';

/** The host's side of EMPTY. */
export const EMPTY = -1e38;

/** With `reads` for kernels that read the request's operands (operands.ts). */
export function prelude(fields: Fields, reads: Reads | null = null): string {
  return `${reads === 'shader-f16' ? 'enable f16;\n' : ''}${structOf(fields)}
@group(0) @binding(0) var<storage, read_write> arena: array<f32>;
@group(0) @binding(1) var<uniform> p: Params;
const NONE = 0xffffffffu;
const EMPTY = -1e38;

fn isEmpty(x: f32) -> bool { return x < -5e37; }

fn exponential4(x: vec4<f32>) -> vec4<f32> {
  let y = max(x, vec4(-87.3));
  let k = floor(y * 1.4426950408889634 + 0.5);
  let r = (y - k * 0.693145751953125) - k * 1.42860682030941723e-6;
  let q = 1.0 + r * (1.0 + r * (0.5 + r * (0.16666667 + r * (0.041666667 + r * (0.0083333333 + r * (0.0013888889 + r * 1.9841270e-4))))));
  return select(q * bitcast<vec4<f32>>((vec4<i32>(k) + 127) << vec4(23u)), vec4(0.0), x < vec4(-87.3));
}

fn exponential(x: f32) -> f32 { return exponential4(vec4(x)).x; }

fn logarithm4(z: vec4<f32>) -> vec4<f32> {
  let bits = bitcast<vec4<i32>>(z);
  let mantissa = bitcast<vec4<f32>>((bits & vec4(0x7fffff)) | vec4(0x3f800000));
  let isLarge = mantissa > vec4(1.41421356);
  let m = select(mantissa, 0.5 * mantissa, isLarge);
  let e = vec4<f32>((bits >> vec4(23u)) - select(vec4(127), vec4(126), isLarge));
  let s = (m - 1.0) / (m + 1.0);
  let q = s * s;
  let series = 2.0 * s * (1.0 + q * (0.33333333 + q * (0.2 + q * (0.14285714 + q * 0.11111111))));
  return e * 0.693145751953125 + (e * 1.42860682030941723e-6 + series);
}

fn logarithm(z: f32) -> f32 { return logarithm4(vec4(z)).x; }
${reads === null ? '' : operandReads(reads)}`;
}
