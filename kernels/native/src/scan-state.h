// What a scan (scan.h) keeps: the windows of its variables with their weights and moving sums, and the features in hand.
#pragma once
#include "accumulate.h"

namespace poly::POLY_ISA {

constexpr long kScanRows = 8;
constexpr long kScanRefresh = 1024;
constexpr double kScanLoss = 1024;

// The moving sums of one variable; rows [first, last) are in them, and `passed` is the weight of all that went in since they were zero.
template <class T>
struct ScanWindow {
  MappedRows<T> rows;
  const T *values;
  long count, lowest, highest;
  const double *weights;  // [n] e^(log-weight - shift)
  const long *weighty;    // [n] the last row up to this one with a weight; -1: none
  double shift;
  double *sums;  // [panels][cols][kLanes]
  long first, last;
  double passed;
};

// Of the rows that move together, what enters (0) or leaves (1) one variable's window at each.
struct ScanChange {
  double *features;            // [kScanRows][stride]
  const double *at[kScanRows];  // of each step
  double *x;                   // [kScanRows][cols] weighted values, zero where no row does
};

template <class T>
struct ScanState {
  FeatureShape shape;
  long cols, panels, stride;
  int others;
  ScanWindow<T> windows[kMaxScanned];
  ScanChange enter[kMaxScanned], leave[kMaxScanned];
  bool leaves;
  MappedRows<T> root;
  double *terms;     // [stride] c_k k!/α! factor^k
  double *features;  // [kScanRows][stride] the root's, times those
  double *batch, *batchX;  // [kFeatureBatch][stride], [kFeatureBatch][cols]
  double *sums;      // [cols][kScanRows][W]
};

// Weights of the terms, in the order of the features: with its last coordinate once more, m!/α! grows by m over how often it is there.
inline void writeTerms(const ScanArgs &a, const FeatureShape &s, double *terms, long *last, long *repeated) {
  terms[0] = 1;
  last[0] = -1;
  repeated[0] = 0;
  long before = 0, next = 1;
  for (long m = 1; m <= s.degree; m++) {
    const long start = next;
    long prefix = 1;  // C(c + m - 1, m - 1)
    for (long c = 0; c < s.dimension; c++) {
      for (long i = 0; i < prefix; i++, next++) {
        last[next] = c;
        repeated[next] = last[before + i] == c ? repeated[before + i] + 1 : 1;
        terms[next] = terms[before + i] * static_cast<double>(m) / static_cast<double>(repeated[next]);
      }
      prefix = prefix * (c + m) / (c + 1);
    }
    before = start;
  }
  double power = 1;
  for (long m = 0, from = 0; m <= s.degree; m++, power *= a.factor) {
    const long to = featureCount(s.dimension, m, kFar);
    for (; from < to; from++) terms[from] *= a.coefficients[m] * power;
  }
}

// All features of `count` rows from `row` on; nothing beyond them.
template <class T>
void writeScanRows(const ScanState<T> &s, const MappedRows<T> &rows, long row, long count, double *out) {
  for (long l = 0; l < count; l++) rows.read(row + l, out + l * s.stride + 1, 1);
  writeRowFeatures<double>(s.shape, count, out, s.stride);
  for (long l = 0; l < count; l++)
    for (long f = s.shape.rank; f < s.stride; f++) out[l * s.stride + f] = 0;
}

// sign w [v | 1] of one row.
template <class T>
void writeScanValues(const ScanWindow<T> &w, long cols, long row, double sign, double *x) {
  const double weight = sign * w.weights[row];
  for (long c = 0; c + 1 < cols; c++) x[c] = w.values ? weight * static_cast<double>(w.values[row * (cols - 1) + c]) : weight;
  x[cols - 1] = weight;
}

// Log-weights, their largest, and their exponentials, once a call. False if cancelled.
template <class T>
bool openWeights(const ScanArgs &a, ScanState<T> &s) {
  long total = 0;
  for (int j = 0; j < s.others; j++) total += a.others[j].map.n;
  double *memory = static_cast<double *>(scratch(kSlotScanWeights, sizeof(double) * static_cast<size_t>(2 * total + s.others + 8)));
  double *shifts = memory, *weights = memory + s.others;
  long *weighty = reinterpret_cast<long *>(weights + total);
  PackedFor &packed = packedFor(kSlotScanWeights);
  const bool known = packed.callId == a.tile.callId && packed.owner == a.logSumExp;
  if (!known) packed = {-1, nullptr};
  for (int j = 0; j < s.others; j++) {
    ScanWindow<T> &w = s.windows[j];
    if (!known) {
      const T *bias = static_cast<const T *>(a.others[j].bias);
      shifts[j] = -__builtin_inf();
      for (long l = 0; l < w.count; l++) {
        if (l % 4096 == 0 && a.tile.control.cancelled()) return false;
        weights[l] = w.rows.logWeight(l) + (bias ? static_cast<double>(bias[l]) : 0);
        shifts[j] = weights[l] > shifts[j] ? weights[l] : shifts[j];
      }
      if (shifts[j] > -__builtin_inf()) exponentiate(weights, w.count, shifts[j]);
      for (long l = 0; l < w.count; l++) {
        if (shifts[j] == -__builtin_inf()) weights[l] = 0;
        weighty[l] = weights[l] > 0 ? l : l > 0 ? weighty[l - 1] : -1;
      }
    }
    w.weights = weights;
    w.weighty = weighty;
    w.shift = shifts[j];
    weights += w.count;
    weighty += w.count;
  }
  packed = {a.tile.callId, a.logSumExp};
  return true;
}

template <class T>
ScanState<T> scanState(const ScanArgs &a) {
  constexpr long L = kLanes<double>;
  ScanState<T> s = {};
  const long D = a.root.dimension, rank = a.root.rank;
  s.shape = {D, a.root.degree, rank, 0, 0, D, rank};
  s.cols = a.dv + 1;
  s.others = a.otherCount;
  s.panels = (rank + L - 1) / L;
  s.stride = roundUp((rank > D + 1 ? rank : D + 1) + L, L);
  const long maps = 2 * D * (s.others + 1), change = kScanRows * (s.stride + s.cols), sums = s.panels * s.cols * L;
  const long count = maps + s.others * (2 * change + sums) + (kScanRows + 3) * s.stride + kFeatureBatch * (s.stride + s.cols) +
                     s.cols * kScanRows * Vec<double>::W;
  double *memory = static_cast<double *>(scratch(kSlotScan, sizeof(double) * static_cast<size_t>(count)));
  for (long i = 0; i < count; i++) memory[i] = 0;
  const auto take = [&](long size) {
    double *taken = memory;
    memory += size;
    return taken;
  };
  const auto rowsOf = [&](const FeatureMapArgs &map) {
    return mappedRows<T>(map.queries, map.center, D, map.stretch, map.tilts, map.tiltCount, take(2 * D));
  };
  s.root = rowsOf(a.root);
  for (int j = 0; j < s.others; j++) {
    const ScanOther &other = a.others[j];
    s.windows[j] = {rowsOf(other.map), static_cast<const T *>(other.values), other.map.n, other.lowest, other.highest, nullptr, nullptr, 0, nullptr, 0, 0, 0};
    s.windows[j].sums = take(sums);
    s.enter[j].features = take(kScanRows * s.stride);
    s.enter[j].x = take(kScanRows * s.cols);
    s.leave[j].features = take(kScanRows * s.stride);
    s.leave[j].x = take(kScanRows * s.cols);
  }
  s.terms = take(s.stride);
  writeTerms(a, s.shape, s.terms, reinterpret_cast<long *>(memory), reinterpret_cast<long *>(memory + s.stride));
  s.features = take(kScanRows * s.stride);
  s.batch = take(kFeatureBatch * s.stride);
  s.batchX = take(kFeatureBatch * s.cols);
  s.sums = take(s.cols * kScanRows * Vec<double>::W);
  return s;
}

}  // namespace poly::POLY_ISA
