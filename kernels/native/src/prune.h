// attend that leaves out what carries no weight (math.md §3.7): keys whose score and bias lie more than `dropBelow` below the row's
// largest. Keys lie in cells (cells.h), and for row q and cell k
//   upper(q, k) = <q, centre> + |q| radius + highest bias,    lower(q) = max over k of <q, centre> - |q| radius + highest bias, and of
//   the witnesses' own scores,
// so a cell with upper < lower - dropBelow holds none of the keys that must stay: no running maximum is needed, and what is dropped does not
// depend on tiles or threads. The rows that want a cell are gathered from up to kPrunedRows rows, cell by cell, and scored as attend
// scores any rows; their states lie in memory between two cells. So rows need not agree on what they want.
//
// Whether it pays is decided once for each thread and call: first by the scores of one group of rows, so that looking costs next to nothing
// where all keys matter, then by the share of keys that a sample of rows would keep by the cells' bounds. Rounding of the bounds is added
// to them (slack), so nothing that §3.7 wants is dropped. Where it does not pay all keys are one cell, and nothing is dropped.
//
// Either way the sums are those of careful.h, whose rounding is certified to be a third of attend's or less (certificate.ts, carefulError).
//
// Cost: 2 n (2 K) d flops for the bounds, then that of attend in proportion to what is kept.
//
// Xeon with AVX-512, fp32, n = 8,192, d = 64, 64 clusters, dropBelow = ln(n / 5e-5), against the exact kernel (bench/prune.ts): 6.1 times as
// fast where each row looks for one of them (scores to 30, 98 % left out), 4.9 times with clusters four times as wide (95 %), at n = 16,384
// 10 and 7 times; 0.93 to 0.96 of its speed where nothing can be left out (careful.h).
#pragma once
#include "careful.h"
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

// Rows spread over all of them.
template <class T>
void sampleRows(const AttendArgs &a, long sample, long of, int32_t *rows) {
  for (long r = 0; r < kGroup; r++) rows[r] = static_cast<int32_t>((2 * (sample + r) + 1) * a.nq / (2 * of));
}

// Whether one group of rows would keep few enough of the keys if each key were looked at alone.
template <class T>
bool worthLooking(const AttendArgs &a, const Queries<T> &q, const Keys<T> &keys) {
  const RowState<T> s = rowState<T>(a.d, 0);
  int32_t rows[kGroup];
  sampleRows<T>(a, 0, kGroup, rows);
  gatherQueries<T>(inLog2<T>(q), rows, kGroup, a.d, s.queries);
  double threshold[kGroup];
  for (double &one : threshold) one = -__builtin_inf();
  long kept = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (long from = 0; from < keys.padded(); from += kBlock<T>) {
      const long to = least(keys.padded(), from + kBlock<T>);
      scoreGroup<T>(s, s.queries, keys, 0, kGroup, from, to, kNoBand);
      for (long r = 0; r < kGroup; r++)
        for (long k = 0; k < to - from; k++) {
          const double score = static_cast<double>(s.scores[r * kBlock<T> + k]);
          if (pass == 0) threshold[r] = score > threshold[r] ? score : threshold[r];
          else kept += score > threshold[r];
        }
    }
    for (double &one : threshold) one -= a.dropBelow * kLog2e;
  }
  return static_cast<double>(kept) <= kWorthwhile * static_cast<double>(kGroup * a.nk);
}

// All keys as one cell, packed as attend packs them.
template <class T>
void oneCell(const AttendArgs &a, Cells<T> &cells) {
  T *panels = static_cast<T *>(scratch(kSlotKeys, keyBytes<T>(a.nk, a.d)));
  T *keyBias = static_cast<T *>(scratch(kSlotKeyBias, biasBytes<T>(a.nk)));
  packKeys<T>(static_cast<const T *>(a.keys), a.nk, a.d, panels);
  packBias<T>(static_cast<const T *>(a.keyBias), a.nk, kLog2e, keyBias);
  cells.count = 1;
  cells.start[0] = 0;
  cells.start[1] = roundUp(a.nk, kPanel<T>);
  cells.keys = {panels, keyBias, a.nk, a.d};
  cells.values = {nullptr, 0};
}

// Two cells or more where they pay; false where they do not.
template <class T>
bool manyCells(const AttendArgs &a, const Queries<T> &q, long dv, Cells<T> &cells) {
  const long most = least(kMaxCells, least(a.nk / (2 * kPanel<T>), a.nq / 32));
  if (most < 4 || a.d == 0 || !worthLooking<T>(a, q, cells.keys)) return false;
  double longest = 0;
  for (long l = 0; l < a.nq; l++) {
    double square = 0;
    for (long c = 0; c < a.d; c++) square += static_cast<double>(q.data[l * a.d + c]) * static_cast<double>(q.data[l * a.d + c]);
    longest = square > longest ? square : longest;
  }
  Growth<T> g = openGrowth<T>(a);
  if (g.m < 4) return false;
  const double tight = longest > 0 ? kTightRadius * kTightRadius / (longest * a.scale * a.scale) : 0;
  const long count = growCells<T>(g, least(most, g.m), tight, a.tile.control);
  if (count < 2) return false;
  Cells<T> found = {};
  found.count = count;
  T *pivots = static_cast<T *>(scratch(kSlotPruneGather, sizeof(T) * static_cast<size_t>(2 * count * a.d + 64)));
  centerCells<T>(a, g, found, pivots);
  packPivots<T>(a, g, found, pivots);
  found.keys.d = a.d;
  long sizes[kMaxCells] = {};
  for (long i = 0; i < g.m; i++) sizes[g.cell[i]]++;
  for (long k = 0; k < count; k++) found.start[k + 1] = found.start[k] + roundUp(sizes[k], kPanel<T>);
  const RowState<T> s = rowState<T>(a.d, dv);
  bool kept[kGroup * kMaxCells];
  long wanted = 0;
  for (long i = 0; i < kSampledRows; i += kGroup) {
    int32_t rows[kGroup];
    sampleRows<T>(a, i, roundUp(kSampledRows, kGroup), rows);
    wanted += boundGroup<T>(s, found, q, rows, kGroup, a.dropBelow, kept);
  }
  if (static_cast<double>(wanted) > kWorthwhile * static_cast<double>(roundUp(kSampledRows, kGroup) * a.nk)) return false;
  packCells<T>(a, g, found, dv);
  cells = found;
  return true;
}

template <class T>
void buildCells(const AttendArgs &a, const Queries<T> &q, long dv, Cells<T> &cells) {
  oneCell<T>(a, cells);
  if (manyCells<T>(a, q, dv, cells) || dv == 0) return;
  T *chunks = static_cast<T *>(scratch(kSlotValues, valueBytes<T>(a.nk, dv)));
  packValues<T>(static_cast<const T *>(a.values), a.nk, dv, chunks);
  cells.values = {chunks, dv};
}

// One cell for up to kGroup of the rows that want it.
template <class T>
void visitCell(const Queries<T> &q, const Cells<T> &cells, const CarefulRows<T> &sums, const RowState<T> &s, long k, const int32_t *rows, long count,
               long first) {
  gatherQueries<T>(inLog2<T>(q), rows, count, cells.keys.d, s.queries);
  for (long from = cells.start[k]; from < cells.start[k + 1]; from += kRunBlocks * kBlock<T>)
    carefulRun<T>(s, s.queries, cells.keys, cells.values, from, least(cells.start[k + 1], from + kRunBlocks * kBlock<T>), sums, rows, count, first);
}

// Rows [first, first + count), at most kPrunedRows. Gives the keys that were kept, all rows together; -1 if cancelled.
template <class T>
long pruneBlock(const AttendArgs &a, const Queries<T> &q, const Cells<T> &cells, const RowState<T> &s, long first, long count, const Output<T> &out) {
  const CarefulRows<T> sums = carefulRows<T>(cells.values.dv, kPrunedRows, count);
  int32_t *wanting = static_cast<int32_t *>(scratch(kSlotPruneCenters, sizeof(int32_t) * static_cast<size_t>(kMaxCells * kPrunedRows)));
  long number[kMaxCells] = {};
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
        if (kept[r * kMaxCells + k]) wanting[k * kPrunedRows + number[k]++] = rows[r];
  }
  for (long k = 0; k < cells.count; k++)
    for (long i = 0; i < number[k]; i += kGroup) {
      if (a.tile.control.cancelled()) return -1;
      visitCell<T>(q, cells, sums, s, k, wanting + k * kPrunedRows + i, least(kGroup, number[k] - i), first);
    }
  finishCareful<T>(sums, count, out.message, out.logSumExp);
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
  if (known.callId != a.tile.callId || known.owner != a.keys || packed.callId != a.tile.callId || packed.owner != owner) {
    known = packed = {-1, nullptr};
    buildCells<T>(a, q, dv, cells);
    if (a.tile.control.cancelled()) return 0;
    known = {a.tile.callId, a.keys};
    packed = {a.tile.callId, owner};
  }
  const RowState<T> s = rowState<T>(a.d, dv);
  const long rows = cells.count == 1 ? rowsAtOnce<T>(a.nk, a.d, dv) : kPrunedRows;
  long left = 0;
  for (long row = a.tile.firstRow; row < a.tile.lastRow; row += rows) {
    const long count = least(rows, a.tile.lastRow - row);
    const Output<T> out = {dv ? static_cast<T *>(a.message) + row * dv : nullptr, static_cast<T *>(a.logSumExp) + row};
    if (cells.count == 1) {
      if (!carefulStream<T>(s, q, row, count, cells.keys, cells.values, out, a.tile.control)) return 0;
    } else {
      const long kept = pruneBlock<T>(a, q, cells, s, row, count, out);
      if (kept < 0) return 0;
      left += count * a.nk - least(kept, count * a.nk);
    }
    a.tile.control.advance(count);
  }
  return left;
}

}  // namespace poly::POLY_ISA
