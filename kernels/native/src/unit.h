// Rounding and range of the types: u, the largest number and the smallest normal one.
#pragma once
#include "simd.h"

namespace poly::POLY_ISA {

template <class T>
struct Unit;
template <>
struct Unit<float> {
  static constexpr double u = 5.97e-8, largest = 3.4028234663852886e38, smallest = 1.1754943508222875e-38;
};
template <>
struct Unit<double> {
  static constexpr double u = 1.12e-16, largest = 1.7976931348623157e308, smallest = 2.2250738585072014e-308;
};

}  // namespace poly::POLY_ISA
