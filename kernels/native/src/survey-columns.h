// Pass 1 of a survey (survey.h): sums in fp64 and extremes of the columns.
//
// Columns stay in registers over kSurveyRows rows; of fewer than a vector several rows are one. AVX-512, fp32, D = 16: 0.17 ns a number, where sums and extremes that went
// through memory row by row took 0.85 ns.
#pragma once
#include "accumulate.h"
#include "unit.h"

namespace poly::POLY_ISA {

constexpr long kSurveyRows = 256;  // rows between two looks at the flag

template <class T>
struct SurveyState {
  double *sums;  // [D padded]
  T *most, *least, *mean, *row;  // [D padded]; least holds the largest negated entry
  T *block;        // [kChain][D lanes] of the covariance
  T *weights, *scaled;  // [kChain + lanes], [kChain][D lanes]: the block times its weights
  double *products;  // [D lanes / kLanes][D][kLanes]
  double *drift;     // [D lanes]
};

template <class T>
SurveyState<T> surveyState(long dimension, bool products, bool weighted) {
  const long padded = roundUp(dimension, kLanes<T>), squares = products ? padded * dimension : 0, block = products ? kChain * padded : 0;
  const long weights = weighted ? kChain + kLanes<T> + block : 0;
  SurveyState<T> s;
  s.sums = static_cast<double *>(scratch(kSlotFeatureSums, sizeof(double) * static_cast<size_t>(2 * padded + squares)));
  s.drift = s.sums + padded;
  s.products = s.drift + padded;
  s.most = static_cast<T *>(scratch(kSlotFeatureRows, sizeof(T) * static_cast<size_t>(4 * padded + block + weights)));
  s.least = s.most + padded;
  s.mean = s.least + padded;
  s.row = s.mean + padded;
  s.block = s.row + padded;
  s.weights = s.block + block;
  s.scaled = s.weights + kChain + kLanes<T>;
  return s;
}

// One column, passing over what is not finite.
template <class T>
void surveyColumn(const SurveyArgs &a, const SurveyState<T> &s, long c) {
  const T *input = static_cast<const T *>(a.input);
  double sum = 0;
  long count = 0;
  s.most[c] = s.least[c] = kMinusInfinity<T>;
  for (long l = 0; l < a.n; l++) {
    const T x = input[l * a.dimension + c];
    if (!(__builtin_fabs(static_cast<double>(x)) <= Unit<T>::largest)) continue;
    sum += static_cast<double>(x);
    count++;
    s.most[c] = x > s.most[c] ? x : s.most[c];
    s.least[c] = -x > s.least[c] ? -x : s.least[c];
  }
  if (count == 0) s.most[c] = s.least[c] = 0;
  s.sums[c] = count == 0 ? 0 : sum / static_cast<double>(count);
}

// N vectors of columns, kept in registers over `rows` rows.
template <class T, int N>
void addColumns(const T *x, long stride, long rows, double *sums, T *most, T *least) {
  using V = Vec<T>;
  Wide<T> sum[N];
  V high[N], low[N];
#pragma GCC unroll 4
  for (int j = 0; j < N; j++) {
    sum[j] = Wide<T>::load(sums + j * V::W);
    high[j] = V::load(most + j * V::W);
    low[j] = V::load(least + j * V::W);
  }
  for (long l = 0; l < rows; l++, x += stride)
#pragma GCC unroll 4
    for (int j = 0; j < N; j++) {
      const V v = V::load(x + j * V::W);
      sum[j].add(v);
      high[j] = V::max(high[j], v);
      low[j] = V::max(low[j], V::sub(V::set(0), v));
    }
#pragma GCC unroll 4
  for (int j = 0; j < N; j++) {
    sum[j].store(sums + j * V::W);
    high[j].store(most + j * V::W);
    low[j].store(least + j * V::W);
  }
}

// Columns of `rows` rows of D entries from x on. The last few of more than a vector are the end of a vector that reaches back, and lie at the end of
// its lanes (endColumns); fewer than a vector are read in part.
template <class T>
void addRows(const T *x, long D, long rows, const SurveyState<T> &s) {
  constexpr long W = Vec<T>::W, N = kTile >= 24 ? 4 : 2;
  long c = 0;
  for (; c + N * W <= D; c += N * W) addColumns<T, N>(x + c, D, rows, s.sums + c, s.most + c, s.least + c);
  for (; c + W <= D; c += W) addColumns<T, 1>(x + c, D, rows, s.sums + c, s.most + c, s.least + c);
  if (c < D && D > W) addColumns<T, 1>(x + D - W, D, rows, s.sums + c, s.most + c, s.least + c);
  T part[W];
  for (long l = 0; c < D && D < W && l < rows; l++) {
    loadPart<T>(x + l * D, D).store(part);
    addColumns<T, 1>(part, W, 1, s.sums, s.most, s.least);
  }
}

template <class T>
void endColumns(long D, const SurveyState<T> &s) {
  constexpr long W = Vec<T>::W;
  const long c = D / W * W, skip = W - (D - c);
  for (long i = c; c > 0 && i < D; i++) {
    s.sums[i] = s.sums[i + skip];
    s.most[i] = s.most[i + skip];
    s.least[i] = s.least[i + skip];
  }
}

// A few rows fill a vector: lane i is column i mod D, D a divisor of W.
template <class T>
void foldLanes(long D, const SurveyState<T> &s) {
  for (long i = D; i < Vec<T>::W; i++) {
    const long c = i % D;
    s.sums[c] += s.sums[i];
    s.most[c] = s.most[i] > s.most[c] ? s.most[i] : s.most[c];
    s.least[c] = s.least[i] > s.least[c] ? s.least[i] : s.least[c];
  }
}

struct Columns {
  bool isDone, isFinite;  // false: cancelled; passed over something
};

// Pass 1. Leaves means in s.sums.
template <class T>
Columns surveyColumns(const SurveyArgs &a, const SurveyState<T> &s) {
  constexpr long W = Vec<T>::W;
  const long D = a.dimension, together = W % D == 0 ? W / D : 1;
  const T *x = static_cast<const T *>(a.input);
  for (long c = 0; c < roundUp(D, kLanes<T>); c++) {
    s.sums[c] = 0;
    s.most[c] = s.least[c] = kMinusInfinity<T>;
    s.mean[c] = s.row[c] = 0;
  }
  const long whole = a.n / together * together;
  for (long l = 0; l < whole; l += kSurveyRows) {
    if (a.tile.control.cancelled()) return {false, false};
    addRows<T>(x + l * D, together * D, least(kSurveyRows, whole - l) / together, s);
  }
  if (together == 1) endColumns<T>(D, s);
  else foldLanes<T>(D, s);
  for (long l = whole; l < a.n; l++)
    for (long c = 0; c < D; c++) {
      const T v = x[l * D + c];
      s.sums[c] += static_cast<double>(v);
      s.most[c] = v > s.most[c] ? v : s.most[c];
      s.least[c] = -v > s.least[c] ? -v : s.least[c];
    }
  bool isFinite = true;
  for (long c = 0; c < D; c++) {
    if (!(__builtin_fabs(s.sums[c]) <= Unit<double>::largest)) {
      if (a.tile.control.cancelled()) return {false, false};
      isFinite = false;
      surveyColumn<T>(a, s, c);
    } else if (a.n > 0) s.sums[c] /= static_cast<double>(a.n);
    else s.most[c] = s.least[c] = 0;
  }
  return {true, isFinite};
}

}  // namespace poly::POLY_ISA
