// Y = P T for the shared matrix P of a cycle's edge: the inner loop of math.md §6.3. P [n, m] lies in groups of kScoreRows rows,
// [n / R][m][R]; T [m, lanes] has one panel of lanes, the rows of the output in hand. Sums of kRun terms are added to one another,
// which bounds the rounding error by kRun + m / kRun units instead of m.
//
// Tried, AVX-512 on Zen 4, fp32: channels as lanes, (row, channel) pairs side by side, would waste lanes at dv + 1 = 65 and needs
// the weights of the last sum channel by channel; rows as lanes fit any dv and reach 92-95 % of the FMA peak at n = 512 .. 1536, so
// that blocking the inner dimension for the first-level cache was left out (T streams from the second level at 11 bytes a cycle).
#pragma once
#include "conditioned.h"

namespace poly::POLY_ISA {

constexpr long kRun = 256;

// y[R][panel] = a[k][R] . b[k][panel], plus `addend` [R][panel] where there is one; it may be y itself
template <class T>
__attribute__((noinline)) void productTile(long depth, const T *a, const T *b, const T *addend, T *y) {
  using V = Vec<T>;
  constexpr int R = kScoreRows, N = kScoreVecs;
  for (long k0 = 0; k0 < depth; k0 += kRun) {
    V acc[R][N];
#pragma GCC unroll 8
    for (int r = 0; r < R; r++)
#pragma GCC unroll 8
      for (int j = 0; j < N; j++) acc[r][j] = V::set(0);
    const long steps = least(kRun, depth - k0);
#pragma GCC unroll 2
    for (long k = 0; k < steps; k++) {
      V x[N];
#pragma GCC unroll 8
      for (int j = 0; j < N; j++) x[j] = V::load(b + j * V::W);
#pragma GCC unroll 8
      for (int r = 0; r < R; r++) {
        const V p = V::set(a[r]);
#pragma GCC unroll 8
        for (int j = 0; j < N; j++) acc[r][j] = V::fma(p, x[j], acc[r][j]);
      }
      a += R;
      b += N * V::W;
    }
    const T *sum = k0 == 0 ? addend : y;
#pragma GCC unroll 8
    for (int r = 0; r < R; r++)
#pragma GCC unroll 8
      for (int j = 0; j < N; j++) {
        const long at = (r * N + j) * V::W;
        (sum ? V::add(V::load(sum + at), acc[r][j]) : acc[r][j]).store(y + at);
      }
  }
}

// One whole product of packed a [n / R][m][R] and b [m][panel], plus `addend` or null, into y [n rounded up][panel]. False if
// cancelled.
template <class T>
bool multiplyPanel(long n, long m, const T *a, const T *b, const T *addend, T *y, const Control &control) {
  constexpr long R = kScoreRows, P = kPanel<T>;
  for (long l = 0; l < n; l += R) {
    if (control.cancelled()) return false;
    productTile<T>(m, a + l * m, b, addend ? addend + l * P : nullptr, y + l * P);
  }
  return true;
}

// Rows [0, R) of a row-major matrix into one group, zeros beyond `rows`.
template <class T>
void packGroup(const T *rows, long stride, long count, long m, T *out) {
  constexpr long R = kScoreRows;
  for (long r = 0; r < R; r++)
    for (long k = 0; k < m; k++) out[k * R + r] = r < count ? rows[r * stride + k] : 0;
}

}  // namespace poly::POLY_ISA
