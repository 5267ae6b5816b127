// eliminate: any polynomial by a cutset and tables over pairs (math.md §6.5). Under every assignment of the cutset the free variables are
// summed out one by one (buckets.h), each leaving a message over its at most two neighbours: by matrix products where nothing is masked
// (table-products.h), entry by entry in logarithms elsewhere (tables.h). Assignments are merged as in conditioned.h.
//
// The averages of all messages together stay within kPlaneBytes a thread: where n^2 dv would be more, channels go through in passes, each
// with the weights anew (one product more for the pass). What depends neither on the assignment nor on x1 is summed once a thread and
// call, if there is a single pass; what depends on x1 alone once a tile.
//
// Cost: n^(|C| + 3) (2 dv + 2) flops by products; n^2 (dv + 1) numbers a message.
#pragma once
#include "table-products.h"

namespace poly::POLY_ISA {

constexpr size_t kPlaneBytes = size_t{192} << 20;

template <class T>
Message<T> messageOf(const Elimination<T> &e, const Bucket &bucket) {
  const long columns = e.count(bucket.column.variable);
  return {nullptr, nullptr, e.count(bucket.row.variable), columns, strideOf<T>(columns)};
}

// Channels that a pass takes: as many as fit, one at least. 0: there are none. The same for all tiles of a call, so that what it keeps
// stays where it is.
template <class T>
long passChannels(const Elimination<T> &e, long dv) {
  const PolynomialArgs &h = e.a.h;
  size_t bytes = 0;
  for (int i = 0; i < e.b.count; i++) {
    const int row = e.b.bucket[i].row.variable, column = e.b.bucket[i].column.variable;
    if (!e.b.bucket[i].carries) continue;
    const long entries = (row ? h.n[row] : 1) * strideOf<T>(column ? h.n[column] : 1);
    bytes += sizeof(T) * static_cast<size_t>(entries);
  }
  if (bytes == 0) return dv;
  return least(dv, greatest(1, static_cast<long>(kPlaneBytes / bytes)));
}

// Packed rows and values of the variables that go, and the messages that do not hold x1: they last for a call.
template <class T>
void layOutCall(Elimination<T> &e, Pieces &pieces) {
  const PolynomialArgs &h = e.a.h;
  for (int i = 0; i < e.b.count; i++) {
    const int v = e.b.bucket[i].variable;
    const long stride = strideOf<T>(h.n[v]);
    e.panels[v] = pieces.take<T>(static_cast<size_t>(roundUp(h.n[v], kPanel<T>) * h.d + 1));
    e.values[v] = e.a.message && h.values[v] ? pieces.take<T>(static_cast<size_t>(h.dv * stride)) : nullptr;
  }
}

template <class T>
void layOutMessages(Elimination<T> &e, Pieces &pieces, bool ofRows) {
  for (int i = 0; i < e.b.count; i++) {
    const Bucket &bucket = e.b.bucket[i];
    if (bucket.ofRows != ofRows) continue;
    Message<T> &m = e.message[i];
    m = messageOf<T>(e, bucket);
    m.logSumExp = pieces.take<T>(static_cast<size_t>(m.plane()));
    m.average = bucket.carries && e.channels > 0 ? pieces.take<T>(static_cast<size_t>(e.channels * m.plane())) : nullptr;
  }
}

// What buckets work on one after the other, as large as the largest needs it.
template <class T>
void layOutWork(Elimination<T> &e, Pieces &pieces) {
  constexpr long P = kPanel<T>, R = kScoreRows;
  long v = 1, rows = 1, columns = 1, rowTable = 1, columnTable = 1, groups = 1, panels = 1, result = 1;
  for (int i = 0; i < e.b.count; i++) {
    const Bucket &bucket = e.b.bucket[i];
    const long n = e.a.h.n[bucket.variable], stride = strideOf<T>(n);
    const long na = e.count(bucket.row.variable), nb = e.count(bucket.column.variable);
    v = greatest(v, n);
    rows = greatest(rows, na);
    columns = greatest(columns, nb);
    rowTable = greatest(rowTable, na * stride);
    columnTable = greatest(columnTable, nb * stride);
    if (bucket.row.variable == 0 || e.masked) continue;
    groups = greatest(groups, roundUp(na, R) * n);
    panels = greatest(panels, (roundUp(nb, P) + P) * n);
    result = greatest(result, na * strideOf<T>(nb));
  }
  const auto take = [&](long count) { return pieces.take<T>(static_cast<size_t>(count + P)); };
  e.own = take(roundUp(v, P));
  e.zeros = take(roundUp(v, P));
  e.ownAverage = take(greatest(1, e.channels) * strideOf<T>(v));
  e.rowScore = take(rowTable);
  e.columnScore = take(columnTable);
  e.rowRange = pieces.take<long>(static_cast<size_t>(2 * rows));
  e.columnRange = pieces.take<long>(static_cast<size_t>(2 * columns));
  e.rowTop = take(rows);
  e.columnTop = take(roundUp(columns, P));
  e.weights = take(strideOf<T>(v));
  e.packed = take(kGroup * e.a.h.d);
  e.tile = take(R * (P > kBlock<T> ? P : kBlock<T>));
  e.spare = take(R * Vec<T>::W);
  e.query = take(e.a.h.d + 1);
  e.groups = take(groups);
  e.scaledGroups = take(groups);
  e.sides = take(P * v);
  e.panel = take(panels);
  e.inverse = take(result);
}

template <class T>
void transposeValues(const T *values, long n, long dv, T *out) {
  const long stride = strideOf<T>(n);
  for (long c = 0; c < dv; c++) {
    for (long l = 0; l < n; l++) out[c * stride + l] = values[l * dv + c];
    for (long l = n; l < stride; l++) out[c * stride + l] = 0;
  }
}

// Lays out and packs. Whether messages of an earlier tile of the call still stand shows in `done`.
template <class T>
void prepareElimination(Elimination<T> &e, long width) {
  const EliminateArgs &a = e.a;
  e.channels = width;
  for (int slot = 0; slot < 2; slot++) {
    Pieces pieces = {nullptr, 0};
    for (int pass = 0; pass < 2; pass++) {
      if (pass == 1) pieces = {static_cast<char *>(scratch(slot == 0 ? kSlotTables : kSlotTableWork, pieces.used)), 0};
      if (slot == 0) layOutCall<T>(e, pieces);
      layOutMessages<T>(e, pieces, slot == 1);
      if (slot == 1) layOutWork<T>(e, pieces);
    }
  }
  memset(e.spare, 0, sizeof(T) * kScoreRows * Vec<T>::W);
  PackedFor &packed = packedFor(kSlotTables);
  const bool stands = packed.callId == a.tile.callId && packed.owner == a.h.queries[1];
  for (int i = 0; i < e.b.count; i++) {
    const int v = e.b.bucket[i].variable;
    e.done[i] = stands && packed.levels == 1 && e.b.bucket[i].constant && !e.b.bucket[i].ofRows;
    if (stands) continue;
    packKeys<T>(static_cast<const T *>(a.h.queries[v]), a.h.n[v], a.h.d, e.panels[v]);
    if (e.values[v]) transposeValues<T>(static_cast<const T *>(a.h.values[v]), a.h.n[v], a.h.dv, e.values[v]);
  }
  // Until the tile is through, messages may be half done.
  packed = {a.tile.callId, a.h.queries[1], 0};
}

// Sums one variable out. False if cancelled.
template <class T>
bool emptyBucket(const Elimination<T> &e, int i, const long *assignment) {
  const Bucket &bucket = e.b.bucket[i];
  const long n = e.a.h.n[bucket.variable];
  fillOwn<T>(e, bucket, assignment);
  for (long l = 0; l < roundUp(n, kPanel<T>); l++) e.zeros[l] = l < n ? 0 : kMinusInfinity<T>;
  if (!fillSideScores<T>(e, bucket, bucket.row, assignment, e.own, e.rowScore, e.rowRange, e.rowTop)) return false;
  if (!fillSideScores<T>(e, bucket, bucket.column, assignment, e.zeros, e.columnScore, e.columnRange, e.columnTop)) return false;
  const Message<T> &out = e.message[i];
  const T *ownAverage = out.average ? fillOwnAverage<T>(e, bucket) : nullptr;
  for (long row = 0; row < out.rows; row++)
    for (long c = 0; c < (out.average ? e.channels + 1 : 1); c++)
      for (long k = out.columns; k < out.stride; k++)
        (c == 0 ? out.logSumExp : out.average + (c - 1) * out.plane())[row * out.stride + k] = c == 0 ? kMinusInfinity<T> : 0;
  if (e.masked || bucket.row.variable == 0) return sumEntries<T>(e, bucket, out, ownAverage, nullptr);
  return multiplyTables<T>(e, bucket, out, ownAverage);
}

// shared = product of the fixed rows of values and of messages over nothing; gives their log-weight.
template <class T>
double shareTables(const Elimination<T> &e, const long *assignment, T *shared) {
  const PolynomialArgs &h = e.a.h;
  for (long c = 0; c < e.channels; c++) shared[c] = 1;
  for (int i = 0; i < e.a.cutsetCount; i++) {
    const int j = e.a.cutset[i];
    if (!h.values[j]) continue;
    const T *row = rowOf<T>(h.values[j], assignment[j], h.dv) + e.channel;
    for (long c = 0; c < e.channels; c++) shared[c] *= row[c];
  }
  double logWeight = 0;
  for (int i = 0; i < e.b.count; i++) {
    if (e.b.bucket[i].column.variable != 0) continue;
    const Message<T> &m = e.message[i];
    logWeight += static_cast<double>(m.logSumExp[0]);
    for (long c = 0; m.average && c < e.channels; c++) shared[c] *= m.average[c * m.plane()];
  }
  return logWeight;
}

// Log-weight of one row of a free x1, -Infinity where a mask forbids it, and in `product` the averages that its messages have there.
template <class T>
double weighRow(const Elimination<T> &e, long row, const long *assignment, T *product) {
  const PolynomialArgs &h = e.a.h;
  const long l = e.firstRow + row;
  double logWeight = h.bias[1] ? static_cast<double>(static_cast<const T *>(h.bias[1])[l]) : 0;
  for (int m = 0; m < e.b.maskCount; m++) {
    const long difference = l - assignment[e.b.masks[m].fixed];
    if (difference < e.b.masks[m].lowest || difference > e.b.masks[m].highest) return kMinusInfinity<double>;
  }
  const T *queries = rowOf<T>(h.queries[1], l, h.d);
  for (long c = 0; e.b.unaryCount > 0 && c < h.d; c++) logWeight += static_cast<double>(e.query[c]) * static_cast<double>(queries[c]);
  for (long c = 0; c < e.channels; c++) product[c] = 1;
  for (int i = 0; i < e.b.count; i++) {
    if (e.b.bucket[i].column.variable != 1) continue;
    const Message<T> &m = e.message[i];
    logWeight += static_cast<double>(m.logSumExp[row]);
    for (long c = 0; m.average && c < e.channels; c++) product[c] *= m.average[c * m.plane() + row];
  }
  return logWeight;
}

template <class T>
bool foldTables(Elimination<T> &e, const Partial<T> &p, const long *assignment, T *product) {
  const double constant = constantScore<T>(e.given, assignment);
  if (constant == kMinusInfinity<double>) return true;
  for (int i = 0; i < e.b.count; i++) {
    if (e.done[i]) continue;
    if (!emptyBucket<T>(e, i, assignment)) return false;
    e.done[i] = e.b.bucket[i].constant;
  }
  const double logWeight = constant + shareTables<T>(e, assignment, p.shared);
  if (logWeight == kMinusInfinity<double>) return true;
  if (e.b.fixed[1]) {
    foldRow<T>(p, 0, logWeight, nullptr, e.channels);
    return true;
  }
  if (e.b.unaryCount > 0) weighQuery<T>(e.given, e.b.unary, e.b.unaryCount, assignment, e.query);
  for (long row = 0; row < p.rows; row++) {
    const double own = weighRow<T>(e, row, assignment, product);
    foldRow<T>(p, row, logWeight + own, product, e.channels);
  }
  return true;
}

// Every assignment, x1 being at `row` where it is fixed. False if cancelled.
template <class T>
bool foldAllTables(Elimination<T> &e, const Partial<T> &p, long row, T *product) {
  const EliminateArgs &a = e.a;
  const int first = e.b.fixed[1] ? 1 : 0;
  long assignment[kMaxVariables + 1] = {};
  assignment[1] = row;
  for (long i = 0; i < p.rows; i++) {
    p.maximum[i] = kMinusInfinity<double>;
    p.total[i] = 0;
  }
  for (long i = 0; i < p.rows * e.channels; i++) p.sums[i] = 0;
  for (;;) {
    if (a.tile.control.cancelled() || !foldTables<T>(e, p, assignment, product)) return false;
    int i = a.cutsetCount - 1;
    for (; i >= first; i--) {
      if (++assignment[a.cutset[i]] < a.h.n[a.cutset[i]]) break;
      assignment[a.cutset[i]] = 0;
    }
    if (i < first) return true;
  }
}

template <class T>
void storeTables(const Elimination<T> &e, const Partial<T> &p, long firstRow) {
  T *message = static_cast<T *>(e.a.message), *logSumExp = static_cast<T *>(e.a.logSumExp);
  for (long row = 0; row < p.rows; row++) {
    const double total = p.total[row];
    logSumExp[firstRow + row] = logSum<double>(p.maximum[row], total);
    T *out = message ? message + (firstRow + row) * e.a.h.dv + e.channel : nullptr;
    for (long c = 0; c < e.channels; c++) out[c] = total > 0 ? static_cast<T>(p.sums[row * e.channels + c] / total) : 0;
  }
}

// One pass over the tile's rows. False if cancelled.
template <class T>
bool eliminatePass(Elimination<T> &e, const Partial<T> &p, T *product, bool last) {
  const Tile &tile = e.a.tile;
  const long step = e.b.fixed[1] ? 1 : tile.lastRow - tile.firstRow;
  for (long row = tile.firstRow; row < tile.lastRow; row += step) {
    if (!foldAllTables<T>(e, p, row, product)) return false;
    storeTables<T>(e, p, row);
    if (last) tile.control.advance(step);
  }
  return true;
}

template <class T>
void eliminateStep(const EliminateArgs &a) {
  const long rows = a.tile.lastRow - a.tile.firstRow, dv = a.message ? a.h.dv : 0;
  if (rows <= 0) return;
  Buckets b;
  orderBuckets(a, b);
  ConditionedArgs fixedPart = {};
  fixedPart.tile = a.tile;
  fixedPart.h = a.h;
  fixedPart.cutsetCount = a.cutsetCount;
  for (int i = 0; i < a.cutsetCount; i++) fixedPart.cutset[i] = a.cutset[i];
  Restriction r;
  restrictTo(fixedPart, r);
  Forest<T> given = {fixedPart, r, {}, nullptr, nullptr, 0};
  Elimination<T> e = {a, b, given, a.tile.firstRow, rows, 0, 0, a.h.maskCount > 0};
  const long width = passChannels<T>(e, dv);
  prepareElimination<T>(e, width);
  given.query = e.query;
  const Partial<T> p = partialRows<T>(b.fixed[1] ? 1 : rows, width);
  T *product = static_cast<T *>(scratch(kSlotSpare, sizeof(T) * static_cast<size_t>(width + 1)));
  const long passes = width == 0 ? 1 : (dv + width - 1) / width;
  for (long pass = 0; pass < passes; pass++) {
    e.channel = pass * width;
    e.channels = least(width, dv - e.channel);
    for (int i = 0; i < b.count; i++) e.done[i] = e.done[i] && passes == 1;
    if (!eliminatePass<T>(e, p, product, pass + 1 == passes)) return;
  }
  packedFor(kSlotTables).levels = passes == 1 ? 1 : 0;
}

}  // namespace poly::POLY_ISA
