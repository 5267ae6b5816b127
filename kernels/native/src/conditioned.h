// General h by conditioning (math.md §6.4): every assignment of the cutset leaves a forest; its (L, u) at x1 is multiplied by the
// fixed rows of values and merged into the running softmax of its output rows:
//
//   m' = max(m, L);  z = z e^(m - m') + e^(L - m');  y = y e^(m - m') + u e^(L - m')
//
// Cost: n^(|C|+2) d per edge that depends on the assignment (2 n^2 (d + dv) flops and n^2 exponentials for each assignment), n^2 d
// once for one that does not; O(n (d + dv)) memory. z and y are fp64: there are n^|C| terms.
#pragma once
#include "forest.h"

namespace poly::POLY_ISA {

template <class T>
struct Partial {
  long rows;
  double *maximum, *total, *sums;  // [rows], [rows], [rows, dv]
  T *shared;                       // [dv] factor of every row of the assignment in hand
};

template <class T>
Partial<T> partialRows(long rows, long dv) {
  Partial<T> p = {rows, nullptr, nullptr, nullptr, nullptr};
  Pieces pieces = {nullptr, 0};
  for (int pass = 0; pass < 2; pass++) {
    if (pass == 1) pieces = {static_cast<char *>(scratch(kSlotAssignment, pieces.used)), 0};
    p.maximum = pieces.take<double>(static_cast<size_t>(rows));
    p.total = pieces.take<double>(static_cast<size_t>(rows));
    p.sums = pieces.take<double>(static_cast<size_t>(rows * dv));
    p.shared = pieces.take<T>(static_cast<size_t>(dv));
  }
  return p;
}

// Score of the fixed variables among themselves, -Infinity where a mask or a bias forbids the assignment.
template <class T>
double constantScore(const Forest<T> &f, const long *assignment) {
  const PolynomialArgs &h = f.a.h;
  for (int m = 0; m < h.maskCount; m++) {
    const MaskArgs &mask = h.masks[m];
    if (!f.r.fixed[mask.row] || !f.r.fixed[mask.column]) continue;
    const long difference = assignment[mask.row] - assignment[mask.column];
    if (difference < mask.lowest || difference > mask.highest) return kMinusInfinity<double>;
  }
  double score = 0;
  for (int i = 0; i < f.a.cutsetCount; i++) {
    const T *bias = static_cast<const T *>(h.bias[f.a.cutset[i]]);
    if (bias) score += static_cast<double>(bias[assignment[f.a.cutset[i]]]);
  }
  if (score == kMinusInfinity<double> || f.r.constantCount == 0) return score;
  weighQuery<T>(f, f.r.constants, f.r.constantCount, assignment, f.query);
  for (long c = 0; c < h.d; c++) score += static_cast<double>(f.query[c]);
  return score;
}

// shared = fixed rows of values times the messages of components without x1; returns the components' log-weight.
template <class T>
double shareFactors(const Forest<T> &f, const long *assignment, T *shared) {
  for (long c = 0; c < f.dv; c++) shared[c] = 1;
  for (int i = 0; i < f.a.cutsetCount; i++) {
    const int j = f.a.cutset[i];
    if (!f.dv || !f.a.h.values[j]) continue;
    const T *row = rowOf<T>(f.a.h.values[j], assignment[j], f.dv);
    for (long c = 0; c < f.dv; c++) shared[c] *= row[c];
  }
  double logWeight = 0;
  for (int i = 0; i < f.r.nodeCount; i++) {
    if (f.r.nodes[i].parent >= 0 || i == f.r.rootOfX1) continue;
    logWeight += static_cast<double>(f.states[i].logSumExp[0]);
    for (long c = 0; f.states[i].message && c < f.dv; c++) shared[c] *= f.states[i].message[c];
  }
  return logWeight;
}

// Online merge of u = shared * message (message null: ones) into one row.
template <class T>
void foldRow(const Partial<T> &p, long row, double logSumExp, const T *message, long dv) {
  if (logSumExp == kMinusInfinity<double>) return;
  double *sums = p.sums + row * dv;
  double weight = 1;
  if (logSumExp > p.maximum[row]) {
    const double decay = p.maximum[row] == kMinusInfinity<double> ? 0 : ::exp(p.maximum[row] - logSumExp);
    p.maximum[row] = logSumExp;
    p.total[row] *= decay;
    for (long c = 0; c < dv; c++) sums[c] *= decay;
  } else {
    weight = ::exp(logSumExp - p.maximum[row]);
  }
  p.total[row] += weight;
  if (message)
    for (long c = 0; c < dv; c++) sums[c] += weight * static_cast<double>(p.shared[c] * message[c]);
  else
    for (long c = 0; c < dv; c++) sums[c] += weight * static_cast<double>(p.shared[c]);
}

template <class T>
void foldAssignment(const Forest<T> &f, const Partial<T> &p, const long *assignment, double constant) {
  const double logWeight = constant + shareFactors<T>(f, assignment, p.shared);
  if (logWeight == kMinusInfinity<double>) return;
  if (f.r.rootOfX1 < 0) return foldRow<T>(p, 0, logWeight, nullptr, f.dv);
  const NodeState<T> &root = f.states[f.r.rootOfX1];
  for (long row = root.first; row < root.last; row++)
    foldRow<T>(p, row, logWeight + static_cast<double>(root.logWeight[row]), root.product ? root.product + row * f.dv : nullptr, f.dv);
}

// Every assignment whose first cutset variable lies in [first, last). False if cancelled.
template <class T>
bool foldAssignments(Forest<T> &f, const Partial<T> &p, long first, long last) {
  const ConditionedArgs &a = f.a;
  long assignment[kMaxVariables + 1] = {};
  if (a.cutsetCount > 0) {
    if (first >= last) return true;
    assignment[a.cutset[0]] = first;
  }
  for (;;) {
    if (a.tile.control.cancelled()) return false;
    const double constant = constantScore<T>(f, assignment);
    if (constant != kMinusInfinity<double>) {
      if (!solveForest<T>(f, assignment)) return false;
      foldAssignment<T>(f, p, assignment, constant);
    }
    int i = a.cutsetCount - 1;
    for (; i >= 0; i--) {
      const int j = a.cutset[i];
      if (++assignment[j] < (i == 0 ? last : a.h.n[j])) break;
      assignment[j] = 0;
    }
    if (i < 0) return true;
  }
}

template <class T>
void storePartial(const Partial<T> &p, long dv, T *message, T *logSumExp) {
  for (long row = 0; row < p.rows; row++) {
    const double total = p.total[row];
    logSumExp[row] = total > 0 ? static_cast<T>(p.maximum[row] + log(total)) : kMinusInfinity<T>;
    for (long c = 0; message && c < dv; c++) message[row * dv + c] = total > 0 ? static_cast<T>(p.sums[row * dv + c] / total) : 0;
  }
}

// One unit of work: an output row when x1 is fixed, a part otherwise. False if cancelled.
template <class T>
bool conditionedUnit(Forest<T> &f, const Partial<T> &p, long first, long last, T *message, T *logSumExp) {
  for (long row = 0; row < p.rows; row++) {
    p.maximum[row] = kMinusInfinity<double>;
    p.total[row] = 0;
  }
  for (long i = 0; i < p.rows * f.dv; i++) p.sums[i] = 0;
  if (!foldAssignments<T>(f, p, first, last)) return false;
  storePartial<T>(p, f.dv, message, logSumExp);
  return true;
}

template <class T>
void conditionedStep(const ConditionedArgs &a) {
  Restriction r;
  restrictTo(a, r);
  T *message = static_cast<T *>(a.message), *logSumExp = static_cast<T *>(a.logSumExp);
  Forest<T> f = {a, r, {}, nullptr, nullptr, message ? a.h.dv : 0};
  if (!prepareForest<T>(f)) return;
  const bool rooted = r.rootOfX1 < 0;
  const long rows = rooted ? 1 : a.h.n[1];
  const Partial<T> p = partialRows<T>(rows, f.dv);
  for (long unit = a.tile.firstRow; unit < a.tile.lastRow; unit++) {
    const long n = a.cutsetCount > 0 ? a.h.n[a.cutset[0]] : 0;
    const long first = rooted ? unit : unit * n / a.parts, last = rooted ? unit + 1 : (unit + 1) * n / a.parts;
    T *out = message ? message + unit * rows * f.dv : nullptr;
    if (!conditionedUnit<T>(f, p, first, last, out, logSumExp + unit * rows)) return;
    a.tile.control.advance(1);
  }
}

}  // namespace poly::POLY_ISA
