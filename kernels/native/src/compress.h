// compress (kernels/approximate.ts): rows in the coordinates of a basis and the largest part of a row outside it.
//
//   y = q - center;  output = y B (rounded once, stored);  residual = max over rows of |y - output B^T|_2;  unary = sum factor <vector, y>
//
// Two products in fp64 whatever T is: the rest is a difference of nearly equal numbers, and in fp32 its rounding (about k u |y|) would be
// as large as what is to be certified. Lanes are rows, so that only the operands have to be widened, once for each block.
// Never below the true residual by more than (D + k + 4) 2^-53 (|y| + |residual|): the stored number is raised by two units of T.
//
// Cost: 4 n D k fp64 flops. AVX2 on Zen 3, fp32, n = 65,536, D = 64, k = 16: 11.6 ms.
#pragma once
#include "survey.h"

extern "C" double sqrt(double);

namespace poly::POLY_ISA {


struct CompressState {
  double *y;        // [D][lanes]
  double *basis;    // [D][k]
  double *turned;   // [k][D]
  double *product;  // [k][lanes]
  double *rest;     // [D][lanes]
};

template <class T>
CompressState compressState(const CompressArgs &a) {
  constexpr long L = kLanes<double>;
  const long D = a.dimension, k = a.k;
  CompressState s;
  s.y = static_cast<double *>(scratch(kSlotFeatureSums, sizeof(double) * static_cast<size_t>(2 * D * L + k * L + 2 * D * k)));
  s.rest = s.y + D * L;
  s.product = s.rest + D * L;
  s.basis = s.product + k * L;
  s.turned = s.basis + D * k;
  for (long c = 0; c < D; c++)
    for (long i = 0; i < k; i++)
      s.basis[c * k + i] = s.turned[i * D + c] = static_cast<double>(static_cast<const T *>(a.basis)[c * k + i]);
  return s;
}

// Rows [row, row + count), at most the lanes; gives the largest square of a residual.
template <class T>
double compressRows(const CompressArgs &a, const MappedRows<T> &rows, const CompressState &s, long row, long count) {
  constexpr long L = kLanes<double>;
  const long D = a.dimension, k = a.k;
  for (long lane = 0; lane < L; lane++) {
    const T *q = rows.queries + (row + least(lane, count - 1)) * D;
    for (long c = 0; c < D; c++) s.y[c * L + lane] = s.rest[c * L + lane] = static_cast<double>(q[c]) - rows.center[c];
  }
  double weight[L] = {}, squares[L] = {}, largest = 0;
  for (long c = 0; rows.tilted && c < D; c++)
    for (long lane = 0; lane < L; lane++) weight[lane] += rows.tilt[c] * s.y[c * L + lane];
  for (long i = 0; i < k * L; i++) s.product[i] = 0;
  crossRows<double>(k, D, s.basis, k, s.y, L, nullptr, s.product);
  T *output = static_cast<T *>(a.output), *unary = static_cast<T *>(a.unary);
  for (long i = 0; i < k; i++)
    for (long lane = 0; lane < L; lane++) {
      const T rounded = static_cast<T>(s.product[i * L + lane]);
      if (lane < count) output[(row + lane) * k + i] = rounded;
      s.product[i * L + lane] = -static_cast<double>(rounded);  // its rounding is part of what is lost
    }
  crossRows<double>(D, k, s.turned, D, s.product, L, nullptr, s.rest);
  for (long c = 0; c < D; c++)
    for (long lane = 0; lane < L; lane++) squares[lane] += s.rest[c * L + lane] * s.rest[c * L + lane];
  for (long lane = 0; lane < count; lane++) {
    unary[row + lane] = static_cast<T>(weight[lane]);
    largest = squares[lane] > largest ? squares[lane] : largest;
  }
  return largest;
}

// Tiles are parts.
template <class T>
void compressStep(const CompressArgs &a) {
  const MappedRows<T> rows = mappedRows<T>(a.input, a.center, a.dimension, 1, a.tilts, a.tiltCount);
  const CompressState s = compressState<T>(a);
  for (long part = a.tile.firstRow; part < a.tile.lastRow; part++) {
    const long first = part * a.n / a.parts, last = (part + 1) * a.n / a.parts;
    double largest = 0;
    for (long row = first; row < last; row += kLanes<double>) {
      if ((row - first) % 256 < kLanes<double> && a.tile.control.cancelled()) return;
      const double square = compressRows<T>(a, rows, s, row, least(kLanes<double>, last - row));
      largest = square > largest ? square : largest;
    }
    static_cast<T *>(a.residual)[part] = static_cast<T>(sqrt(largest) * (1 + 2 * Unit<T>::u));
    a.tile.control.advance(1);
  }
}

}  // namespace poly::POLY_ISA
