// survey (math.md §3.1, §3.3): means, extremes, norms and covariance of the rows of a tensor, in two passes.
//
// Pass 1, by columns: sums in fp64, largest entry and largest negated entry. A column that holds something that is not finite shows it in
// its sum and is done again, entry by entry. Pass 2, by rows: with a = |entry|, s_p = sum a^p for p = 1..8 of the rows less the mean as it
// was stored and of the rows as they are, and the largest of each over all rows. Entries are first multiplied by the power of two that
// brings the largest of all to between 1/2 and 1: a^8 cannot overflow, and what it loses below the smallest normal number is, against the
// 2^-8 of the largest entry, less than 2^-100 a column.
//
// Short rows stand side by side, a row a lane: their sums are then all in one direction, where a row of its own ends in sixteen sums over lanes.
//
// Never below the true norm: all terms are positive, so a sum of D terms in chains of D / W + 2 log2 W additions (D, side by side), with at
// most 8 roundings in a^p, is low by at most (D / W + 20) u, or (D + 20) u; the norm is raised by that much, hence at most twice that too large.
//
// Covariance: kChain rows at a time in T (cross.h), the rest in fp64; one triangle by blocks of lanes.
//
// Cost: n D 4 and n D 24 operations, none of the latter without norms, 2 n D^2 with covariance. AVX2 on Zen 3, fp32, n = 65,536, D = 64: 6.4 ms, 17 ms with covariance.
#pragma once
#include "accumulate.h"

extern "C" double pow(double, double);
extern "C" double frexp(double, int *);
extern "C" double ldexp(double, int);

namespace poly::POLY_ISA {

template <class T>
struct Unit;
template <>
struct Unit<float> {
  static constexpr double u = 5.97e-8, largest = 3.4028234663852886e38;
};
template <>
struct Unit<double> {
  static constexpr double u = 1.12e-16, largest = 1.7976931348623157e308;
};

constexpr long kSurveyRows = 256;  // rows between two looks at the flag
constexpr long kShortRow = 64;     // coordinates up to which rows stand side by side; half of that for few norms

template <class T>
struct SurveyState {
  double *sums;  // [D padded]
  T *most, *least, *mean, *row;  // [D padded]; least holds the largest negated entry
  T *block;        // [kChain][D lanes] of the covariance
  double *products;  // [D lanes / kLanes][D][kLanes]
};

template <class T>
SurveyState<T> surveyState(long dimension, bool covariance) {
  const long padded = roundUp(dimension, kLanes<T>), squares = covariance ? padded * dimension : 0, block = covariance ? kChain * padded : 0;
  SurveyState<T> s;
  s.sums = static_cast<double *>(scratch(kSlotFeatureSums, sizeof(double) * static_cast<size_t>(padded + squares)));
  s.products = s.sums + padded;
  s.most = static_cast<T *>(scratch(kSlotFeatureRows, sizeof(T) * static_cast<size_t>(4 * padded + block)));
  s.least = s.most + padded;
  s.mean = s.least + padded;
  s.row = s.mean + padded;
  s.block = s.row + padded;
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

// Pass 1. Leaves means in s.sums. False if cancelled.
template <class T>
bool surveyColumns(const SurveyArgs &a, const SurveyState<T> &s) {
  using V = Vec<T>;
  const long D = a.dimension;
  const T *x = static_cast<const T *>(a.input);
  for (long c = 0; c < roundUp(D, kLanes<T>); c++) {
    s.sums[c] = 0;
    s.most[c] = s.least[c] = kMinusInfinity<T>;
    s.mean[c] = s.row[c] = 0;
  }
  for (long l = 0; l < a.n; l++, x += D) {
    if (l % kSurveyRows == 0 && a.tile.control.cancelled()) return false;
    for (long c = 0; c < D; c += V::W) {
      const V v = loadPart<T>(x + c, D - c);
      addWide<T>(s.sums + c, v);
      V::max(V::load(s.most + c), v).store(s.most + c);
      V::max(V::load(s.least + c), V::sub(V::set(0), v)).store(s.least + c);
    }
  }
  for (long c = 0; c < D; c++) {
    if (!(__builtin_fabs(s.sums[c]) <= Unit<double>::largest)) {
      if (a.tile.control.cancelled()) return false;
      surveyColumn<T>(a, s, c);
    } else if (a.n > 0) s.sums[c] /= static_cast<double>(a.n);
    else s.most[c] = s.least[c] = 0;
  }
  return true;
}

// |v|, and 0 where it is not finite.
template <class T>
POLY_INLINE Vec<T> finiteSize(Vec<T> v) {
  using V = Vec<T>;
  const V negative = V::sub(V::set(0), v), size = V::max(v, negative);
  return V::zeroBelow(V::sub(V::set(0), size), static_cast<T>(-Unit<T>::largest), size);
}

// sums[p] += a^p, p = 1..P
template <class T, int P>
POLY_INLINE void addPowers(Vec<T> a, Vec<T> *sums) {
  using V = Vec<T>;
  const V a2 = V::mul(a, a);
  sums[0] = V::add(sums[0], a);
  sums[1] = V::fma(a, a, sums[1]);
  if constexpr (P > 2) sums[2] = V::fma(a2, a, sums[2]);
  if constexpr (P > 3) {
    const V a3 = V::mul(a2, a), a4 = V::mul(a2, a2);
    sums[3] = V::fma(a2, a2, sums[3]);
    sums[4] = V::fma(a4, a, sums[4]);
    sums[5] = V::fma(a4, a2, sums[5]);
    sums[6] = V::fma(a4, a3, sums[6]);
    sums[7] = V::fma(a4, a4, sums[7]);
  }
}

// largest[p] = max of itself and the sum over the entries |(x - mean) scale|^p, less the mean in [0], as they are in [1].
template <class T, int P>
POLY_INLINE void keepPowers(const T *x, const T *mean, long D, const double *scales, double largest[2][kSurveyedNorms]) {
  using V = Vec<T>;
  V sums[2][P];
#pragma GCC unroll 16
  for (int p = 0; p < 2 * P; p++) sums[p / P][p % P] = V::set(0);
  const V centred = V::set(static_cast<T>(scales[0])), raw = V::set(static_cast<T>(scales[1]));
  for (long c = 0; c < D; c += V::W) {
    const V v = loadPart<T>(x + c, D - c);
    addPowers<T, P>(V::mul(finiteSize<T>(V::sub(v, V::load(mean + c))), centred), sums[0]);
    addPowers<T, P>(V::mul(finiteSize<T>(v), raw), sums[1]);
  }
#pragma GCC unroll 16
  for (int p = 0; p < 2 * P; p++) {
    const double sum = static_cast<double>(sums[p / P][p % P].sum());
    double &most = largest[p / P][p % P];
    most = sum > most ? sum : most;
  }
}

// The same of `count` rows from `row` on, side by side; largest by lane. Lanes beyond them are the last row again.
template <class T, int P>
void keepShortRows(const T *input, long row, long count, const T *mean, long D, const double *scales, Vec<T> largest[2][kSurveyedNorms]) {
  using V = Vec<T>;
  const V factors[2] = {V::set(static_cast<T>(scales[0])), V::set(static_cast<T>(scales[1]))};
  for (long done = 0; done < count; done += V::W) {
    T x[kShortRow * V::W];
    for (long lane = 0; lane < V::W; lane++) {
      const T *from = input + (row + least(done + lane, count - 1)) * D;
      for (long c = 0; c < D; c++) x[c * V::W + lane] = from[c];
    }
    for (int which = 0; which < 2; which++) {
      V sums[P];
#pragma GCC unroll 8
      for (int p = 0; p < P; p++) sums[p] = V::set(0);
      for (long c = 0; c < D; c++) {
        V v = V::load(x + c * V::W);
        if (which == 0) v = V::sub(v, V::set(mean[c]));
        addPowers<T, P>(V::mul(finiteSize<T>(v), factors[which]), sums);
      }
#pragma GCC unroll 8
      for (int p = 0; p < P; p++) largest[which][p] = V::max(largest[which][p], sums[p]);
    }
  }
}

// Rows [row, row + count), side by side or one by one.
template <class T, int P>
void keepNorms(const SurveyArgs &a, const SurveyState<T> &s, bool isShort, long row, long count, const double *scales, double largest[2][kSurveyedNorms],
               Vec<T> lanes[2][kSurveyedNorms]) {
  const T *input = static_cast<const T *>(a.input);
  const long D = a.dimension;
  if (isShort) return keepShortRows<T, P>(input, row, count, s.mean, D, scales, lanes);
  for (long l = row; l < row + count; l++) keepPowers<T, P>(input + l * D, s.mean, D, scales, largest);
}

// The power of two that brings `most` to between 1/2 and 1; 1 where there is nothing to bring.
template <class T>
double scaleFor(double most) {
  if (!(most > 0)) return 1;
  int exponent = 0;
  frexp(most, &exponent);
  // Beyond these a power of two of T is not exact.
  constexpr int limit = sizeof(T) == 4 ? 125 : 1000;
  return ldexp(1, exponent > limit ? -limit : exponent < -limit ? limit : -exponent);
}

// Of the products of coordinates i and j those with i below the end of j's lanes: the others are the same.
template <class T>
void addProducts(const SurveyArgs &a, const SurveyState<T> &s, long row, long count) {
  using V = Vec<T>;
  constexpr long L = kLanes<T>;
  const long D = a.dimension, padded = roundUp(D, L);
  for (long l = 0; l < count; l++) {
    const T *x = static_cast<const T *>(a.input) + (row + l) * D;
    for (long c = 0; c < padded; c += V::W) {
      const V centred = V::sub(c < D ? loadPart<T>(x + c, D - c) : V::set(0), V::load(s.mean + c));
      constexpr T limit = static_cast<T>(-Unit<T>::largest);
      V::zeroBelow(V::sub(V::set(0), centred), limit, V::zeroBelow(centred, limit, centred)).store(s.block + l * padded + c);
    }
  }
  for (long c = 0; c < padded; c += L)
    crossRows<T>(least(D, c + L), count, s.block, padded, s.block + c, padded, nullptr, s.products + c * D);
}

// Pass 2. False if cancelled.
template <class T>
bool surveyRows(const SurveyArgs &a, const SurveyState<T> &s) {
  const long D = a.dimension;
  double most = 0, centred = 0;
  for (long c = 0; c < D; c++) {
    const double high = static_cast<double>(s.most[c]), low = -static_cast<double>(s.least[c]), mean = static_cast<double>(s.mean[c]);
    // Not by fmax: GCC 12 for AArch64 breaks down over such reductions.
    const double size = high > -low ? high : -low, distance = high - mean > mean - low ? high - mean : mean - low;
    most = size > most ? size : most;
    centred = distance > centred ? distance : centred;
  }
  const double scales[2] = {scaleFor<T>(centred), scaleFor<T>(most)};
  double largest[2][kSurveyedNorms] = {};
  const bool isShort = D <= (a.normCount <= 3 ? kShortRow / 2 : kShortRow);
  const auto keep = a.normCount <= 2 ? keepNorms<T, 2> : a.normCount == 3 ? keepNorms<T, 3> : keepNorms<T, 8>;
  Vec<T> lanes[2][kSurveyedNorms];
  for (int i = 0; i < 2 * kSurveyedNorms; i++) lanes[i / kSurveyedNorms][i % kSurveyedNorms] = Vec<T>::set(0);
  if (a.covariance)
    for (long i = 0; i < roundUp(D, kLanes<T>) * D; i++) s.products[i] = 0;
  for (long row = 0; row < a.n; row += kChain) {
    if (a.tile.control.cancelled()) return false;
    const long count = least(kChain, a.n - row);
    if (a.norms) keep(a, s, isShort, row, count, scales, largest, lanes);
    if (a.covariance) addProducts<T>(a, s, row, count);
  }
  const double raised = 1 + (static_cast<double>(D) / (isShort ? 1 : Vec<T>::W) + 20) * Unit<T>::u;
  for (int which = 0; a.norms && which < 2; which++)
    for (int p = 0; p < a.normCount; p++) {
      if (isShort) largest[which][p] = static_cast<double>(lanes[which][p].maximum());
      const double norm = largest[which][p] > 0 ? pow(largest[which][p], 1.0 / (p + 1)) * raised / scales[which] : 0;
      static_cast<T *>(a.norms)[which * a.normCount + p] = static_cast<T>(norm);
    }
  return true;
}

// One tile, row 0.
template <class T>
void surveyStep(const SurveyArgs &a) {
  if (a.tile.lastRow <= a.tile.firstRow) return;
  const long D = a.dimension;
  const SurveyState<T> s = surveyState<T>(D, a.covariance != nullptr);
  if (!surveyColumns<T>(a, s)) return;
  for (long c = 0; c < D; c++) {
    static_cast<T *>(a.mean)[c] = s.mean[c] = static_cast<T>(s.sums[c]);
    static_cast<T *>(a.extremes)[c] = 0 - s.least[c];
    static_cast<T *>(a.extremes)[D + c] = s.most[c];
  }
  if ((a.norms || a.covariance) && !surveyRows<T>(a, s)) return;
  for (long i = 0; a.covariance && i < D * D; i++) {
    const long row = least(i / D, i % D), column = greatest(i / D, i % D);
    const double sum = s.products[(column / kLanes<T> * D + row) * kLanes<T> + column % kLanes<T>];
    static_cast<T *>(a.covariance)[i] = static_cast<T>(a.n == 0 ? 0 : sum / static_cast<double>(a.n));
  }
  a.tile.control.advance(1);
}

}  // namespace poly::POLY_ISA
