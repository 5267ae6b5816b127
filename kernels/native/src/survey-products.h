// Products of the coordinates of rows less their mean, for a survey (survey.h): their covariance, and their moments under weights e^bias.
//
// kChain rows at a time in T (cross.h), the rest in fp64; one triangle by blocks of lanes. Weights are taken against the largest, so that it is one
// and their sum at least that: what is lost below the smallest normal number is nothing beside it. Their rounding, u (|ln w| + 3) of each, is less
// than 50 u on average, since n rows further than e^-40 below the largest weigh nothing. On that, a chain of 64 and the product SLACK in
// src/plan/approximate/moments.ts rests.
#pragma once
#include "exp.h"
#include "survey-columns.h"

namespace poly::POLY_ISA {

// Lanes of a panel of products: one vector where that holds all columns.
template <class T>
long productLanes(long dimension) {
  return dimension <= Vec<T>::W ? Vec<T>::W : kLanes<T>;
}

// Rows less their mean into the block, 0 where they are not finite.
template <class T, bool Finite>
void centreRows(const SurveyArgs &a, const SurveyState<T> &s, long row, long count) {
  using V = Vec<T>;
  const long D = a.dimension, padded = roundUp(D, productLanes<T>(D));
  for (long l = 0; l < count; l++) {
    const T *x = static_cast<const T *>(a.input) + (row + l) * D;
    for (long c = 0; c < padded; c += V::W) {
      const V centred = V::sub(c < D ? loadPart<T>(x + c, D - c) : V::set(0), V::load(s.mean + c));
      constexpr T limit = static_cast<T>(-Unit<T>::largest);
      const V kept = Finite ? centred : V::zeroBelow(V::sub(V::set(0), centred), limit, V::zeroBelow(centred, limit, centred));
      kept.store(s.block + l * padded + c);
    }
  }
}

template <class T>
void clearProducts(long D, const SurveyState<T> &s) {
  for (long i = 0; i < roundUp(D, kLanes<T>) * D; i++) s.products[i] = 0;
}

// Of the products of coordinates i and j those with i below the end of j's lanes: the others are the same. `left` is the block or the scaled one.
template <class T>
void addProducts(long D, long count, const SurveyState<T> &s, const T *left) {
  const long L = productLanes<T>(D), padded = roundUp(D, L);
  if (L == Vec<T>::W) return crossRows<T, 1>(D, count, left, L, s.block, L, nullptr, s.products);
  for (long c = 0; c < padded; c += L)
    crossRows<T>(least(D, c + L), count, left, padded, s.block + c, padded, nullptr, s.products + c * D);
}

// out [D, D]; zeros where the weights add up to nothing.
template <class T>
void writeProducts(long D, const SurveyState<T> &s, double total, T *out) {
  const long L = productLanes<T>(D);
  for (long i = 0; i < D * D; i++) {
    const long row = least(i / D, i % D), column = greatest(i / D, i % D);
    const double sum = s.products[(column / L * D + row) * L + column % L];
    out[i] = static_cast<T>(total > 0 ? sum / total : 0);
  }
}

// e^(bias - most) of a few rows, and their sum.
template <class T>
double weigh(const T *bias, long count, T most, T *weights) {
  using V = Vec<T>;
  for (long l = 0; l < count; l += V::W) exp(V::sub(loadPart<T>(bias + l, count - l), V::set(most))).store(weights + l);
  double total = 0;
  for (long l = 0; l < count; l++) total += static_cast<double>(weights[l]);
  return total;
}

// Of a block that is weighed: sums of its rows, and of products where they are asked for.
template <class T>
void addWeighted(long D, long count, bool squares, const SurveyState<T> &s) {
  using V = Vec<T>;
  const long L = productLanes<T>(D), padded = roundUp(D, L);
  for (long c = 0; c < padded; c += V::W) crossRows<T, 1>(1, count, s.weights, 1, s.block + c, padded, nullptr, s.drift + c);
  if (!squares) return;
  for (long l = 0; l < count; l++)
    for (long c = l * padded; c < (l + 1) * padded; c += V::W) V::mul(V::set(s.weights[l]), V::load(s.block + c)).store(s.scaled + c);
  addProducts<T>(D, count, s, s.scaled);
}

// Pass 3. False if cancelled.
template <class T, bool Finite>
bool weighRows(const SurveyArgs &a, const SurveyState<T> &s) {
  const long D = a.dimension;
  const bool squares = a.weightedRows > 1;
  const T *bias = static_cast<const T *>(a.bias);
  T *out = static_cast<T *>(a.weighted);
  T most = kMinusInfinity<T>;
  double total = 0;
  for (long l = 0; l < a.n; l++) most = bias[l] > most ? bias[l] : most;
  for (long c = 0; c < roundUp(D, kLanes<T>); c++) s.drift[c] = 0;
  if (squares) clearProducts<T>(D, s);
  for (long row = 0; row < a.n && most > kMinusInfinity<T>; row += kChain) {
    if (a.tile.control.cancelled()) return false;
    const long count = least(kChain, a.n - row);
    total += weigh<T>(bias + row, count, most, s.weights);
    centreRows<T, Finite>(a, s, row, count);
    addWeighted<T>(D, count, squares, s);
  }
  for (long c = 0; c < D; c++) out[c] = static_cast<T>(total > 0 ? s.drift[c] / total : 0);
  if (squares) writeProducts<T>(D, s, total, out + D);
  return true;
}

}  // namespace poly::POLY_ISA
