// The residual forest of one assignment, solved by messages (math.md §6.1, §6.4). What does not depend on the assignment is packed
// or computed once per thread and call: the keys of every node, the values of every leaf, whole messages of constant subtrees. An
// edge with fixed variables keeps its packed keys too: the product of the fixed rows is folded into the queries (§6.2).
#pragma once
#include "restriction.h"

namespace poly::POLY_ISA {

template <class T>
struct NodeState {
  const T *queries;   // [n, d]
  const T *values;    // [n, dv] or null
  const T *bias;      // [n] or null
  T *panels;          // packed keys
  T *chunks;          // packed values, of X
  T *logWeight;       // b [n padded to panels], -Infinity beyond n and outside [first, last); in units of log2 once attend has read it
  T *product;         // X [n, dv]; only where a child has values, otherwise X = values
  T *message;         // u [n_parent, dv], of a root [dv]
  T *logSumExp;       // L [n_parent], of a root [1]
  long n, first, last;  // rows that the masks towards fixed variables leave
};

template <class T>
struct Forest {
  const ConditionedArgs &a;
  const Restriction &r;
  NodeState<T> states[kMaxVariables];
  T *weights;  // [max n], scratch of means
  T *query;    // [d], product of fixed rows
  long dv;     // 0: only log-sum-exps are wanted
};

template <class T>
const T *rowOf(const void *matrix, long row, long cols) { return static_cast<const T *>(matrix) + row * cols; }

// Hands out one buffer in aligned pieces; with base null only measures.
struct Pieces {
  char *base;
  size_t used;
  template <class T>
  T *take(size_t count) {
    T *piece = base ? reinterpret_cast<T *>(base + used) : nullptr;
    used += (count * sizeof(T) + 63) / 64 * 64;
    return piece;
  }
};

template <class T>
void layOut(Forest<T> &f, Pieces &pieces) {
  long most = 1;
  for (int i = 0; i < f.r.nodeCount; i++) {
    const Node &node = f.r.nodes[i];
    NodeState<T> &s = f.states[i];
    const int j = node.variable;
    s.queries = static_cast<const T *>(f.a.h.queries[j]);
    s.values = f.dv ? static_cast<const T *>(f.a.h.values[j]) : nullptr;
    s.bias = static_cast<const T *>(f.a.h.bias[j]);
    s.n = f.a.h.n[j];
    most = greatest(most, s.n);
    const long padded = roundUp(s.n, kPanel<T>);
    const bool needsX = f.dv && node.hasX;
    if (node.parent >= 0 || node.unaryCount > 0) s.panels = pieces.take<T>(static_cast<size_t>(padded * f.a.h.d));
    if (node.parent >= 0 && needsX) s.chunks = pieces.take<T>(valueBytes<T>(s.n, f.dv) / sizeof(T));
    s.logWeight = pieces.take<T>(static_cast<size_t>(padded));
    bool childX = false;
    for (int c = 0; c < node.childCount; c++) childX = childX || f.r.nodes[node.children[c]].hasX;
    s.product = needsX && childX ? pieces.take<T>(static_cast<size_t>(s.n * f.dv)) : nullptr;
    const long rows = node.parent >= 0 ? f.a.h.n[f.r.nodes[node.parent].variable] : 1;
    s.message = needsX && i != f.r.rootOfX1 ? pieces.take<T>(static_cast<size_t>(rows * f.dv)) : nullptr;
    s.logSumExp = pieces.take<T>(static_cast<size_t>(rows));
  }
  f.weights = pieces.take<T>(static_cast<size_t>(roundUp(most, 64)));
  f.query = pieces.take<T>(static_cast<size_t>(f.a.h.d + 1));
}

// query = sum over monomials of scale * coefficient * (product of the fixed rows). The free variables' rows are left out.
template <class T>
void weighQuery(const Forest<T> &f, const int *monomials, int count, const long *assignment, T *query) {
  const PolynomialArgs &h = f.a.h;
  for (long c = 0; c < h.d; c++) query[c] = 0;
  for (int i = 0; i < count; i++) {
    const MonomialArgs &m = h.monomials[monomials[i]];
    const T *rows[kMaxVariables];
    int fixed = 0;
    for (int v = 0; v < m.count; v++)
      if (f.r.fixed[m.variables[v]]) rows[fixed++] = rowOf<T>(h.queries[m.variables[v]], assignment[m.variables[v]], h.d);
    const T coefficient = static_cast<T>(h.scale * m.coefficient);
    for (long c = 0; c < h.d; c++) {
      T product = coefficient;
      for (int v = 0; v < fixed; v++) product *= rows[v][c];
      query[c] += product;
    }
  }
}

// b[l] += <query, Q[l]> from packed panels: lanes are rows, so nothing is summed across lanes.
template <class T>
void addUnary(const NodeState<T> &s, const T *query, long d) {
  using V = Vec<T>;
  constexpr long P = kPanel<T>;
  for (long k = s.first / P * P; k < s.last; k += P) {
    V acc[kScoreVecs];
    for (int j = 0; j < kScoreVecs; j++) acc[j] = V::load(s.logWeight + k + j * V::W);
    const T *panel = s.panels + k * d;
    for (long c = 0; c < d; c++, panel += P) {
      const V q = V::set(query[c]);
#pragma GCC unroll 8
      for (int j = 0; j < kScoreVecs; j++) acc[j] = V::fma(q, V::load(panel + j * V::W), acc[j]);
    }
    for (int j = 0; j < kScoreVecs; j++) acc[j].store(s.logWeight + k + j * V::W);
  }
}

// The rows that masks towards fixed variables leave.
template <class T>
void restrictRows(const Node &node, const long *assignment, NodeState<T> &s) {
  s.first = 0;
  s.last = s.n;
  for (int i = 0; i < node.maskCount; i++) {
    const HalfMask &mask = node.masks[i];
    s.first = greatest(s.first, assignment[mask.fixed] + mask.lowest);
    s.last = least(s.last, assignment[mask.fixed] + mask.highest + 1);
  }
  if (s.first >= s.last) s.first = s.last = 0;
}

// b = bias + unary terms + log-sum-exps of the children, -Infinity outside the admissible rows.
template <class T>
void fillLogWeight(const Forest<T> &f, int i, const long *assignment) {
  const Node &node = f.r.nodes[i];
  const NodeState<T> &s = f.states[i];
  const long padded = roundUp(s.n, kPanel<T>);
  for (long l = 0; l < s.n; l++) s.logWeight[l] = s.bias ? s.bias[l] : 0;
  if (node.unaryCount > 0) {
    weighQuery<T>(f, node.unary, node.unaryCount, assignment, f.query);
    addUnary<T>(s, f.query, f.a.h.d);
  }
  for (int c = 0; c < node.childCount; c++) {
    const T *logSumExp = f.states[node.children[c]].logSumExp;
    for (long l = s.first; l < s.last; l++) s.logWeight[l] += logSumExp[l];
  }
  for (long l = 0; l < s.first; l++) s.logWeight[l] = kMinusInfinity<T>;
  for (long l = s.last; l < padded; l++) s.logWeight[l] = kMinusInfinity<T>;
}

// X = values times the children's messages.
template <class T>
void fillProduct(const Forest<T> &f, int i) {
  const Node &node = f.r.nodes[i];
  const NodeState<T> &s = f.states[i];
  if (!s.product) return;
  const long from = s.first * f.dv, to = s.last * f.dv;
  const T *factor = s.values;
  int c = 0;
  if (!factor)
    while (!factor) factor = f.states[node.children[c++]].message;
  for (; c < node.childCount; c++) {
    const T *message = f.states[node.children[c]].message;
    if (!message) continue;
    for (long l = from; l < to; l++) s.product[l] = factor[l] * message[l];
    factor = s.product;
  }
  if (factor != s.product) memcpy(s.product + from, factor + from, sizeof(T) * static_cast<size_t>(to - from));
}

// One node of the forest, its children being done. False if cancelled.
template <class T>
bool solveNode(const Forest<T> &f, int i, const long *assignment) {
  const Node &node = f.r.nodes[i];
  const NodeState<T> &s = f.states[i];
  fillLogWeight<T>(f, i, assignment);
  fillProduct<T>(f, i);
  if (i == f.r.rootOfX1) return true;
  const T *x = s.product ? s.product : s.values;
  if (node.parent < 0) {
    const T *rows = x ? x + s.first * f.dv : nullptr;
    meanOfRows<T>(s.logWeight + s.first, rows, s.last - s.first, f.dv, f.weights, s.message, s.logSumExp);
    return true;
  }
  if (s.product) packValues<T>(s.product, s.n, f.dv, s.chunks);
  const NodeState<T> &parent = f.states[node.parent];
  double scale = 0;
  for (int m = 0; m < node.edgeCount; m++) scale += f.a.h.scale * f.a.h.monomials[node.edge[m]].coefficient;
  if (node.weighted) weighQuery<T>(f, node.edge, node.edgeCount, assignment, f.query);
  const Queries<T> queries = {parent.queries, node.weighted ? f.query : nullptr, node.weighted ? 1.0 : scale};
  const T unit = static_cast<T>(kLog2e);
  for (long l = s.first; l < s.last; l++) s.logWeight[l] *= unit;
  const Keys<T> keys = {s.panels, s.logWeight, s.n, f.a.h.d};
  const Output<T> out = {s.message ? s.message + parent.first * f.dv : nullptr, s.logSumExp + parent.first};
  return attendRows<T>(queries, parent.first, parent.last, keys, {s.chunks, s.message ? f.dv : 0}, node.band, s.first, s.last, out,
                       f.a.tile.control, false);
}

// Packs what no assignment changes and solves the constant subtrees, unless this thread did so for this call. False if cancelled.
template <class T>
bool prepareForest(Forest<T> &f) {
  Pieces measure = {nullptr, 0};
  layOut<T>(f, measure);
  Pieces pieces = {static_cast<char *>(scratch(kSlotForest, measure.used)), 0};
  layOut<T>(f, pieces);
  const long nothing[kMaxVariables + 1] = {};
  for (int i = 0; i < f.r.nodeCount; i++)
    if (f.r.nodes[i].maskCount == 0) restrictRows<T>(f.r.nodes[i], nothing, f.states[i]);
  PackedFor &packed = packedFor(kSlotForest);
  if (packed.callId == f.a.tile.callId && packed.owner == f.a.h.queries[1]) return true;
  packed = {-1, nullptr};
  // Rows that a mask leaves out are never written, but may be multiplied by a weight of zero: they must be numbers.
  memset(pieces.base, 0, pieces.used);
  for (int i = 0; i < f.r.nodeCount; i++) {
    NodeState<T> &s = f.states[i];
    if (s.panels) packKeys<T>(s.queries, s.n, f.a.h.d, s.panels);
    if (s.chunks && !s.product) packValues<T>(s.values, s.n, f.dv, s.chunks);
  }
  for (int i = 0; i < f.r.nodeCount; i++) {
    // A constant child of a masked parent is computed for all the parent's rows.
    const Node &node = f.r.nodes[i];
    if (!node.constant) continue;
    if (node.parent >= 0 && f.r.nodes[node.parent].maskCount > 0) {
      f.states[node.parent].first = 0;
      f.states[node.parent].last = f.states[node.parent].n;
    }
    if (!solveNode<T>(f, i, nothing)) return false;
  }
  packed = {f.a.tile.callId, f.a.h.queries[1]};
  return true;
}

template <class T>
bool solveForest(Forest<T> &f, const long *assignment) {
  for (int i = 0; i < f.r.nodeCount; i++)
    if (f.r.nodes[i].maskCount > 0) restrictRows<T>(f.r.nodes[i], assignment, f.states[i]);
  for (int i = 0; i < f.r.nodeCount; i++)
    if (!f.r.nodes[i].constant && !solveNode<T>(f, i, assignment)) return false;
  return true;
}

}  // namespace poly::POLY_ISA
