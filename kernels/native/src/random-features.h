// Positive random features (2009.14794): output[l, i] = exp(factor <w_i, q_l> - factor^2 |q_l|^2 / 2) / sqrt(F), w_i standard normal by
// draws.h.
//
// A product of rows [D][rows] and directions [D][features], lanes are features (cross.h), and an exponential of each. All of it in fp64: |w| is
// some sqrt(D), so that the exponent is a sum of terms far larger than any score, and its rounding in fp32 would be an error of the weight. A
// thread draws the directions once a call.
//
// Cost: 2 n D F flops, n F exponentials, in fp64, and F D normals of 80 ns. n = 16,384, D = 64, F = 256, two threads, AVX-512 (Sapphire Rapids): 10 to 19 ms
// where the reference takes 470.
#pragma once
#include "cross.h"
#include "draws.h"
#include "features.h"

extern "C" double exp(double);
extern "C" double sqrt(double);

namespace poly::POLY_ISA {

constexpr long kDrawnRows = 4 * kCrossRows;  // rows of one block

// [panel][D][kLanes], zero beyond the last feature.
inline const double *directionsOf(const RandomFeaturesArgs &a) {
  constexpr long L = kLanes<double>;
  const long D = a.dimension, panels = (a.count + L - 1) / L;
  double *directions = static_cast<double *>(scratch(kSlotDirections, sizeof(double) * static_cast<size_t>((panels * L + 1) * D + 8)));
  PackedFor &packed = packedFor(kSlotDirections);
  if (packed.callId == a.tile.callId && packed.owner == a.input) return directions;
  packed = {-1, nullptr};
  double *drawn = directions + panels * L * D;
  for (long i = 0; i < panels * L; i++) {
    if (i < a.count) drawNormals(a.seed, i, 0, D, drawn);
    for (long c = 0; c < D; c++) directions[(i / L * D + c) * L + i % L] = i < a.count ? drawn[c] : 0;
  }
  packed = {a.tile.callId, a.input};
  return directions;
}

// out[0 .. count) = scale exp(x - half), rounded once.
template <class T>
void storeExponentials(const double *x, double half, double scale, long count, T *out) {
  using V = Vec<double>;
  constexpr long W = V::W;
  for (long i = 0; i < count; i += W) {
    double lanes[W];
    const V exponent = V::sub(V::load(x + i), V::set(half));
    V::mul(V::set(scale), exp<double>(exponent)).store(lanes);
    // Beyond the range of the vectors' exponential it is infinite, or nearly so.
    if (V::anyAbove(exponent, V::set(709)))
      for (long lane = 0; lane < W; lane++) lanes[lane] = scale * ::exp(x[i + lane] - half);
    if (count - i >= W)
      for (long lane = 0; lane < W; lane++) out[i + lane] = static_cast<T>(lanes[lane]);
    else
      for (long lane = 0; lane < count - i; lane++) out[i + lane] = static_cast<T>(lanes[lane]);
  }
}

// Tiles are rows.
template <class T>
void randomFeaturesStep(const RandomFeaturesArgs &a) {
  constexpr long L = kLanes<double>;
  const long D = a.dimension;
  const double *directions = directionsOf(a), scale = 1 / sqrt(static_cast<double>(a.count));
  const T *input = static_cast<const T *>(a.input);
  double *turned = static_cast<double *>(scratch(kSlotFeatureRows, sizeof(double) * static_cast<size_t>(kDrawnRows * (D + L + 1))));
  double *products = turned + kDrawnRows * D, *halves = products + kDrawnRows * L;
  for (long row = a.tile.firstRow; row < a.tile.lastRow; row += kDrawnRows) {
    if (a.tile.control.cancelled()) return;
    const long count = least(kDrawnRows, a.tile.lastRow - row);
    for (long l = 0; l < count; l++) {
      double size = 0;
      for (long c = 0; c < D; c++) {
        const double y = a.factor * static_cast<double>(input[(row + l) * D + c]);
        turned[c * kDrawnRows + l] = y;
        size += y * y;
      }
      halves[l] = size / 2;
    }
    T *out = static_cast<T *>(a.output) + row * a.count;
    for (long first = 0; first < a.count; first += L) {
      for (long i = 0; i < count * L; i++) products[i] = 0;
      crossRows<double>(count, D, turned, kDrawnRows, directions + first * D, L, nullptr, products);
      for (long l = 0; l < count; l++)
        storeExponentials<T>(products + l * L, halves[l], scale, least(L, a.count - first), out + l * a.count + first);
    }
    a.tile.control.advance(count);
  }
}

}  // namespace poly::POLY_ISA
