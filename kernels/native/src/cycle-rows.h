// A cycle's rows: panels of them channel by channel (cycle-panels.h), their certificates, and the rows that fall back.
#pragma once
#include "probe.h"

namespace poly::POLY_ISA {

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
  const long n = a.h.n[a.order[1]], m = a.h.n[a.order[2]];
  const bool fast = a.product == Product::fast || (a.product == Product::measured && least(n, m) >= kFastPays);
  cycle.levels = fast && a.h.t == 3 ? fastLevels<T>(n, m, a.h.n[1]) : 0;
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
