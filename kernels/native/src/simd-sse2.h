// Baseline x86-64 (SSE2): 16 registers of 4 floats or 2 doubles, no fused multiply-add.
#pragma once
#include <emmintrin.h>

namespace poly::POLY_ISA {

constexpr const char *kIsaName = "baseline";

constexpr int kScoreRows = 6, kScoreVecs = 2, kValueVecs = 3, kTile = 12;
constexpr bool kScales = false;  // fraction and scaleByPower are single instructions

template <class T>
struct Vec;

template <>
struct Vec<float> {
  static constexpr long W = 4;
  __m128 r;
  static inline Vec load(const float *p) { return {_mm_loadu_ps(p)}; }
  static inline Vec set(float x) { return {_mm_set1_ps(x)}; }
  inline void store(float *p) const { _mm_storeu_ps(p, r); }
  static inline Vec fma(Vec a, Vec b, Vec c) { return {_mm_add_ps(_mm_mul_ps(a.r, b.r), c.r)}; }
  static inline Vec add(Vec a, Vec b) { return {_mm_add_ps(a.r, b.r)}; }
  static inline Vec sub(Vec a, Vec b) { return {_mm_sub_ps(a.r, b.r)}; }
  static inline Vec mul(Vec a, Vec b) { return {_mm_mul_ps(a.r, b.r)}; }
  static inline Vec max(Vec a, Vec b) { return {_mm_max_ps(a.r, b.r)}; }
  inline float sum() const {
    const __m128 s = _mm_add_ps(r, _mm_movehl_ps(r, r));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps(s, s, 1)));
  }
  inline float maximum() const {
    const __m128 s = _mm_max_ps(r, _mm_movehl_ps(r, r));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_shuffle_ps(s, s, 1)));
  }
  static inline Vec exponent(Vec p, Vec t) {
    return {_mm_castsi128_ps(_mm_add_epi32(_mm_castps_si128(p.r), _mm_slli_epi32(_mm_castps_si128(t.r), 23)))};
  }
  static inline Vec zeroBelow(Vec x, float limit, Vec v) {
    return {_mm_and_ps(_mm_cmpge_ps(x.r, _mm_set1_ps(limit)), v.r)};
  }
  static inline bool anyAbove(Vec a, Vec b) { return _mm_movemask_ps(_mm_cmpgt_ps(a.r, b.r)) != 0; }
};

template <>
struct Vec<double> {
  static constexpr long W = 2;
  __m128d r;
  static inline Vec load(const double *p) { return {_mm_loadu_pd(p)}; }
  static inline Vec set(double x) { return {_mm_set1_pd(x)}; }
  inline void store(double *p) const { _mm_storeu_pd(p, r); }
  static inline Vec fma(Vec a, Vec b, Vec c) { return {_mm_add_pd(_mm_mul_pd(a.r, b.r), c.r)}; }
  static inline Vec add(Vec a, Vec b) { return {_mm_add_pd(a.r, b.r)}; }
  static inline Vec sub(Vec a, Vec b) { return {_mm_sub_pd(a.r, b.r)}; }
  static inline Vec mul(Vec a, Vec b) { return {_mm_mul_pd(a.r, b.r)}; }
  static inline Vec max(Vec a, Vec b) { return {_mm_max_pd(a.r, b.r)}; }
  inline double sum() const { return _mm_cvtsd_f64(_mm_add_sd(r, _mm_unpackhi_pd(r, r))); }
  inline double maximum() const { return _mm_cvtsd_f64(_mm_max_sd(r, _mm_unpackhi_pd(r, r))); }
  static inline Vec exponent(Vec p, Vec t) {
    return {_mm_castsi128_pd(_mm_add_epi64(_mm_castpd_si128(p.r), _mm_slli_epi64(_mm_castpd_si128(t.r), 52)))};
  }
  static inline Vec zeroBelow(Vec x, double limit, Vec v) {
    return {_mm_and_pd(_mm_cmpge_pd(x.r, _mm_set1_pd(limit)), v.r)};
  }
  static inline bool anyAbove(Vec a, Vec b) { return _mm_movemask_pd(_mm_cmpgt_pd(a.r, b.r)) != 0; }
};

// The lower and the upper half of the lanes.
inline Vec<double> lowHalf(Vec<float> v) { return {_mm_cvtps_pd(v.r)}; }
inline Vec<double> highHalf(Vec<float> v) { return {_mm_cvtps_pd(_mm_movehl_ps(v.r, v.r))}; }

}  // namespace poly::POLY_ISA
