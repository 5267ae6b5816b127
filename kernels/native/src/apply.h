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
  double *sums;  // [panels][cols][kLanes]
};

template <class T>
ApplyState<T> applyState(const FeatureShape &f, long cols) {
  constexpr long L = kLanes<T>, N = kApplyPanels<T>;
  ApplyState<T> s;
  s.y = static_cast<T *>(scratch(kSlotFeatureRows, sizeof(T) * static_cast<size_t>(N * L * (f.dimension + f.direct))));
  s.base = s.y + N * L * f.dimension;
  s.sums = static_cast<double *>(scratch(kSlotFeatureSums, sizeof(double) * static_cast<size_t>(N * L * cols)));
  return s;
}

// Features of `count` rows, kLanes side by side; lanes beyond them are the last row again.
template <class T>
void openPanels(const MappedRows<T> &rows, const FeatureShape &f, const ApplyState<T> &s, long row, long count) {
  constexpr long L = kLanes<T>;
  for (long panel = 0; panel * L < count; panel++) {
    T *y = s.y + panel * L * f.dimension;
    for (long lane = 0; lane < L; lane++) rows.read(row + least(panel * L + lane, count - 1), y + lane, L);
    writeLaneFeatures<T>(f, y, s.base + panel * L * f.direct);
  }
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

template <class T>
void storeRows(const ApplyArgs &a, const MappedRows<T> &rows, const double *sums, long row, long count, double shift) {
  constexpr long L = kLanes<T>;
  const long cols = a.dv + 1;
  T *message = static_cast<T *>(a.message), *logSumExp = static_cast<T *>(a.logSumExp);
  const bool empty = shift == -__builtin_inf();
  for (long l = 0; l < count; l++) {
    const double *sum = sums + l / L * cols * L + l % L;
    const double z = sum[a.dv * L], inverse = empty ? 0 : z > 0 ? 1 / z : __builtin_nan("");
    logSumExp[row + l] = static_cast<T>(empty ? shift : log(z > 0 ? z : __builtin_nan("")) + shift + rows.logWeight(row + l));
    for (long c = 0; message && c < a.dv; c++) message[(row + l) * a.dv + c] = static_cast<T>(empty ? 0 : sum[c * L] * inverse);
  }
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
      openPanels<T>(rows, f, s, row, count);
      for (long i = 0; i < kApplyPanels<T> * kLanes<T> * cols; i++) s.sums[i] = 0;
      addFeatures<T>(f, s, result, cols, count, 0, 0, f.direct, -1);
      for (long c = f.first; c < f.dimension; c++) {
        if (a.tile.control.cancelled()) return;
        addFeatures<T>(f, s, result, cols, count, f.low, f.start(c), f.prefix(c), c);
      }
    }
    if (a.tile.control.cancelled()) return;
    storeRows<T>(a, rows, s.sums, row, count, shift);
    a.tile.control.advance(count);
  }
}

}  // namespace poly::POLY_ISA
