// Operands in the order in which the tiles read them. Keys: panels [n / panel][d][panel], so that lanes are keys; their bias, with
// -Infinity in the lanes beyond n, which is all that an odd n needs. Values: chunks of at most kValueVecs vectors of channels,
// each [n rounded up][chunk], zeros beyond n and dv. Queries: groups [rows / kGroup][kGroup / R][d][R] with scale and weight
// folded in.
#pragma once
#include "tile.h"
#include "types.h"

namespace poly::POLY_ISA {

template <class T>
struct Keys {
  const T *panels;
  const T *bias;
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
    // Eight coordinates at a time: whole cache lines are read, and the writes stay within a few panels' rows.
    for (long c0 = 0; c0 < d; c0 += 8) {
      const long c1 = least(d, c0 + 8);
      for (long j = 0; j < width; j++)
        for (long c = c0; c < c1; c++) out[c * P + j] = keys[(k0 + j) * d + c];
    }
    for (long c = 0; c < d; c++)
      for (long j = width; j < P; j++) out[c * P + j] = 0;
  }
}

// bias may be null: zero.
template <class T>
void packBias(const T *bias, long n, T *out) {
  const long padded = roundUp(n, kPanel<T>);
  for (long i = 0; i < n; i++) out[i] = bias ? bias[i] : 0;
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

// One group of rows; rows beyond `count` are zeros.
template <class T>
__attribute__((noinline)) void packQueries(const Queries<T> &q, long row, long count, long d, T *out) {
  constexpr int R = kScoreRows;
  const T scale = static_cast<T>(q.scale);
  for (int sub = 0; sub < kGroup; sub += R, out += d * R) {
    for (int r = 0; r < R; r++) {
      if (sub + r >= count) {
        for (long c = 0; c < d; c++) out[c * R + r] = 0;
        continue;
      }
      const T *in = q.data + (row + sub + r) * d;
      if (q.weight)
        for (long c = 0; c < d; c++) out[c * R + r] = in[c] * q.weight[c] * scale;
      else
        for (long c = 0; c < d; c++) out[c * R + r] = in[c] * scale;
    }
  }
}

}  // namespace poly::POLY_ISA
