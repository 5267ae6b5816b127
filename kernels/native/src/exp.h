// exp(x) for x <= 88 (709 in fp64), vectorised, branch-free.
//
//   x = k ln2 + r, |r| <= ln2/2;  e^x = 2^k (1 + r + r^2 q(r))
//
// ln2 is split in two so that k * high is exact even without a fused multiply-add; q interpolates (e^r - 1 - r)/r^2 at Chebyshev
// nodes (relative error of e^r: 1.0e-8 in fp32, 1.7e-17 in fp64). Below the logarithm of the smallest normal number the result
// is exactly 0, so -Infinity is an ordinary argument; nothing subnormal is ever produced.
// Measured over every float of [-87, -1e-19] and a grid below that: at most 1.07 ulp in fp32, with or without a fused multiply-add.
#pragma once
#include "simd.h"

namespace poly::POLY_ISA {

template <class T>
struct ExpConstants;

template <>
struct ExpConstants<float> {
  static constexpr float log2e = 1.4426950408889634f, magic = 12582912.0f;  // 1.5 * 2^23
  static constexpr float high = 0.693359375f, low = -2.12194440e-4f;
  static constexpr float limit = -87.33f;
  static constexpr int terms = 5;
  static constexpr float q[terms] = {0.5f, 0.16666576666119928f, 0.04166655421298415f, 0.008363232883682618f, 0.0013926250831497611f};
};

template <>
struct ExpConstants<double> {
  static constexpr double log2e = 1.4426950408889634, magic = 6755399441055744.0;  // 1.5 * 2^52
  static constexpr double high = 6.93147180369123816490e-01, low = 1.90821492927058770002e-10;
  static constexpr double limit = -708.39;
  static constexpr int terms = 10;
  static constexpr double q[terms] = {0.5000000000000001,    0.16666666666666669,  0.041666666666623824,  0.008333333333330039,
                                      0.0013888888917367081, 0.00019841269863171557, 2.4801521057868204e-05, 2.7557268276905696e-06,
                                      2.7620201591031547e-07, 2.5100472505694996e-08};
};

template <class T>
POLY_INLINE Vec<T> exp(Vec<T> x) {
  using V = Vec<T>;
  using C = ExpConstants<T>;
  const V t = V::fma(x, V::set(C::log2e), V::set(C::magic));
  const V k = V::sub(t, V::set(C::magic));
  V r = V::fma(k, V::set(-C::high), x);
  r = V::fma(k, V::set(-C::low), r);
  V q = V::set(C::q[C::terms - 1]);
#pragma GCC unroll 16
  for (int i = C::terms - 2; i >= 0; i--) q = V::fma(q, r, V::set(C::q[i]));
  q = V::fma(q, V::mul(r, r), r);
  return V::zeroBelow(x, C::limit, V::exponent(V::add(q, V::set(1)), t));
}

constexpr double kLog2e = 1.4426950408889634074, kLn2 = 0.69314718055994530942;

// 2^x for x <= 127 (1023 in fp64), the exponential of attend, whose scores are in units of log2 (attend.h): no product with an inexact
// ln 2 and no second reduction are left,
//
//   x = k + r;  2^x = 2^k (1 + r q(r))
//
// with r = x - floor(x) and a scale by 2^floor(x) where the set has instructions for both (AVX-512), otherwise r = x - round(x), |r| <= 1/2.
// q is the minimax polynomial of the relative error (Remez; 2.0e-9 and 2.6e-9 in fp32, 3.2e-18 and 1.8e-17 in fp64). Below the smallest
// normal number the result is exactly 0. Its relative error in fp32 is at most 2.2 units of 2^-24 (exp.test.ts), on which certificates rest.
template <class T>
struct Exp2Constants;

template <>
struct Exp2Constants<float> {
  static constexpr float limit = -126;
  static constexpr int terms = 6;
  static constexpr float floored[terms] = {0.693147044444f, 0.240229305549f, 0.0554852806228f, 0.0096754515779f, 0.00124678462046f, 0.000216129161669f};
  static constexpr float rounded[terms] = {0.693147214968f, 0.240226527829f, 0.0555031055101f, 0.00961769297299f, 0.00134066439024f, 0.000155946781613f};
};

template <>
struct Exp2Constants<double> {
  static constexpr double limit = -1022;
  static constexpr int terms = 11;
  static constexpr double floored[terms] = {0.69314718055994592839, 0.24022650695906330334, 0.055504108665602235161, 0.0096181290995509270552,
                                            0.0013333558629561104517, 0.00015403512309781894472, 0.000015253175052870719973, 1.3208367319526269685e-6,
                                            1.0253212219093685786e-7, 6.5595301931503004244e-9, 6.2634646280886273575e-10};
  static constexpr double rounded[terms] = {0.69314718055994569675, 0.24022650695910098007, 0.055504108664790394552, 0.0096181291076070023796,
                                            0.0013333558153439964747, 0.0001540353044157213033, 0.000015252727385193868197, 1.3215442675329822143e-6,
                                            1.0180647659234138888e-7, 7.0725704128144235096e-9, 4.078071929588336665e-10};
};

// 1 + r q(r)
template <class T>
POLY_INLINE Vec<T> powerOfFraction(const T (&q)[Exp2Constants<T>::terms], Vec<T> r) {
  using V = Vec<T>;
  V p = V::set(q[Exp2Constants<T>::terms - 1]);
#pragma GCC unroll 16
  for (int i = Exp2Constants<T>::terms - 2; i >= 0; i--) p = V::fma(p, r, V::set(q[i]));
  return V::fma(p, r, V::set(1));
}

template <class T>
POLY_INLINE Vec<T> exp2(Vec<T> x) {
  using V = Vec<T>;
  using C = Exp2Constants<T>;
  if constexpr (kScales) {
    return V::scaleByPower(powerOfFraction<T>(C::floored, V::fraction(x)), x, C::limit);
  } else {
    const V t = V::add(x, V::set(ExpConstants<T>::magic));
    const V r = V::sub(x, V::sub(t, V::set(ExpConstants<T>::magic)));
    return V::zeroBelow(x, C::limit, V::exponent(powerOfFraction<T>(C::rounded, r), t));
  }
}

}  // namespace poly::POLY_ISA
