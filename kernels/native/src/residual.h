// residual: a polynomial as control variate of a sample (kernels/reference/residual.ts has the estimate and its bound).
//
// Weights r = e^x - p(x) of all tuples for a block of rows, kChain tuples at a time: scores, Σ r v and Σ r^2 (v, v^2) are products with lanes as
// rows (cross.h), in T for one chain and in fp64 beyond it. r is a difference: its error is that of e^x and p(x), in `weightRounding`. No maximum is taken, since a control
// variate is of use for small scores alone.
//
// Cost: n m (2 d + 6 dv) flops and n m exponentials.
#pragma once
#include "accumulate.h"
#include "judge.h"

namespace poly::POLY_ISA {

constexpr long kResidualPanels = 2;  // of rows, in one block

template <class T>
struct ResidualState {
  T *queries;  // [panels][d][kLanes]
  T *keys;     // [d][kChain]
  T *weights;  // [kChain][kLanes]
  T *squares;
  double *scores;  // [kChain][kLanes]
  double *sums;    // [panels][2 + 3 dv][kLanes]: r, r v, r^2, r^2 (v, v^2)
};

template <class T>
ResidualState<T> residualState(const ResidualArgs &a) {
  constexpr long L = kLanes<T>, P = kResidualPanels;
  ResidualState<T> s;
  s.queries = static_cast<T *>(scratch(kSlotFeatureRows, sizeof(T) * static_cast<size_t>(P * a.d * L + a.d * kChain + 2 * kChain * L)));
  s.keys = s.queries + P * a.d * L;
  s.weights = s.keys + a.d * kChain;
  s.squares = s.weights + kChain * L;
  s.scores = static_cast<double *>(scratch(kSlotFeatureSums, sizeof(double) * static_cast<size_t>(kChain * L + P * (2 + 3 * a.dv) * L)));
  s.sums = s.scores + kChain * L;
  return s;
}

// r of `count` tuples from their scores, its square, and the sums of both.
template <class T>
void writeWeights(const ResidualArgs &a, const ResidualState<T> &s, long first, long count, double *sum, double *sumOfSquares) {
  using V = Vec<T>;
  constexpr long L = kLanes<T>, W = V::W;
  const T *bias = static_cast<const T *>(a.bias) + first;
  for (long v = 0; v < L; v += W) {
    V total = V::set(0), squares = V::set(0);
    for (long i = 0; i < count; i++) {
      T lanes[W];
      for (long lane = 0; lane < W; lane++) lanes[lane] = static_cast<T>(s.scores[i * L + v + lane] + static_cast<double>(bias[i]));
      const V x = V::load(lanes);
      V p = V::set(static_cast<T>(a.coefficients[a.degree]));
      for (long k = a.degree - 1; k >= 0; k--) p = V::fma(p, x, V::set(static_cast<T>(a.coefficients[k])));
      const V r = V::sub(exp<T>(x), p), square = V::mul(r, r);
      r.store(s.weights + i * L + v);
      square.store(s.squares + i * L + v);
      total = V::add(total, r);
      squares = V::add(squares, square);
    }
    addWide<T>(sum + v, total);
    addWide<T>(sumOfSquares + v, squares);
  }
}

// Tuples [first, first + count), at most a chain, for all panels.
template <class T>
void addTuples(const ResidualArgs &a, const ResidualState<T> &s, long first, long count, long panels) {
  constexpr long L = kLanes<T>;
  const T *keys = static_cast<const T *>(a.keys) + first * a.d;
  for (long i = 0; i < count; i++)
    for (long c = 0; c < a.d; c++) s.keys[c * kChain + i] = keys[i * a.d + c];
  for (long panel = 0; panel < panels; panel++) {
    double *sums = s.sums + panel * (2 + 3 * a.dv) * L;
    for (long i = 0; i < count * L; i++) s.scores[i] = 0;
    crossRows<T>(count, a.d, s.keys, kChain, s.queries + panel * a.d * L, L, nullptr, s.scores);
    writeWeights<T>(a, s, first, count, sums, sums + (1 + a.dv) * L);
    crossRows<T>(a.dv, count, static_cast<const T *>(a.values) + first * a.dv, a.dv, s.weights, L, nullptr, sums + L);
    crossRows<T>(2 * a.dv, count, static_cast<const T *>(a.moments) + first * 2 * a.dv, 2 * a.dv, s.squares, L, nullptr, sums + (2 + a.dv) * L);
  }
}

// There is no tuple.
template <class T>
void settleNothing(const ResidualArgs &a, long row) {
  for (long i = 0; i < a.dv; i++) static_cast<T *>(a.message)[row * a.dv + i] = 0;
  static_cast<T *>(a.bound)[row] = 0;
  static_cast<T *>(a.scaled)[row] = static_cast<T>(-__builtin_inf());
}

template <class T>
void settleRow(const ResidualArgs &a, const double *sums, long row) {
  constexpr long L = kLanes<T>;
  const double m = static_cast<double>(a.m), known = ::exp(static_cast<double>(static_cast<const T *>(a.logSum)[row]) - a.logTuples);
  // No more than p itself where the sample leaves no weight.
  const double part = known + sums[0] / m > 0 ? 1 / m : 0, total = known + sums[0] * part;
  const double k = sqrt(2 * a.logOdds / m), c = 7 * a.range * a.logOdds / (3 * (m - 1)), unbiased = m / (m - 1), square = sums[(1 + a.dv) * L] / m;
  const double spread = (1 + 2 * a.sumRounding) * sqrt(square * unbiased) + a.weightRounding, least = total - a.weightRounding - k * spread;
  const T *average = static_cast<const T *>(a.average) + row * a.dv;
  T *message = static_cast<T *>(a.message) + row * a.dv;
  double worst = 0;
  for (long i = 0; i < a.dv; i++) {
    const double value = (known * static_cast<double>(average[i]) + sums[(1 + i) * L] * part) / total;
    message[i] = static_cast<T>(value);
    const double first = sums[(2 + a.dv + i) * L] / m, second = sums[(2 + 2 * a.dv + i) * L] / m;
    const double lost = 4 * a.sumRounding * (second + 2 * __builtin_fabs(value * first) + value * value * square);
    const double variance = largerOf(0, second - 2 * value * first + value * value * square + lost) * unbiased;
    worst = largerOf(worst, k * (sqrt(variance) + 2 * a.most * a.weightRounding) + 2 * a.most * a.weightRounding);
  }
  static_cast<T *>(a.bound)[row] = static_cast<T>(m > 1 && part > 0 && least > 0 ? (worst + c) / least : __builtin_inf());
  static_cast<T *>(a.scaled)[row] = static_cast<T>(log(total) + a.logTuples);
}

// Tiles are rows.
template <class T>
void residualStep(const ResidualArgs &a) {
  constexpr long L = kLanes<T>, rows = kResidualPanels * L;
  const ResidualState<T> s = residualState<T>(a);
  const T *queries = static_cast<const T *>(a.queries);
  for (long row = a.tile.firstRow; row < a.tile.lastRow; row += rows) {
    const long count = least(rows, a.tile.lastRow - row), panels = (count + L - 1) / L;
    if (a.logTuples == -__builtin_inf()) {
      for (long l = 0; l < count; l++) settleNothing<T>(a, row + l);
      continue;
    }
    for (long l = 0; l < panels * L; l++)
      for (long c = 0; c < a.d; c++) s.queries[(l / L * a.d + c) * L + l % L] = queries[(row + least(l, count - 1)) * a.d + c];
    for (long i = 0; i < panels * (2 + 3 * a.dv) * L; i++) s.sums[i] = 0;
    for (long first = 0; first < a.m; first += kChain) {
      if (a.tile.control.cancelled()) return;
      addTuples<T>(a, s, first, least(kChain, a.m - first), panels);
    }
    for (long l = 0; l < count; l++) settleRow<T>(a, s.sums + l / L * (2 + 3 * a.dv) * L + l % L, row + l);
    a.tile.control.advance(count);
  }
}

}  // namespace poly::POLY_ISA
