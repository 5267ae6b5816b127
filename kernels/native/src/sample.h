// sample (kernels/approximate.ts): tuples drawn uniformly as composite keys for the rows of x1 (math.md §6.2). Products and sums are in fp64,
// as the reference has them: O(s d + t dv) a tuple. m = 4,096, t = 3, d = dv = 64: 1 ms where the reference takes 16.
#pragma once
#include "approximate-types.h"
#include "draws.h"
#include "simd.h"

namespace poly::POLY_ISA {

// The key of a tuple, and what of its score does not depend on x1.
template <class T>
void writeKey(const SampleArgs &a, const long *rows, long i, double *key, double *product) {
  for (long c = 0; c < a.d; c++) key[c] = 0;
  double weight = 0;
  for (int m = 0; m < a.monomialCount; m++) {
    const ContractMonomial &monomial = a.monomials[m];
    bool own = false;
    for (long c = 0; c < a.d; c++) product[c] = monomial.factor;
    for (int v = 0; v < monomial.count; v++) {
      const int j = monomial.variables[v] - 1;
      own = own || j == 0;
      if (j == 0) continue;
      const T *q = static_cast<const T *>(a.operands[j].queries) + rows[j] * a.d;
      for (long c = 0; c < a.d; c++) product[c] *= static_cast<double>(q[c]);
    }
    if (own)
      for (long c = 0; c < a.d; c++) key[c] += product[c];
    else
      for (long c = 0; c < a.d; c++) weight += product[c];
  }
  for (int j = 1; j < a.variableCount; j++)
    if (a.operands[j].bias) weight += static_cast<double>(static_cast<const T *>(a.operands[j].bias)[rows[j]]);
  T *out = static_cast<T *>(a.keys) + i * a.d;
  for (long c = 0; c < a.d; c++) out[c] = static_cast<T>(key[c]);
  static_cast<T *>(a.bias)[i] = static_cast<T>(weight);
  if (a.doubledBias) static_cast<T *>(a.doubledBias)[i] = static_cast<T>(2 * weight);
}

template <class T>
void writeSampledValues(const SampleArgs &a, const long *rows, long i, double *product) {
  for (long c = 0; c < a.dv; c++) product[c] = 1;
  for (int j = 1; j < a.variableCount; j++) {
    if (!a.operands[j].values) continue;
    const T *v = static_cast<const T *>(a.operands[j].values) + rows[j] * a.dv;
    for (long c = 0; c < a.dv; c++) product[c] *= static_cast<double>(v[c]);
  }
  T *values = static_cast<T *>(a.values) + i * a.dv;
  for (long c = 0; c < a.dv; c++) values[c] = static_cast<T>(product[c]);
  if (!a.moments) return;
  T *moments = static_cast<T *>(a.moments) + i * 2 * a.dv;
  for (long c = 0; c < a.dv; c++) {
    moments[c] = static_cast<T>(product[c]);
    moments[a.dv + c] = static_cast<T>(product[c] * product[c]);
  }
}

template <class T>
void writeNothing(const SampleArgs &a) {
  const auto fill = [&](void *result, long cols, T value) {
    for (long i = a.tile.firstRow * cols; result && i < a.tile.lastRow * cols; i++) static_cast<T *>(result)[i] = value;
  };
  fill(a.keys, a.d, 0);
  fill(a.values, a.dv, 0);
  fill(a.moments, 2 * a.dv, 0);
  fill(a.bias, 1, static_cast<T>(-__builtin_inf()));
  fill(a.doubledBias, 1, static_cast<T>(-__builtin_inf()));
  a.tile.control.advance(a.tile.lastRow - a.tile.firstRow);
}

// Tiles are rows of the results.
template <class T>
void sampleStep(const SampleArgs &a) {
  // Where a variable has no rows there is no tuple: keys of no weight.
  for (int j = 1; j < a.variableCount; j++)
    if (a.operands[j].n == 0) return writeNothing<T>(a);
  double *key = static_cast<double *>(scratch(kSlotFeatureRows, sizeof(double) * static_cast<size_t>(2 * a.d + a.dv + 8)));
  for (long i = a.tile.firstRow; i < a.tile.lastRow; i++) {
    if (i % 256 == 0 && a.tile.control.cancelled()) return;
    long rows[kMaxVariables] = {};
    for (int j = 1; j < a.variableCount; j++) rows[j] = drawIndex(a.seed, j, i, a.operands[j].n);
    writeKey<T>(a, rows, i, key, key + a.d);
    if (a.values) writeSampledValues<T>(a, rows, i, key + 2 * a.d);
  }
  a.tile.control.advance(a.tile.lastRow - a.tile.firstRow);
}

}  // namespace poly::POLY_ISA
