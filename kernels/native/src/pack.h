// Operands in the order in which the tiles read them. Keys: panels [n / panel][d][panel], so that lanes are keys; their bias, with
// -Infinity in the lanes beyond n, which is all that an odd n needs. Values: chunks of at most kValueVecs vectors of channels,
// each [n rounded up][chunk], zeros beyond n and dv. Queries: rows [rows rounded up][d] with scale and weight folded in.
#pragma once
#include "tile.h"
#include "transpose.h"
#include "types.h"

namespace poly::POLY_ISA {

template <class T>
struct Keys {
  const T *panels;
  const T *bias;  // of attend's calls in units of log2
  long n, d;
  long padded() const { return roundUp(n, kPanel<T>); }
};

template <class T>
struct Values {
  const T *data;  // null: only the log-sum-exp is wanted
  long dv;
  int vectors() const { return static_cast<int>((dv + Vec<T>::W - 1) / Vec<T>::W); }
};

template <class T>
struct Queries {
  const T *data;  // [n, d]
  const T *weight;  // [d] or null: composite queries (math.md §6.2)
  double scale;
};

template <class T>
size_t keyBytes(long n, long d) { return sizeof(T) * static_cast<size_t>(roundUp(n, kPanel<T>)) * static_cast<size_t>(d) + 64; }

template <class T>
size_t biasBytes(long n) { return sizeof(T) * static_cast<size_t>(roundUp(n, kPanel<T>)); }

template <class T>
size_t valueBytes(long n, long dv) {
  return sizeof(T) * static_cast<size_t>(roundUp(n, kPanel<T>)) * static_cast<size_t>(roundUp(dv, Vec<T>::W)) + 64;
}

template <class T>
__attribute__((noinline)) void packKeys(const T *keys, long n, long d, T *out) {
  constexpr long P = kPanel<T>;
  for (long k0 = 0; k0 < n; k0 += P, out += P * d) {
    const long width = least(P, n - k0);
    // Sixteen coordinates at a time: whole cache lines are read, and the writes stay within a few panels' rows.
    for (long c = 0; c < d; c += 16) transposeBlock<T>(keys + k0 * d + c, d, width, least(16, d - c), out + c * P, P);
    for (long c = 0; c < d; c++)
      for (long j = width; j < P; j++) out[c * P + j] = 0;
  }
}

// bias may be null: zero. `unit`: kLog2e where attend takes it, 1 where the scores stay natural.
template <class T>
void packBias(const T *bias, long n, double unit, T *out) {
  const long padded = roundUp(n, kPanel<T>);
  for (long i = 0; i < n; i++) out[i] = bias ? static_cast<T>(static_cast<double>(bias[i]) * unit) : 0;
  for (long i = n; i < padded; i++) out[i] = -static_cast<T>(__builtin_inf());
}

template <class T>
__attribute__((noinline)) void packValues(const T *values, long n, long dv, T *out) {
  constexpr long W = Vec<T>::W;
  const long padded = roundUp(n, kPanel<T>);
  for (long c0 = 0; c0 < dv; c0 += kValueVecs * W) {
    const long width = roundUp(least(dv - c0, kValueVecs * W), W);
    const long used = least(dv - c0, width);
    for (long i = 0; i < n; i++, out += width)
      for (long c = 0; c < width; c += W) loadPart<T>(values + i * dv + c0 + c, used - c).store(out + c);
    const long rest = (padded - n) * width;
    for (long i = 0; i < rest; i++) out[i] = 0;
    out += rest;
  }
}

// out = in * weight * scale, one row. The scale counts as the sum of two T: a single one would bend all scores by its rounding.
template <class T>
POLY_INLINE void scaleRow(const Queries<T> &q, const T *in, long d, T *out) {
  using V = Vec<T>;
  const V high = V::set(static_cast<T>(q.scale)), low = V::set(static_cast<T>(q.scale - static_cast<double>(static_cast<T>(q.scale))));
  for (long c = 0; c < d; c += V::W) {
    V x = loadPart<T>(in + c, d - c);
    if (q.weight) x = V::mul(x, loadPart<T>(q.weight + c, d - c));
    storePart<T>(out + c, V::fma(x, high, V::mul(x, low)), d - c);
  }
}

// One group of rows; rows beyond `count` are zeros.
template <class T>
__attribute__((noinline)) void packQueries(const Queries<T> &q, long row, long count, long d, T *out) {
  for (long r = 0; r < kGroup; r++, out += d) {
    if (r < count) scaleRow<T>(q, q.data + (row + r) * d, d, out);
    else memset(out, 0, sizeof(T) * static_cast<size_t>(d));
  }
}

}  // namespace poly::POLY_ISA
