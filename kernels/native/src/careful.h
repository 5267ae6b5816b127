// Attention of some rows over blocks of keys, as attend computes it, with a rounding error that can be certified to be small: attend's own
// bound, a chain of d multiply-adds for a score and one over all blocks for the sums, is several times what the pruned attend (prune.h) may
// lose at a tolerance of 1e-4.
//
//   scores   chains of kScoreChain coordinates, which are then added up: in units of the size of a score 16.5 + d / 64 + .. instead of d / 2
//   sums     runs of kRunBlocks blocks of keys in T, as attend has them, and what runs come to in fp64, rescaled there
//
// What that comes to is in certificate.ts (carefulError), which has the derivation.
// Cost: that of attend, d / kScoreChain additions a score, and dv fp64 multiply-adds for a row and a run.
// Tried, AVX-512, fp32, n = 8,192, d = 64, nothing left out, against attend:
//   chains of 16 coordinates, every block added in fp64    0.85
//   chains of 32, runs of four blocks                      0.94 to 0.97   kept
// On Sapphire Rapids, n = 16,384, in turns with attend, medians of several runs while neighbours use the core | while they hardly do:
//   a run for one group of rows after the other            0.86 to 0.92 | 0.89 to 0.95
//   the same for twice as many rows                        0.91 to 0.95
//   block by block for all groups, as attend goes          0.95 to 0.96 | 0.93 to 0.95   kept (n = 8,192: 0.93 to 0.95, before 0.92 to 0.93)
//   all chains of a score in one call of the tile          within noise
//   two chains beside each other, three rows at a time     -3 points
#pragma once
#include "rows.h"

namespace poly::POLY_ISA {

// certificate.ts knows these.
constexpr long kScoreChain = 32;
constexpr long kRunBlocks = 4;  // blocks

// Sums of some rows, [rows][dv padded] and so on.
template <class T>
struct CarefulRows {
  double *output, *sum;
  T *maximum;
  long dv, padded;
};

// With nothing in the first `count` of them.
template <class T>
CarefulRows<T> carefulRows(long dv, long capacity, long count) {
  CarefulRows<T> sums = {};
  sums.dv = dv;
  sums.padded = roundUp(dv, Vec<T>::W);
  const size_t doubles = static_cast<size_t>(capacity * (sums.padded + 1));
  sums.output = static_cast<double *>(scratch(kSlotPruneRows, sizeof(double) * doubles + sizeof(T) * static_cast<size_t>(capacity)));
  sums.sum = sums.output + capacity * sums.padded;
  sums.maximum = reinterpret_cast<T *>(sums.sum + capacity);
  for (long i = 0; i < count; i++) sums.maximum[i] = kNoMaximum<T>;
  for (long i = 0; i < count; i++) sums.sum[i] = 0;
  for (long i = 0; i < count * sums.padded; i++) sums.output[i] = 0;
  return sums;
}

// As scoreGroup, without a band.
template <class T>
void carefulScores(const RowState<T> &s, const T *queries, const Keys<T> &keys, long rows, long k0, long k1) {
  constexpr long P = kPanel<T>, W = Vec<T>::W, R = kScoreRows;
  const long d = keys.d;
  for (int i = 0; i < kGroup; i++) Vec<T>::set(kMinusInfinity<T>).store(s.top + i * W);
  T spare[R * W] = {};
  for (long k = k0; k < k1; k += P)
    for (long r = 0; r < rows; r += R) {
      T *scores = s.scores + r * kBlock<T> + (k - k0), *top = s.top + r * W;
      const T *q = queries + r * d, *panel = keys.panels + k * d;
      scoreTile<T>(least(kScoreChain, d), q, d, panel, keys.bias + k, scores, d <= kScoreChain ? top : spare);
      for (long c = kScoreChain; c < d; c += kScoreChain)
        scoreTile<T, true>(least(kScoreChain, d - c), q + c, d, panel + c * P, nullptr, scores, c + kScoreChain < d ? spare : top);
    }
}

// Sums of a run, relative to 2^s.maximum, into those of rows[r] - first.
template <class T>
void mergeRun(const RowState<T> &s, const CarefulRows<T> &sums, const int32_t *rows, long count, long first) {
  constexpr long W = Vec<T>::W;
  double factors[kGroup] = {};
  for (long r = 0; r < count; r++)
    factors[r] = -__builtin_fabs(static_cast<double>(s.maximum[r]) - static_cast<double>(sums.maximum[rows[r] - first]));
  exponentials<double, true>(factors, factors, count);
  for (long r = 0; r < count; r++) {
    const long row = rows[r] - first;
    if (!(s.maximum[r] > kNoMaximum<T>)) continue;
    const bool higher = s.maximum[r] > sums.maximum[row];
    const double own = higher ? factors[r] : 1, other = higher ? 1 : factors[r];
    if (higher) sums.maximum[row] = s.maximum[r];
    sums.sum[row] = own * sums.sum[row] + other * static_cast<double>(Vec<T>::load(s.sum + r * W).sum());
    double *__restrict__ output = sums.output + row * sums.padded;
    const T *chunk = s.output;
    for (long c0 = 0; c0 < sums.padded; c0 += kValueVecs * W) {
      const long width = least(kValueVecs * W, sums.padded - c0);
      const T *__restrict__ run = chunk + r * width;
      for (long c = 0; c < width; c++) output[c0 + c] = own * output[c0 + c] + other * static_cast<double>(run[c]);
      chunk += kGroup * width;
    }
  }
}

// The state of the group from row `first` of the block on.
template <class T>
RowState<T> groupState(RowState<T> s, long first, long padded) {
  s.output += first * padded;
  s.sum += first * Vec<T>::W;
  s.maximum += first;
  return s;
}

// Nothing in the sums of one group.
template <class T>
void openRun(const RowState<T> &s, long count, long padded) {
  for (long r = 0; r < kGroup; r++) s.maximum[r] = kNoMaximum<T>;
  for (long i = 0; i < count * Vec<T>::W; i++) s.sum[i] = 0;
  for (long i = 0; i < kGroup * padded; i++) s.output[i] = 0;
}

// Keys [from, to), at most a block of them, for the group of rows whose queries are packed.
template <class T>
void carefulBlock(const RowState<T> &s, const T *queries, const Keys<T> &keys, const Values<T> &values, long from, long to, long count) {
  carefulScores<T>(s, queries, keys, count, from, to);
  softmaxGroup<T>(s, s.maximum, s.sum, count, to - from);
  if (values.data) valueGroup<T>(s, s.output, values, keys.padded(), count, from, to - from);
}

// At most kRunBlocks blocks.
template <class T>
void carefulRun(const RowState<T> &s, const T *queries, const Keys<T> &keys, const Values<T> &values, long from, long to, const CarefulRows<T> &sums,
                const int32_t *rows, long count, long first) {
  openRun<T>(s, count, sums.padded);
  for (long block = from; block < to; block += kBlock<T>) carefulBlock<T>(s, queries, keys, values, block, least(to, block + kBlock<T>), count);
  mergeRun<T>(s, sums, rows, count, first);
}

// message may be null.
template <class T>
void finishCareful(const CarefulRows<T> &sums, long count, T *message, T *logSumExp) {
  for (long row = 0; row < count; row++) {
    const double sum = sums.sum[row];
    logSumExp[row] = logSum<T>(static_cast<double>(sums.maximum[row]) * kLn2, sum);
    for (long c = 0; message && c < sums.dv; c++)
      message[row * sums.dv + c] = sum > 0 ? static_cast<T>(sums.output[row * sums.padded + c] / sum) : 0;
  }
}

// Rows [row, row + count), at most kManyRows, over all keys. False if cancelled.
template <class T>
bool carefulStream(const RowState<T> &s, const Queries<T> &q, long row, long count, const Keys<T> &keys, const Values<T> &values, const Output<T> &out,
                   const Control &control) {
  const CarefulRows<T> sums = carefulRows<T>(values.dv, kManyRows, count);
  int32_t rows[kManyRows];
  for (long r = 0; r < count; r++) rows[r] = static_cast<int32_t>(r);
  const Queries<T> scaled = inLog2<T>(q);
  for (long g = 0; g < count; g += kGroup) packQueries<T>(scaled, row + g, least(kGroup, count - g), keys.d, s.queries + g * keys.d);
  long blocks = 0;
  for (long block = 0; block < keys.padded(); block += kBlock<T>, blocks++) {
    const long to = least(keys.padded(), block + kBlock<T>);
    for (long g = 0; g < count; g += kGroup) {
      if (control.cancelled()) return false;
      const long rowsOfGroup = least(kGroup, count - g);
      const RowState<T> state = groupState<T>(s, g, sums.padded);
      if (blocks % kRunBlocks == 0) openRun<T>(state, rowsOfGroup, sums.padded);
      carefulBlock<T>(state, s.queries + g * keys.d, keys, values, block, to, rowsOfGroup);
      if (blocks % kRunBlocks == kRunBlocks - 1 || to == keys.padded()) mergeRun<T>(state, sums, rows + g, rowsOfGroup, 0);
    }
  }
  finishCareful<T>(sums, count, out.message, out.logSumExp);
  return true;
}

}  // namespace poly::POLY_ISA
