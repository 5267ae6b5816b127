// The register tile of the approximate kernels: out[r][lane] += factor[lane] * sum_k a[k][r] b[k][lane], with `out` in fp64.
//
// Sums of features (k: rows of a block, r: channels, lanes: features), their use (k: features, r: channels, lanes: rows) and Gram
// matrices are all this product. What is summed in T is one call: `depth` terms, so that a chain of additions is as long as the caller
// makes it (64 or 128 terms) and everything above it is fp64. R rows by two vectors of lanes stay in registers: 6 x 2 with sixteen
// registers, 12 x 2 with thirty-two. Any number of rows is cut into tiles of equal height, give or take one (17 = 6 + 6 + 5), so that none
// is wasted; a few rows alone take several chains, for the latency of the multiply-add.
#pragma once
#include "attend.h"

namespace poly::POLY_ISA {

constexpr int kCrossVecs = 2, kCrossRows = kTile / kCrossVecs;

template <class T>
constexpr long kLanes = kCrossVecs * Vec<T>::W;

// The lanes of a Vec<T> in fp64.
template <class T>
struct Wide {
  using D = Vec<double>;
  static constexpr int N = sizeof(double) / sizeof(T);
  D part[N];
  POLY_INLINE static Wide load(const double *p) {
    Wide w;
#pragma GCC unroll 2
    for (int i = 0; i < N; i++) w.part[i] = D::load(p + i * D::W);
    return w;
  }
  POLY_INLINE void store(double *p) const {
#pragma GCC unroll 2
    for (int i = 0; i < N; i++) part[i].store(p + i * D::W);
  }
  POLY_INLINE void add(Vec<T> v) {
    if constexpr (N == 1) part[0] = D::add(part[0], v);
    else {
      part[0] = D::add(part[0], lowHalf(v));
      part[1] = D::add(part[1], highHalf(v));
    }
  }
  // this += factor (v - center)
  POLY_INLINE void addProduct(Wide factor, Vec<T> v, Wide center) {
    if constexpr (N == 1) part[0] = D::fma(factor.part[0], D::sub(v, center.part[0]), part[0]);
    else {
      part[0] = D::fma(factor.part[0], D::sub(lowHalf(v), center.part[0]), part[0]);
      part[1] = D::fma(factor.part[1], D::sub(highHalf(v), center.part[1]), part[1]);
    }
  }
  POLY_INLINE double sum() const {
    if constexpr (N == 1) return part[0].sum();
    else return D::add(part[0], part[1]).sum();
  }
};

// out[0..W) += v
template <class T>
POLY_INLINE void addWide(double *out, Vec<T> v) {
  Wide<T> sum = Wide<T>::load(out);
  sum.add(v);
  sum.store(out);
}

template <class T, int R, int N>
__attribute__((noinline)) void crossTile(long depth, const T *a, long aStride, const T *b, long bStride, const T *factor, double *out) {
  using V = Vec<T>;
  constexpr int U = R == 1 ? 4 : R <= 3 ? 2 : 1;
  V acc[U][R][N];
#pragma GCC unroll 4
  for (int u = 0; u < U; u++)
#pragma GCC unroll 16
    for (int r = 0; r < R; r++)
#pragma GCC unroll 2
      for (int j = 0; j < N; j++) acc[u][r][j] = V::set(0);
  long k = 0;
#pragma GCC unroll 2
  for (; k + U <= depth; k += U) {
#pragma GCC unroll 4
    for (int u = 0; u < U; u++) {
      V x[N];
#pragma GCC unroll 2
      for (int j = 0; j < N; j++) x[j] = V::load(b + u * bStride + j * V::W);
#pragma GCC unroll 16
      for (int r = 0; r < R; r++) {
        const V p = V::set(a[u * aStride + r]);
#pragma GCC unroll 2
        for (int j = 0; j < N; j++) acc[u][r][j] = V::fma(p, x[j], acc[u][r][j]);
      }
    }
    a += U * aStride;
    b += U * bStride;
  }
  for (; k < depth; k++, a += aStride, b += bStride)
#pragma GCC unroll 16
    for (int r = 0; r < R; r++)
#pragma GCC unroll 2
      for (int j = 0; j < N; j++) acc[0][r][j] = V::fma(V::set(a[r]), V::load(b + j * V::W), acc[0][r][j]);
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 2
    for (int j = 0; j < N; j++) {
      V sum = acc[0][r][j];
#pragma GCC unroll 4
      for (int u = 1; u < U; u++) sum = V::add(sum, acc[u][r][j]);
      if (factor) sum = V::mul(sum, V::load(factor + j * V::W));
      addWide<T>(out + r * N * V::W + j * V::W, sum);
    }
}

template <class T, int N, int R>
POLY_INLINE void crossTileOf(long rows, long depth, const T *a, long aStride, const T *b, long bStride, const T *factor, double *out) {
  if constexpr (R > 1) {
    if (rows < R) return crossTileOf<T, N, R - 1>(rows, depth, a, aStride, b, bStride, factor, out);
  }
  crossTile<T, R, N>(depth, a, aStride, b, bStride, factor, out);
}

// Any number of rows: out [rows][N W].
template <class T, int N = kCrossVecs>
void crossRows(long rows, long depth, const T *a, long aStride, const T *b, long bStride, const T *factor, double *out) {
  constexpr int most = N == 1 ? 4 * kCrossRows / 3 : kCrossRows;
  long tiles = (rows + most - 1) / most;
  for (long done = 0; done < rows; tiles--) {
    const long height = (rows - done + tiles - 1) / tiles;
    crossTileOf<T, N, most>(height, depth, a + done, aStride, b, bStride, factor, out + done * N * Vec<T>::W);
    done += height;
  }
}

}  // namespace poly::POLY_ISA
