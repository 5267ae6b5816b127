// attend(S, b, X) -> (u, L), math.md §6.1: u = softmax(scale Q K^T + b) X and L its log-sum-exp, in O(n d) memory.
//
// Blocks of kRows or kManyRows rows keep their running maximum m, sum l and output O while blocks of keys stream by:
//   S = (bias + Q K^T) log2 e (register tiles);  P = 2^(S - m');  l = l 2^(m-m') + sum P;  O = O 2^(m-m') + P X
// where m' = rowmax S if that exceeds m by more than kSlack, otherwise m. The factor log2 e sits in the packed queries and in the bias, so
// that the exponential needs no product (exp.h). A row without an admissible key keeps m = kNoMaximum and the sum 0, and ends as u = 0,
// L = -Infinity. Masks are a band of keys per row: panels outside it are never computed,
// panels on its edge are computed and masked.
//
// Cost: 2 n^2 (d + dv) flops, n^2 exponentials. Each block of keys is summed in its own registers and then added to O, which costs
// nothing and makes the rounding error grow with the square root of the number of blocks only.
//
// Tried, AVX-512 on Zen 4, fp32; share of the FMA peak at n = 4096, d = 64 | n = 4096, d = 128 | n = 512, d = 64:
//   8x48 tiles for scores, whole groups of 24 rows             84.3 %  87.7 %  78.2 %   (512 = 10.7 panels of 48: padding)
//   6x64 tiles for scores, rows beyond the last left out       85.3 %  88.1 %  82.4 %   kept
//   blocks of 128 or 384 keys instead of 192                   79-86 % 87-88 % 81-83 %  within noise above 192
//   96, 384 or 768 rows of state instead of 192                84-85 % 88-90 % 82-83 %  within noise
//   inner loops unrolled once or four times instead of twice   84-85 % 84-90 % 82-83 %  four is slower at d = 128
//
// Tried, AVX-512 on Sapphire Rapids (Xeon, virtual machine), fp32, n = 4096; share of a peak measured between the runs | d = 64 | d = 128; and
// what the softmax of 16 scores costs, in multiply-adds (the scores and values themselves take 2 d):
//   natural exponentials, a maximum and its decay for every block      79.5 %  85.1 %   26.2
//   units of log2, maxima only where they climb by kSlack, fraction
//   and scale in one instruction each, sums in two chains (two runs)   83.3 %  87.6 %   18.1
//                                                                      83.7 %  87.8 %   15.5   kept
// Tried since, without what shares the machine, of the time at n = 4096, d = 64 (81.5 % of the peak beside it, 83 % at n <= 2048):
//   twice as many rows of state where keys and values do not fit the second level   -1.5 to -2.4 %   kept (0.8 % slower where they do)
//   large pages (scratch.cc)                                                         -1 to -2 %   kept
//   values, or keys and values, fetched eight steps ahead                            -0.4 to 0 %, +1 % at n = 1024
//   32 groups of rows of state                                                       as 16
//   what is left in the softmax, as bounds: no shift -1.1 %, no limit -1 %, no maxima -0.4 %. The shift could be left out while it is 0 and
//   the limit with subnormals flushed, at the price of a branch and of the processor's mode: left alone.
// Keys transposed by quads instead of number by number: 3.4 % of the time at n = 512 became 1.6 %.
// Tiles alone reach 95 to 98 % of the peak; of the time at d = 64 the softmax takes 8 to 10 %, packing 2 to 4 %.
// The processor's matrix unit (AMX, bf16) would need six products of operands split in three for the same accuracy: 8.2 ns a product and
// 5.5 ns a tile load that did not overlap it make that 1.2 times as fast as this at best, before splitting the weights: left alone.
#pragma once
#include "log.h"
#include "pack.h"

namespace poly::POLY_ISA {

struct Band {
  long lowest, highest;
};

constexpr Band kNoBand = {-kFar, kFar};

template <class T>
constexpr T kMinusInfinity = -static_cast<T>(__builtin_inf());

// In place of -Infinity, so that it can be subtracted; below every score that the service admits (src/contract/range.ts).
template <class T>
constexpr T kNoMaximum = static_cast<T>(sizeof(T) == 4 ? -1.7e38 : -8e307);

// A maximum is taken anew only where a score exceeds it by more than this many powers of two. Weights up to 2^kSlack lose nothing, and
// after a row's first block of keys there is hardly ever anything to scale.
template <class T>
constexpr T kSlack = 8;

constexpr long kRows = 8 * kGroup;  // rows whose state is kept while all keys stream by
constexpr long kManyRows = 2 * kRows;  // where keys and values do not fit the second level beside them
constexpr double kNear = 1 << 20;      // bytes of keys and values that do

template <class T>
long rowsAtOnce(long n, long d, long dv) {
  return static_cast<double>(keyBytes<T>(n, d) + valueBytes<T>(n, dv)) > kNear ? kManyRows : kRows;
}

template <class T>
struct Output {
  T *message;  // [.., dv] or null; row `firstRow` of the queries is written at its start
  T *logSumExp;
};

// Scratch of one block of rows.
template <class T>
struct RowState {
  T *queries;  // [rows][d]
  T *output;   // [groups][chunks][kGroup][chunk width]
  T *scores;   // [kGroup][kBlock]
  T *top;      // [kGroup][W] lanewise maxima of the current block
  T *sum;      // [rows][W] lanewise sums
  T *maximum;  // [rows]
  T *decay;    // [kGroup]
};

template <class T>
RowState<T> rowState(long d, long dv) {
  constexpr long W = Vec<T>::W;
  RowState<T> s;
  s.queries = static_cast<T *>(scratch(kSlotQueries, sizeof(T) * static_cast<size_t>(kManyRows * d + 64)));
  s.output = static_cast<T *>(scratch(kSlotOutput, sizeof(T) * static_cast<size_t>(kManyRows * roundUp(dv, W) + 64)));
  s.scores = static_cast<T *>(scratch(kSlotScores, sizeof(T) * static_cast<size_t>(kGroup * kBlock<T>)));
  s.top = static_cast<T *>(scratch(kSlotRowState, sizeof(T) * static_cast<size_t>(kGroup * W + kManyRows * W + kManyRows + kGroup)));
  s.sum = s.top + kGroup * W;
  s.maximum = s.sum + kManyRows * W;
  s.decay = s.maximum + kManyRows;
  return s;
}

// Overwrites what the band excludes in one tile of scores and takes its lanewise maxima anew.
template <class T>
__attribute__((noinline)) void maskTile(T *scores, T *top, long row, long key, long width, Band band) {
  using V = Vec<T>;
  for (int r = 0; r < kScoreRows; r++) {
    const long from = row + r - band.highest - key, to = row + r - band.lowest - key + 1;
    T *s = scores + r * kBlock<T>;
    for (long c = 0; c < least(width, from); c++) s[c] = kMinusInfinity<T>;
    for (long c = greatest(0, to); c < width; c++) s[c] = kMinusInfinity<T>;
    V m = V::load(top + r * V::W);
    for (long c = 0; c < width; c += V::W) m = V::max(m, V::load(s + c));
    m.store(top + r * V::W);
  }
}

// Scores of one group against panels [k0, k1), keys counted from 0; leaves lanewise maxima in state.top.
template <class T>
void scoreGroup(const RowState<T> &s, const T *queries, const Keys<T> &keys, long row, long rows, long k0, long k1, Band band) {
  constexpr long P = kPanel<T>, W = Vec<T>::W;
  for (int i = 0; i < kGroup; i++) Vec<T>::set(kMinusInfinity<T>).store(s.top + i * W);
  T spare[kScoreRows * W] = {};
  for (long k = k0; k < k1; k += P)
    for (int r = 0; r < rows; r += kScoreRows) {
      T *scores = s.scores + r * kBlock<T> + (k - k0);
      const long lowest = row + r - band.highest, highest = row + r - band.lowest;
      const bool inside = k >= lowest + kScoreRows - 1 && k + P - 1 <= highest;
      scoreTile<T>(keys.d, queries + r * keys.d, keys.d, keys.panels + k * keys.d, keys.bias + k, scores, inside ? s.top + r * W : spare);
      if (!inside) maskTile<T>(scores, s.top + r * W, row + r, k, P, band);
    }
}

// P = 2^(S - m') in place, the sums and the decay 2^(m - m') of what was summed before.
template <class T>
__attribute__((noinline)) void softmaxGroup(const RowState<T> &s, T *maximum, T *sum, long rows, long count) {
  using V = Vec<T>;
  constexpr long W = V::W;
  constexpr int N = kScoreVecs;
  for (int r = 0; r < rows; r++) {
    const V top = V::load(s.top + r * W);
    V total = V::load(sum + r * W);
    T decay = 1;
    if (V::anyAbove(top, V::set(maximum[r] + kSlack<T>))) {
      const T before = maximum[r], now = top.maximum();
      maximum[r] = now;
      T lanes[W];
      exp2<T>(V::set(before - now)).store(lanes);
      decay = lanes[0];
      total = V::mul(total, V::set(decay));
    }
    s.decay[r] = decay;
    const V shift = V::set(maximum[r]);
    T *p = s.scores + r * kBlock<T>;
    V other = V::set(0);
    for (long c = 0; c < count; c += N * W) {
#pragma GCC unroll 8
      for (int j = 0; j < N; j++) {
        const V e = exp2<T>(V::sub(V::load(p + c + j * W), shift));
        e.store(p + c + j * W);
        if (j % 2) other = V::add(other, e);
        else total = V::add(total, e);
      }
    }
    V::add(total, other).store(sum + r * W);
  }
  // The tiles of values take the rows beyond along. What other work left there may be subnormal, and each product with one takes a dozen cycles:
  // half the time of n = 8, d = 8.
  for (long r = rows; r < kGroup; r++) {
    memset(s.scores + r * kBlock<T>, 0, sizeof(T) * static_cast<size_t>(count));
    s.decay[r] = 1;
  }
}

template <class T>
void valueGroup(const RowState<T> &s, T *output, const Values<T> &values, long padded, long rows, long key, long count) {
  constexpr long W = Vec<T>::W;
  const T *x = values.data;
  for (int left = values.vectors(); left > 0; left -= kValueVecs) {
    const int vectors = left < kValueVecs ? left : kValueVecs;
    valueTiles<T>(vectors, rows, count, s.scores, x + key * vectors * W, output, s.decay);
    x += padded * vectors * W;
    output += kGroup * vectors * W;
  }
}

// u = O / l and L = m + ln l of one group.
template <class T>
void finishGroup(const RowState<T> &s, long slot, long count, const Values<T> &values, T *message, T *logSumExp) {
  using V = Vec<T>;
  constexpr long W = V::W;
  const T *output = s.output + slot * roundUp(values.dv, W);
  T sums[kGroup] = {};
  double wide[kGroup], logs[kGroup];
  for (long r = 0; r < count; r++) sums[r] = V::load(s.sum + (slot + r) * W).sum();
  for (long r = 0; r < kGroup; r++) wide[r] = sums[r] > 0 ? static_cast<double>(sums[r]) : 1;
  logarithms<double>(wide, logs, kGroup);
  for (long r = 0; r < count; r++) {
    const T sum = sums[r];
    const bool empty = !(sum > 0);
    logSumExp[r] = empty ? kMinusInfinity<T> : static_cast<T>(static_cast<double>(s.maximum[slot + r]) * kLn2 + logs[r]);
    if (!message) continue;
    const V inverse = V::set(empty ? 0 : 1 / sum);
    const T *o = output;
    long c = 0;
    for (int left = values.vectors(); left > 0; left -= kValueVecs) {
      const int vectors = left < kValueVecs ? left : kValueVecs;
      for (int j = 0; j < vectors; j++, c += W)
        storePart<T>(message + r * values.dv + c, V::mul(V::load(o + (r * vectors + j) * W), inverse), values.dv - c);
      o += kGroup * vectors * W;
    }
  }
}

template <class T>
Queries<T> inLog2(const Queries<T> &q) { return {q.data, q.weight, q.scale * kLog2e}; }

// Rows [row, row + rows), at most kManyRows, against keys [k0, k1); queries, too, in units of log2. False if cancelled.
template <class T>
bool attendBlock(const RowState<T> &s, const Queries<T> &q, long row, long rows, const Keys<T> &keys, const Values<T> &values, Band band,
                 long k0, long k1, const Output<T> &out, const Control &control) {
  constexpr long W = Vec<T>::W, P = kPanel<T>;
  const long groups = (rows + kGroup - 1) / kGroup, slots = groups * kGroup;
  const long dvPadded = roundUp(values.dv, W);
  for (long g = 0; g < groups; g++)
    packQueries<T>(q, row + g * kGroup, least(kGroup, rows - g * kGroup), keys.d, s.queries + g * kGroup * keys.d);
  for (long i = 0; i < slots; i++) s.maximum[i] = kNoMaximum<T>;
  for (long i = 0; i < slots * W; i++) s.sum[i] = 0;
  for (long i = 0; i < slots * dvPadded; i++) s.output[i] = 0;

  const long low = greatest(k0, row - band.highest), high = least(k1, row + rows - band.lowest);
  for (long block = greatest(0, low) / kBlock<T> * kBlock<T>; block < high; block += kBlock<T>)
    for (long g = 0; g < groups; g++) {
      if (control.cancelled()) return false;
      const long first = row + g * kGroup, last = least(first + kGroup, row + rows) - 1;
      const long from = greatest(block, greatest(k0, first - band.highest) / P * P);
      const long to = least(block + kBlock<T>, roundUp(least(k1, last - band.lowest + 1), P));
      if (from >= to) continue;
      scoreGroup<T>(s, s.queries + g * kGroup * keys.d, keys, first, last - first + 1, from, to, band);
      softmaxGroup<T>(s, s.maximum + g * kGroup, s.sum + g * kGroup * W, last - first + 1, to - from);
      if (out.message) valueGroup<T>(s, s.output + g * kGroup * dvPadded, values, keys.padded(), last - first + 1, from,
                                     least(to, keys.n) - from);
    }

  for (long g = 0; g < groups; g++)
    finishGroup<T>(s, g * kGroup, least(kGroup, rows - g * kGroup), values, out.message ? out.message + g * kGroup * values.dv : nullptr,
                   out.logSumExp + g * kGroup);
  return true;
}

// Rows [firstRow, lastRow) against keys [k0, k1) (k0 > 0 only with -Infinity in the bias of the keys before it), whose bias is in units of
// log2; queries are natural.
template <class T>
bool attendRows(const Queries<T> &q, long firstRow, long lastRow, const Keys<T> &keys, const Values<T> &values, Band band, long k0, long k1,
                Output<T> out, const Control &control, bool report) {
  const RowState<T> s = rowState<T>(keys.d, values.dv);
  const Queries<T> scaled = inLog2<T>(q);
  const long most = rowsAtOnce<T>(keys.n, keys.d, values.dv);
  for (long row = firstRow; row < lastRow; row += most) {
    const long rows = least(most, lastRow - row);
    if (!attendBlock<T>(s, scaled, row, rows, keys, values, band, k0, k1, out, control)) return false;
    if (report) control.advance(rows);
    if (out.message) out.message += rows * values.dv;
    out.logSumExp += rows;
  }
  return true;
}

}  // namespace poly::POLY_ISA
