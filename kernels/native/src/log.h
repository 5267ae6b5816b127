// log(x) of positive normal numbers, in plain arithmetic that the compiler vectorises; of others something or other.
//
//   x = 2^e m, sqrt(1/2) <= m < sqrt(2), s = (m - 1) / (m + 1);  log x = e ln2 + 2 s (1 + s^2/3 + s^4/5 + ...)
//
// s^2 <= 0.0295, so the series ends at 1e-9 of itself in fp32 and 1e-18 in fp64; ln2 is split so that e high is exact.
#pragma once
#include "exp.h"

namespace poly::POLY_ISA {

template <class T>
struct LogConstants;

template <>
struct LogConstants<float> {
  using Bits = int32_t;
  static constexpr Bits half = 0x3f3504f3, one = 1 << 23;  // sqrt(1/2); a step of the exponent
  static constexpr int shift = 23, terms = 5;
};

template <>
struct LogConstants<double> {
  using Bits = int64_t;
  static constexpr Bits half = 0x3fe6a09e667f3bcd, one = Bits{1} << 52;
  static constexpr int shift = 52, terms = 11;
};

template <class T>
POLY_INLINE T logOf(T x) {
  using C = LogConstants<T>;
  typename C::Bits bits;
  memcpy(&bits, &x, sizeof bits);
  const typename C::Bits exponent = (bits - C::half) >> C::shift;
  bits -= exponent * C::one;
  T m;
  memcpy(&m, &bits, sizeof m);
  const T s = (m - 1) / (m + 1), z = s * s;
  T series = 1 / static_cast<T>(2 * C::terms - 1);
#pragma GCC unroll 16
  for (int k = C::terms - 2; k >= 0; k--) series = series * z + 1 / static_cast<T>(2 * k + 1);
  const T e = static_cast<T>(exponent);
  return e * ExpConstants<T>::high + (e * ExpConstants<T>::low + 2 * s * series);
}

template <class T>
void logarithms(const T *x, T *y, long count) {
  for (long i = 0; i < count; i++) y[i] = logOf<T>(x[i]);
}

}  // namespace poly::POLY_ISA
