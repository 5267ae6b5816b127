// Small transpositions in 128-bit registers, which every instruction set here has. Key by key, coordinate by coordinate, packing the keys
// of one attend call took 3.4 % of its time at n = 512, d = 64 (AVX-512).
#pragma once
#include "simd.h"

namespace poly::POLY_ISA {

template <class T>
constexpr long kQuad = 16 / static_cast<long>(sizeof(T));

// out[j][i] = in[i][j] for i, j < kQuad.
template <class T>
POLY_INLINE void transposeQuad(const T *in, long inStride, T *out, long outStride);

#if defined(__SSE2__)

template <>
POLY_INLINE void transposeQuad<float>(const float *in, long inStride, float *out, long outStride) {
  __m128 a = _mm_loadu_ps(in), b = _mm_loadu_ps(in + inStride), c = _mm_loadu_ps(in + 2 * inStride), d = _mm_loadu_ps(in + 3 * inStride);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  _mm_storeu_ps(out, a);
  _mm_storeu_ps(out + outStride, b);
  _mm_storeu_ps(out + 2 * outStride, c);
  _mm_storeu_ps(out + 3 * outStride, d);
}

template <>
POLY_INLINE void transposeQuad<double>(const double *in, long inStride, double *out, long outStride) {
  const __m128d a = _mm_loadu_pd(in), b = _mm_loadu_pd(in + inStride);
  _mm_storeu_pd(out, _mm_unpacklo_pd(a, b));
  _mm_storeu_pd(out + outStride, _mm_unpackhi_pd(a, b));
}

#else

template <>
POLY_INLINE void transposeQuad<float>(const float *in, long inStride, float *out, long outStride) {
  const float32x4_t a = vld1q_f32(in), b = vld1q_f32(in + inStride), c = vld1q_f32(in + 2 * inStride), d = vld1q_f32(in + 3 * inStride);
  const float32x4x2_t ac = vzipq_f32(a, c), bd = vzipq_f32(b, d);
  const float32x4x2_t low = vzipq_f32(ac.val[0], bd.val[0]), high = vzipq_f32(ac.val[1], bd.val[1]);
  vst1q_f32(out, low.val[0]);
  vst1q_f32(out + outStride, low.val[1]);
  vst1q_f32(out + 2 * outStride, high.val[0]);
  vst1q_f32(out + 3 * outStride, high.val[1]);
}

template <>
POLY_INLINE void transposeQuad<double>(const double *in, long inStride, double *out, long outStride) {
  const float64x2_t a = vld1q_f64(in), b = vld1q_f64(in + inStride);
  vst1q_f64(out, vzip1q_f64(a, b));
  vst1q_f64(out + outStride, vzip2q_f64(a, b));
}

#endif

// out[j][i] = in[i][j] of `rows` rows and `columns` columns.
template <class T>
POLY_INLINE void transposeBlock(const T *in, long inStride, long rows, long columns, T *out, long outStride) {
  constexpr long Q = kQuad<T>;
  const long wholeRows = rows / Q * Q, wholeColumns = columns / Q * Q;
  for (long i = 0; i < wholeRows; i += Q) {
    for (long j = 0; j < wholeColumns; j += Q) transposeQuad<T>(in + i * inStride + j, inStride, out + j * outStride + i, outStride);
    for (long r = i; r < i + Q; r++)
      for (long j = wholeColumns; j < columns; j++) out[j * outStride + r] = in[r * inStride + j];
  }
  for (long i = wholeRows; i < rows; i++)
    for (long j = 0; j < columns; j++) out[j * outStride + i] = in[i * inStride + j];
}

}  // namespace poly::POLY_ISA
