// accumulate (math.md §3.5): sums[f, c] = sum_l w_l phi_f(y_l) X[l, c], X = [values | 1], w_l = e^(bias_l + tilts_l - shift).
//
// A product of the features of a block of rows [rows][features] with weighted values [rows][channels]; lanes are features, register rows
// channels (cross.h). Log-weights and their exponentials are fp64: an argument near -87 rounded to fp32 would already cost 87 u. For the
// direct features (features.h) the weighted values are w X; for the others they are y_c w X, once for each c, against a prefix of the
// features of degree g - 1, which is all that the block keeps.
//
// Rounding, in units u of T, relative to sum_l w_l |phi_f| |X|: 64 for a chain, 2 g + 2 for the product (features.h; w, w X, y_c w X), the
// rest is fp64, and one more where the sum is stored: (64 + 2 g + 3) u.
//
// Cost: 2 n r (dv + 1) flops and n C(D + g - 1, g - 1) multiplications.
//
// Tried, AVX2 on Zen 3, fp32, n = 65,536, D = 16, dv = 16 (bench/approximate-kernels.ts):
//   features of one row at a time, each from its own fresh stores      7.4 ms at g = 1   14.8 ms at g = 2
//   degree by degree over 16 rows (features.h)                          2.9 ms            11.0 ms             kept
// Shares of the peak on a quiet core: 53 % (g = 3) and 65 % (g = 4) at dv = 16, 65 % and 75 % at dv = 64.
#pragma once
#include "features.h"

extern "C" double exp(double);

namespace poly::POLY_ISA {

constexpr long kFeatureRows = 256;  // rows of one block, at most
constexpr long kChain = 64;         // rows summed in T
constexpr long kFeatureBytes = 1 << 20;

// Where the features of a row lie: those of degree g - 1, of which all others are made, from a cache line on. Rows are an odd number of lines
// apart, so that a column of them meets all sets of the cache.
template <class T>
struct FeatureRow {
  FeatureShape shape;
  long gap, stride, rows;
  explicit FeatureRow(const FeatureShape &s) : shape(s) {
    constexpr long line = 64 / static_cast<long>(sizeof(T));
    gap = roundUp(s.low, line) - s.low;
    stride = (roundUp(greatest(gap + s.direct, y() + s.dimension) + kLanes<T>, line) / line | 1) * line;
    rows = kFeatureRows;
    while (rows > kChain && rows * stride * static_cast<long>(sizeof(T)) > kFeatureBytes) rows /= 2;
  }
  long y() const { return shape.degree <= 2 ? 1 + gap : 1; }
  long prefixes() const { return shape.low + gap; }
  // Sums of `count` features fill whole vectors of lanes.
  static long padded(long count) { return roundUp(count, Vec<T>::W); }
  long sums() const {
    long count = padded(shape.low) + padded(shape.direct - shape.low);
    for (long c = shape.first; c < shape.dimension; c++) count += padded(shape.prefix(c));
    return count;
  }
};

// Scratch of one thread.
template <class T>
struct AccumulateState {
  T *base;       // [rows][stride] features
  T *x;          // [rows][cols padded] w X
  T *scaled;     // the same times y_c
  T *part;       // [cols][kLanes] sums of one block
  double *sums;  // [sums / kLanes][cols][kLanes], of the last of a run of features perhaps a single vector
};

template <class T>
AccumulateState<T> accumulateState(const FeatureRow<T> &f, long cols) {
  constexpr long L = kLanes<T>, W = Vec<T>::W;
  const long x = f.rows * roundUp(cols, W), base = f.rows * f.stride;
  AccumulateState<T> s;
  s.base = static_cast<T *>(scratch(kSlotFeatureRows, sizeof(T) * static_cast<size_t>(base + 2 * x + cols * L)));
  s.x = s.base + base;
  s.scaled = s.x + x;
  s.part = s.scaled + x;
  s.sums = static_cast<double *>(scratch(kSlotFeatureSums, sizeof(double) * static_cast<size_t>(f.sums() * cols)));
  for (long i = 0; i < base; i++) s.base[i] = 0;
  for (long i = 0; i < cols * L; i++) s.part[i] = 0;
  return s;
}

// Log-weights of rows [first, last) and the largest of them. False if cancelled.
template <class T>
bool logWeights(const AccumulateArgs &a, const MappedRows<T> &rows, long first, long last, double *weights, double *top) {
  const T *bias = static_cast<const T *>(a.bias);
  double most = -__builtin_inf();
  for (long l = first; l < last; l++) {
    if ((l & 4095) == 0 && a.tile.control.cancelled()) return false;
    const double weight = rows.logWeight(l) + (bias ? static_cast<double>(bias[l]) : 0);
    weights[l - first] = weight;
    most = weight > most ? weight : most;
  }
  *top = most;
  return true;
}

inline void exponentiate(double *weights, long count, double shift) {
  using V = Vec<double>;
  for (long i = 0; i < count; i += V::W)
    storePart<double>(weights + i, exp<double>(V::sub(loadPart<double>(weights + i, count - i), V::set(shift))), count - i);
}

// Features of a block of rows, and their weighted values.
template <class T>
void openBlock(const AccumulateArgs &a, const MappedRows<T> &rows, const FeatureRow<T> &f, const AccumulateState<T> &s, long row, long count,
               const double *weights) {
  using V = Vec<T>;
  const T *values = static_cast<const T *>(a.values);
  const long padded = roundUp(a.dv + 1, V::W);
  for (long l = 0; l < count; l++) rows.readRow(row + l, s.base + l * f.stride + f.y());
  for (long l = 0; l < count; l += kFeatureBatch)
    writeRowFeatures<T>(f.shape, least(kFeatureBatch, count - l), s.base + l * f.stride, f.stride, f.gap);
  for (long l = 0; l < count; l++) {
    const T weight = static_cast<T>(weights[l]);
    T *x = s.x + l * padded;
    for (long c = 0; c < a.dv; c += V::W)
      V::mul(V::set(weight), loadPart<T>(values + (row + l) * a.dv + c, a.dv - c)).store(x + c);
    if (a.dv % V::W == 0) V::set(0).store(x + a.dv);
    x[a.dv] = weight;
  }
}

// N vectors of features times weighted values: chains are added up in T, the block in fp64.
template <class T, int N>
void addVectors(const FeatureRow<T> &f, const AccumulateState<T> &s, const T *x, const T *features, long cols, long count, double *sums) {
  using V = Vec<T>;
  const long padded = roundUp(cols, V::W);
  for (long l = 0; l < count; l += kChain)
    crossRows<T, N>(cols, least(kChain, count - l), x + l * padded, padded, features + l * f.stride, f.stride, nullptr, s.part);
  for (long i = 0; i < cols * N * V::W; i += V::W) {
    addWide<T>(sums + i, V::load(s.part + i));
    V::set(0).store(s.part + i);
  }
}

// The same of `number` features from place `from` of the rows on; gives where the next sums lie.
template <class T>
double *addFeatures(const FeatureRow<T> &f, const AccumulateState<T> &s, const T *x, long from, long number, long cols, long count, double *sums) {
  constexpr long W = Vec<T>::W;
  for (; number > W; number -= kLanes<T>, from += kLanes<T>, sums += cols * kLanes<T>)
    addVectors<T, kCrossVecs>(f, s, x, s.base + from, cols, count, sums);
  if (number <= 0) return sums;
  addVectors<T, 1>(f, s, x, s.base + from, cols, count, sums);
  return sums + cols * W;
}

template <class T>
bool addBlock(const AccumulateArgs &a, const FeatureRow<T> &f, const AccumulateState<T> &s, long count) {
  using V = Vec<T>;
  const long cols = a.dv + 1, padded = roundUp(cols, V::W);
  double *sums = addFeatures<T>(f, s, s.x, 0, f.shape.low, cols, count, s.sums);
  sums = addFeatures<T>(f, s, s.x, f.prefixes(), f.shape.direct - f.shape.low, cols, count, sums);
  for (long c = f.shape.first; c < f.shape.dimension; c++) {
    if (a.tile.control.cancelled()) return false;
    for (long l = 0; l < count; l++) {
      const V factor = V::set(s.base[l * f.stride + f.y() + c]);
      for (long i = l * padded; i < (l + 1) * padded; i += V::W) V::mul(V::load(s.x + i), factor).store(s.scaled + i);
    }
    sums = addFeatures<T>(f, s, s.scaled, f.prefixes(), f.shape.prefix(c), cols, count, sums);
  }
  return true;
}

// Rows of `number` features, rounded once; gives where the next sums lie.
template <class T>
const double *storeFeatures(const double *sums, long number, long cols, T *out) {
  for (long width = kLanes<T>; number > 0; number -= width, sums += cols * width) {
    if (number <= Vec<T>::W) width = Vec<T>::W;
    for (long i = 0; i < least(width, number); i++)
      for (long c = 0; c < cols; c++) *out++ = static_cast<T>(sums[c * width + i]);
  }
  return sums;
}

template <class T>
void storeSums(const FeatureShape &f, const double *sums, long cols, T *out) {
  sums = storeFeatures<T>(sums, f.low, cols, out);
  sums = storeFeatures<T>(sums, f.direct - f.low, cols, out + f.low * cols);
  for (long c = f.first; c < f.dimension; c++) sums = storeFeatures<T>(sums, f.prefix(c), cols, out + f.start(c) * cols);
}

template <class T>
bool accumulatePart(const AccumulateArgs &a, const MappedRows<T> &rows, const FeatureRow<T> &f, const AccumulateState<T> &s, long part) {
  const long n = a.map.n, cols = a.dv + 1, first = part * n / a.parts, last = (part + 1) * n / a.parts;
  double *weights = static_cast<double *>(scratch(kSlotFeatureWeights, sizeof(double) * static_cast<size_t>(last - first + 8)));
  double top;
  if (!logWeights<T>(a, rows, first, last, weights, &top)) return false;
  T *shift = static_cast<T *>(a.shift) + part, *out = static_cast<T *>(a.sums) + part * a.map.rank * cols;
  *shift = static_cast<T>(top);  // the sums belong to it as it is stored
  const long count = f.sums() * cols;
  for (long i = 0; i < count; i++) s.sums[i] = 0;
  for (long row = first; row < last && top > -__builtin_inf(); row += f.rows) {
    if (a.tile.control.cancelled()) return false;
    const long block = least(f.rows, last - row);
    exponentiate(weights + (row - first), block, static_cast<double>(*shift));
    openBlock<T>(a, rows, f, s, row, block, weights + (row - first));
    if (!addBlock<T>(a, f, s, block)) return false;
  }
  storeSums<T>(f.shape, s.sums, cols, out);
  return true;
}

// Tiles are parts.
template <class T>
void accumulateStep(const AccumulateArgs &a) {
  const MappedRows<T> rows = mappedRows<T>(a.map);
  const FeatureRow<T> features(featureShape(a.map));
  const AccumulateState<T> state = accumulateState<T>(features, a.dv + 1);
  for (long part = a.tile.firstRow; part < a.tile.lastRow; part++) {
    if (a.tile.control.cancelled() || !accumulatePart<T>(a, rows, features, state, part)) return;
    a.tile.control.advance(1);
  }
}

}  // namespace poly::POLY_ISA
