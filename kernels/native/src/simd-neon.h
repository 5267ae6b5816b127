// AArch64 NEON: 32 registers of 4 floats or 2 doubles.
#pragma once
#include <arm_neon.h>

namespace poly::POLY_ISA {

constexpr const char *kIsaName = "neon";

constexpr int kScoreRows = 6, kScoreVecs = 4, kValueVecs = 4, kTile = 24;
constexpr bool kScales = false;  // fraction and scaleByPower are single instructions

template <class T>
struct Vec;

template <>
struct Vec<float> {
  static constexpr long W = 4;
  float32x4_t r;
  static inline Vec load(const float *p) { return {vld1q_f32(p)}; }
  static inline Vec set(float x) { return {vdupq_n_f32(x)}; }
  inline void store(float *p) const { vst1q_f32(p, r); }
  static inline Vec fma(Vec a, Vec b, Vec c) { return {vfmaq_f32(c.r, a.r, b.r)}; }
  static inline Vec add(Vec a, Vec b) { return {vaddq_f32(a.r, b.r)}; }
  static inline Vec sub(Vec a, Vec b) { return {vsubq_f32(a.r, b.r)}; }
  static inline Vec mul(Vec a, Vec b) { return {vmulq_f32(a.r, b.r)}; }
  static inline Vec max(Vec a, Vec b) { return {vmaxq_f32(a.r, b.r)}; }
  inline float sum() const { return vaddvq_f32(r); }
  inline float maximum() const { return vmaxvq_f32(r); }
  static inline Vec exponent(Vec p, Vec t) {
    return {vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(p.r), vshlq_n_s32(vreinterpretq_s32_f32(t.r), 23)))};
  }
  static inline Vec zeroBelow(Vec x, float limit, Vec v) {
    return {vreinterpretq_f32_u32(vandq_u32(vcgeq_f32(x.r, vdupq_n_f32(limit)), vreinterpretq_u32_f32(v.r)))};
  }
  static inline bool anyAbove(Vec a, Vec b) { return vmaxvq_u32(vcgtq_f32(a.r, b.r)) != 0; }
};

template <>
struct Vec<double> {
  static constexpr long W = 2;
  float64x2_t r;
  static inline Vec load(const double *p) { return {vld1q_f64(p)}; }
  static inline Vec set(double x) { return {vdupq_n_f64(x)}; }
  inline void store(double *p) const { vst1q_f64(p, r); }
  static inline Vec fma(Vec a, Vec b, Vec c) { return {vfmaq_f64(c.r, a.r, b.r)}; }
  static inline Vec add(Vec a, Vec b) { return {vaddq_f64(a.r, b.r)}; }
  static inline Vec sub(Vec a, Vec b) { return {vsubq_f64(a.r, b.r)}; }
  static inline Vec mul(Vec a, Vec b) { return {vmulq_f64(a.r, b.r)}; }
  static inline Vec max(Vec a, Vec b) { return {vmaxq_f64(a.r, b.r)}; }
  inline double sum() const { return vaddvq_f64(r); }
  inline double maximum() const { return vmaxvq_f64(r); }
  static inline Vec exponent(Vec p, Vec t) {
    return {vreinterpretq_f64_s64(vaddq_s64(vreinterpretq_s64_f64(p.r), vshlq_n_s64(vreinterpretq_s64_f64(t.r), 52)))};
  }
  static inline Vec zeroBelow(Vec x, double limit, Vec v) {
    return {vreinterpretq_f64_u64(vandq_u64(vcgeq_f64(x.r, vdupq_n_f64(limit)), vreinterpretq_u64_f64(v.r)))};
  }
  static inline bool anyAbove(Vec a, Vec b) { return vaddvq_u64(vcgtq_f64(a.r, b.r)) != 0; }
};

// The lower and the upper half of the lanes.
inline Vec<double> lowHalf(Vec<float> v) { return {vcvt_f64_f32(vget_low_f32(v.r))}; }
inline Vec<double> highHalf(Vec<float> v) { return {vcvt_high_f64_f32(v.r)}; }

}  // namespace poly::POLY_ISA
