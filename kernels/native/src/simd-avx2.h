// AVX2 + FMA: 16 registers of 8 floats or 4 doubles.
#pragma once
#include <immintrin.h>

namespace poly::POLY_ISA {

constexpr const char *kIsaName = "avx2";

constexpr int kScoreRows = 6, kScoreVecs = 2, kValueVecs = 3, kTile = 12;
constexpr bool kScales = false;  // fraction and scaleByPower are single instructions

template <class T>
struct Vec;

template <>
struct Vec<float> {
  static constexpr long W = 8;
  __m256 r;
  static inline Vec load(const float *p) { return {_mm256_loadu_ps(p)}; }
  static inline Vec set(float x) { return {_mm256_set1_ps(x)}; }
  inline void store(float *p) const { _mm256_storeu_ps(p, r); }
  static inline Vec fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_ps(a.r, b.r, c.r)}; }
  static inline Vec add(Vec a, Vec b) { return {_mm256_add_ps(a.r, b.r)}; }
  static inline Vec sub(Vec a, Vec b) { return {_mm256_sub_ps(a.r, b.r)}; }
  static inline Vec mul(Vec a, Vec b) { return {_mm256_mul_ps(a.r, b.r)}; }
  static inline Vec max(Vec a, Vec b) { return {_mm256_max_ps(a.r, b.r)}; }
  inline float sum() const {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(r), _mm256_extractf128_ps(r, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
  }
  inline float maximum() const {
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(r), _mm256_extractf128_ps(r, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
  }
  static inline Vec exponent(Vec p, Vec t) {
    return {_mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p.r), _mm256_slli_epi32(_mm256_castps_si256(t.r), 23)))};
  }
  static inline Vec zeroBelow(Vec x, float limit, Vec v) {
    return {_mm256_and_ps(_mm256_cmp_ps(x.r, _mm256_set1_ps(limit), _CMP_GE_OQ), v.r)};
  }
  static inline bool anyAbove(Vec a, Vec b) { return _mm256_movemask_ps(_mm256_cmp_ps(a.r, b.r, _CMP_GT_OQ)) != 0; }
};

template <>
struct Vec<double> {
  static constexpr long W = 4;
  __m256d r;
  static inline Vec load(const double *p) { return {_mm256_loadu_pd(p)}; }
  static inline Vec set(double x) { return {_mm256_set1_pd(x)}; }
  inline void store(double *p) const { _mm256_storeu_pd(p, r); }
  static inline Vec fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_pd(a.r, b.r, c.r)}; }
  static inline Vec add(Vec a, Vec b) { return {_mm256_add_pd(a.r, b.r)}; }
  static inline Vec sub(Vec a, Vec b) { return {_mm256_sub_pd(a.r, b.r)}; }
  static inline Vec mul(Vec a, Vec b) { return {_mm256_mul_pd(a.r, b.r)}; }
  static inline Vec max(Vec a, Vec b) { return {_mm256_max_pd(a.r, b.r)}; }
  inline double sum() const {
    __m128d s = _mm_add_pd(_mm256_castpd256_pd128(r), _mm256_extractf128_pd(r, 1));
    return _mm_cvtsd_f64(_mm_add_sd(s, _mm_unpackhi_pd(s, s)));
  }
  inline double maximum() const {
    __m128d s = _mm_max_pd(_mm256_castpd256_pd128(r), _mm256_extractf128_pd(r, 1));
    return _mm_cvtsd_f64(_mm_max_sd(s, _mm_unpackhi_pd(s, s)));
  }
  static inline Vec exponent(Vec p, Vec t) {
    return {_mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(p.r), _mm256_slli_epi64(_mm256_castpd_si256(t.r), 52)))};
  }
  static inline Vec zeroBelow(Vec x, double limit, Vec v) {
    return {_mm256_and_pd(_mm256_cmp_pd(x.r, _mm256_set1_pd(limit), _CMP_GE_OQ), v.r)};
  }
  static inline bool anyAbove(Vec a, Vec b) { return _mm256_movemask_pd(_mm256_cmp_pd(a.r, b.r, _CMP_GT_OQ)) != 0; }
};

// The lower and the upper half of the lanes.
inline Vec<double> lowHalf(Vec<float> v) { return {_mm256_cvtps_pd(_mm256_castps256_ps128(v.r))}; }
inline Vec<double> highHalf(Vec<float> v) { return {_mm256_cvtps_pd(_mm256_extractf128_ps(v.r, 1))}; }

}  // namespace poly::POLY_ISA
