// Register tiles: rows x vectors of accumulators that stay in registers while the inner dimension runs by.
//
// AVX-512 has 32 registers: 8x3 vectors for scores (24 accumulators, 3 loads and 8 broadcasts per 24 multiply-adds) and 6x4 for
// values (4 loads, 6 broadcasts). Sets with 16 registers take 4x3. Narrow values take taller tiles with the same number of
// accumulators. Scores: rows of queries; values: rows of probabilities with the fixed stride kBlock.
//
// Rows interleaved, q[k][row], are as fast in the tile, but packing them writes single numbers far apart.
#pragma once
#include "exp.h"

namespace poly::POLY_ISA {

constexpr int kGroup = kTile;  // rows that go through scores, softmax and values together

template <class T>
constexpr long kPanel = kScoreVecs * Vec<T>::W;  // keys of one packed panel

template <class T>
constexpr long kBlock = 768 / static_cast<long>(sizeof(T));  // keys of one block: its probabilities stay in the first-level cache

// scores[r][0..panel) = bias + q_r . k over `depth` coordinates ; top[r] = lanewise max(top[r], scores). kAdds: += q_r . k, without a bias.
template <class T, bool kAdds = false>
__attribute__((noinline)) void scoreTile(long depth, const T *q, long stride, const T *keys, const T *bias, T *scores, T *top) {
  using V = Vec<T>;
  constexpr int R = kScoreRows, N = kScoreVecs;
  V acc[R][N];
#pragma GCC unroll 8
  for (int j = 0; j < N; j++) {
    const V b = kAdds ? V::set(0) : V::load(bias + j * V::W);
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) acc[r][j] = b;
  }
#pragma GCC unroll 2
  for (long k = 0; k < depth; k++) {
    V b[N];
#pragma GCC unroll 8
    for (int j = 0; j < N; j++) b[j] = V::load(keys + j * V::W);
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
      const V a = V::set(q[r * stride]);
#pragma GCC unroll 8
      for (int j = 0; j < N; j++) acc[r][j] = V::fma(a, b[j], acc[r][j]);
    }
    q++;
    keys += N * V::W;
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
    V m = V::load(top + r * V::W);
#pragma GCC unroll 8
    for (int j = 0; j < N; j++) {
      T *s = scores + r * kBlock<T> + j * V::W;
      if (kAdds) acc[r][j] = V::add(V::load(s), acc[r][j]);
      acc[r][j].store(s);
      m = V::max(m, acc[r][j]);
    }
    m.store(top + r * V::W);
  }
}

// out[r][0..NV) = out[r] * decay[r] + sum_k p[r][k] x[k]; out has row stride NV * W.
template <class T, int NV>
__attribute__((noinline)) void valueTile(long count, const T *p, const T *x, T *out, const T *decay) {
  using V = Vec<T>;
  constexpr int R = kTile / NV;
  V acc[R][NV];
#pragma GCC unroll 32
  for (int r = 0; r < R; r++)
#pragma GCC unroll 8
    for (int j = 0; j < NV; j++) acc[r][j] = V::set(0);
#pragma GCC unroll 2
  for (long k = 0; k < count; k++) {
    V b[NV];
#pragma GCC unroll 8
    for (int j = 0; j < NV; j++) b[j] = V::load(x + j * V::W);
#pragma GCC unroll 32
    for (int r = 0; r < R; r++) {
      const V a = V::set(p[r * kBlock<T>]);
#pragma GCC unroll 8
      for (int j = 0; j < NV; j++) acc[r][j] = V::fma(a, b[j], acc[r][j]);
    }
    p++;
    x += NV * V::W;
  }
#pragma GCC unroll 32
  for (int r = 0; r < R; r++)
#pragma GCC unroll 8
    for (int j = 0; j < NV; j++) {
      T *o = out + (r * NV + j) * V::W;
      V::fma(V::load(o), V::set(decay[r]), acc[r][j]).store(o);
    }
}

template <class T>
POLY_INLINE void valueTiles(int vectors, long rowCount, long count, const T *p, const T *x, T *out, const T *decay) {
  const int rows = kTile / vectors;
  const long stride = static_cast<long>(rows) * vectors * Vec<T>::W;
  for (int r = 0; r < rowCount; r += rows, p += rows * kBlock<T>, out += stride, decay += rows) {
    if (vectors == 1) valueTile<T, 1>(count, p, x, out, decay);
    else if (vectors == 2) valueTile<T, 2>(count, p, x, out, decay);
    else if (vectors == 3) valueTile<T, 3>(count, p, x, out, decay);
    else if constexpr (kValueVecs == 4) valueTile<T, 4>(count, p, x, out, decay);
  }
}

}  // namespace poly::POLY_ISA
