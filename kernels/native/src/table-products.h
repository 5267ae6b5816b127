// The sum over one variable by matrix products (math.md §6.3, §6.5), where nothing is masked: with r[a] and c[b] the largest scores of a
// row of either side,
//
//   W = exp(A + C - r) [na, nv],  P = exp(B - c) [nb, nv],  Y = W P^T,  L = r + c + ln Y,
//   u of a channel = (W . A_u . C_u . V) (P . B_u)^T / Y
//
// What underflows in W, P or their products changes an entry of Y by at most 3 nv times the smallest normal number; entries of Y below
// kLeast are left to sums in logarithms (tables.h), so that whatever is kept is right to rounding. The maxima depend on all rows, so this
// is not for masked steps, where no bit of a row may depend on later ones.
//
// Cost: 2 na nb nv flops for the weights and for each channel, (na + nb) nv exponentials; averages of a side are multiplied into its packed
// weights channel by channel.
#pragma once
#include "log.h"
#include "tables.h"

namespace poly::POLY_ISA {

template <class T>
constexpr T kLeast = static_cast<T>(sizeof(T) == 4 ? 1e-20 : 1e-250);

// Rows [row, row + count) of exp(score - top), each with n numbers, into out [count][n].
template <class T>
void weighRowsOf(const T *score, const T *top, long row, long count, long n, long stride, T *out) {
  using V = Vec<T>;
  for (long r = 0; r < count; r++) {
    const V shift = V::set(top[row + r] == kMinusInfinity<T> ? 0 : top[row + r]);
    const T *in = score + (row + r) * stride;
    for (long k = 0; k < n; k += V::W) storePart<T>(out + r * n + k, exp<T>(V::sub(V::load(in + k), shift)), n - k);
  }
}

// Both sides' weights, packed for the product: groups of rows [na / R][nv][R], panels of columns [nb / panel][nv][panel].
template <class T>
bool packSides(const Elimination<T> &e, const Message<T> &out, long n) {
  constexpr long R = kScoreRows, P = kPanel<T>;
  const long stride = strideOf<T>(n);
  for (long a = 0; a < out.rows; a += R) {
    if (e.a.tile.control.cancelled()) return false;
    const long count = least(R, out.rows - a);
    weighRowsOf<T>(e.rowScore, e.rowTop, a, count, n, stride, e.sides);
    packGroup<T>(e.sides, n, count, n, e.groups + a * n);
  }
  for (long b = 0; b < out.columns; b += P) {
    if (e.a.tile.control.cancelled()) return false;
    const long count = least(P, out.columns - b);
    weighRowsOf<T>(e.columnScore, e.columnTop, b, count, n, stride, e.sides);
    packKeys<T>(e.sides, count, n, e.panel + b * n);
  }
  return true;
}

// L and 1 / Y of one tile; gives how many entries are too small. Those have -1, empty ones 0.
template <class T>
long finishWeights(const Elimination<T> &e, const Message<T> &out, long a, long b, const T *tile) {
  constexpr long R = kScoreRows, P = kPanel<T>;
  long small = 0;
  T logs[R * P];
  logarithms<T>(tile, logs, R * P);
  for (long r = 0; r < least(R, out.rows - a); r++)
    for (long lane = 0; lane < least(P, out.stride - b); lane++) {
      const long at = (a + r) * out.stride + b + lane;
      const bool empty = b + lane >= out.columns || e.rowTop[a + r] == kMinusInfinity<T> || e.columnTop[b + lane] == kMinusInfinity<T>;
      const T y = tile[r * P + lane];
      const bool held = y >= kLeast<T>;
      e.inverse[at] = empty ? 0 : held ? 1 / y : -1;
      if (!empty && !held) small++;
      if (b + lane >= out.columns) continue;
      const double top = static_cast<double>(e.rowTop[a + r]) + static_cast<double>(e.columnTop[b + lane]);
      out.logSumExp[at] = empty || !held ? kMinusInfinity<T> : static_cast<T>(top + static_cast<double>(logs[r * P + lane]));
    }
  return small;
}

// Y for every entry. Gives the number of those that are too small, -1 if cancelled.
template <class T>
long multiplyWeights(const Elimination<T> &e, const Message<T> &out, long n) {
  long small = 0;
  for (long b = 0; b < out.columns; b += kPanel<T>)
    for (long a = 0; a < out.rows; a += kScoreRows) {
      if (e.a.tile.control.cancelled()) return -1;
      productTile<T>(n, e.groups + a * n, e.panel + b * n, nullptr, e.tile);
      small += finishWeights<T>(e, out, a, b, e.tile);
    }
  return small;
}

// The packed groups times the rows' averages of one channel, and times `ownAverage` of it where there is one.
template <class T>
void scaleGroups(const Elimination<T> &e, const Bucket &bucket, const Message<T> &out, const T *ownAverage, long c, long n) {
  constexpr long R = kScoreRows;
  const long stride = strideOf<T>(n);
  T *row = e.sides;
  for (long a = 0; a < roundUp(out.rows, R); a++) {
    Factors<T> f = {};
    addFactors<T>(e, bucket.row, least(a, out.rows - 1), f);
    memcpy(row, f.data[0] + c * f.plane[0], sizeof(T) * static_cast<size_t>(stride));
    for (int k = 1; k < f.count; k++) multiplyInto<T>(row, f.data[k] + c * f.plane[k], stride);
    if (ownAverage) multiplyInto<T>(row, ownAverage + c * stride, stride);
    const long at = a / R * R * n + a % R;
    for (long k = 0; k < n; k++) e.scaledGroups[at + k * R] = e.groups[at + k * R] * row[k];
  }
}

// One packed panel times the columns' averages of one channel and `scale` [nv], either of which may be missing.
template <class T>
void scalePanel(const Elimination<T> &e, const Bucket &bucket, const Message<T> &out, const T *scale, long c, long b, long n, T *to) {
  using V = Vec<T>;
  constexpr long P = kPanel<T>;
  const long count = least(P, out.columns - b), stride = strideOf<T>(n);
  const T *from = e.panel + b * n;
  bool carries = false;
  for (long lane = 0; lane < count; lane++) {
    Factors<T> f = {};
    addFactors<T>(e, bucket.column, b + lane, f);
    carries = f.count > 0;
    if (!carries) break;
    T *row = e.sides + lane * n;
    for (long k = 0; k < n; k++) row[k] = f.data[0][c * f.plane[0] + k];
    for (int i = 1; i < f.count; i++)
      for (long k = 0; k < n; k++) row[k] *= f.data[i][c * f.plane[i] + k];
  }
  if (carries) {
    packKeys<T>(e.sides, count, n, to);
    multiplyInto<T>(to, from, n * P);
    from = to;
  }
  for (long k = 0; k < n; k++) {
    const V s = V::set(scale ? scale[c * stride + k] : 1);
    for (long j = 0; j < P; j += V::W) V::mul(V::load(from + k * P + j), s).store(to + k * P + j);
  }
}

template <class T>
bool multiplyChannel(const Elimination<T> &e, const Bucket &bucket, const Message<T> &out, const T *ownAverage, long c, long n) {
  using V = Vec<T>;
  constexpr long R = kScoreRows, P = kPanel<T>;
  Factors<T> ofRow = {};
  addFactors<T>(e, bucket.row, 0, ofRow);
  if (ofRow.count > 0) scaleGroups<T>(e, bucket, out, ownAverage, c, n);
  const T *groups = ofRow.count > 0 ? e.scaledGroups : e.groups, *scale = ofRow.count > 0 ? nullptr : ownAverage;
  T *average = out.average + c * out.plane(), *panel = e.panel + roundUp(out.columns, P) * n;
  for (long b = 0; b < out.columns; b += P) {
    scalePanel<T>(e, bucket, out, scale, c, b, n, panel);
    for (long a = 0; a < out.rows; a += R) {
      if (e.a.tile.control.cancelled()) return false;
      productTile<T>(n, groups + a * n, panel, nullptr, e.tile);
      for (long r = 0; r < least(R, out.rows - a); r++) {
        const long at = (a + r) * out.stride + b;
        for (long j = 0; j < least(P, out.stride - b); j += V::W)
          V::mul(V::load(e.tile + r * P + j), V::load(e.inverse + at + j)).store(average + at + j);
      }
    }
  }
  return true;
}

// The whole message. False if cancelled.
template <class T>
bool multiplyTables(const Elimination<T> &e, const Bucket &bucket, const Message<T> &out, const T *ownAverage) {
  const long n = e.a.h.n[bucket.variable];
  if (!packSides<T>(e, out, n)) return false;
  const long small = multiplyWeights<T>(e, out, n);
  if (small < 0) return false;
  for (long c = 0; out.average && c < e.channels; c++)
    if (!multiplyChannel<T>(e, bucket, out, ownAverage, c, n)) return false;
  return small == 0 || sumEntries<T>(e, bucket, out, ownAverage, e.inverse);
}

}  // namespace poly::POLY_ISA
