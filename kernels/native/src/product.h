// Y = P T for the shared matrix P of a cycle's edge: the inner loop of math.md §6.3. P [n, m] lies in groups of kScoreRows rows,
// [n / R][m][R]; T [m, lanes] has one panel of lanes, the rows of the output in hand. Sums of kRun terms are added to one another,
// which bounds the rounding error by kRun + m / kRun units instead of m.
//
// Channels as lanes, (row, channel) pairs side by side, would waste lanes at dv + 1 = 65 and needs the weights of the last sum channel by
// channel; rows as lanes fit any dv.
//
// Where the time goes, Strassen n = 1024, d = 64, AVX-512 on Sapphire Rapids (virtual machine), perf: the tile 94 %, the weighted sums
// 1.8 %, T 1.2 %. The tile reaches 97.6 % of the FMA peak measured beside it on operands in the first-level cache and 91 % here, T coming
// from the second level and P (4 MB in fp32) from the third. Tried; share of that peak, one panel of rows, without what shares the
// machine, fp32 | fp64:
//   as on Zen 4 before                                                   89.0 %  78.4 %
//   the next group of P fetched ahead                                    90 %    84 %
//   T fetched kAhead steps ahead as well                                 89.7 %  84.7 %   kept (4, 16 steps: the same)
//   blocks of 128 terms outermost, their part of T in the first level    88.9 %  83 %     Y then streams instead; 160, 256 terms, or blocks
//                                                                                         of 12 to 48 rows inside it: the same or slower
//   8x48, 12x32, 14x32 tiles instead of 6x64                             -1 to -10 points
//   the last weighted sum taken from registers, Y not kept               91.2 %  85.5 %   kept
//   2 MB pages (scratch.cc)                                              92.0 %  89.9 %   kept
// On AVX2 all of it took 3 % of the time in fp32 and 19 % in fp64, on the baseline set 1.5 %. While others use the sibling of the core, even
// a tile in the first-level cache falls to 80 %, and nothing above made more than 3 % of difference.
#pragma once
#include "conditioned.h"

namespace poly::POLY_ISA {

constexpr long kRun = 256;

template <class T>
constexpr long kLine = 64 / static_cast<long>(sizeof(T));  // numbers of a cache line

// How many steps ahead the panel is fetched: it comes from the second level, again for every group of rows.
constexpr long kAhead = 8;

// The register tile of one product, `next` being the group of rows that the following one reads.
template <class T>
struct ProductTile {
  using V = Vec<T>;
  static constexpr int R = kScoreRows, N = kScoreVecs;
  V sum[R][N];

  // sum = a[k][R] . b[k][panel] over `steps` terms; moves all three on.
  POLY_INLINE void run(long steps, const T *&a, const T *&next, const T *&b) {
#pragma GCC unroll 8
    for (int r = 0; r < R; r++)
#pragma GCC unroll 8
      for (int j = 0; j < N; j++) sum[r][j] = V::set(0);
#pragma GCC unroll 2
    for (long k = 0; k < steps; k++) {
      __builtin_prefetch(next);
#pragma GCC unroll 8
      for (long j = 0; j < N * V::W; j += kLine<T>) __builtin_prefetch(b + kAhead * N * V::W + j);
      V x[N];
#pragma GCC unroll 8
      for (int j = 0; j < N; j++) x[j] = V::load(b + j * V::W);
#pragma GCC unroll 8
      for (int r = 0; r < R; r++) {
        const V p = V::set(a[r]);
#pragma GCC unroll 8
        for (int j = 0; j < N; j++) sum[r][j] = V::fma(p, x[j], sum[r][j]);
      }
      a += R;
      next += R;
      b += N * V::W;
    }
  }

  POLY_INLINE void add(const T *addend) {
#pragma GCC unroll 8
    for (int r = 0; r < R; r++)
#pragma GCC unroll 8
      for (int j = 0; j < N; j++) sum[r][j] = V::add(V::load(addend + (r * N + j) * V::W), sum[r][j]);
  }

  POLY_INLINE void store(T *y) const {
#pragma GCC unroll 8
    for (int r = 0; r < R; r++)
#pragma GCC unroll 8
      for (int j = 0; j < N; j++) sum[r][j].store(y + (r * N + j) * V::W);
  }
};

// y[R][panel] = a[k][R] . b[k][panel], plus `addend` [R][panel] where there is one; it may be y itself
template <class T>
__attribute__((noinline)) void productTile(long depth, const T *a, const T *b, const T *addend, T *y) {
  const T *next = a + depth * kScoreRows;
  for (long k = 0; k < depth; k += kRun) {
    ProductTile<T> tile;
    tile.run(least(kRun, depth - k), a, next, b);
    const T *before = k == 0 ? addend : y;
    if (before) tile.add(before);
    tile.store(y);
  }
}

// What becomes of one tile of Y where it is not kept: part[panel] += sum over r < rows of h[r][panel] values[r * stride] Y[r][panel].
template <class T>
struct Closing {
  const T *h;       // whole tiles, zeros beyond `rows`
  const T *values;  // null: ones
  long stride, rows;
  T *part;
};

template <class T>
POLY_INLINE void close(const ProductTile<T> &tile, const Closing<T> &c) {
  using V = Vec<T>;
  constexpr int R = kScoreRows, N = kScoreVecs;
  V part[N];
#pragma GCC unroll 8
  for (int j = 0; j < N; j++) part[j] = V::load(c.part + j * V::W);
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
    const V value = V::set(r >= c.rows ? 0 : c.values ? c.values[r * c.stride] : 1);
#pragma GCC unroll 8
    for (int j = 0; j < N; j++) part[j] = V::fma(V::mul(V::load(c.h + (r * N + j) * V::W), value), tile.sum[r][j], part[j]);
  }
#pragma GCC unroll 8
  for (int j = 0; j < N; j++) part[j].store(c.part + j * V::W);
}

template <class T>
__attribute__((noinline)) void closingTile(long depth, const T *a, const T *b, const Closing<T> &closing) {
  const T *next = a + depth * kScoreRows;
  T y[kScoreRows * kPanel<T>];
  for (long k = 0; k < depth; k += kRun) {
    ProductTile<T> tile;
    tile.run(least(kRun, depth - k), a, next, b);
    if (k > 0) tile.add(y);
    if (k + kRun >= depth) close<T>(tile, closing);
    else tile.store(y);
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
