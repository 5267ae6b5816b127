// attend that leaves out what carries no weight (math.md §3.7): keys whose score and bias lie more than `dropBelow` below the row's
// largest. Keys lie in cells (cells.h), and for row q and cell k
//   upper(q, k) = <q, centre> + |q| radius + highest bias,    lower(q) = max over k of <q, centre> - |q| radius + highest bias, and of
//   the witnesses' own scores,
// so a cell with upper < lower - dropBelow holds none of the keys that must stay: no running maximum is needed, and what is dropped does not
// depend on tiles or threads. The rows that want a cell are gathered from up to kPrunedRows rows, cell by cell, and scored as attend
// scores any rows; their states lie in memory between two cells. So rows need not agree on what they want.
//
// Whether it pays is decided once for each thread and call, by the share of keys that a sample of rows spread over all of them would keep.
// Rounding of the bounds is added to them (slack), so nothing that §3.7 wants is dropped.
//
// Cost: 2 n (2 K) d flops for the bounds, then that of attend in proportion to what is kept.
//
// AVX2 on Zen 3, fp32, n = 16,384, d = 64, 64 clusters, dropBelow = ln(n / 5e-5), against the exact kernel (bench/prune.ts): 13 times as
// fast where each row looks for one of them (scores to 30, 98 % left out), 7.9 times with clusters four times as wide (95 %); 0.98 to 1.01
// of the time where nothing can be left out.
#pragma once
#include "cells.h"

namespace poly::POLY_ISA {

constexpr long kPrunedRows = 4096;
constexpr long kSampledRows = 96;
constexpr double kWorthwhile = 0.6;  // of the keys kept, at most

// What is known of the cells by this thread, for the call in packedFor(kSlotPruneCells).
template <class T>
Cells<T> &keptCells() {
  return *static_cast<Cells<T> *>(scratch(kSlotPruneCells, sizeof(Cells<double>) + sizeof(Cells<float>)));
}

// As packQueries, of rows anywhere.
template <class T>
void gatherQueries(const Queries<T> &q, const int32_t *rows, long count, long d, T *out) {
  for (long r = 0; r < roundUp(count, kScoreRows); r++, out += d) {
    if (r < count) scaleRow<T>(q, q.data + rows[r] * d, d, out);
    else memset(out, 0, sizeof(T) * static_cast<size_t>(d));
  }
}

// kept[r][k]: whether row r wants cell k. At most kGroup rows. Gives how many keys they want together.
template <class T>
long boundGroup(const RowState<T> &s, const Cells<T> &cells, const Queries<T> &q, const int32_t *rows, long count, double dropBelow, bool *kept) {
  const long d = cells.keys.d, K = cells.count, padded = cells.pivots.padded();
  T pivots[kGroup][2 * kMaxCells + kPanel<T>];
  gatherQueries<T>(q, rows, count, d, s.queries);
  for (long k0 = 0; k0 < padded; k0 += kBlock<T>) {
    const long k1 = least(padded, k0 + kBlock<T>);
    scoreGroup<T>(s, s.queries, cells.pivots, 0, count, k0, k1, kNoBand);
    for (long r = 0; r < count; r++) memcpy(pivots[r] + k0, s.scores + r * kBlock<T>, sizeof(T) * static_cast<size_t>(k1 - k0));
  }
  long wanted = 0;
  for (long r = 0; r < count; r++) {
    double square = 0;
    for (long c = 0; c < d; c++) square += static_cast<double>(q.data[rows[r] * d + c]) * static_cast<double>(q.data[rows[r] * d + c]);
    const double norm = sqrt(square) * __builtin_fabs(q.scale) * (1 + 1e-6);
    double lower = -__builtin_inf();
    for (long k = 0; k < K; k++) {
      const double least = static_cast<double>(pivots[r][k]) - norm * cells.radius[k], witness = static_cast<double>(pivots[r][K + k]);
      lower = least > lower ? least : lower;
      lower = witness > lower ? witness : lower;
    }
    const double threshold = lower - dropBelow - norm * cells.slack - 1e-6 * (__builtin_fabs(lower) + dropBelow);
    for (long k = 0; k < K; k++) {
      kept[r * kMaxCells + k] = !(static_cast<double>(pivots[r][k]) + norm * cells.radius[k] < threshold);
      wanted += kept[r * kMaxCells + k] ? cells.start[k + 1] - cells.start[k] : 0;
    }
  }
  return wanted;
}

// Cells of the call's keys, or count = 0 where pruning does not pay.
template <class T>
void buildCells(const AttendArgs &a, const Queries<T> &q, long dv, Cells<T> &cells) {
  cells.count = 0;
  const long most = least(kMaxCells, least(a.nk / (4 * kPanel<T>), a.nq / 32));
  if (most < 4 || a.d == 0) return;
  double longest = 0;
  for (long l = 0; l < a.nq; l++) {
    double square = 0;
    for (long c = 0; c < a.d; c++) square += static_cast<double>(q.data[l * a.d + c]) * static_cast<double>(q.data[l * a.d + c]);
    longest = square > longest ? square : longest;
  }
  Growth<T> g = openGrowth<T>(a);
  if (g.m < 4) return;
  const double tight = longest > 0 ? kTightRadius * kTightRadius / (longest * a.scale * a.scale) : 0;
  cells.count = growCells<T>(g, least(most, g.m), tight, a.tile.control);
  if (cells.count < 2) {
    cells.count = 0;
    return;
  }
  T *pivots = static_cast<T *>(scratch(kSlotPruneGather, sizeof(T) * static_cast<size_t>(2 * cells.count * a.d + 64)));
  centerCells<T>(a, g, cells, pivots);
  packPivots<T>(a, g, cells, pivots);
  cells.keys.d = a.d;
  cells.start[0] = 0;
  long sizes[kMaxCells] = {};
  for (long i = 0; i < g.m; i++) sizes[g.cell[i]]++;
  for (long k = 0; k < cells.count; k++) cells.start[k + 1] = cells.start[k] + roundUp(sizes[k], kPanel<T>);
  const RowState<T> s = rowState<T>(a.d, dv);
  bool kept[kGroup * kMaxCells];
  long wanted = 0;
  for (long i = 0; i < kSampledRows; i += kGroup) {
    int32_t rows[kGroup];
    for (long r = 0; r < kGroup; r++) rows[r] = static_cast<int32_t>((2 * (i + r) + 1) * a.nq / (2 * roundUp(kSampledRows, kGroup)));
    wanted += boundGroup<T>(s, cells, q, rows, kGroup, a.dropBelow, kept);
  }
  if (static_cast<double>(wanted) > kWorthwhile * static_cast<double>(roundUp(kSampledRows, kGroup) * a.nk)) cells.count = 0;
  else packCells<T>(a, g, cells, dv);
}

// States of the rows in hand, and which rows want which cell.
template <class T>
struct PrunedRows {
  T *output;      // [rows][dv padded]
  T *sum;         // [rows][W]
  T *maximum;     // [rows]
  int32_t *rows;  // [cells][kPrunedRows]
  long count[kMaxCells];
  long padded;
};

template <class T>
PrunedRows<T> prunedRows(long dv, long cells) {
  constexpr long W = Vec<T>::W;
  PrunedRows<T> p = {};
  p.padded = roundUp(dv, W);
  const long floats = kPrunedRows * (p.padded + W + 1);
  p.output = static_cast<T *>(scratch(kSlotPruneRows, sizeof(T) * static_cast<size_t>(floats) + sizeof(int32_t) * static_cast<size_t>(cells * kPrunedRows)));
  p.sum = p.output + kPrunedRows * p.padded;
  p.maximum = p.sum + kPrunedRows * W;
  p.rows = reinterpret_cast<int32_t *>(p.maximum + kPrunedRows);
  return p;
}

// Between rows of their own and the chunked layout of a group. `out`: from the group.
template <class T>
void moveStates(const PrunedRows<T> &p, const RowState<T> &s, const Values<T> &values, const int32_t *rows, long count, long first, bool out) {
  constexpr long W = Vec<T>::W;
  const auto move = [&](T *own, T *group, long n) {
    if (out) memcpy(own, group, sizeof(T) * static_cast<size_t>(n));
    else memcpy(group, own, sizeof(T) * static_cast<size_t>(n));
  };
  for (long r = 0; r < count; r++) {
    const long row = rows[r] - first;
    move(p.maximum + row, s.maximum + r, 1);
    move(p.sum + row * W, s.sum + r * W, W);
    T *own = p.output + row * p.padded, *group = s.output;
    for (int left = values.vectors(); left > 0; left -= kValueVecs) {
      const int vectors = left < kValueVecs ? left : kValueVecs;
      move(own, group + r * vectors * W, vectors * W);
      own += vectors * W;
      group += kGroup * vectors * W;
    }
  }
}

// One cell for up to kGroup of the rows that want it.
template <class T>
void visitCell(const Queries<T> &q, const Cells<T> &cells, const PrunedRows<T> &p, const RowState<T> &s, long k, const int32_t *rows, long count, long first) {
  gatherQueries<T>(inLog2<T>(q), rows, count, cells.keys.d, s.queries);
  moveStates<T>(p, s, cells.values, rows, count, first, false);
  for (long from = cells.start[k]; from < cells.start[k + 1]; from += kBlock<T>) {
    const long to = least(cells.start[k + 1], from + kBlock<T>);
    scoreGroup<T>(s, s.queries, cells.keys, 0, count, from, to, kNoBand);
    softmaxGroup<T>(s, s.maximum, s.sum, count, to - from);
    if (cells.values.data) valueGroup<T>(s, s.output, cells.values, cells.keys.padded(), count, from, to - from);
  }
  moveStates<T>(p, s, cells.values, rows, count, first, true);
}

// Rows [first, first + count), at most kPrunedRows. Gives the keys that were kept, all rows together; -1 if cancelled.
template <class T>
long pruneBlock(const AttendArgs &a, const Queries<T> &q, const Cells<T> &cells, PrunedRows<T> &p, const RowState<T> &s, long first, long count,
                const Output<T> &out) {
  constexpr long W = Vec<T>::W;
  const long dv = cells.values.data ? cells.values.dv : 0;
  for (long i = 0; i < count; i++) p.maximum[i] = kNoMaximum<T>;
  for (long i = 0; i < count * W; i++) p.sum[i] = 0;
  for (long i = 0; i < count * p.padded; i++) p.output[i] = 0;
  for (long &number : p.count) number = 0;
  bool kept[kGroup * kMaxCells];
  int32_t rows[kGroup];
  long wanted = 0;
  for (long i = 0; i < count; i += kGroup) {
    if (a.tile.control.cancelled()) return -1;
    const long group = least(kGroup, count - i);
    for (long r = 0; r < group; r++) rows[r] = static_cast<int32_t>(first + i + r);
    wanted += boundGroup<T>(s, cells, q, rows, group, a.dropBelow, kept);
    for (long k = 0; k < cells.count; k++)
      for (long r = 0; r < group; r++)
        if (kept[r * kMaxCells + k]) p.rows[k * kPrunedRows + p.count[k]++] = rows[r];
  }
  for (long k = 0; k < cells.count; k++)
    for (long i = 0; i < p.count[k]; i += kGroup) {
      if (a.tile.control.cancelled()) return -1;
      visitCell<T>(q, cells, p, s, k, p.rows + k * kPrunedRows + i, least(kGroup, p.count[k] - i), first);
    }
  for (long i = 0; i < count; i += kGroup) {
    const long group = least(kGroup, count - i);
    for (long r = 0; r < group; r++) rows[r] = static_cast<int32_t>(first + i + r);
    moveStates<T>(p, s, cells.values, rows, group, first, false);
    finishGroup<T>(s, 0, group, cells.values, out.message ? out.message + i * dv : nullptr, out.logSumExp + i);
  }
  return wanted;
}

// The attend step. Gives the pairs of a row and a key that were left out.
template <class T>
long attendOrPrune(const AttendArgs &a) {
  const bool band = a.lowest > -kFar || a.highest < kFar;
  if (!(a.dropBelow < __builtin_inf()) || band || !a.queries) {
    attendStep<T>(a);
    return 0;
  }
  const long dv = a.message && a.values ? a.dv : 0;
  const Queries<T> q = {static_cast<const T *>(a.queries), nullptr, a.scale};
  Cells<T> &cells = keptCells<T>();
  PackedFor &known = packedFor(kSlotPruneCells), &packed = packedFor(kSlotKeys);
  const void *owner = static_cast<const char *>(a.keys) + 1;  // no operand's address: attend itself packs for `keys`
  if (known.callId != a.tile.callId || known.owner != a.keys || (cells.count > 0 && (packed.callId != a.tile.callId || packed.owner != owner))) {
    known = packed = {-1, nullptr};
    buildCells<T>(a, q, dv, cells);
    if (a.tile.control.cancelled()) return 0;
    known = {a.tile.callId, a.keys};
    if (cells.count > 0) packed = {a.tile.callId, owner};
  }
  if (cells.count == 0) {
    attendStep<T>(a);
    return 0;
  }
  PrunedRows<T> p = prunedRows<T>(dv, cells.count);
  const RowState<T> s = rowState<T>(a.d, dv);
  long left = 0;
  for (long row = a.tile.firstRow; row < a.tile.lastRow; row += kPrunedRows) {
    const long rows = least(kPrunedRows, a.tile.lastRow - row);
    const Output<T> out = {dv ? static_cast<T *>(a.message) + row * dv : nullptr, static_cast<T *>(a.logSumExp) + row};
    const long kept = pruneBlock<T>(a, q, cells, p, s, row, rows, out);
    if (kept < 0) return 0;
    left += rows * a.nk - least(kept, rows * a.nk);
    a.tile.control.advance(rows);
  }
  return left;
}

}  // namespace poly::POLY_ISA
