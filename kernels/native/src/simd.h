// One vocabulary of vectors over four instruction sets. Every instruction set is its own compilation of kernels.cc with
// POLY_ISA set to avx512, avx2, baseline or neon; all templates live in namespace poly::POLY_ISA, so that the linker can never
// hand a function compiled with AVX-512 to a machine without it.
//
// Vec<T> has: W lanes; load, store (unaligned), set, fma (a*b + c), add, sub, mul, max, sum and maximum over lanes, and what exp
// needs: exponent(p, t) multiplies p by 2^k where k sits in the low bits of t, and zeroBelow(x, limit, v) flushes v.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#if !defined(POLY_ISA)
#error "compile with -DPOLY_ISA=avx512, avx2, baseline or neon"
#endif

#if defined(__AVX512F__)
#include "simd-avx512.h"
#elif defined(__AVX2__)
#include "simd-avx2.h"
#elif defined(__aarch64__)
#include "simd-neon.h"
#elif defined(__SSE2__)
#include "simd-sse2.h"
#else
#error "no vector instruction set"
#endif

#define POLY_INLINE inline __attribute__((always_inline))

namespace poly::POLY_ISA {

POLY_INLINE long least(long a, long b) { return a < b ? a : b; }
POLY_INLINE long greatest(long a, long b) { return a > b ? a : b; }
POLY_INLINE long roundUp(long a, long step) { return (a + step - 1) / step * step; }

// The first `count` lanes from memory, the others zero; never touches memory beyond them.
template <class T>
POLY_INLINE Vec<T> loadPart(const T *p, long count) {
  constexpr long W = Vec<T>::W;
  if (count >= W) return Vec<T>::load(p);
  T lanes[W] = {};
  for (long i = 0; i < count; i++) lanes[i] = p[i];
  return Vec<T>::load(lanes);
}

template <class T>
POLY_INLINE void storePart(T *p, Vec<T> v, long count) {
  constexpr long W = Vec<T>::W;
  if (count >= W) return v.store(p);
  T lanes[W];
  v.store(lanes);
  for (long i = 0; i < count; i++) p[i] = lanes[i];
}

}  // namespace poly::POLY_ISA
