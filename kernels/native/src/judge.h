// judge: the empirical Bernstein bound on a self-normalised estimate (kernels/reference/judge.ts has the derivation). In fp64: the second
// moment is a difference of numbers that may be much larger than it. O(dv) a row.
#pragma once
#include "approximate-types.h"
#include "simd.h"

extern "C" double exp(double);
extern "C" double log(double);
extern "C" double sqrt(double);

namespace poly::POLY_ISA {

// The larger one; NaN where either is.
inline double largerOf(double a, double b) { return b > a || b != b ? b : a; }

template <class T>
double rowBound(const JudgeArgs &a, long row) {
  constexpr double none = __builtin_inf();
  const double sum = static_cast<double>(static_cast<const T *>(a.logSumExp)[row]), m = a.samples;
  // No weight at all among the samples says nothing about the others.
  if (m < 2 || sum == -none) return none;
  const double k = sqrt(2 * a.logOdds / (m - 1));
  const double squared = static_cast<double>(static_cast<const T *>(a.squaredLogSumExp)[row]);
  // sqrt(mean w^2) / mean w
  const double spread = (1 + 2 * a.rounding) * ::exp(squared / 2 - sum) * sqrt(m), denominator = 1 - k * spread;
  if (!(denominator > 0)) return none;
  const double c = (1 + 2 * a.rounding) * 7 * a.range * a.logOdds * ::exp(a.largestScore - (sum - log(m))) / (3 * (m - 1));
  const T *message = static_cast<const T *>(a.message) + row * a.dv, *moments = static_cast<const T *>(a.moments) + row * 2 * a.dv;
  double variance = 0;
  for (long i = 0; i < a.dv; i++) {
    const double mean = static_cast<double>(message[i]), first = static_cast<double>(moments[i]), second = static_cast<double>(moments[a.dv + i]);
    const double lost = 4 * a.rounding * (second + 2 * __builtin_fabs(mean * first) + mean * mean);
    variance = largerOf(variance, second - 2 * mean * first + mean * mean + lost);
  }
  return (k * spread * sqrt(variance) + c) / denominator;
}

// Tiles are rows.
template <class T>
void judgeStep(const JudgeArgs &a) {
  const bool valued = a.message && a.moments;
  for (long row = a.tile.firstRow; row < a.tile.lastRow; row++) {
    static_cast<T *>(a.bound)[row] = static_cast<T>(valued ? rowBound<T>(a, row) : 0);
    static_cast<T *>(a.scaled)[row] = static_cast<T>(static_cast<double>(static_cast<const T *>(a.logSumExp)[row]) + a.logTuples - log(a.samples));
  }
  a.tile.control.advance(a.tile.lastRow - a.tile.firstRow);
}

}  // namespace poly::POLY_ISA
