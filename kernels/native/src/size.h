// size: the largest |x| of an array, and whether all of it is finite, in one pass: what every tensor is asked on its way in and out.
//
// Bit patterns without their sign are ordered as the sizes are, with the infinities above all numbers and NaN above those, and whole numbers
// are compared without rounding, subnormal assists or rules for NaN. Plain loops: compilers make the vectors. 16 accumulators hide latency.
#pragma once
#include "simd.h"

namespace poly::POLY_ISA {

template <class T>
struct SizeBits;
template <>
struct SizeBits<float> {
  typedef int32_t __attribute__((may_alias)) Word;
  static constexpr int32_t magnitude = 0x7fffffff, infinite = 0x7f800000;
};
template <>
struct SizeBits<double> {
  typedef int64_t __attribute__((may_alias)) Word;
  static constexpr int64_t magnitude = 0x7fffffffffffffff, infinite = 0x7ff0000000000000;
};

// Infinite where one of the values is infinite or NaN; 0 of none.
template <class T>
double sizeOf(const void *values, long count) {
  using Bits = SizeBits<T>;
  using Word = typename Bits::Word;
  constexpr long kBlock = 256 / sizeof(T);
  const Word *x = static_cast<const Word *>(values);
  Word most[kBlock] = {};
  const long whole = count - count % kBlock;
  for (long i = 0; i < whole; i += kBlock)
    for (long lane = 0; lane < kBlock; lane++) {
      const Word size = x[i + lane] & Bits::magnitude;
      most[lane] = size > most[lane] ? size : most[lane];
    }
  Word all = 0;
  for (long lane = 0; lane < kBlock; lane++) all = most[lane] > all ? most[lane] : all;
  for (long i = whole; i < count; i++) {
    const Word size = x[i] & Bits::magnitude;
    all = size > all ? size : all;
  }
  if (all >= Bits::infinite) return __builtin_inf();
  T size;
  __builtin_memcpy(&size, &all, sizeof size);
  return static_cast<double>(size);
}

}  // namespace poly::POLY_ISA
