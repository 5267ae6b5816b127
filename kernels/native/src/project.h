// project: X W, tokens to queries or values (api.md §2). W lies in chunks of columns as attend's values do (pack.h); the rows of X are
// read where they are, R at a time by broadcasts, since packing them costs as much as half of the product with 64 columns.
//
// Sums of kRun terms are added to one another: the rounding error grows with kRun + m / kRun instead of m. A row's sums do not depend on
// the tile. Cost: 2 n m cols flops.
//
// Share of the FMA peak, fp32, n = 4096: m = 1024 and 64 columns 88 % on AVX-512 (Sapphire Rapids), 79 % on AVX2, 82 % baseline; m = 64
// 72-82 %; 33 columns 57, 63 and 77 %, what is padded counted as loss.
#pragma once
#include "product.h"

namespace poly::POLY_ISA {

// out[r][NV vectors] (+)= sum over k of x[r * stride + k] w[k][NV vectors], for R = kTile / NV rows; rows beyond `rows` repeat the last.
template <class T, int NV>
__attribute__((noinline)) void projectTile(long count, const T *x, long stride, long rows, const T *w, T *out, bool first) {
  using V = Vec<T>;
  constexpr int R = kTile / NV;
  const T *row[R];
#pragma GCC unroll 32
  for (int r = 0; r < R; r++) row[r] = x + least(r, rows - 1) * stride;
  V acc[R][NV];
#pragma GCC unroll 32
  for (int r = 0; r < R; r++)
#pragma GCC unroll 8
    for (int j = 0; j < NV; j++) acc[r][j] = V::set(0);
  for (long k = 0; k < count; k++, w += NV * V::W) {
    V b[NV];
#pragma GCC unroll 8
    for (int j = 0; j < NV; j++) b[j] = V::load(w + j * V::W);
#pragma GCC unroll 32
    for (int r = 0; r < R; r++) {
      const V a = V::set(row[r][k]);
#pragma GCC unroll 8
      for (int j = 0; j < NV; j++) acc[r][j] = V::fma(a, b[j], acc[r][j]);
    }
  }
#pragma GCC unroll 32
  for (int r = 0; r < R; r++)
#pragma GCC unroll 8
    for (int j = 0; j < NV; j++) {
      T *o = out + (r * NV + j) * V::W;
      (first ? acc[r][j] : V::add(V::load(o), acc[r][j])).store(o);
    }
}

// At most kTile / NV rows of one chunk of `width` columns. False if cancelled.
template <class T, int NV>
bool projectChunk(const ProjectArgs &a, long row, long rows, const T *w, long column, long width) {
  constexpr long W = Vec<T>::W;
  const T *x = static_cast<const T *>(a.input) + row * a.m;
  T sums[kTile * W];
  for (long k = 0; k == 0 || k < a.m; k += kRun) {
    if (a.tile.control.cancelled()) return false;
    projectTile<T, NV>(least(kRun, a.m - k), x + k, a.m, rows, w + k * NV * W, sums, k == 0);
  }
  T *out = static_cast<T *>(a.output) + row * a.cols + column;
  for (long r = 0; r < rows; r++)
    for (long c = 0; c < width; c += W) storePart<T>(out + r * a.cols + c, Vec<T>::load(sums + r * NV * W + c), width - c);
  return true;
}

// Rows [row, row + rows) of one chunk, in tiles as tall as its width allows.
template <class T, int NV>
bool projectRows(const ProjectArgs &a, long row, long rows, const T *w, long column) {
  constexpr long R = kTile / NV;
  const long width = least(NV * Vec<T>::W, a.cols - column);
  for (long r = 0; r < rows; r += R)
    if (!projectChunk<T, NV>(a, row + r, least(R, rows - r), w, column, width)) return false;
  return true;
}

template <class T>
void projectStep(const ProjectArgs &a) {
  constexpr long W = Vec<T>::W;
  T *chunks = static_cast<T *>(scratch(kSlotValues, valueBytes<T>(a.m, a.cols)));
  PackedFor &packed = packedFor(kSlotKeys);  // whose values are these chunks
  if (packed.callId != a.tile.callId || packed.owner != a.weights) {
    packed = {-1, nullptr};
    packValues<T>(static_cast<const T *>(a.weights), a.m, a.cols, chunks);
    packed = {a.tile.callId, a.weights};
  }
  for (long row = a.tile.firstRow; row < a.tile.lastRow; row += kRows) {
    const long rows = least(kRows, a.tile.lastRow - row);
    const T *w = chunks;
    for (long column = 0; column < a.cols; column += kValueVecs * W) {
      const int vectors = static_cast<int>(least(kValueVecs, (a.cols - column + W - 1) / W));
      const bool done = vectors == 1   ? projectRows<T, 1>(a, row, rows, w, column)
                        : vectors == 2 ? projectRows<T, 2>(a, row, rows, w, column)
                        : vectors == 3 ? projectRows<T, 3>(a, row, rows, w, column)
                                       : projectRows<T, kValueVecs>(a, row, rows, w, column);
      if (!done) return;
      w += roundUp(a.m, kPanel<T>) * vectors * W;
    }
    a.tile.control.advance(rows);
  }
}

}  // namespace poly::POLY_ISA
