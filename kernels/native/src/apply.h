// apply (math.md §3.5): [y | z] = Phi(y) result, u = y / z, L = ln z + shift + tilts.
//
// The mirror of accumulate.h: lanes are rows, register rows channels, and the sum runs over features [feature][rows], each channel of
// `result` broadcast from where it lies. The direct features (features.h) give their sum as it is; for the others the sum over a prefix of
// degree g - 1 is multiplied by y_c at the end of the tile. Blocks of features are so short
// that a block and its part of `result` stay in the first-level cache.
//
// Rounding, in units u of T, relative to sum_f |phi_f| |result|: 128 for a chain, 2 g for the features, one for y_c; the rest is fp64, u and
// L are rounded once. A sum of weights that is not positive is outside every certificate: NaN, which the engine refuses.
//
// Cost: 2 n r (dv + 1) flops and n C(D + g - 1, g - 1) multiplications.
//
// AVX2 on Zen 3, fp32, n = 65,536, D = 16 (bench/approximate-kernels.ts), share of the peak: 49 % (g = 2, r = 153), 77 % (g = 3) and 83 % (g = 4)
// at dv = 16; 65 %, 78 % and 80 % at dv = 64.
#pragma once
#include "features.h"
#include "log.h"
#include "unit.h"

extern "C" double log(double);

namespace poly::POLY_ISA {

constexpr long kApplyRows = 64;      // rows of one block
constexpr long kFeatureChain = 128;  // features summed in T

template <class T>
constexpr long kApplyPanels = (kApplyRows + kLanes<T> - 1) / kLanes<T>;

template <class T>
struct ApplyState {
  T *y;          // [panels][D][kLanes]
  T *base;       // [panels][direct][kLanes]
  T *rows;       // [kLanes][D], and [cols][kLanes] on the way out
  double *sums;  // [panels][cols][kLanes]
};

template <class T>
ApplyState<T> applyState(const FeatureShape &f, long cols) {
  constexpr long L = kLanes<T>, N = kApplyPanels<T>;
  ApplyState<T> s;
  s.y = static_cast<T *>(scratch(kSlotFeatureRows, sizeof(T) * static_cast<size_t>(N * L * (f.dimension + f.direct) + L * greatest(f.dimension, cols))));
  s.base = s.y + N * L * f.dimension;
  s.rows = s.base + N * L * f.direct;
  s.sums = static_cast<double *>(scratch(kSlotFeatureSums, sizeof(double) * static_cast<size_t>(N * L * cols)));
  return s;
}

// sums += features [from, from + number) of the base times rows [at, at + number) of result, times y_c where c >= 0.
template <class T>
void addFeatures(const FeatureShape &f, const ApplyState<T> &s, const T *result, long cols, long count, long from, long at, long number, long c) {
  constexpr long L = kLanes<T>;
  for (long k = 0; k < number; k += kFeatureChain) {
    const long depth = least(kFeatureChain, number - k);
    for (long panel = 0; panel * L < count; panel++)
      crossRows<T>(cols, depth, result + (at + k) * cols, cols, s.base + (panel * f.direct + from + k) * L, L,
                   c < 0 ? nullptr : s.y + (panel * f.dimension + c) * L, s.sums + panel * cols * L);
  }
}

// A panel of rows: u channel by channel, then turned; their logarithms side by side.
template <class T>
void storePanel(const ApplyArgs &a, const MappedRows<T> &rows, const ApplyState<T> &s, const double *sums, long row, long count, double shift) {
  constexpr long L = kLanes<T>;
  T *message = static_cast<T *>(a.message), *logSumExp = static_cast<T *>(a.logSumExp);
  double z[L], inverse[L], logs[L];
  for (long l = 0; l < L; l++) {
    const double sum = sums[a.dv * L + l];
    z[l] = sum > 0 ? sum : __builtin_nan("");
    inverse[l] = 1 / z[l];
  }
  logarithms<double>(z, logs, L);
  // It knows normal numbers only.
  for (long l = 0; l < count; l++)
    if (!(z[l] >= Unit<double>::smallest && z[l] <= Unit<double>::largest)) logs[l] = log(z[l]);
  for (long l = 0; l < count; l++) logSumExp[row + l] = static_cast<T>(logs[l] + shift + rows.logWeight(row + l));
  if (!message) return;
  for (long c = 0; c < a.dv; c++)
    for (long l = 0; l < L; l++) s.rows[c * L + l] = static_cast<T>(sums[c * L + l] * inverse[l]);
  transposeBlock<T>(s.rows, L, a.dv, count, message + row * a.dv, a.dv);
}

template <class T>
void storeRows(const ApplyArgs &a, const MappedRows<T> &rows, const ApplyState<T> &s, long row, long count, double shift) {
  constexpr long L = kLanes<T>;
  if (shift > -__builtin_inf()) {
    for (long done = 0; done < count; done += L)
      storePanel<T>(a, rows, s, s.sums + done * (a.dv + 1), row + done, least(L, count - done), shift);
    return;
  }
  T *message = static_cast<T *>(a.message), *logSumExp = static_cast<T *>(a.logSumExp);
  for (long l = row; l < row + count; l++) logSumExp[l] = static_cast<T>(shift);
  for (long i = row * a.dv; message && i < (row + count) * a.dv; i++) message[i] = 0;
}

template <class T>
void applyStep(const ApplyArgs &a) {
  const MappedRows<T> rows = mappedRows<T>(a.map);
  const FeatureShape f = featureShape(a.map);
  const long cols = a.dv + 1;
  const ApplyState<T> s = applyState<T>(f, cols);
  const T *result = static_cast<const T *>(a.result);
  const double shift = static_cast<double>(*static_cast<const T *>(a.resultShift));
  for (long row = a.tile.firstRow; row < a.tile.lastRow; row += kApplyRows) {
    const long count = least(kApplyRows, a.tile.lastRow - row);
    if (shift > -__builtin_inf()) {
      openPanels<T>(rows, f, row, count, s.rows, s.y, s.base);
      for (long i = 0; i < kApplyPanels<T> * kLanes<T> * cols; i++) s.sums[i] = 0;
      addFeatures<T>(f, s, result, cols, count, 0, 0, f.direct, -1);
      for (long c = f.first; c < f.dimension; c++) {
        if (a.tile.control.cancelled()) return;
        addFeatures<T>(f, s, result, cols, count, f.low, f.start(c), f.prefix(c), c);
      }
    }
    if (a.tile.control.cancelled()) return;
    storeRows<T>(a, rows, s, row, count, shift);
    a.tile.control.advance(count);
  }
}

}  // namespace poly::POLY_ISA
