// A cycle's rows: panels of output rows through the shared matrices of cycle.h, their certificates, and the rows that fall back.
#pragma once
#include "probe.h"

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

template <class T>
bool multiplyStage(const Cycle<T> &cycle, const Stage<T> &s, const Panels<T> &p) {
  if (cycle.levels == 0) return multiplyPanel<T>(s.n, s.m, s.matrix, p.in, nullptr, p.out, cycle.a.tile.control);
  const FastShape shape = fastShape<T>(s.n, s.m, cycle.levels);
  const T *matrix = s.matrix, *in[kMaxSets];
  T *out[kMaxSets];
  for (int set = 0; set < p.sets; set++) {
    in[set] = p.in + set * p.stride;
    out[set] = p.out + set * p.stride;
  }
  return multiplyFast<T>(shape.n, shape.m, cycle.levels, matrix, in, nullptr, out, p.work, cycle.a.tile.control);
}

// T and Y of one channel up to the last product; c = dv is the channel of ones, which also sets every stage's scale.
template <class T>
bool runChannel(const Cycle<T> &cycle, const Panels<T> &p, long c) {
  using V = Vec<T>;
  constexpr long P = kPanel<T>;
  const bool ones = c == cycle.dv;
  const Stage<T> &last = cycle.stage[cycle.stages];
  const long padded = roundUp(last.m, 1L << cycle.levels);
  for (int set = 0; set < p.sets; set++)
    scaleRows<T>(p.w + set * p.stride, last.m, padded, nullptr, ones ? nullptr : cycle.lastValues, cycle.dv, c, nullptr, p.in + set * p.stride);
  for (int k = cycle.stages; k > 1; k--) {
    const Stage<T> &s = cycle.stage[k];
    if (!multiplyStage<T>(cycle, s, p)) return false;
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
  return multiplyStage<T>(cycle, cycle.stage[1], p);
}

// sums[c] = sum over l of h[l] V[l, c] Y[l], in runs whose sums are added.
template <class T>
void closeChannel(const Cycle<T> &cycle, const Panels<T> &p, long c) {
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
    for (long i = 0; i < P; i++) {
      p.logScale[set * P + i] = 0;
      p.error[set * P + i] = 2 * Tiny<T>::smallest * static_cast<double>(last.m);
    }
  }
}

// Rows that no tuple can reach are empty, not failures: some variable has no admissible row at all.
template <class T>
bool isEmptyRow(const Cycle<T> &cycle, const T *top, long i) {
  if (top[i] == kMinusInfinity<T> || top[kPanel<T> + i] == kMinusInfinity<T>) return true;
  for (int k = 2; k <= cycle.stages; k++)
    if (cycle.stage[k].top == kMinusInfinity<T>) return true;
  return false;
}

constexpr long kMaxLanes = 256;

// Writes accepted rows; lists the others in `failed` and returns their number. `fastError` [lanes] bounds the fast product.
template <class T>
long storePanels(const Cycle<T> &cycle, const Panels<T> &p, long row, long count, const double *fastError, long *failed) {
  constexpr long P = kPanel<T>;
  const CycleArgs &a = cycle.a;
  T *message = static_cast<T *>(a.message), *logSumExp = static_cast<T *>(a.logSumExp);
  const T *bias = static_cast<const T *>(a.h.bias[1]);
  long failures = 0;
  for (long lane = 0; lane < count; lane++) {
    const long set = lane / P, i = lane % P;
    const T *sums = p.sums + set * (cycle.dv + 1) * P + i, *top = p.top + set * 2 * P;
    const double n = static_cast<double>(cycle.stage[1].n), m = static_cast<double>(cycle.stage[1].m);
    const double total = static_cast<double>(sums[cycle.dv * P]);
    T *out = message && cycle.dv ? message + (row + lane) * cycle.dv : nullptr;
    const bool empty = isEmptyRow<T>(cycle, top, i) || (bias && bias[row + lane] == kMinusInfinity<T>);
    const double lost = n * (p.error[lane] + 2 * m * Tiny<T>::smallest);
    const bool accepted = total > 0 && lost <= Tiny<T>::epsilon * total && (!fastError || fastError[lane] <= kFastEpsilon * total);
    if (!empty && !accepted) {
      failed[failures++] = row + lane;
      continue;
    }
    const double scale = static_cast<double>(top[i]) + static_cast<double>(top[P + i]) + p.logScale[lane];
    logSumExp[row + lane] = empty ? kMinusInfinity<T> : static_cast<T>(scale + log(total) + (bias ? static_cast<double>(bias[row + lane]) : 0));
    for (long c = 0; out && c < cycle.dv; c++) out[c] = empty ? 0 : static_cast<T>(static_cast<double>(sums[c * P]) / total);
  }
  return failures;
}

// The rows [row, row + count) that failed, by conditioning on x1 (math.md §6.4). False if cancelled.
template <class T>
bool fallBack(const Cycle<T> &cycle, const long *failed, long count) {
  ConditionedArgs a = {};
  a.tile = cycle.a.tile;
  a.h = cycle.a.h;
  a.cutsetCount = 1;
  a.cutset[0] = 1;
  a.parts = 1;
  for (int k = a.h.t - 1; k >= 1; k--) {
    a.forest[a.forestCount] = cycle.a.order[k];
    a.parent[a.forestCount++] = k > 1 ? cycle.a.order[k - 1] : 0;
  }
  a.message = cycle.a.message;
  a.logSumExp = cycle.a.logSumExp;
  Restriction r;
  restrictTo(a, r);
  Forest<T> f = {a, r, {}, nullptr, nullptr, cycle.dv};
  if (!prepareForest<T>(f)) return false;
  const Partial<T> p = partialRows<T>(1, cycle.dv);
  for (long i = 0; i < count; i++) {
    const long row = failed[i];
    T *message = cycle.dv ? static_cast<T *>(a.message) + row * cycle.dv : nullptr;
    if (!conditionedUnit<T>(f, p, row, row + 1, message, static_cast<T *>(a.logSumExp) + row)) return false;
  }
  return true;
}

// The channel of values that lies furthest to one side, whose errors therefore add up most. Channels are dv >= 1.
template <class T>
long steadiestChannel(const T *values, long n, long dv) {
  long found = 0;
  double most = -1;
  for (long c = 0; c < dv; c++) {
    const double largest = largestOf<T>(values, n, dv, c);
    double sum = 0;
    for (long l = 0; l < n; l++) sum += static_cast<double>(values[l * dv + c]);
    const double share = largest > 0 ? __builtin_fabs(sum) / largest : 0;
    if (!(share > most)) continue;
    most = share;
    found = c;
  }
  return found;
}

template <class T>
bool tryChannel(const Cycle<T> &cycle, const Panels<T> &p, long c, double *error) {
  openProbe<T>(cycle, p);
  if (!runChannel<T>(cycle, p, c)) return false;
  closeChannel<T>(cycle, p, c);
  probeChannel<T>(cycle, p, c);
  closeProbe<T>(cycle, p, error);
  return true;
}

// Whether the fast product may be expected to hold: two channels of one group, its panels spread over all rows of the output, under the
// certificate with a margin. The channel of ones stands for itself, one of values for the others.
template <class T>
bool tryFast(const Cycle<T> &cycle, bool *holds) {
  constexpr long P = kPanel<T>;
  constexpr double kMargin = 2;
  const Panels<T> p = layOutPanels<T>(cycle);
  const long dv = cycle.dv, lanes = P * p.sets;
  double ones[kMaxLanes], others[kMaxLanes] = {};
  openPanels<T>(cycle, p, 0, lanes, (cycle.a.h.n[1] - P) / (p.sets - 1));
  if (!tryChannel<T>(cycle, p, dv, ones)) return false;
  const long steadiest = cycle.lastValues ? steadiestChannel<T>(cycle.lastValues, cycle.stage[1].m, dv) : dv;
  if (dv > 0 && !tryChannel<T>(cycle, p, steadiest, others)) return false;
  *holds = true;
  for (long lane = 0; lane < lanes; lane++) {
    const long set = lane / P, i = lane % P;
    if (isEmptyRow<T>(cycle, p.top + set * 2 * P, i)) continue;
    const double total = static_cast<double>(p.sums[(set * (dv + 1) + dv) * P + i]);
    const double error = __builtin_sqrt(ones[lane] * ones[lane] + static_cast<double>(dv) * others[lane] * others[lane]);
    if (!(kMargin * error <= kFastEpsilon * total)) *holds = false;
  }
  return true;
}

// The shared matrices, packed for the product that the step asks for; `measured` decides once a thread and call, from rows that are the
// same for all tiles, so that every thread decides alike. False if cancelled.
template <class T>
bool prepareProduct(Cycle<T> &cycle) {
  const CycleArgs &a = cycle.a;
  // The fast product is for one matrix product a channel; longer cycles, and what is too small to halve, take the classical one.
  const bool fast = a.product != Product::classical && a.h.t == 3;
  cycle.levels = fast ? fastLevels<T>(a.h.n[a.order[1]], a.h.n[a.order[2]], a.h.n[1]) : 0;
  PackedFor &packed = packedFor(kSlotCycleMatrices);
  const bool ready = packed.callId == a.tile.callId && packed.owner == a.h.queries[1];
  if (a.product != Product::measured || cycle.levels == 0) return prepareCycle<T>(cycle);
  if (ready) cycle.levels = packed.levels;
  if (!prepareCycle<T>(cycle)) return false;
  if (ready) return true;
  bool holds = false;
  if (!tryFast<T>(cycle, &holds)) {
    packed = {-1, nullptr, 0};
    return false;
  }
  if (holds) return true;
  packed = {-1, nullptr, 0};
  cycle.levels = 0;
  return prepareCycle<T>(cycle);
}

template <class T>
long cycleStep(const CycleArgs &a) {
  const long dv = a.message ? a.h.dv : 0;
  Cycle<T> cycle = {a, a.h.t - 2, a.h.d, dv, 0, 0, {}, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
  if (!prepareProduct<T>(cycle)) return 0;
  const int levels = cycle.levels;
  const Panels<T> p = layOutPanels<T>(cycle);
  const long lanes = kPanel<T> * p.sets;
  long failed[kMaxLanes], fallbackRows = 0;
  double fastError[kMaxLanes];
  for (long row = a.tile.firstRow; row < a.tile.lastRow; row += lanes) {
    const long count = least(lanes, a.tile.lastRow - row);
    openPanels<T>(cycle, p, row, count);
    if (levels) openProbe<T>(cycle, p);
    // The channel of ones first: it sets the scales of the others.
    for (long c = dv; c >= 0; c--) {
      if (!runChannel<T>(cycle, p, c)) return fallbackRows;
      closeChannel<T>(cycle, p, c);
      if (levels) probeChannel<T>(cycle, p, c);
    }
    if (levels) closeProbe<T>(cycle, p, fastError);
    const long failures = storePanels<T>(cycle, p, row, count, levels ? fastError : nullptr, failed);
    if (failures > 0 && !fallBack<T>(cycle, failed, failures)) return fallbackRows;
    fallbackRows += failures;
    if (levels) a.tile.control.countFast(count - failures);
    a.tile.control.advance(count);
  }
  return fallbackRows;
}

}  // namespace poly::POLY_ISA
