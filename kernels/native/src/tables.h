// Tables (L, u) of an elimination and the sum over one variable v with neighbours a (rows) and b (columns), math.md §2.2, §6.5: with A, B
// and C the products of the factors on (a, v), on (b, v) and on v alone,
//
//   L[a, b] = LSE_v( A_L[a, v] + B_L[b, v] + C_L[v] ),   u[a, b] = the same softmax's average of A_u . B_u . C_u . V_v
//
// Here entry by entry in logarithms, which any range of scores will do for and which reads only what the entry may see: masked sums, sums
// with a single neighbour, and the entries that matrix products (table-products.h) could not hold. Lanes are v; what masks leave of a
// row is a range, and ranges begin and end at whole vectors, so that an entry's bits do not depend on what is masked.
// Averages lie channel by channel, [channels][rows][stride]; strides are whole vectors, with zeros or -Infinity behind the last column.
//
// Cost of an entry: n_v exponentials and 2 n_v dv flops, 3 where both sides have averages.
#pragma once
#include "buckets.h"

namespace poly::POLY_ISA {

template <class T>
struct Message {
  T *logSumExp;  // [rows][stride]
  T *average;    // [channels][rows][stride]; null: all ones
  long rows, columns, stride;
  long plane() const { return rows * stride; }
};

// What a pass over some channels works on. Rows of x1 are those of the tile, numbered from 0.
template <class T>
struct Elimination {
  const EliminateArgs &a;
  const Buckets &b;
  const Forest<T> &given;  // the fixed variables' part: a forest without nodes
  long firstRow, rows, channel, channels;
  bool masked;  // somewhere in the step
  Message<T> message[kMaxVariables] = {};
  bool done[kMaxVariables] = {};
  T *panels[kMaxVariables + 1] = {};  // packed rows of each variable that goes
  T *values[kMaxVariables + 1] = {};  // [dv][stride] or null
  T *own = nullptr, *ownAverage = nullptr;           // [nv], [channels][stride]
  T *rowScore = nullptr, *columnScore = nullptr;     // A and B in logarithms, C in A: [na][stride], [nb][stride]
  long *rowRange = nullptr, *columnRange = nullptr;  // [.][2]
  T *rowTop = nullptr, *columnTop = nullptr;         // [na], [nb]
  T *weights = nullptr;                              // [stride], of the entry in hand
  T *packed = nullptr, *tile = nullptr, *spare = nullptr, *zeros = nullptr, *query = nullptr;
  T *groups = nullptr, *scaledGroups = nullptr, *sides = nullptr, *panel = nullptr, *inverse = nullptr;  // table-products.h

  long count(int v) const { return v == 0 ? 1 : v == 1 ? rows : a.h.n[v]; }
  long offset(int v) const { return v == 1 ? firstRow : 0; }
};

template <class T>
long strideOf(long columns) { return roundUp(columns, Vec<T>::W); }

// C of one bucket: bias, terms with fixed variables, masks towards them, and messages over v alone.
template <class T>
void fillOwn(const Elimination<T> &e, const Bucket &bucket, const long *assignment) {
  const PolynomialArgs &h = e.a.h;
  const int v = bucket.variable;
  const long n = h.n[v];
  const T *bias = static_cast<const T *>(h.bias[v]);
  for (long l = 0; l < n; l++) e.own[l] = bias ? bias[l] : 0;
  if (bucket.unaryCount > 0) {
    weighQuery<T>(e.given, bucket.unary, bucket.unaryCount, assignment, e.query);
    NodeState<T> s = {};
    s.panels = e.panels[v];
    s.logWeight = e.own;
    s.last = n;
    addUnary<T>(s, e.query, h.d);
  }
  for (int k = 0; k < bucket.inputCount; k++)
    for (long l = 0; l < n; l++) e.own[l] += e.message[bucket.inputs[k]].logSumExp[l];
  for (int m = 0; m < bucket.maskCount; m++) {
    const HalfMask &mask = bucket.masks[m];
    for (long l = 0; l < n; l++)
      if (l - assignment[mask.fixed] < mask.lowest || l - assignment[mask.fixed] > mask.highest) e.own[l] = kMinusInfinity<T>;
  }
  for (long l = n; l < roundUp(n, kPanel<T>); l++) e.own[l] = kMinusInfinity<T>;
}

template <class T>
void multiplyInto(T *out, const T *factor, long n) {
  for (long i = 0; i < n; i += Vec<T>::W) Vec<T>::mul(Vec<T>::load(out + i), Vec<T>::load(factor + i)).store(out + i);
}

// C_u . V_v of one bucket, or null where it is all ones.
template <class T>
const T *fillOwnAverage(const Elimination<T> &e, const Bucket &bucket) {
  const long stride = strideOf<T>(e.a.h.n[bucket.variable]), count = e.channels * stride;
  const T *values = e.values[bucket.variable];
  bool carries = values != nullptr;
  if (values) memcpy(e.ownAverage, values + e.channel * stride, sizeof(T) * static_cast<size_t>(count));
  for (int k = 0; k < bucket.inputCount; k++) {
    const T *average = e.message[bucket.inputs[k]].average;
    if (!average) continue;
    if (carries) multiplyInto<T>(e.ownAverage, average, count);
    else memcpy(e.ownAverage, average, sizeof(T) * static_cast<size_t>(count));
    carries = true;
  }
  return carries ? e.ownAverage : nullptr;
}

// Scores of `rows` rows of one side against all of v, on top of `bias`, a row of v with whole panels.
template <class T>
bool scoreSide(const Elimination<T> &e, const Bucket &bucket, const Side &side, const long *assignment, const T *bias, T *out) {
  constexpr long P = kPanel<T>, R = kScoreRows;
  const PolynomialArgs &h = e.a.h;
  const long rows = e.count(side.variable), n = h.n[bucket.variable], stride = strideOf<T>(n);
  weighQuery<T>(e.given, side.monomials, side.monomialCount, assignment, e.query);
  const Queries<T> q = {static_cast<const T *>(h.queries[side.variable]) + e.offset(side.variable) * h.d, e.query, 1};
  for (long row = 0; row < rows; row += kGroup) {
    if (e.a.tile.control.cancelled()) return false;
    packQueries<T>(q, row, least(kGroup, rows - row), h.d, e.packed);
    for (long r = 0; r < least(kGroup, rows - row); r += R)
      for (long k = 0; k < n; k += P) {
        scoreTile<T>(h.d, e.packed + r * h.d, h.d, e.panels[bucket.variable] + k * h.d, bias + k, e.tile, e.spare);
        const size_t bytes = sizeof(T) * static_cast<size_t>(least(P, stride - k));
        for (long i = 0; i < least(R, rows - row - r); i++) memcpy(out + (row + r + i) * stride + k, e.tile + i * kBlock<T>, bytes);
      }
  }
  return true;
}

// The range of columns that have weight, in whole vectors; returns the largest entry.
template <class T>
T surveyRow(const T *row, long n, long *range) {
  constexpr long W = Vec<T>::W;
  Vec<T> top = Vec<T>::set(kMinusInfinity<T>);
  long from = 0, to = strideOf<T>(n);
  for (long k = 0; k < to; k += W) top = Vec<T>::max(Vec<T>::load(row + k), top);
  while (from < to && Vec<T>::load(row + from).maximum() == kMinusInfinity<T>) from += W;
  while (from < to && Vec<T>::load(row + to - W).maximum() == kMinusInfinity<T>) to -= W;
  range[0] = from;
  range[1] = to;
  return top.maximum();
}

// All of one side in logarithms, `bias` included. Without a neighbour it is one row, the bias alone. False if cancelled.
template <class T>
bool fillSideScores(const Elimination<T> &e, const Bucket &bucket, const Side &side, const long *assignment, const T *bias, T *out,
                    long *range, T *top) {
  const long rows = e.count(side.variable), n = e.a.h.n[bucket.variable], stride = strideOf<T>(n);
  if (side.monomialCount > 0) {
    if (!scoreSide<T>(e, bucket, side, assignment, bias, out)) return false;
  } else {
    for (long r = 0; r < rows; r++) memcpy(out + r * stride, bias, sizeof(T) * static_cast<size_t>(stride));
  }
  for (long r = 0; r < rows; r++) {
    T *row = out + r * stride;
    for (int k = 0; k < side.inputCount; k++) {
      const T *sent = e.message[side.inputs[k]].logSumExp + r * stride;
      for (long l = 0; l < n; l++) row[l] += sent[l];
    }
    if (side.variable) {
      const long l = r + e.offset(side.variable);
      for (long k = 0; k < least(n, l - side.band.highest); k++) row[k] = kMinusInfinity<T>;
      for (long k = greatest(0, l - side.band.lowest + 1); k < n; k++) row[k] = kMinusInfinity<T>;
    }
    top[r] = surveyRow<T>(row, n, range + 2 * r);
  }
  return true;
}

// Rows [channels][stride] that multiply one another: those of a side's messages, and C_u . V_v.
template <class T>
struct Factors {
  const T *data[kMaxVariables + 1];
  long plane[kMaxVariables + 1];
  int count;
};

template <class T>
void addFactors(const Elimination<T> &e, const Side &side, long row, Factors<T> &f) {
  for (int k = 0; k < side.inputCount; k++) {
    const Message<T> &m = e.message[side.inputs[k]];
    if (!m.average) continue;
    f.data[f.count] = m.average + row * m.stride;
    f.plane[f.count++] = m.plane();
  }
}

// out[c * step] = scale * sum over [from, to) of weights . factors, four channels at a time; K = 0: any number of factors.
template <class T, int K>
__attribute__((noinline)) void averageOver(const T *weights, const Factors<T> &f, long from, long to, long channels, T scale, T *out, long step) {
  using V = Vec<T>;
  constexpr int N = 4;
  for (long c = 0; c < channels; c += N) {
    const int width = static_cast<int>(least(N, channels - c));
    V sum[N] = {V::set(0), V::set(0), V::set(0), V::set(0)};
    for (long l = from; l < to; l += V::W) {
      const V w = V::load(weights + l);
#pragma GCC unroll 4
      for (int j = 0; j < N; j++) {
        const long at = c + (j < width ? j : 0);
        V x = w;
        for (int k = 1; k < (K ? K : f.count); k++) x = V::mul(x, V::load(f.data[k] + at * f.plane[k] + l));
        sum[j] = V::fma(x, V::load(f.data[0] + at * f.plane[0] + l), sum[j]);
      }
    }
    for (int j = 0; j < width; j++) out[(c + j) * step] = scale * sum[j].sum();
  }
}

// One entry in logarithms.
template <class T>
void sumEntry(const Elimination<T> &e, const Message<T> &out, const Factors<T> &f, long row, long column, long stride) {
  using V = Vec<T>;
  const long from = greatest(e.rowRange[2 * row], e.columnRange[2 * column]), to = least(e.rowRange[2 * row + 1], e.columnRange[2 * column + 1]);
  const T *a = e.rowScore + row * stride, *b = e.columnScore + column * stride;
  V most = V::set(kMinusInfinity<T>);
  for (long l = from; l < to; l += V::W) {
    const V s = V::add(V::load(a + l), V::load(b + l));
    s.store(e.weights + l);
    most = V::max(s, most);
  }
  const T top = most.maximum();
  const long at = row * out.stride + column;
  if (!(top > kMinusInfinity<T>)) {
    out.logSumExp[at] = kMinusInfinity<T>;
    for (long c = 0; out.average && c < e.channels; c++) out.average[c * out.plane() + at] = 0;
    return;
  }
  V total = V::set(0);
  for (long l = from; l < to; l += V::W) {
    const V w = exp<T>(V::sub(V::load(e.weights + l), V::set(top)));
    w.store(e.weights + l);
    total = V::add(total, w);
  }
  const T sum = total.sum();
  out.logSumExp[at] = logSum<T>(top, static_cast<double>(sum));
  if (!out.average) return;
  if (f.count == 1) averageOver<T, 1>(e.weights, f, from, to, e.channels, 1 / sum, out.average + at, out.plane());
  else if (f.count == 2) averageOver<T, 2>(e.weights, f, from, to, e.channels, 1 / sum, out.average + at, out.plane());
  else averageOver<T, 0>(e.weights, f, from, to, e.channels, 1 / sum, out.average + at, out.plane());
}

// Entries of the message whose `wanted` [rows][stride] is negative; null: all of them. False if cancelled.
template <class T>
bool sumEntries(const Elimination<T> &e, const Bucket &bucket, const Message<T> &out, const T *ownAverage, const T *wanted) {
  const long stride = strideOf<T>(e.a.h.n[bucket.variable]), offset = e.offset(bucket.row.variable) - e.offset(bucket.column.variable);
  for (long row = 0; row < out.rows; row++) {
    Factors<T> ofRow = {};
    if (out.average) addFactors<T>(e, bucket.row, row, ofRow);
    if (ownAverage) {
      ofRow.data[ofRow.count] = ownAverage;
      ofRow.plane[ofRow.count++] = stride;
    }
    for (long column = 0; column < out.columns; column++) {
      if (wanted && !(wanted[row * out.stride + column] < 0)) continue;
      if (e.a.tile.control.cancelled()) return false;
      const long difference = row - column + offset;
      Factors<T> f = ofRow;
      if (out.average) addFactors<T>(e, bucket.column, column, f);
      if (difference < bucket.band.lowest || difference > bucket.band.highest) {
        const long at = row * out.stride + column;
        out.logSumExp[at] = kMinusInfinity<T>;
        for (long c = 0; out.average && c < e.channels; c++) out.average[c * out.plane() + at] = 0;
      } else {
        sumEntry<T>(e, out, f, row, column, stride);
      }
    }
  }
  return true;
}

}  // namespace poly::POLY_ISA
