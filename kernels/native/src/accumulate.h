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

constexpr long kFeatureRows = 128;  // rows of one block
constexpr long kChain = 64;         // rows summed in T

// Where direct feature f lies: the low degrees, then from a panel of its own degree g - 1, so that its prefixes start at a panel.
template <class T>
struct FeaturePanels {
  FeatureShape shape;
  long lowPanels, panels;
  explicit FeaturePanels(const FeatureShape &s)
      : shape(s), lowPanels((s.low + kLanes<T> - 1) / kLanes<T>), panels(lowPanels + (s.direct - s.low + kLanes<T> - 1) / kLanes<T>) {}
  long source(long panel) const { return panel < lowPanels ? panel * kLanes<T> : shape.low + (panel - lowPanels) * kLanes<T>; }
  bool isPlain() const { return shape.degree == 1 && panels == 1; }
  // Panels of the sums of coordinate c's prefix.
  long prefixPanels(long c) const { return (shape.prefix(c) + kLanes<T> - 1) / kLanes<T>; }
  long sumPanels() const {
    long count = panels;
    for (long c = shape.first; c < shape.dimension; c++) count += prefixPanels(c);
    return count;
  }
};

// Scratch of one thread.
template <class T>
struct AccumulateState {
  T *row;      // [kFeatureBatch][stride] features of some rows
  long stride;
  T *base;     // [panels][kFeatureRows][kLanes]
  T *y;        // [kFeatureRows][D]
  T *x;        // [kFeatureRows][cols padded] w X
  T *scaled;   // the same times y_c
  double *sums;  // [sum panels][cols][kLanes]
};

template <class T>
AccumulateState<T> accumulateState(const FeaturePanels<T> &p, long cols) {
  constexpr long L = kLanes<T>, W = Vec<T>::W;
  const FeatureShape &f = p.shape;
  const long padded = roundUp(cols, W), stride = roundUp(f.direct + 1 + f.dimension + 2 * L, L), row = kFeatureBatch * stride, y = roundUp(kFeatureRows * f.dimension, L);
  AccumulateState<T> s;
  s.stride = stride;
  const long count = row + p.panels * kFeatureRows * L + y + 2 * kFeatureRows * padded;
  s.row = static_cast<T *>(scratch(kSlotFeatureRows, sizeof(T) * static_cast<size_t>(count)));
  s.base = s.row + row;
  s.y = s.base + p.panels * kFeatureRows * L;
  s.x = s.y + y;
  s.scaled = s.x + kFeatureRows * padded;
  s.sums = static_cast<double *>(scratch(kSlotFeatureSums, sizeof(double) * static_cast<size_t>(p.sumPanels() * cols * L)));
  for (long i = 0; i < row; i++) s.row[i] = 0;
  for (long i = 0; p.isPlain() && i < kFeatureRows * L; i++) s.base[i] = 0;
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

// Features of a batch of rows into panels, from row `at` of the block on.
template <class T>
void openBatch(const MappedRows<T> &rows, const FeaturePanels<T> &p, const AccumulateState<T> &s, long row, long at, long count) {
  using V = Vec<T>;
  constexpr long L = kLanes<T>;
  const long D = p.shape.dimension;
  for (long l = 0; l < count; l++) {
    rows.readRow(row + l, s.row + l * s.stride + 1);
    for (long c = 0; p.shape.first < D && c < D; c++) s.y[(at + l) * D + c] = s.row[l * s.stride + 1 + c];
  }
  writeRowFeatures<T>(p.shape, count, s.row, s.stride);
  for (long panel = 0; panel < p.panels; panel++) {
    const T *from = s.row + p.source(panel);
    T *to = s.base + (panel * kFeatureRows + at) * L;
    for (long l = 0; l < count; l++, from += s.stride, to += L)
      for (long j = 0; j < L; j += V::W) V::load(from + j).store(to + j);
  }
}

// One and the coordinates, where they fit into one panel: no features but these.
template <class T>
void openCoordinates(const MappedRows<T> &rows, const AccumulateState<T> &s, long row, long count) {
  constexpr long L = kLanes<T>;
  for (long l = 0; l < count; l++) {
    s.base[l * L] = 1;
    rows.readRow(row + l, s.base + l * L + 1);
  }
}

// Features of a block of rows, and their weighted values.
template <class T>
void openBlock(const AccumulateArgs &a, const MappedRows<T> &rows, const FeaturePanels<T> &p, const AccumulateState<T> &s, long row, long count,
               const double *weights) {
  using V = Vec<T>;
  const T *values = static_cast<const T *>(a.values);
  const long padded = roundUp(a.dv + 1, V::W);
  if (p.isPlain()) openCoordinates<T>(rows, s, row, count);
  else
    for (long l = 0; l < count; l += kFeatureBatch) openBatch<T>(rows, p, s, row + l, l, least(kFeatureBatch, count - l));
  for (long l = 0; l < count; l++) {
    const T weight = static_cast<T>(weights[l]);
    T *x = s.x + l * padded;
    for (long c = 0; c < a.dv; c += V::W)
      V::mul(V::set(weight), loadPart<T>(values + (row + l) * a.dv + c, a.dv - c)).store(x + c);
    if (a.dv % V::W == 0) V::set(0).store(x + a.dv);
    x[a.dv] = weight;
  }
}

// Panels [first, last) of features times weighted values, kChain rows at a time, into `sums`.
template <class T>
void addPanels(const FeaturePanels<T> &, const AccumulateState<T> &s, const T *x, long cols, long count, long first, long last, double *sums) {
  constexpr long L = kLanes<T>;
  const long padded = roundUp(cols, Vec<T>::W);
  for (long panel = first; panel < last; panel++, sums += cols * L)
    for (long l = 0; l < count; l += kChain)
      crossRows<T>(cols, least(kChain, count - l), x + l * padded, padded, s.base + (panel * kFeatureRows + l) * L, L, nullptr, sums);
}

template <class T>
bool addBlock(const AccumulateArgs &a, const FeaturePanels<T> &p, const AccumulateState<T> &s, long count) {
  using V = Vec<T>;
  constexpr long L = kLanes<T>;
  const long cols = a.dv + 1, padded = roundUp(cols, V::W);
  addPanels<T>(p, s, s.x, cols, count, 0, p.panels, s.sums);
  double *sums = s.sums + p.panels * cols * L;
  for (long c = p.shape.first; c < p.shape.dimension; c++) {
    if (a.tile.control.cancelled()) return false;
    for (long l = 0; l < count; l++) {
      const V factor = V::set(s.y[l * p.shape.dimension + c]);
      for (long i = l * padded; i < (l + 1) * padded; i += V::W) V::mul(V::load(s.x + i), factor).store(s.scaled + i);
    }
    const long panels = p.prefixPanels(c);
    addPanels<T>(p, s, s.scaled, cols, count, p.lowPanels, p.lowPanels + panels, sums);
    sums += panels * cols * L;
  }
  return true;
}

// From panels to rows of features, rounded once.
template <class T>
void storeSums(const FeaturePanels<T> &p, const double *sums, long cols, T *out) {
  constexpr long L = kLanes<T>;
  const FeatureShape &f = p.shape;
  const auto copy = [&](const double *from, long count, T *to) {
    for (long i = 0; i < count; i++)
      for (long c = 0; c < cols; c++) to[i * cols + c] = static_cast<T>(from[(i / L * cols + c) * L + i % L]);
  };
  copy(sums, f.low, out);
  copy(sums + p.lowPanels * cols * L, f.direct - f.low, out + f.low * cols);
  const double *from = sums + p.panels * cols * L;
  for (long c = f.first; c < f.dimension; c++) {
    copy(from, f.prefix(c), out + f.start(c) * cols);
    from += p.prefixPanels(c) * cols * L;
  }
}

template <class T>
bool accumulatePart(const AccumulateArgs &a, const MappedRows<T> &rows, const FeaturePanels<T> &p, const AccumulateState<T> &s, long part) {
  const long n = a.map.n, cols = a.dv + 1, first = part * n / a.parts, last = (part + 1) * n / a.parts;
  double *weights = static_cast<double *>(scratch(kSlotFeatureWeights, sizeof(double) * static_cast<size_t>(last - first + 8)));
  double top;
  if (!logWeights<T>(a, rows, first, last, weights, &top)) return false;
  T *shift = static_cast<T *>(a.shift) + part, *out = static_cast<T *>(a.sums) + part * a.map.rank * cols;
  *shift = static_cast<T>(top);  // the sums belong to it as it is stored
  const long count = p.sumPanels() * cols * kLanes<T>;
  for (long i = 0; i < count; i++) s.sums[i] = 0;
  for (long row = first; row < last && top > -__builtin_inf(); row += kFeatureRows) {
    if (a.tile.control.cancelled()) return false;
    const long block = least(kFeatureRows, last - row);
    exponentiate(weights + (row - first), block, static_cast<double>(*shift));
    openBlock<T>(a, rows, p, s, row, block, weights + (row - first));
    if (!addBlock<T>(a, p, s, block)) return false;
  }
  storeSums<T>(p, s.sums, cols, out);
  return true;
}

// Tiles are parts.
template <class T>
void accumulateStep(const AccumulateArgs &a) {
  const MappedRows<T> rows = mappedRows<T>(a.map);
  const FeaturePanels<T> panels(featureShape(a.map));
  const AccumulateState<T> state = accumulateState<T>(panels, a.dv + 1);
  for (long part = a.tile.firstRow; part < a.tile.lastRow; part++) {
    if (a.tile.control.cancelled() || !accumulatePart<T>(a, rows, panels, state, part)) return;
    a.tile.control.advance(1);
  }
}

}  // namespace poly::POLY_ISA
