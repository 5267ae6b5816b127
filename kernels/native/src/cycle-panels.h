// Panels of a cycle's output rows and what one channel does with them: from w over the shared matrices of cycle.h to the sums over l.
#pragma once
#include "cycle.h"

namespace poly::POLY_ISA {

// Buffers of one group of panels ("sets"); every [..][panel] block of a set is contiguous.
template <class T>
struct Panels {
  int sets;
  long stride;       // numbers of one set in `in` and `out`
  T *queries;        // [sets][d][panel] rows of Q_1, packed as keys
  T *w, *h;          // [sets][n_last][panel], [sets][n_first][panel]
  T *in, *out;       // T and Y of the stage in hand
  T *top;            // [sets][2][panel]: c and g
  T *inverse;        // [stages + 1][panel] 1 / M_k
  T *sums;           // [sets][dv + 1][panel] weighted sums; the last one is the all-ones channel
  T *work;           // of the fast product
  double *logScale;  // [sets][panel] sum of top_k + ln M_k
  double *error;     // [sets][panel] bound on what underflow did, relative to the total
  double *probe;     // of the fast product's certificate
};

template <class T>
Panels<T> layOutPanels(const Cycle<T> &cycle) {
  constexpr long P = kPanel<T>;
  const CycleArgs &a = cycle.a;
  Panels<T> p = {};
  p.sets = 1 << cycle.levels;
  p.stride = roundUp(cycle.most, kScoreRows << cycle.levels) * P;
  const size_t sets = static_cast<size_t>(p.sets), lanes = sets * P;
  Pieces pieces = {nullptr, 0};
  for (int pass = 0; pass < 2; pass++) {
    if (pass == 1) pieces = {static_cast<char *>(scratch(kSlotCyclePanels, pieces.used)), 0};
    p.queries = pieces.take<T>(lanes * static_cast<size_t>(cycle.d));
    p.w = pieces.take<T>(sets * static_cast<size_t>(p.stride));
    p.h = pieces.take<T>(sets * static_cast<size_t>(p.stride));
    p.in = pieces.take<T>(sets * static_cast<size_t>(p.stride));
    p.out = pieces.take<T>(sets * static_cast<size_t>(p.stride));
    p.top = pieces.take<T>(2 * lanes);
    p.inverse = pieces.take<T>(lanes * kMaxVariables);
    p.sums = pieces.take<T>(lanes * static_cast<size_t>(cycle.dv + 1));
    p.work = pieces.take<T>(cycle.levels ? fastScratch<T>(fastShape<T>(cycle.stage[1].n, cycle.stage[1].m, cycle.levels), cycle.levels) : 1);
    p.logScale = pieces.take<double>(lanes);
    p.error = pieces.take<double>(lanes);
    p.probe = pieces.take<double>(static_cast<size_t>(3 * a.h.n[a.order[1]] + 3 * a.h.n[a.order[2]]));
  }
  return p;
}

// x[l] = y[l] * factor[l] (* values[l, c]) (* lane factor), rows beyond n up to `padded` zero; any factor may be null.
template <class T>
void scaleRows(const T *y, long n, long padded, const T *factor, const T *values, long dv, long c, const T *lanes, T *x) {
  using V = Vec<T>;
  constexpr long P = kPanel<T>;
  for (long l = 0; l < n; l++) {
    const V f = V::set((factor ? factor[l] : 1) * (values ? values[l * dv + c] : 1));
    for (long j = 0; j < P; j += V::W) {
      V v = V::mul(V::load(y + l * P + j), f);
      if (lanes) v = V::mul(v, V::load(lanes + j));
      v.store(x + l * P + j);
    }
  }
  for (long l = n * P; l < padded * P; l++) x[l] = 0;
}

// T of one channel up to the last product; c = dv is the channel of ones, which also sets every stage's scale.
template <class T>
bool openChannel(const Cycle<T> &cycle, const Panels<T> &p, long c) {
  using V = Vec<T>;
  constexpr long P = kPanel<T>;
  const bool ones = c == cycle.dv;
  const Stage<T> &last = cycle.stage[cycle.stages];
  const long padded = roundUp(last.m, 1L << cycle.levels);
  for (int set = 0; set < p.sets; set++)
    scaleRows<T>(p.w + set * p.stride, last.m, padded, nullptr, ones ? nullptr : cycle.lastValues, cycle.dv, c, nullptr, p.in + set * p.stride);
  for (int k = cycle.stages; k > 1; k--) {
    const Stage<T> &s = cycle.stage[k];
    if (!multiplyPanel<T>(s.n, s.m, s.matrix, p.in, nullptr, p.out, cycle.a.tile.control)) return false;
    T *inverse = p.inverse + k * P;
    if (ones) {
      for (long j = 0; j < P; j += V::W) {
        V most = V::set(0);
        for (long l = 0; l < s.n; l++) most = V::max(most, V::mul(V::load(p.out + l * P + j), V::set(s.decay[l])));
        most.store(inverse + j);
      }
      for (long i = 0; i < P; i++) {
        const double most = static_cast<double>(inverse[i]);
        // Rows this small fail their certificate below; 1 keeps the numbers finite until then.
        const bool usable = most > 1e6 * Tiny<T>::smallest;
        const double m = static_cast<double>(s.m);
        p.error[i] = usable ? (p.error[i] * m + 3 * m * Tiny<T>::smallest) / most : 1;
        p.logScale[i] += static_cast<double>(s.top) + (usable ? log(most) : 0);
        inverse[i] = usable ? static_cast<T>(1 / most) : 1;
      }
    }
    scaleRows<T>(p.out, s.n, s.n, s.decay, ones ? nullptr : s.values, cycle.dv, c, inverse, p.in);
  }
  return true;
}

// sums[c] = sum over l of h[l] V[l, c] Y[l] for Y = P T, in runs whose sums are added; Y itself is not kept.
template <class T>
bool multiplyAndClose(const Cycle<T> &cycle, const Panels<T> &p, long c) {
  using V = Vec<T>;
  constexpr long P = kPanel<T>, R = kScoreRows, kTogether = 64 / R * R;
  const Stage<T> &s = cycle.stage[1];
  const T *values = c == cycle.dv ? nullptr : s.values;
  T *sums = p.sums + c * P;
  memset(sums, 0, sizeof(T) * P);
  for (long l0 = 0; l0 < s.n; l0 += kTogether) {
    T part[P] = {};
    for (long l = l0; l < least(s.n, l0 + kTogether); l += R) {
      if (cycle.a.tile.control.cancelled()) return false;
      const Closing<T> closing = {p.h + l * P, values ? values + l * cycle.dv + c : nullptr, cycle.dv, least(R, s.n - l), part};
      closingTile<T>(s.m, s.matrix + l * s.m, p.in, closing);
    }
    for (long j = 0; j < P; j += V::W) V::add(V::load(sums + j), V::load(part + j)).store(sums + j);
  }
  return true;
}

// Y = P T of all sets by the fast product.
template <class T>
bool multiplySets(const Cycle<T> &cycle, const Panels<T> &p) {
  const Stage<T> &s = cycle.stage[1];
  const FastShape shape = fastShape<T>(s.n, s.m, cycle.levels);
  const T *matrix = s.matrix, *in[kMaxSets];
  T *out[kMaxSets];
  for (int set = 0; set < p.sets; set++) {
    in[set] = p.in + set * p.stride;
    out[set] = p.out + set * p.stride;
  }
  return multiplyFast<T>(shape.n, shape.m, cycle.levels, matrix, in, nullptr, out, p.work, cycle.a.tile.control);
}

// The sums of multiplyAndClose from a Y that is kept.
template <class T>
void closeSets(const Cycle<T> &cycle, const Panels<T> &p, long c) {
  using V = Vec<T>;
  constexpr long P = kPanel<T>;
  const Stage<T> &s = cycle.stage[1];
  const T *values = c == cycle.dv ? nullptr : s.values;
  for (int set = 0; set < p.sets; set++) {
    const T *h = p.h + set * p.stride, *y = p.out + set * p.stride;
    T *sums = p.sums + (set * (cycle.dv + 1) + c) * P;
    V total[kScoreVecs];
#pragma GCC unroll 8
    for (int j = 0; j < kScoreVecs; j++) total[j] = V::set(0);
    for (long l0 = 0; l0 < s.n; l0 += 64) {
      V part[kScoreVecs];
#pragma GCC unroll 8
      for (int j = 0; j < kScoreVecs; j++) part[j] = V::set(0);
      for (long l = l0; l < least(s.n, l0 + 64); l++) {
        const V value = V::set(values ? values[l * cycle.dv + c] : 1);
#pragma GCC unroll 8
        for (int j = 0; j < kScoreVecs; j++) {
          const V weight = V::mul(V::load(h + l * P + j * V::W), value);
          part[j] = V::fma(weight, V::load(y + l * P + j * V::W), part[j]);
        }
      }
#pragma GCC unroll 8
      for (int j = 0; j < kScoreVecs; j++) total[j] = V::add(total[j], part[j]);
    }
    for (int j = 0; j < kScoreVecs; j++) total[j].store(sums + j * V::W);
  }
}

// One channel, T to sums. With the fast product Y stays for the probe of its error. False if cancelled.
template <class T>
bool runChannel(const Cycle<T> &cycle, const Panels<T> &p, long c) {
  if (!openChannel<T>(cycle, p, c)) return false;
  if (cycle.levels == 0) return multiplyAndClose<T>(cycle, p, c);
  if (!multiplySets<T>(cycle, p)) return false;
  closeSets<T>(cycle, p, c);
  return true;
}

// w, h and their maxima for `count` rows of the output in the sets' lanes; every set is one panel, from `row` on `apart` rows apart.
template <class T>
void openPanels(const Cycle<T> &cycle, const Panels<T> &p, long row, long count, long apart = kPanel<T>) {
  constexpr long P = kPanel<T>;
  const CycleArgs &a = cycle.a;
  const Stage<T> &first = cycle.stage[1], &last = cycle.stage[cycle.stages];
  for (int set = 0; set < p.sets; set++) {
    T *queries = p.queries + set * cycle.d * P;
    memset(queries, 0, sizeof(T) * static_cast<size_t>(cycle.d * P));
    const long lanes = least(P, count - set * P);
    if (lanes > 0) packKeys<T>(rowOf<T>(a.h.queries[1], row + set * apart, cycle.d), lanes, cycle.d, queries);
    crossScores<T>(cycle, cycle.lastQueries, last.m, queries, cycle.lastBias, p.w + set * p.stride);
    exponentiate<T>(p.w + set * p.stride, last.m, p.top + set * 2 * P);
    crossScores<T>(cycle, cycle.firstQueries, first.n, queries, first.shift, p.h + set * p.stride);
    exponentiate<T>(p.h + set * p.stride, first.n, p.top + set * 2 * P + P);
    memset(p.h + set * p.stride + first.n * P, 0, sizeof(T) * static_cast<size_t>((roundUp(first.n, kScoreRows) - first.n) * P));
    for (long i = 0; i < P; i++) {
      p.logScale[set * P + i] = 0;
      p.error[set * P + i] = 2 * Tiny<T>::smallest * static_cast<double>(last.m);
    }
  }
}

}  // namespace poly::POLY_ISA
