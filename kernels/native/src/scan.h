// scan: moving sums of features under masks (kernels/reference/scan.ts; math.md §3.5). Sums, features and weights are in fp64 whatever T is.
//
// Up to kScanRows rows move together: what enters and leaves the windows at each of them is written out as features first, and then, a panel
// of features and a channel at a time, the sums of all variables stay in registers while the rows go by,
//   s_j += (w v)_in φ_in - (w v)_out φ_out;  y += φ_root Π_j s_j.
// Rows that a tile, or a window started anew, has to catch up with go through a product of matrices (cross.h).
//
// Sums are started anew every kScanRefresh rows of a window that loses some, and when what went through them weighs kScanLoss times what they
// hold: the rounding of what has left stays behind (certificate.ts counts on both).
//
// Cost: n r (2 t - 1) (dv + 1) multiply-adds without rows that leave. Two threads, AVX-512 (Sapphire Rapids), D = 16, dv = 16, root-causal, against the
// reference: tensor(3), n = 4,096, degree 2 4.2 ms where that takes 138, degree 1 0.9 and 22; self, n = 16,384, degree 2 6.5 and 349.
#pragma once
#include "scan-state.h"

extern "C" double log(double);

namespace poly::POLY_ISA {

// Rows [w.last, last) into the sums. False if cancelled.
template <class T>
bool catchUp(const ScanArgs &a, const ScanState<T> &s, ScanWindow<T> &w, long last) {
  constexpr long L = kLanes<double>;
  while (w.last < last) {
    if (a.tile.control.cancelled()) return false;
    const long count = least(kFeatureBatch, last - w.last);
    writeScanRows<T>(s, w.rows, w.last, count, s.batch);
    for (long l = 0; l < count; l++) {
      writeScanValues<T>(w, s.cols, w.last + l, 1, s.batchX + l * s.cols);
      w.passed += w.weights[w.last + l];
    }
    for (long panel = 0; panel < s.panels; panel++)
      crossRows<double>(s.cols, count, s.batchX, s.cols, s.batch + panel * L, s.stride, nullptr, w.sums + panel * s.cols * L);
    w.last += count;
  }
  return true;
}

inline long clampTo(long x, long low, long high) { return x < low ? low : x > high ? high : x; }

// The rows that row r of the root sees.
template <class T>
void rangeOf(const ScanWindow<T> &w, long row, long *first, long *last) {
  *first = clampTo(row - w.highest, 0, w.count);
  *last = clampTo(row - w.lowest + 1, *first, w.count);
}

// Whether sums that hold [first, last), with `passed` gone through them, would be drowned by what has left.
template <class T>
bool drowned(const ScanWindow<T> &w, long first, long last, double passed) {
  double left = 0;
  for (long l = last - 1; l >= first; l--) {
    left += w.weights[l];
    if ((last - l) % 64 == 0 && passed <= kScanLoss * left) return false;
  }
  return passed > kScanLoss * left;
}

// Whether the sums must start anew for a row that sees [first, last).
template <class T>
bool startsAnew(const ScanWindow<T> &w, long first, long last, long before, long held, double passed) {
  if (first >= held || (first > 0 && first % kScanRefresh == 0)) return true;
  return (first > 0 || before > 0) && drowned(w, first, last, passed);
}

// How many rows from `row` on move together, with what changes at each written out; 0 if cancelled.
template <class T>
long planRows(const ScanArgs &a, ScanState<T> &s, long row, long count) {
  s.leaves = false;
  for (int j = 0; j < s.others; j++) {
    ScanWindow<T> &w = s.windows[j];
    long first, last;
    rangeOf(w, row, &first, &last);
    if (startsAnew(w, first, last, w.first, w.last, w.passed)) {
      for (long i = 0; i < s.panels * s.cols * kLanes<double>; i++) w.sums[i] = 0;
      w.first = w.last = first;
      w.passed = 0;
    }
    if (last - w.last > 1 && !catchUp(a, s, w, last)) return 0;
    long before = w.first, held = last;
    double passed = w.passed + (last > w.last ? w.weights[last - 1] : 0);
    for (long i = 1; i < count; i++) {
      rangeOf(w, row + i, &first, &last);
      if (startsAnew(w, first, last, before, held, passed)) count = i;
      else if (last > held) passed += w.weights[last - 1];
      before = first;
      held = last;
    }
  }
  return count;
}

// One step of the rows that enter (`sign` 1) or leave (-1) a window, `from` on: whether one does.
template <class T>
bool writeChange(const ScanState<T> &s, const ScanWindow<T> &w, ScanChange &change, long i, long *edge, long to, long from, double sign) {
  double *x = change.x + i * s.cols;
  const bool moves = *edge < to;
  change.at[i] = change.features + (moves ? *edge - from : 0) * s.stride;
  if (moves) writeScanValues<T>(w, s.cols, (*edge)++, sign, x);
  else
    for (long c = 0; c < s.cols; c++) x[c] = 0;
  return moves;
}

// Features and weighted values of the rows that enter and leave one window.
template <class T>
void writeChanges(ScanState<T> &s, int j, long row, long count) {
  ScanWindow<T> &w = s.windows[j];
  const long entering = w.last, leaving = w.first;
  for (long i = 0; i < count; i++) {
    long first, last;
    rangeOf(w, row + i, &first, &last);
    if (writeChange<T>(s, w, s.enter[j], i, &w.last, last, entering, 1)) w.passed += w.weights[last - 1];
    if (writeChange<T>(s, w, s.leave[j], i, &w.first, first, leaving, -1)) s.leaves = true;
  }
  if (w.last > entering) writeScanRows<T>(s, w.rows, entering, w.last - entering, s.enter[j].features);
  if (w.first > leaving) writeScanRows<T>(s, w.rows, leaving, w.first - leaving, s.leave[j].features);
}

// One panel of features, all channels: the sums move by `count` rows. J = 0: any number of variables.
template <class T, int J, bool Leaves>
__attribute__((noinline)) void movePanel(const ScanState<T> &s, long count, long panel) {
  using V = Vec<double>;
  constexpr long L = kLanes<double>, W = V::W;
  constexpr int M = J > 0 ? J : kMaxScanned;
  const int others = J > 0 ? J : s.others;
  for (long c = 0; c < s.cols; c++) {
    V sums[M][2];
#pragma GCC unroll 3
    for (int j = 0; j < others; j++)
      for (int v = 0; v < 2; v++) sums[j][v] = V::load(s.windows[j].sums + (panel * s.cols + c) * L + v * W);
    for (long i = 0; i < count; i++) {
      const double *root = s.features + i * s.stride + panel * L;
      V product[2] = {V::load(root), V::load(root + W)};
#pragma GCC unroll 3
      for (int j = 0; j < others; j++) {
        const V x = V::set(s.enter[j].x[i * s.cols + c]);
        const double *in = s.enter[j].at[i] + panel * L;
        for (int v = 0; v < 2; v++) sums[j][v] = V::fma(x, V::load(in + v * W), sums[j][v]);
        if constexpr (Leaves) {
          const V gone = V::set(s.leave[j].x[i * s.cols + c]);
          const double *out = s.leave[j].at[i] + panel * L;
          for (int v = 0; v < 2; v++) sums[j][v] = V::fma(gone, V::load(out + v * W), sums[j][v]);
        }
        for (int v = 0; v < 2; v++) product[v] = V::mul(product[v], sums[j][v]);
      }
      double *to = s.sums + (c * kScanRows + i) * W;
      V::add(V::load(to), V::add(product[0], product[1])).store(to);
    }
    for (int j = 0; j < others; j++)
      for (int v = 0; v < 2; v++) sums[j][v].store(s.windows[j].sums + (panel * s.cols + c) * L + v * W);
  }
}

template <class T, bool Leaves>
void movePanels(const ScanState<T> &s, long count) {
  const auto move = s.others == 1 ? movePanel<T, 1, Leaves> : s.others == 2 ? movePanel<T, 2, Leaves> : s.others == 3 ? movePanel<T, 3, Leaves> : movePanel<T, 0, Leaves>;
  for (long panel = 0; panel < s.panels; panel++) move(s, count, panel);
}

template <class T>
void storeScanned(const ScanArgs &a, const ScanState<T> &s, long row, long i, double offset) {
  constexpr long W = Vec<double>::W;
  bool empty = false;
  double shift = offset + s.root.logWeight(row);
  for (int j = 0; j < s.others; j++) {
    const ScanWindow<T> &w = s.windows[j];
    long first, last;
    rangeOf(w, row, &first, &last);
    empty = empty || last <= first || w.weighty[last - 1] < first;
    shift += w.shift;
  }
  const auto sumOf = [&](long c) { return Vec<double>::load(s.sums + (c * kScanRows + i) * W).sum(); };
  // Weights that are not positive together are outside every certificate: NaN, which the engine refuses.
  const double z = sumOf(a.dv), inverse = empty ? 0 : z > 0 ? 1 / z : __builtin_nan("");
  static_cast<T *>(a.logSumExp)[row] = static_cast<T>(empty ? -__builtin_inf() : log(z > 0 ? z : __builtin_nan("")) + shift);
  T *message = static_cast<T *>(a.message);
  for (long c = 0; message && c < a.dv; c++) message[row * a.dv + c] = static_cast<T>(empty ? 0 : sumOf(c) * inverse);
}

// Tiles are rows.
template <class T>
void scanStep(const ScanArgs &a) {
  ScanState<T> s = scanState<T>(a);
  if (!openWeights<T>(a, s)) return;
  double offset = 0;
  for (int o = 0; o < a.offsetCount; o++)
    for (long c = 0; c < a.offsetWidth; c++)
      offset += a.offsets[o].factor * static_cast<double>(static_cast<const T *>(a.offsets[o].left)[c]) *
                static_cast<double>(static_cast<const T *>(a.offsets[o].right)[c]);
  for (long row = a.tile.firstRow; row < a.tile.lastRow;) {
    if (a.tile.control.cancelled()) return;
    const long count = planRows<T>(a, s, row, least(kScanRows, a.tile.lastRow - row));
    if (count == 0) return;
    for (int j = 0; j < s.others; j++) writeChanges<T>(s, j, row, count);
    writeScanRows<T>(s, s.root, row, count, s.features);
    for (long l = 0; l < count; l++)
      for (long f = 0; f < s.stride; f++) s.features[l * s.stride + f] *= s.terms[f];
    for (long i = 0; i < s.cols * kScanRows * Vec<double>::W; i++) s.sums[i] = 0;
    if (s.leaves) movePanels<T, true>(s, count);
    else movePanels<T, false>(s, count);
    for (long i = 0; i < count; i++) storeScanned<T>(a, s, row + i, i, offset);
    a.tile.control.advance(count);
    row += count;
  }
}

}  // namespace poly::POLY_ISA
