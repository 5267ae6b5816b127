// The certificate of the fast product (math.md §6.3): a random probe of its error. With independent signs x over all channels c and
// lanes i of a group of panels,
//
//   e[l] = sum_{c,i} x_{c,i} Y_c[l, i] - (P q)[l],   q[k] = sum_{c,i} x_{c,i} T_c[k, i]
//
// has the expected square sum_{c,i} E_c[l, i]^2, E being the error of Y. Summed over n rows l this estimates the Frobenius norm of E
// closely (a relative deviation of about (2 / n)^(1/2)), for n^2 + O(n) work a group instead of the products' n^2 (dv + 1) lanes.
// By Cauchy-Schwarz the error of any row's weighted sum is at most |h_i|_2 |E|_F max|V|; it is accepted when that is at most
// kFastEpsilon of the row's total, the smallest denominator being what decides. Channels of values are divided by their largest
// entry, so that the test does not depend on units.
#pragma once
#include "cycle-panels.h"

namespace poly::POLY_ISA {

constexpr double kFastEpsilon = 1e-5;
constexpr double kProbeSafety = 1.5;  // covers the estimate's own deviation

// What fast products take off the time of classical ones, by one | two levels, medians of pairs, AVX-512 on Sapphire Rapids: fp32, n = 384
// 0.5 % | -45 %, 512 2 % | -4 %, 768 1.3 % | 0 %, 1024 3.5 % | 5 %; fp64, 512 -2 % | -5 %, 768 2 % | -7 %, 1024 2 % | 10 %. Asked for by
// name they are used from 384 rows and columns on, twice from 768; left to the kernel they are tried from kFastPays on. Depends on nothing
// that differs between the tiles of a call: they share the packed operands.
constexpr long kFastPays = 768;

template <class T>
int fastLevels(long n, long m, long rows) {
  const long smaller = least(n, m);
  if (smaller >= 768 && rows >= 4 * kPanel<T>) return 2;
  return smaller >= 384 && rows >= 2 * kPanel<T> ? 1 : 0;
}

// Signs from a counter, mixed by multiplications and shifts: the same for the same place in every run.
inline double signOf(uint64_t place) {
  uint64_t x = place * 0x9e3779b97f4a7c15ull;
  x ^= x >> 29;
  x *= 0xbf58476d1ce4e5b9ull;
  x ^= x >> 32;
  return x & 1 ? 1.0 : -1.0;
}

// probe: q [m], then sums of Y [n], then largest entries of values.
template <class T>
void openProbe(const Cycle<T> &cycle, const Panels<T> &p) {
  const Stage<T> &s = cycle.stage[1];
  for (long i = 0; i < s.m + s.n; i++) p.probe[i] = 0;
}

template <class T>
double largestOf(const T *values, long n, long dv, long c) {
  double most = 0;
  for (long l = 0; values && l < n; l++) {
    const double v = __builtin_fabs(static_cast<double>(values[l * dv + c]));
    most = v > most ? v : most;
  }
  return values ? most : 1;
}

// sums[l] += scale * (sum over lanes of sign * row l). A sum of one panel's lanes is rounded in T, which can only raise the estimate.
template <class T>
void addSigned(double *sums, const T *rows, long n, const T *signs, double scale) {
  using V = Vec<T>;
  V sign[kScoreVecs];
  for (int j = 0; j < kScoreVecs; j++) sign[j] = V::load(signs + j * V::W);
  for (long l = 0; l < n; l++, rows += kPanel<T>) {
    V sum = V::mul(V::load(rows), sign[0]);
#pragma GCC unroll 8
    for (int j = 1; j < kScoreVecs; j++) sum = V::fma(V::load(rows + j * V::W), sign[j], sum);
    sums[l] += scale * static_cast<double>(sum.sum());
  }
}

template <class T>
void probeChannel(const Cycle<T> &cycle, const Panels<T> &p, long c) {
  constexpr long P = kPanel<T>;
  const Stage<T> &s = cycle.stage[1];
  const double most = c == cycle.dv ? 1 : largestOf<T>(cycle.lastValues, s.m, cycle.dv, c);
  if (!(most > 0)) return;
  T signs[P];
  for (int set = 0; set < p.sets; set++) {
    for (long i = 0; i < P; i++) signs[i] = static_cast<T>(signOf(static_cast<uint64_t>((c * p.sets + set) * P + i + 1)));
    addSigned<T>(p.probe, p.in + set * p.stride, s.m, signs, 1 / most);
    addSigned<T>(p.probe + s.m, p.out + set * p.stride, s.n, signs, 1 / most);
  }
}

// fastError[lane] = |h|_2 |E|_F, to be compared with the lane's total.
template <class T>
void closeProbe(const Cycle<T> &cycle, const Panels<T> &p, double *fastError) {
  constexpr long P = kPanel<T>;
  const Stage<T> &s = cycle.stage[1];
  const FastShape shape = fastShape<T>(s.n, s.m, cycle.levels);
  const T *plain = static_cast<const T *>(scratch(kSlotFastShared, sizeof(T) * static_cast<size_t>(shape.n * shape.m)));
  double squares = 0;
  for (long l = 0; l < s.n && !cycle.a.tile.control.cancelled(); l++) {
    double lane[8] = {};
    long k = 0;
    for (; k + 8 <= s.m; k += 8)
      for (long j = 0; j < 8; j++) lane[j] += static_cast<double>(plain[l * shape.m + k + j]) * p.probe[k + j];
    double sum = 0;
    for (; k < s.m; k++) sum += static_cast<double>(plain[l * shape.m + k]) * p.probe[k];
    for (long j = 0; j < 8; j++) sum += lane[j];
    const double error = p.probe[s.m + l] - sum;
    squares += error * error;
  }
  const double norm = kProbeSafety * __builtin_sqrt(squares);
  for (int set = 0; set < p.sets; set++)
    for (long i = 0; i < P; i++) {
      double weights = 0;
      for (long l = 0; l < s.n; l++) {
        const double h = static_cast<double>(p.h[set * p.stride + l * P + i]);
        weights += h * h;
      }
      fastError[set * P + i] = norm * __builtin_sqrt(weights);
    }
}

}  // namespace poly::POLY_ISA
