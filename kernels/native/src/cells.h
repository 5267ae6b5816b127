// Keys in cells for the pruned attend (prune.h): every cell has a centre and a radius, so that for each of its keys k
//   |<q, k> - <q, centre>| <= |q| radius,
// and a witness, one of its own keys. Cells grow around keys chosen each as the farthest from those before (Gonzalez): of well separated
// clusters every one gets a key of its own before any gets a second, which random seeds do not do. The centre is then the mean of the
// cell, which for isotropic noise takes the radius down by the square root of two. Keys with a weight of zero are left out.
//
// Cost: 2 K n d operations once for each thread and call, K <= kMaxCells; the growing stops where radii no longer matter.
#pragma once
#include "rows.h"

extern "C" double sqrt(double);

namespace poly::POLY_ISA {

constexpr long kMaxCells = 128;
constexpr double kTightRadius = 0.25;  // in units of the score: smaller cells would prune nothing more

template <class T>
struct Cells {
  long count;                 // 1: pruning does not pay here, and there are neither bounds nor pivots
  long start[kMaxCells + 1];  // first key of each cell, at a panel; keys between are padding with -Infinity
  double radius[kMaxCells], highest[kMaxCells];  // highest: the largest bias
  double slack;               // rounding of a score, for |q| = 1
  Keys<T> keys, pivots;       // pivots: the centres with their cells' largest bias, then the witnesses with their own
  Values<T> values;
};

template <class T>
struct Growth {
  T *keys;          // [m][padded d], of weight above zero
  T *square;        // [m] to the nearest chosen key
  int32_t *origin;  // [m] number among all keys
  int32_t *cell;    // [m]
  long m, padded;
  long chosen[kMaxCells];
};

template <class T>
Growth<T> openGrowth(const AttendArgs &a) {
  const T *keys = static_cast<const T *>(a.keys), *bias = static_cast<const T *>(a.keyBias);
  Growth<T> g = {};
  g.padded = roundUp(a.d, Vec<T>::W);
  const size_t count = static_cast<size_t>(a.nk);
  g.keys = static_cast<T *>(scratch(kSlotPruneKeys, (sizeof(T) * static_cast<size_t>(g.padded + 1) + 2 * sizeof(int32_t)) * count + 64));
  g.square = g.keys + a.nk * g.padded;
  g.origin = reinterpret_cast<int32_t *>(g.square + a.nk);
  g.cell = g.origin + a.nk;
  for (long i = 0; i < a.nk; i++) {
    if (bias && !(bias[i] > kMinusInfinity<T>)) continue;
    T *to = g.keys + g.m * g.padded;
    for (long c = 0; c < g.padded; c++) to[c] = c < a.d ? keys[i * a.d + c] : 0;
    g.square[g.m] = -kMinusInfinity<T>;
    g.origin[g.m++] = static_cast<int32_t>(i);
  }
  return g;
}

template <class T>
POLY_INLINE T squareBetween(const T *a, const T *b, long padded) {
  using V = Vec<T>;
  V sum[2] = {V::set(0), V::set(0)};
  long c = 0;
  for (; c + 2 * V::W <= padded; c += 2 * V::W)
    for (int j = 0; j < 2; j++) {
      const V rest = V::sub(V::load(a + c + j * V::W), V::load(b + c + j * V::W));
      sum[j] = V::fma(rest, rest, sum[j]);
    }
  for (; c < padded; c += V::W) {
    const V rest = V::sub(V::load(a + c), V::load(b + c));
    sum[0] = V::fma(rest, rest, sum[0]);
  }
  return V::add(sum[0], sum[1]).sum();
}

constexpr long kGrowthSample = 2048;

// Chooses keys after the first `chosen` ones, `next` of them first, among every `stride`-th, until there are `most` or none is farther than
// the root of `tight`. Gives their number, 0 if cancelled.
template <class T>
long chooseCells(Growth<T> &g, long chosen, long next, long most, double tight, long stride, const Control &control) {
  for (long k = chosen; k < most; k++) {
    if (control.cancelled()) return 0;
    g.chosen[k] = next;
    const T *center = g.keys + next * g.padded;
    T farthest = -1;
    for (long i = 0; i < g.m; i += stride) {
      const T square = squareBetween<T>(g.keys + i * g.padded, center, g.padded);
      if (square < g.square[i]) {
        g.square[i] = square;
        g.cell[i] = static_cast<int32_t>(k);
      }
      if (g.square[i] > farthest) {
        farthest = g.square[i];
        next = i;
      }
    }
    if (!(static_cast<double>(farthest) > tight)) return k + 1;
  }
  return most;
}

// Every key to the nearest of the `count` chosen ones; gives the farthest.
template <class T>
long assignCells(Growth<T> &g, long count) {
  long farthest = 0;
  for (long i = 0; i < g.m; i++) {
    g.square[i] = -kMinusInfinity<T>;
    for (long k = 0; k < count; k++) {
      const T square = squareBetween<T>(g.keys + i * g.padded, g.keys + g.chosen[k] * g.padded, g.padded);
      if (!(square < g.square[i])) continue;
      g.square[i] = square;
      g.cell[i] = static_cast<int32_t>(k);
    }
    if (g.square[i] > g.square[farthest]) farthest = i;
  }
  return farthest;
}

// Cells around at most `most` keys; gives their number, 0 if cancelled. A sample of the keys chooses first, and stays in the cache meanwhile;
// what it had no part of is then as far from all of its cells as anything can be.
template <class T>
long growCells(Growth<T> &g, long most, double tight, const Control &control) {
  const long stride = greatest(1, g.m / kGrowthSample);
  const long count = chooseCells<T>(g, 0, 0, most, tight, stride, control);
  if (stride == 1 || count == 0) return count;
  const long next = assignCells<T>(g, count);
  if (count == most || !(static_cast<double>(g.square[next]) > tight)) return count;
  return chooseCells<T>(g, count, next, most, tight, 1, control);
}

// Means of the cells into pivots [2 K][d], radii about them, and the witnesses.
template <class T>
void centerCells(const AttendArgs &a, const Growth<T> &g, Cells<T> &cells, T *pivots) {
  const T *bias = static_cast<const T *>(a.keyBias);
  const long K = cells.count;
  double *sums = static_cast<double *>(scratch(kSlotSpare, sizeof(double) * static_cast<size_t>(K * (g.padded + 1))));
  T *center = static_cast<T *>(scratch(kSlotPruneCenters, sizeof(T) * static_cast<size_t>(K * g.padded + 64)));
  for (long i = 0; i < K * (g.padded + 1); i++) sums[i] = 0;
  double largest = 0;
  for (long i = 0; i < g.m; i++) {
    double *sum = sums + g.cell[i] * (g.padded + 1), square = 0;
    const T *key = g.keys + i * g.padded;
    for (long c = 0; c < g.padded; c++) sum[c] += static_cast<double>(key[c]);
    for (long c = 0; c < g.padded; c++) square += static_cast<double>(key[c]) * static_cast<double>(key[c]);
    sum[g.padded] += 1;
    largest = square > largest ? square : largest;
  }
  for (long k = 0; k < K; k++) {
    for (long c = 0; c < g.padded; c++) center[k * g.padded + c] = static_cast<T>(sums[k * (g.padded + 1) + c] / sums[k * (g.padded + 1) + g.padded]);
    for (long c = 0; c < a.d; c++) pivots[k * a.d + c] = center[k * g.padded + c];
    for (long c = 0; c < a.d; c++) pivots[(K + k) * a.d + c] = g.keys[g.chosen[k] * g.padded + c];
    cells.radius[k] = 0;
    cells.highest[k] = -__builtin_inf();
  }
  constexpr double u = sizeof(T) == 4 ? 6e-8 : 1.2e-16;
  for (long i = 0; i < g.m; i++) {
    const long k = g.cell[i];
    const double square = static_cast<double>(squareBetween<T>(g.keys + i * g.padded, center + k * g.padded, g.padded));
    const double own = bias ? static_cast<double>(bias[g.origin[i]]) : 0;
    cells.radius[k] = square > cells.radius[k] ? square : cells.radius[k];
    cells.highest[k] = own > cells.highest[k] ? own : cells.highest[k];
  }
  for (long k = 0; k < K; k++) cells.radius[k] = sqrt(cells.radius[k]) * (1 + static_cast<double>(a.d + 8) * u);
  cells.slack = 4 * static_cast<double>(a.d + 8) * u * sqrt(largest);
}

// Keys, bias (in units of log2) and values in the order of their cells, packed as attend packs them.
template <class T>
void packCells(const AttendArgs &a, const Growth<T> &g, Cells<T> &cells, long dv) {
  constexpr long P = kPanel<T>;
  const T *bias = static_cast<const T *>(a.keyBias), *values = static_cast<const T *>(a.values);
  long next[kMaxCells] = {};
  for (long i = 0; i < g.m; i++) next[g.cell[i]]++;
  cells.start[0] = 0;
  for (long k = 0; k < cells.count; k++) {
    cells.start[k + 1] = cells.start[k] + roundUp(next[k], P);
    next[k] = cells.start[k];
  }
  const long total = cells.start[cells.count], width = greatest(a.d, dv);
  T *ordered = static_cast<T *>(scratch(kSlotPruneGather, sizeof(T) * static_cast<size_t>(total * width + 64)));
  T *panels = static_cast<T *>(scratch(kSlotKeys, keyBytes<T>(total, a.d)));
  T *keyBias = static_cast<T *>(scratch(kSlotKeyBias, biasBytes<T>(total)));
  T *chunks = dv ? static_cast<T *>(scratch(kSlotValues, valueBytes<T>(total, dv))) : nullptr;
  for (long i = 0; i < total * width; i++) ordered[i] = 0;
  for (long i = 0; i < total; i++) keyBias[i] = kMinusInfinity<T>;
  long place[kMaxCells];
  memcpy(place, next, sizeof place);
  for (long i = 0; i < g.m; i++) {
    const long at = place[g.cell[i]]++;
    memcpy(ordered + at * a.d, g.keys + i * g.padded, sizeof(T) * static_cast<size_t>(a.d));
    keyBias[at] = bias ? static_cast<T>(static_cast<double>(bias[g.origin[i]]) * kLog2e) : 0;
  }
  packKeys<T>(ordered, total, a.d, panels);
  for (long i = 0; chunks && i < total * dv; i++) ordered[i] = 0;
  for (long i = 0; chunks && i < g.m; i++)
    memcpy(ordered + next[g.cell[i]]++ * dv, values + g.origin[i] * dv, sizeof(T) * static_cast<size_t>(dv));
  if (chunks) packValues<T>(ordered, total, dv, chunks);
  cells.keys = {panels, keyBias, total, a.d};
  cells.values = {chunks, dv};
}

// The pivots as keys.
template <class T>
void packPivots(const AttendArgs &a, const Growth<T> &g, Cells<T> &cells, const T *pivots) {
  const T *bias = static_cast<const T *>(a.keyBias);
  const long K = cells.count;
  T *panels = static_cast<T *>(scratch(kSlotPrunePivots, keyBytes<T>(2 * K, a.d) + biasBytes<T>(2 * K)));
  T *own = panels + roundUp(2 * K, kPanel<T>) * a.d;
  packKeys<T>(pivots, 2 * K, a.d, panels);
  packBias<T>(nullptr, 2 * K, 1, own);
  for (long k = 0; k < K; k++) {
    own[k] = static_cast<T>(cells.highest[k]);
    own[K + k] = bias ? bias[g.origin[g.chosen[k]]] : 0;
  }
  cells.pivots = {panels, own, 2 * K, a.d};
}

}  // namespace poly::POLY_ISA
