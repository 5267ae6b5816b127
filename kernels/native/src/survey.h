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
// Covariance, and moments of weighted rows: survey-products.h.
//
// Cost: n D 4 and n D 24 operations, none of the latter without norms, 2 n D^2 with covariance. AVX-512, fp32, n = 65,536, three norms: 0.6 ms
// at D = 16 and 1.1 ms with covariance, 3.4 ms and 8.2 ms at D = 64.
#pragma once
#include "survey-products.h"
#include "transpose.h"

extern "C" double pow(double, double);
extern "C" double frexp(double, int *);
extern "C" double ldexp(double, int);

namespace poly::POLY_ISA {

constexpr long kShortRow = 64;  // coordinates up to which rows stand side by side; half of that for few norms

// |v|, and 0 where it is not finite.
template <class T, bool Finite>
POLY_INLINE Vec<T> finiteSize(Vec<T> v) {
  using V = Vec<T>;
  const V negative = V::sub(V::set(0), v), size = V::max(v, negative);
  if constexpr (Finite) return size;
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
template <class T, int P, bool Finite>
POLY_INLINE void keepPowers(const T *x, const T *mean, long D, const double *scales, double largest[2][kSurveyedNorms]) {
  using V = Vec<T>;
  V sums[2][P];
#pragma GCC unroll 16
  for (int p = 0; p < 2 * P; p++) sums[p / P][p % P] = V::set(0);
  const V centred = V::set(static_cast<T>(scales[0])), raw = V::set(static_cast<T>(scales[1]));
  for (long c = 0; c < D; c += V::W) {
    const V v = loadPart<T>(x + c, D - c);
    addPowers<T, P>(V::mul(finiteSize<T, Finite>(V::sub(v, V::load(mean + c))), centred), sums[0]);
    addPowers<T, P>(V::mul(finiteSize<T, Finite>(v), raw), sums[1]);
  }
#pragma GCC unroll 16
  for (int p = 0; p < 2 * P; p++) {
    const double sum = static_cast<double>(sums[p / P][p % P].sum());
    double &most = largest[p / P][p % P];
    most = sum > most ? sum : most;
  }
}

// The same of `count` rows from `row` on, side by side; largest by lane. Lanes beyond them are the last row again.
template <class T, int P, bool Finite>
void keepShortRows(const T *input, long row, long count, const T *mean, long D, const double *scales, Vec<T> largest[2][kSurveyedNorms]) {
  using V = Vec<T>;
  const V centred = V::set(static_cast<T>(scales[0])), raw = V::set(static_cast<T>(scales[1]));
  for (long done = 0; done < count; done += V::W) {
    T x[kShortRow * V::W];
    if (done + V::W <= count) transposeBlock<T>(input + (row + done) * D, D, V::W, D, x, V::W);
    else
      for (long lane = 0; lane < V::W; lane++) {
        const T *from = input + (row + least(done + lane, count - 1)) * D;
        for (long c = 0; c < D; c++) x[c * V::W + lane] = from[c];
      }
    V sums[2][P];
#pragma GCC unroll 16
    for (int p = 0; p < 2 * P; p++) sums[p / P][p % P] = V::set(0);
    for (long c = 0; c < D; c++) {
      const V v = V::load(x + c * V::W);
      addPowers<T, P>(V::mul(finiteSize<T, Finite>(V::sub(v, V::set(mean[c]))), centred), sums[0]);
      addPowers<T, P>(V::mul(finiteSize<T, Finite>(v), raw), sums[1]);
    }
#pragma GCC unroll 16
    for (int p = 0; p < 2 * P; p++) largest[p / P][p % P] = V::max(largest[p / P][p % P], sums[p / P][p % P]);
  }
}

// Rows [row, row + count), side by side or one by one.
template <class T, int P, bool Finite>
void keepNorms(const SurveyArgs &a, const SurveyState<T> &s, bool isShort, long row, long count, const double *scales, double largest[2][kSurveyedNorms],
               Vec<T> lanes[2][kSurveyedNorms]) {
  const T *input = static_cast<const T *>(a.input);
  const long D = a.dimension;
  if (isShort) return keepShortRows<T, P, Finite>(input, row, count, s.mean, D, scales, lanes);
  for (long l = row; l < row + count; l++) keepPowers<T, P, Finite>(input + l * D, s.mean, D, scales, largest);
}

template <class T, bool Finite>
auto keepFor(long norms) {
  return norms <= 2 ? keepNorms<T, 2, Finite> : norms == 3 ? keepNorms<T, 3, Finite> : keepNorms<T, 8, Finite>;
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

// Pass 2. False if cancelled.
template <class T, bool Finite>
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
  const auto keep = keepFor<T, Finite>(a.normCount);
  Vec<T> lanes[2][kSurveyedNorms];
  for (int i = 0; i < 2 * kSurveyedNorms; i++) lanes[i / kSurveyedNorms][i % kSurveyedNorms] = Vec<T>::set(0);
  if (a.covariance) clearProducts<T>(D, s);
  for (long row = 0; row < a.n; row += kChain) {
    if (a.tile.control.cancelled()) return false;
    const long count = least(kChain, a.n - row);
    if (a.norms) keep(a, s, isShort, row, count, scales, largest, lanes);
    if (!a.covariance) continue;
    centreRows<T, Finite>(a, s, row, count);
    addProducts<T>(D, count, s, s.block);
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
  const SurveyState<T> s = surveyState<T>(D, a.covariance != nullptr || a.weighted != nullptr, a.weighted != nullptr);
  const Columns columns = surveyColumns<T>(a, s);
  if (!columns.isDone) return;
  for (long c = 0; c < D; c++) {
    static_cast<T *>(a.mean)[c] = s.mean[c] = static_cast<T>(s.sums[c]);
    static_cast<T *>(a.extremes)[c] = 0 - s.least[c];
    static_cast<T *>(a.extremes)[D + c] = s.most[c];
  }
  if ((a.norms || a.covariance) && !(columns.isFinite ? surveyRows<T, true>(a, s) : surveyRows<T, false>(a, s))) return;
  if (a.covariance) writeProducts<T>(D, s, static_cast<double>(a.n), static_cast<T *>(a.covariance));
  if (a.weighted && !(columns.isFinite ? weighRows<T, true>(a, s) : weighRows<T, false>(a, s))) return;
  a.tile.control.advance(1);
}

}  // namespace poly::POLY_ISA
