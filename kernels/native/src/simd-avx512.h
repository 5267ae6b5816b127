// AVX-512 (F, DQ, BW, VL): 32 registers of 16 floats or 8 doubles.
#pragma once
#include <immintrin.h>

namespace poly::POLY_ISA {

constexpr const char *kIsaName = "avx512";

// Register tiles: rows x vectors of accumulators, at most kTile in all; scores and values.
constexpr int kScoreRows = 6, kScoreVecs = 4, kValueVecs = 4, kTile = 24;
constexpr bool kScales = true;  // fraction and scaleByPower are single instructions

template <class T>
struct Vec;

template <>
struct Vec<float> {
  static constexpr long W = 16;
  __m512 r;
  static inline Vec load(const float *p) { return {_mm512_loadu_ps(p)}; }
  static inline Vec set(float x) { return {_mm512_set1_ps(x)}; }
  inline void store(float *p) const { _mm512_storeu_ps(p, r); }
  static inline Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.r, b.r, c.r)}; }
  static inline Vec add(Vec a, Vec b) { return {_mm512_add_ps(a.r, b.r)}; }
  static inline Vec sub(Vec a, Vec b) { return {_mm512_sub_ps(a.r, b.r)}; }
  static inline Vec mul(Vec a, Vec b) { return {_mm512_mul_ps(a.r, b.r)}; }
  static inline Vec max(Vec a, Vec b) { return {_mm512_max_ps(a.r, b.r)}; }
  inline float sum() const { return _mm512_reduce_add_ps(r); }
  inline float maximum() const { return _mm512_reduce_max_ps(r); }
  static inline Vec exponent(Vec p, Vec t) {
    return {_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(p.r), _mm512_slli_epi32(_mm512_castps_si512(t.r), 23)))};
  }
  static inline Vec zeroBelow(Vec x, float limit, Vec v) {
    return {_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x.r, _mm512_set1_ps(limit), _CMP_GE_OQ), v.r)};
  }
  // x - floor(x), 0 for infinities; and p 2^floor(x), 0 below the limit.
  static inline Vec fraction(Vec x) { return {_mm512_reduce_ps(x.r, 1)}; }
  static inline Vec scaleByPower(Vec p, Vec x, float limit) {
    return {_mm512_maskz_scalef_ps(_mm512_cmp_ps_mask(x.r, _mm512_set1_ps(limit), _CMP_GE_OQ), p.r, x.r)};
  }
  static inline bool anyAbove(Vec a, Vec b) { return _mm512_cmp_ps_mask(a.r, b.r, _CMP_GT_OQ) != 0; }
};

template <>
struct Vec<double> {
  static constexpr long W = 8;
  __m512d r;
  static inline Vec load(const double *p) { return {_mm512_loadu_pd(p)}; }
  static inline Vec set(double x) { return {_mm512_set1_pd(x)}; }
  inline void store(double *p) const { _mm512_storeu_pd(p, r); }
  static inline Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_pd(a.r, b.r, c.r)}; }
  static inline Vec add(Vec a, Vec b) { return {_mm512_add_pd(a.r, b.r)}; }
  static inline Vec sub(Vec a, Vec b) { return {_mm512_sub_pd(a.r, b.r)}; }
  static inline Vec mul(Vec a, Vec b) { return {_mm512_mul_pd(a.r, b.r)}; }
  static inline Vec max(Vec a, Vec b) { return {_mm512_max_pd(a.r, b.r)}; }
  inline double sum() const { return _mm512_reduce_add_pd(r); }
  inline double maximum() const { return _mm512_reduce_max_pd(r); }
  static inline Vec exponent(Vec p, Vec t) {
    return {_mm512_castsi512_pd(_mm512_add_epi64(_mm512_castpd_si512(p.r), _mm512_slli_epi64(_mm512_castpd_si512(t.r), 52)))};
  }
  static inline Vec zeroBelow(Vec x, double limit, Vec v) {
    return {_mm512_maskz_mov_pd(_mm512_cmp_pd_mask(x.r, _mm512_set1_pd(limit), _CMP_GE_OQ), v.r)};
  }
  // x - floor(x), 0 for infinities; and p 2^floor(x), 0 below the limit.
  static inline Vec fraction(Vec x) { return {_mm512_reduce_pd(x.r, 1)}; }
  static inline Vec scaleByPower(Vec p, Vec x, double limit) {
    return {_mm512_maskz_scalef_pd(_mm512_cmp_pd_mask(x.r, _mm512_set1_pd(limit), _CMP_GE_OQ), p.r, x.r)};
  }
  static inline bool anyAbove(Vec a, Vec b) { return _mm512_cmp_pd_mask(a.r, b.r, _CMP_GT_OQ) != 0; }
};

// The lower and the upper half of the lanes.
inline Vec<double> lowHalf(Vec<float> v) { return {_mm512_cvtps_pd(_mm512_castps512_ps256(v.r))}; }
inline Vec<double> highHalf(Vec<float> v) { return {_mm512_cvtps_pd(_mm512_extractf32x8_ps(v.r, 1))}; }

}  // namespace poly::POLY_ISA
