// The small steps between attention calls (math.md §6.1, §6.2): softmax-averages over one row of log-weights, products of
// messages, and the join of partial messages. All memory-bound; sums are kept in fp64 where they are scalars.
#pragma once
#include "attend.h"

extern "C" {
double exp(double);
double log(double);
}

namespace poly::POLY_ISA {

// out[c] += weight * x[c]
template <class T>
POLY_INLINE void addScaled(T *out, const T *x, T weight, long n) {
  constexpr long W = Vec<T>::W;
  const Vec<T> w = Vec<T>::set(weight);
  long c = 0;
  for (; c + W <= n; c += W) Vec<T>::fma(w, Vec<T>::load(x + c), Vec<T>::load(out + c)).store(out + c);
  for (; c < n; c++) out[c] += weight * x[c];
}

// y = exp(x), or 2^x; y may be x.
template <class T, bool kPowers = false>
void exponentials(const void *x, void *y, long count) {
  constexpr long W = Vec<T>::W;
  const T *in = static_cast<const T *>(x);
  T *out = static_cast<T *>(y);
  for (long i = 0; i < count; i += W) {
    const Vec<T> v = loadPart<T>(in + i, count - i);
    storePart<T>(out + i, kPowers ? exp2<T>(v) : exp<T>(v), count - i);
  }
}

// weights[i] = exp(bias[i] - max), their sum and the maximum; `weights` may be `bias`.
template <class T>
void softWeights(const T *bias, T *weights, long n, T *maximum, double *sum) {
  T top = kMinusInfinity<T>;
  for (long i = 0; i < n; i++) top = bias[i] > top ? bias[i] : top;
  *maximum = top;
  const Vec<T> shift = Vec<T>::set(top == kMinusInfinity<T> ? 0 : top);
  constexpr long W = Vec<T>::W;
  double total = 0;
  for (long i = 0; i < n; i += W) {
    const Vec<T> e = exp<T>(Vec<T>::sub(loadPart<T>(bias + i, n - i), shift));
    storePart<T>(weights + i, e, n - i);
    if (n - i >= W) total += static_cast<double>(e.sum());
    else
      for (long j = i; j < n; j++) total += static_cast<double>(weights[j]);
  }
  *sum = total;
}

template <class T>
T logSum(double maximum, double sum) {
  return sum > 0 ? static_cast<T>(maximum + log(sum)) : kMinusInfinity<T>;
}

// (u, L) of one row whose scores are `bias` alone. `weights` is scratch of n; values null: u is not computed.
template <class T>
void meanOfRows(const T *bias, const T *values, long n, long dv, T *weights, T *u, T *logSumExp) {
  T maximum;
  double sum;
  softWeights<T>(bias, weights, n, &maximum, &sum);
  *logSumExp = logSum<T>(maximum, sum);
  if (!u) return;
  for (long c = 0; c < dv; c++) u[c] = 0;
  if (!(sum > 0)) return;
  const T inverse = static_cast<T>(1 / sum);
  // Runs of 256 rows are summed on their own: the rounding error then grows with the square root of the number of runs.
  constexpr long kRun = 256, kChunk = 64;
  for (long c0 = 0; c0 < dv; c0 += kChunk) {
    const long width = least(kChunk, dv - c0);
    for (long i0 = 0; i0 < n; i0 += kRun) {
      T part[kChunk] = {};
      for (long i = i0; i < least(n, i0 + kRun); i++) addScaled<T>(part, values + i * dv + c0, weights[i] * inverse, width);
      addScaled<T>(u + c0, part, 1, width);
    }
  }
}

template <class T>
void combineRows(const CombineArgs &a) {
  T *product = static_cast<T *>(a.product), *sum = static_cast<T *>(a.sum);
  for (long row = a.tile.firstRow; row < a.tile.lastRow; row++) {
    if ((row & 1023) == 0 && a.tile.control.cancelled()) return;
    T total = 0;
    for (int i = 0; i < a.addendCount; i++) total += static_cast<const T *>(a.addends[i])[a.addendShared[i] ? 0 : row];
    if (sum) sum[row] = total;
    if (!product) continue;
    T *out = product + row * a.dv;
    for (long c = 0; c < a.dv; c++) out[c] = total == kMinusInfinity<T> ? 0 : 1;
    if (total == kMinusInfinity<T>) continue;
    for (int i = 0; i < a.factorCount; i++) {
      const T *f = static_cast<const T *>(a.factors[i]) + (a.factorShared[i] ? 0 : row * a.dv);
      for (long c = 0; c < a.dv; c++) out[c] *= f[c];
    }
  }
  a.tile.control.advance(a.tile.lastRow - a.tile.firstRow);
}

template <class T>
void mergeRows(const MergeArgs &a) {
  const T *partial = static_cast<const T *>(a.logSumExps), *messages = static_cast<const T *>(a.messages);
  T *logSumExp = static_cast<T *>(a.logSumExp), *message = static_cast<T *>(a.message);
  for (long row = a.tile.firstRow; row < a.tile.lastRow; row++) {
    if ((row & 1023) == 0 && a.tile.control.cancelled()) return;
    T top = kMinusInfinity<T>;
    for (long p = 0; p < a.parts; p++) top = partial[p * a.rows + row] > top ? partial[p * a.rows + row] : top;
    T *out = message ? message + row * a.dv : nullptr;
    for (long c = 0; out && c < a.dv; c++) out[c] = 0;
    logSumExp[row] = top;
    if (top == kMinusInfinity<T>) continue;
    double sum = 0;
    for (long p = 0; p < a.parts; p++) sum += ::exp(static_cast<double>(partial[p * a.rows + row]) - static_cast<double>(top));
    logSumExp[row] = logSum<T>(top, sum);
    for (long p = 0; out && p < a.parts; p++) {
      const double weight = ::exp(static_cast<double>(partial[p * a.rows + row]) - static_cast<double>(top)) / sum;
      if (weight > 0) addScaled<T>(out, messages + (p * a.rows + row) * a.dv, static_cast<T>(weight), a.dv);
    }
  }
  a.tile.control.advance(a.tile.lastRow - a.tile.firstRow);
}

// The attend step: packs keys, bias and values once per thread and call, then runs the tile's rows.
template <class T>
void attendStep(const AttendArgs &a) {
  T *message = static_cast<T *>(a.message), *logSumExp = static_cast<T *>(a.logSumExp);
  const T *bias = static_cast<const T *>(a.keyBias), *values = static_cast<const T *>(a.values);
  const long dv = message && values ? a.dv : 0;
  if (!a.queries) {
    if (a.tile.firstRow > 0 || a.tile.lastRow < 1) return;
    T *weights = static_cast<T *>(scratch(kSlotScores, sizeof(T) * static_cast<size_t>(2 * a.nk)));
    for (long i = 0; i < a.nk; i++) {
      const bool admissible = a.lowest <= -i && -i <= a.highest;
      weights[i] = !admissible ? kMinusInfinity<T> : bias ? bias[i] : 0;
    }
    meanOfRows<T>(weights, values, a.nk, dv, weights + a.nk, dv ? message : nullptr, logSumExp);
    a.tile.control.advance(1);
    return;
  }
  T *panels = static_cast<T *>(scratch(kSlotKeys, keyBytes<T>(a.nk, a.d)));
  T *keyBias = static_cast<T *>(scratch(kSlotKeyBias, biasBytes<T>(a.nk)));
  T *chunks = dv ? static_cast<T *>(scratch(kSlotValues, valueBytes<T>(a.nk, dv))) : nullptr;
  PackedFor &packed = packedFor(kSlotKeys);
  if (packed.callId != a.tile.callId || packed.owner != a.keys) {
    packed = {-1, nullptr};
    packKeys<T>(static_cast<const T *>(a.keys), a.nk, a.d, panels);
    packBias<T>(bias, a.nk, kLog2e, keyBias);
    if (chunks) packValues<T>(values, a.nk, dv, chunks);
    packed = {a.tile.callId, a.keys};
  }
  const Keys<T> keys = {panels, keyBias, a.nk, a.d};
  const Queries<T> queries = {static_cast<const T *>(a.queries), nullptr, a.scale};
  const Output<T> out = {dv ? message + a.tile.firstRow * dv : nullptr, logSumExp + a.tile.firstRow};
  attendRows<T>(queries, a.tile.firstRow, a.tile.lastRow, keys, {chunks, dv}, {a.lowest, a.highest}, 0, a.nk, out, a.tile.control, true);
}

}  // namespace poly::POLY_ISA
