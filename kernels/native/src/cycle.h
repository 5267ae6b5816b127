// A cycle x1 - o1 - ... - o(t-1) - x1 by shared exponential matrices and matrix products (math.md §6.3, §6.5; Strassen is t = 3).
//
// Shared by all rows of the output, for every inner edge k = 1 .. t-2 between o(k) and o(k+1):
//   r_k[l] = max over l' of the scores,  P_k = exp(S_k - r_k)  [n_k, n_k+1]
// For a panel of rows i of the output (lanes), channel by channel (all ones, then each column of the values):
//   T = w . V_last,  w[l, i] = exp(s(i, l) + bias[l] - c[i])
//   inner stages:  Y = P_k T,  T = Y . decay_k[l] . V_k[l] / M_k[i],   decay_k = exp(r_k + bias - top_k)
//   last stage:    out[i] = sum over l of h[l, i] V_1[l] Y[l, i],      h = exp(s(i, l) + r_1 + bias - g[i])
// M_k[i] is the largest entry of the all-ones channel, so that every stage starts from 1.
//
// Certificate, per row: what underflows (entries of P, w, decay, h, or their products, each below the smallest normal number)
// changes an entry of the first Y by at most 2 n tiny, and errorBound() follows that bound to the row's total. The row is accepted
// if the error is at most kEpsilon of the total; otherwise it is computed by conditioning on x1, which is stable at any score. It
// implies the a-priori range test (a range that is safe passes), and costs nothing, so that test is not made separately.
//
// Cost: 2 n^3 (dv + 1) flops for each inner edge, t n^2 exponentials, n^2 numbers of memory per inner edge and thread.
#pragma once
#include "fast.h"

namespace poly::POLY_ISA {

template <class T>
struct Tiny;
template <>
struct Tiny<float> {
  static constexpr double smallest = 1.1754943508222875e-38, epsilon = 1e-7;
};
template <>
struct Tiny<double> {
  static constexpr double smallest = 2.2250738585072014e-308, epsilon = 1e-14;
};

constexpr int kMaxSets = 4;  // panels of rows that the fast product takes together

// Edge k between o(k) (rows) and o(k+1) (columns).
template <class T>
struct Stage {
  long n, m;
  T *matrix;        // P, packed as its product wants it
  T *shift;         // [n] r + bias of o(k)
  T *decay;         // [n] exp(shift - top)
  T top;            // max of shift
  const T *values;  // [n, dv] or null
};

template <class T>
struct Cycle {
  const CycleArgs &a;
  int stages;  // t - 2
  long d, dv, most;
  int levels;  // of the fast product; 0: classical
  Stage<T> stage[kMaxVariables];
  T *firstQueries, *lastQueries;  // packed queries of o(1), o(t-1), with scale and coefficient
  const T *lastValues, *lastBias;
  T *zeros, *spare;               // [panel] bias of a score tile, [R][W] maxima nobody wants
};

template <class T>
double edgeCoefficient(const CycleArgs &a, int x, int y) {
  double sum = 0;
  for (int m = 0; m < a.h.monomialCount; m++) {
    const int *v = a.h.monomials[m].variables;
    if ((v[0] == x && v[1] == y) || (v[0] == y && v[1] == x)) sum += a.h.monomials[m].coefficient;
  }
  return sum * a.h.scale;
}

template <class T>
void packAllQueries(const Queries<T> &q, long n, long d, T *out) {
  for (long row = 0; row < n; row += kGroup) packQueries<T>(q, row, n - row, d, out + row * d);
}

// out[l][panel] = score of row l of the packed queries with each lane of `panel`, plus bias[l].
template <class T>
void crossScores(const Cycle<T> &cycle, const T *queries, long n, const T *panel, const T *bias, T *out) {
  using V = Vec<T>;
  constexpr long P = kPanel<T>, R = kScoreRows;
  T *tile = static_cast<T *>(scratch(kSlotScores, sizeof(T) * static_cast<size_t>(kGroup * kBlock<T>)));
  for (long l = 0; l < n; l += R) {
    scoreTile<T>(cycle.d, queries + l * cycle.d, cycle.d, panel, cycle.zeros, tile, cycle.spare);
    for (long r = 0; r < least(R, n - l); r++) {
      const V b = V::set(bias ? bias[l + r] : 0);
      for (long j = 0; j < P; j += V::W) V::add(V::load(tile + r * kBlock<T> + j), b).store(out + (l + r) * P + j);
    }
  }
}

// Lanewise: top = max over rows, x = exp(x - top). Lanes that are all -Infinity become 0.
template <class T>
void exponentiate(T *x, long n, T *top) {
  using V = Vec<T>;
  constexpr long P = kPanel<T>;
  for (long j = 0; j < P; j += V::W) {
    V m = V::set(kMinusInfinity<T>);
    for (long l = 0; l < n; l++) m = V::max(m, V::load(x + l * P + j));
    m.store(top + j);
    T lanes[V::W];
    for (long i = 0; i < V::W; i++) lanes[i] = top[j + i] == kMinusInfinity<T> ? 0 : top[j + i];
    const V shift = V::load(lanes);
    for (long l = 0; l < n; l++) exp<T>(V::sub(V::load(x + l * P + j), shift)).store(x + l * P + j);
  }
}

// P of one edge, row by row of groups: scores, their maxima, exponentials.
template <class T>
bool fillMatrix(const Cycle<T> &cycle, Stage<T> &s, int k) {
  const CycleArgs &a = cycle.a;
  const int row = a.order[k], column = a.order[k + 1];
  constexpr long R = kScoreRows, P = kPanel<T>;
  const Keys<T> keys = {static_cast<T *>(scratch(kSlotKeys, keyBytes<T>(s.m, cycle.d))), nullptr, s.m, cycle.d};
  packedFor(kSlotKeys) = {-1, nullptr};
  packKeys<T>(static_cast<const T *>(a.h.queries[column]), s.m, cycle.d, const_cast<T *>(keys.panels));
  const Queries<T> queries = {static_cast<const T *>(a.h.queries[row]), nullptr, edgeCoefficient<T>(a, row, column)};
  T *packed = static_cast<T *>(scratch(kSlotQueries, sizeof(T) * static_cast<size_t>(kGroup * (cycle.d + 1))));
  const long width = roundUp(s.m, P);
  T *rows = static_cast<T *>(scratch(kSlotSpare, sizeof(T) * static_cast<size_t>(R * width + R * kBlock<T>)));
  const T *bias = static_cast<const T *>(a.h.bias[row]);
  const FastShape shape = fastShape<T>(s.n, s.m, cycle.levels);
  T *plain = cycle.levels ? static_cast<T *>(scratch(kSlotFastShared, sizeof(T) * static_cast<size_t>(shape.n * shape.m))) : nullptr;
  if (plain) memset(plain, 0, sizeof(T) * static_cast<size_t>(shape.n * shape.m));
  for (long l = 0; l < s.n; l += R) {
    if (a.tile.control.cancelled()) return false;
    packQueries<T>(queries, l, least(R, s.n - l), cycle.d, packed);
    for (long c = 0; c < width; c += P) {
      scoreTile<T>(cycle.d, packed, cycle.d, keys.panels + c * cycle.d, cycle.zeros, rows + R * width, cycle.spare);
      for (long r = 0; r < R; r++) memcpy(rows + r * width + c, rows + R * width + r * kBlock<T>, sizeof(T) * P);
    }
    const long count = least(R, s.n - l);
    for (long r = 0; r < count; r++) {
      double sum;
      T *out = rows + r * width;
      T maximum;
      softWeights<T>(out, out, s.m, &maximum, &sum);
      s.shift[l + r] = maximum + (bias ? bias[l + r] : 0);
      if (plain) memcpy(plain + (l + r) * shape.m, out, sizeof(T) * static_cast<size_t>(s.m));
    }
    if (!plain) packGroup<T>(rows, width, count, s.m, s.matrix + l * s.m);
  }
  if (plain) packFast<T>(plain, shape, cycle.levels, s.matrix);
  s.top = kMinusInfinity<T>;
  for (long l = 0; l < s.n; l++) s.top = s.shift[l] > s.top ? s.shift[l] : s.top;
  const T shift = s.top == kMinusInfinity<T> ? 0 : s.top;
  for (long l = 0; l < s.n; l++) s.decay[l] = s.shift[l] - shift;
  exponentials<T>(s.decay, s.decay, s.n);
  return true;
}

template <class T>
void layOutCycle(Cycle<T> &cycle, Pieces &pieces) {
  const CycleArgs &a = cycle.a;
  const auto rows = [&](int k) { return a.h.n[a.order[k]]; };
  cycle.most = 0;
  for (int k = 1; k < a.h.t; k++) cycle.most = greatest(cycle.most, rows(k));
  for (int k = 1; k <= cycle.stages; k++) {
    Stage<T> &s = cycle.stage[k];
    s.n = rows(k);
    s.m = rows(k + 1);
    s.values = cycle.dv ? static_cast<const T *>(a.h.values[a.order[k]]) : nullptr;
    const size_t count = cycle.levels ? fastCount<T>(fastShape<T>(s.n, s.m, cycle.levels), cycle.levels)
                                      : static_cast<size_t>(roundUp(s.n, kScoreRows) * s.m);
    s.matrix = pieces.take<T>(count);
    s.shift = pieces.take<T>(static_cast<size_t>(s.n));
    s.decay = pieces.take<T>(static_cast<size_t>(s.n));
  }
  const int last = a.order[a.h.t - 1];
  cycle.lastValues = cycle.dv ? static_cast<const T *>(a.h.values[last]) : nullptr;
  cycle.lastBias = static_cast<const T *>(a.h.bias[last]);
  cycle.firstQueries = pieces.take<T>(static_cast<size_t>(roundUp(rows(1), kGroup) * cycle.d));
  cycle.lastQueries = pieces.take<T>(static_cast<size_t>(roundUp(a.h.n[last], kGroup) * cycle.d));
  cycle.zeros = pieces.take<T>(kPanel<T>);
  cycle.spare = pieces.take<T>(kScoreRows * Vec<T>::W);
}

// The shared matrices, once per thread and call. False if cancelled.
template <class T>
bool prepareCycle(Cycle<T> &cycle) {
  const CycleArgs &a = cycle.a;
  Pieces measure = {nullptr, 0};
  layOutCycle<T>(cycle, measure);
  Pieces pieces = {static_cast<char *>(scratch(kSlotCycleMatrices, measure.used)), 0};
  layOutCycle<T>(cycle, pieces);
  PackedFor &packed = packedFor(kSlotCycleMatrices);
  const bool ready = packed.callId == a.tile.callId && packed.owner == a.h.queries[1];
  if (!ready) {
    packed = {-1, nullptr};
    memset(cycle.zeros, 0, sizeof(T) * kPanel<T>);
    memset(cycle.spare, 0, sizeof(T) * kScoreRows * Vec<T>::W);
    const int first = a.order[1], last = a.order[a.h.t - 1];
    packAllQueries<T>({static_cast<const T *>(a.h.queries[first]), nullptr, edgeCoefficient<T>(a, 1, first)}, a.h.n[first], cycle.d,
                      cycle.firstQueries);
    packAllQueries<T>({static_cast<const T *>(a.h.queries[last]), nullptr, edgeCoefficient<T>(a, 1, last)}, a.h.n[last], cycle.d,
                      cycle.lastQueries);
    for (int k = 1; k <= cycle.stages; k++)
      if (!fillMatrix<T>(cycle, cycle.stage[k], k)) return false;
    packed = {a.tile.callId, a.h.queries[1], cycle.levels};
  }
  for (int k = 1; k <= cycle.stages; k++) {
    Stage<T> &s = cycle.stage[k];
    s.top = kMinusInfinity<T>;
    for (long l = 0; l < s.n; l++) s.top = s.shift[l] > s.top ? s.shift[l] : s.top;
  }
  return true;
}

}  // namespace poly::POLY_ISA
