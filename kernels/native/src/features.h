// Monomials of the rows' coordinates, in the order of kernels/approximate.ts: degree m is, for each c, y_c times the first
// C(c + m - 1, m - 1) features of degree m - 1 (math.md §3.4).
//
// Only a first part of them is ever written out, the `direct` ones: all of degree below g, and those of degree g whose largest coordinate
// is small. The others, most of them, are y_c times a long prefix of degree g - 1, and y_c is a factor of the row: `accumulate` puts it
// into the weights of the row, `apply` multiplies the sum over the prefix by it. That is C(D + g - 1, g - 1) features to write instead of
// C(D + g, g), and a block of rows with its features stays in the second-level cache.
//
// Rounding: y is computed in fp64 and rounded once, or in T with a stretch that rounds nothing, so a feature of degree m carries at most (2 m - 1) u, and with its last factor in the
// weights no more than that.
#pragma once
#include "approximate-types.h"
#include "cross.h"
#include "transpose.h"

extern "C" double frexp(double, int *);

namespace poly::POLY_ISA {

// Prefixes shorter than this are written out: they would not fill the lanes, or not pay for the end of a tile.
constexpr long kShortPrefix = 32;

struct FeatureShape {
  long dimension, degree, rank;
  long low;     // features of degree below g - 1
  long base;    // features of degree below g
  long first;   // coordinates from here on are factors of a prefix of degree g - 1
  long direct;  // features that are written out: [0, direct)
  long prefix(long c) const { return featureCount(c, degree - 1, kFar); }              // C(c + g - 1, g - 1) features of degree g - 1
  long start(long c) const { return base + (c > 0 ? featureCount(c - 1, degree, kFar) : 0); }  // number of the first of them times y_c
};

inline FeatureShape featureShape(const FeatureMapArgs &map) {
  FeatureShape s = {map.dimension, map.degree, map.rank, 0, 0, map.dimension, map.rank};
  if (s.degree == 0) return s;
  s.low = s.degree > 1 ? featureCount(s.dimension, s.degree - 2, kFar) : 0;
  s.base = featureCount(s.dimension, s.degree - 1, kFar);
  s.first = 0;
  while (s.first < s.dimension && s.prefix(s.first) < kShortPrefix) s.first++;
  s.direct = s.start(s.first);
  return s;
}

// Rows as the map sees them: fp64 center and tilt, all tilts in one.
template <class T>
struct MappedRows {
  const T *queries;
  long dimension;
  double stretch;
  double *center, *tilt;  // [D]
  bool tilted;
  const T *stored = nullptr;  // the center as it came
  bool isExact = false;       // the stretch is a power of two: in T only the difference is rounded

  // out[c] = (q_c - center_c) * stretch
  POLY_INLINE void readRow(long row, T *out) const {
    using V = Vec<T>;
    if (!isExact) return read(row, out, 1);
    const T *q = queries + row * dimension;
    const T step = static_cast<T>(stretch);
    long c = 0;
    for (; c + V::W <= dimension; c += V::W) {
      const V x = V::load(q + c);
      V::mul(stored ? V::sub(x, V::load(stored + c)) : x, V::set(step)).store(out + c);
    }
    for (; c < dimension; c++) out[c] = (stored ? q[c] - stored[c] : q[c]) * step;
  }

  // out[c * stride] = (q_c - center_c) * stretch
  template <class O>
  void read(long row, O *out, long stride) const {
    const T *q = queries + row * dimension;
    if (stride == 1)
      for (long c = 0; c < dimension; c++) out[c] = static_cast<O>((static_cast<double>(q[c]) - center[c]) * stretch);
    else
      for (long c = 0; c < dimension; c++) out[c * stride] = static_cast<O>((static_cast<double>(q[c]) - center[c]) * stretch);
  }
  double logWeight(long row) const {
    if (!tilted) return 0;
    const T *q = queries + row * dimension;
    Wide<T> sum = {};
    long c = 0;
    for (; c + Vec<T>::W <= dimension; c += Vec<T>::W) sum.addProduct(Wide<T>::load(tilt + c), Vec<T>::load(q + c), Wide<T>::load(center + c));
    double lanes[4] = {c > 0 ? sum.sum() : 0};
    for (; c + 4 <= dimension; c += 4)
      for (long j = 0; j < 4; j++) lanes[j] += tilt[c + j] * (static_cast<double>(q[c + j]) - center[c + j]);
    for (; c < dimension; c++) lanes[0] += tilt[c] * (static_cast<double>(q[c]) - center[c]);
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
  }
};

// `memory`: 2 D numbers that stay as long as the rows are read.
template <class T>
MappedRows<T> mappedRows(const void *queries, const void *center, long dimension, double stretch, const TiltArgs *tilts, int tiltCount,
                         double *memory) {
  MappedRows<T> rows = {static_cast<const T *>(queries), dimension, stretch, memory, memory + dimension, tiltCount > 0};
  for (long c = 0; c < dimension; c++) {
    rows.center[c] = center ? static_cast<double>(static_cast<const T *>(center)[c]) : 0;
    rows.tilt[c] = 0;
    for (int i = 0; i < tiltCount; i++) rows.tilt[c] += tilts[i].factor * static_cast<double>(static_cast<const T *>(tilts[i].vector)[c]);
  }
  // Within these powers what is lost below the smallest normal number stays there.
  int exponent = 0;
  rows.isExact = frexp(stretch, &exponent) == 0.5 && exponent >= -40 && exponent <= 40;
  rows.stored = static_cast<const T *>(center);
  return rows;
}

template <class T>
MappedRows<T> mappedRows(const void *queries, const void *center, long dimension, double stretch, const TiltArgs *tilts, int tiltCount) {
  double *memory = static_cast<double *>(scratch(kSlotFeatureMap, sizeof(double) * static_cast<size_t>(2 * dimension + 8)));
  return mappedRows<T>(queries, center, dimension, stretch, tilts, tiltCount, memory);
}

template <class T>
MappedRows<T> mappedRows(const FeatureMapArgs &map) {
  return mappedRows<T>(map.queries, map.center, map.dimension, map.stretch, map.tilts, map.tiltCount);
}

constexpr long kFeatureBatch = 16;  // rows whose features are written together

// The direct features of `count` rows, each in its own row of `stride`, whose places 1 .. D hold y already; up to a vector beyond them is
// overwritten. Coordinate by coordinate over all rows: what a row's next degree loads was stored long enough ago to be in the cache, where a
// load across fresh stores would wait for them, and counts are divided once for all rows.
template <class T>
void writeRowFeatures(const FeatureShape &s, long count, T *rows, long stride) {
  using V = Vec<T>;
  long before = 1, next = 1 + s.dimension;
  for (long l = 0; l < count; l++) rows[l * stride] = 1;
  for (long m = 2; m <= s.degree; m++) {
    const long start = next, coordinates = m < s.degree ? s.dimension : s.first;
    long prefix = 1;  // C(c + m - 1, m - 1)
    for (long c = 0; c < coordinates; c++) {
      const T *from = rows + before, *y = rows + 1 + c;
      T *to = rows + next;
      for (long l = 0; l < count; l++, from += stride, to += stride, y += stride) {
        const V factor = V::set(*y);
        for (long i = 0; i < prefix; i += V::W) V::mul(V::load(from + i), factor).store(to + i);
      }
      next += prefix;
      prefix = prefix * (c + m) / (c + 1);
    }
    before = start;
  }
}

// The direct features of kLanes rows side by side: y [D][kLanes], out [direct][kLanes].
template <class T>
void writeLaneFeatures(const FeatureShape &s, const T *y, T *out) {
  using V = Vec<T>;
  constexpr int N = kCrossVecs;
  for (int j = 0; j < N; j++) V::set(1).store(out + j * V::W);
  const T *before = out;
  T *next = out + N * V::W;
  for (long m = 1; m <= s.degree; m++) {
    T *const start = next;
    const long coordinates = m < s.degree ? s.dimension : s.first;
    long count = 1;
    for (long c = 0; c < coordinates; c++) {
      V factor[N];
      for (int j = 0; j < N; j++) factor[j] = V::load(y + (c * N + j) * V::W);
      for (long i = 0; i < count; i++, next += N * V::W)
        for (int j = 0; j < N; j++) V::mul(V::load(before + (i * N + j) * V::W), factor[j]).store(next + j * V::W);
      count = count * (c + m) / (c + 1);
    }
    before = start;
  }
}

// The direct features of rows [row, row + count), kLanes side by side: y [panels][D][kLanes], out [panels][direct][kLanes]. Lanes beyond the
// rows are the last one again. `spare` takes [kLanes][D].
template <class T>
void openPanels(const MappedRows<T> &rows, const FeatureShape &f, long row, long count, T *spare, T *y, T *out) {
  constexpr long L = kLanes<T>;
  for (long l = 0; l < count; l += L, y += L * f.dimension, out += L * f.direct) {
    for (long lane = 0; lane < L; lane++) rows.readRow(row + least(l + lane, count - 1), spare + lane * f.dimension);
    transposeBlock<T>(spare, f.dimension, L, f.dimension, y, L);
    writeLaneFeatures<T>(f, y, out);
  }
}

}  // namespace poly::POLY_ISA
