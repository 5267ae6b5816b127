// accumulate (math.md §3.5): sums[f, c] = sum_l w_l phi_f(y_l) X[l, c], X = [values | 1], w_l = e^(bias_l + tilts_l - shift).
//
// A product over the rows of a block of features and weighted values. Rows are lanes where features are written (features.h: one load, one
// multiplication, one store a vector, as in apply.h), channels where they are used: each feature is broadcast from its vector of rows
// against one or two vectors of channels, so neither the number of features nor whole vectors of channels leave lanes idle. The weights
// themselves, a channel more, would have a vector to themselves: their sums take rows as lanes, while a tile's features are in the first
// level. For the direct features the weighted values are w X; for the others they are y_c w X, once for each c, against a prefix of the
// features of degree g - 1, which is all that the block keeps. Log-weights and their exponentials are fp64: an argument near -87 rounded to
// fp32 would already cost 87 u.
//
// Rounding, in units u of T, relative to sum_l w_l |phi_f| |X|: 64 for a chain and 3 for the chains of a block, 2 g + 2 for the product
// (w, w X, y_c w X), the rest is fp64, and one more where the sum is stored: (64 + 2 g + 6) u.
//
// Cost: 2 n r (dv + 1) flops and n C(D + g - 1, g - 1) multiplications.
//
// AVX-512 on Sapphire Rapids (virtual machine, no neighbour on the core), n = 16,384, share of the FMA peak beside it, fp32 | fp64:
//                                                        D=16 g=3 dv=16   dv=64        D=64 g=2 dv=64   D=16 g=2 dv=16
//   features as lanes, panels of 32 copied from rows     45 % | 56 %      59 % | 69 %  47 % | 62 %      22 %
//   the same from rows in place, single vectors at the
//   end of a run, chains added in T, 256 rows a block    54 % | 54 %      66 % | 69 %  60 %             31 %
//   channels as lanes, features written by rows          65 % | 68 %      75 % | 75 %  68 % | 71 %      44 %       kept
// The first spent a fifth of the time on writing features row by row: short runs, each across two cache lines. Tiles alone, in all of them,
// reach about 90 %. AVX2 there, fp32: 59 to 75 % and 71 to 81 % (g = 3), baseline set 67 to 76 % and 72 to 78 %.
// While others use the core's sibling all versions fall to 45 to 55 %.
#pragma once
#include "features.h"

extern "C" double exp(double);

namespace poly::POLY_ISA {

constexpr long kFeatureRows = 256;  // rows of one block, at most
constexpr long kChain = 64;         // rows summed in T
constexpr long kFeatureBytes = 1 << 20;

// Scratch of one thread. Channels come by chunks of kCrossVecs vectors, the last perhaps of one; where the weights would be alone in a
// vector they are not among them.
template <class T>
struct AccumulateState {
  long rows, channels;
  bool apart;
  T *base;                     // [panels][direct][kLanes]
  T *y;                        // [panels][D][kLanes]
  T *spare;                    // [kLanes][D]
  T *x, *scaled;               // [chunks][rows][chunk] w X, and y_c w X
  T *weights, *scaledWeights;  // [rows] w, and y_c w
  double *sums;                // [rank][channels]
  double *weightSums;          // [rank]
};

template <class T>
AccumulateState<T> accumulateState(const FeatureShape &f, long dv) {
  constexpr long L = kLanes<T>, W = Vec<T>::W;
  AccumulateState<T> s;
  s.apart = dv % W == 0;
  s.channels = s.apart ? dv : roundUp(dv + 1, W);
  s.rows = kFeatureRows;
  while (s.rows > kChain && s.rows * f.direct * static_cast<long>(sizeof(T)) > kFeatureBytes) s.rows /= 2;
  const long count = s.rows * (f.direct + f.dimension + 2 * s.channels + 2) + L * f.dimension;
  s.base = static_cast<T *>(scratch(kSlotFeatureRows, sizeof(T) * static_cast<size_t>(count)));
  s.y = s.base + s.rows * f.direct;
  s.x = s.y + s.rows * f.dimension;
  s.scaled = s.x + s.rows * s.channels;
  s.weights = s.scaled + s.rows * s.channels;
  s.scaledWeights = s.weights + s.rows;
  s.spare = s.scaledWeights + s.rows;
  s.sums = static_cast<double *>(scratch(kSlotFeatureSums, sizeof(double) * static_cast<size_t>(f.rank * (s.channels + 1))));
  s.weightSums = s.sums + f.rank * s.channels;
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

// Features of a block of rows, and their weighted values; zeros beyond the rows.
template <class T>
void openBlock(const AccumulateArgs &a, const MappedRows<T> &rows, const FeatureShape &f, const AccumulateState<T> &s, long row, long count,
               const double *weights) {
  using V = Vec<T>;
  constexpr long W = V::W, C = kCrossVecs * W;
  openPanels<T>(rows, f, row, count, s.spare, s.y, s.base);
  const T *values = static_cast<const T *>(a.values) + row * a.dv;
  for (long l = 0; l < roundUp(count, kLanes<T>); l++, values += a.dv) {
    const T weight = l < count ? static_cast<T>(weights[l]) : 0;
    s.weights[l] = weight;
    for (long c = 0; c < s.channels; c += W) {
      const long chunk = c / C * C;
      T *x = s.x + chunk * s.rows + l * least(C, s.channels - chunk) + c % C;
      V::mul(V::set(weight), l < count && c < a.dv ? loadPart<T>(values + c, a.dv - c) : V::set(0)).store(x);
      if (a.dv >= c && a.dv < c + W) x[a.dv - c] = weight;
    }
  }
}

// sums[r][N W] += sum over rows of feature r [panels][R][kLanes] times x [rows][N W]: chains are added up in T, the block in fp64.
template <class T, int R, int N>
__attribute__((noinline)) void sumTile(long rows, const T *features, long panel, const T *x, double *sums, long stride) {
  using V = Vec<T>;
  constexpr long W = V::W, L = kLanes<T>;
  alignas(64) T part[R * N * W];
  for (long from = 0; from < rows; from += kChain) {
    V acc[R][N];
#pragma GCC unroll 24
    for (int r = 0; r < R; r++)
#pragma GCC unroll 2
      for (int j = 0; j < N; j++) acc[r][j] = V::set(0);
    for (long l = from; l < least(rows, from + kChain); l += L, features += panel)
#pragma GCC unroll 2
      for (long k = 0; k < L; k++, x += N * W) {
        V v[N];
#pragma GCC unroll 2
        for (int j = 0; j < N; j++) v[j] = V::load(x + j * W);
#pragma GCC unroll 24
        for (int r = 0; r < R; r++) {
          const V p = V::set(features[r * L + k]);
#pragma GCC unroll 2
          for (int j = 0; j < N; j++) acc[r][j] = V::fma(p, v[j], acc[r][j]);
        }
      }
#pragma GCC unroll 24
    for (int r = 0; r < R; r++)
#pragma GCC unroll 2
      for (int j = 0; j < N; j++) {
        T *to = part + (r * N + j) * W;
        (from > 0 ? V::add(V::load(to), acc[r][j]) : acc[r][j]).store(to);
      }
  }
  for (long r = 0; r < R; r++)
    for (long j = 0; j < N; j++) addWide<T>(sums + r * stride + j * W, V::load(part + (r * N + j) * W));
}

template <class T, int N, int R = kTile / N>
POLY_INLINE void sumTileOf(long number, long rows, const T *features, long panel, const T *x, double *sums, long stride) {
  if constexpr (R > 1) {
    if (number < R) return sumTileOf<T, N, R - 1>(number, rows, features, panel, x, sums, stride);
  }
  sumTile<T, R, N>(rows, features, panel, x, sums, stride);
}

// sums[r] += sum over rows of feature r times weight, for R features.
template <class T, int R>
POLY_INLINE void weighTile(long rows, const T *features, long panel, const T *weights, double *sums) {
  using V = Vec<T>;
  constexpr long W = V::W, L = kLanes<T>;
  V acc[R];
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) acc[r] = V::set(0);
  for (long l = 0; l < rows; l += L, features += panel)
#pragma GCC unroll 2
    for (long k = 0; k < L; k += W) {
      const V w = V::load(weights + l + k);
#pragma GCC unroll 8
      for (int r = 0; r < R; r++) acc[r] = V::fma(w, V::load(features + r * L + k), acc[r]);
    }
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) sums[r] += static_cast<double>(acc[r].sum());
}

template <class T>
__attribute__((noinline)) void weigh(long number, long rows, const T *features, long panel, const T *weights, double *sums) {
  constexpr long L = kLanes<T>;
  long r = 0;
  for (; r + 8 <= number; r += 8) weighTile<T, 8>(rows, features + r * L, panel, weights, sums + r);
  for (; r + 4 <= number; r += 4) weighTile<T, 4>(rows, features + r * L, panel, weights, sums + r);
  for (; r < number; r++) weighTile<T, 1>(rows, features + r * L, panel, weights, sums + r);
}

// Of the block's features from `features` on, times x or weights, what goes into the sums of those from `at` on.
template <class T>
struct FeatureRun {
  const T *features;
  long number, rows, panel, at;
};

// One chunk of channels, by tiles of equal height, give or take one; with it the weights if there are any, while the features are at hand.
template <class T, int N>
void sumChunk(const FeatureRun<T> &run, const AccumulateState<T> &s, const T *x, long chunk, const T *weights) {
  long tiles = (run.number + kTile / N - 1) / (kTile / N);
  for (long done = 0; done < run.number; tiles--) {
    const long height = (run.number - done + tiles - 1) / tiles, at = run.at + done;
    const T *features = run.features + done * kLanes<T>;
    sumTileOf<T, N>(height, run.rows, features, run.panel, x + chunk * s.rows, s.sums + at * s.channels + chunk, s.channels);
    if (weights) weigh<T>(height, run.rows, features, run.panel, weights, s.weightSums + at);
    done += height;
  }
}

// scaled = y_c x and scaledWeights = y_c w.
template <class T>
void scaleValues(const AccumulateState<T> &s, long dimension, long rows, long c) {
  using V = Vec<T>;
  constexpr long W = V::W, L = kLanes<T>, C = kCrossVecs * W;
  for (long chunk = 0; chunk < s.channels; chunk += C) {
    const long width = least(C, s.channels - chunk);
    const T *from = s.x + chunk * s.rows;
    T *to = s.scaled + chunk * s.rows;
    for (long l = 0; l < rows; l += L) {
      const T *y = s.y + l * dimension + c * L;
      for (long lane = 0; lane < L; lane++, from += width, to += width) {
        const V factor = V::set(y[lane]);
        V::mul(V::load(from), factor).store(to);
        if (width > W) V::mul(V::load(from + W), factor).store(to + W);
      }
    }
  }
  for (long l = 0; s.apart && l < rows; l += L)
    for (long j = 0; j < L; j += W) V::mul(V::load(s.weights + l + j), V::load(s.y + l * dimension + c * L + j)).store(s.scaledWeights + l + j);
}

template <class T>
void addFeatures(const FeatureRun<T> &run, const AccumulateState<T> &s, const T *x, const T *weights) {
  constexpr long W = Vec<T>::W;
  const T *apart = s.apart ? weights : nullptr;
  if (s.channels == 0) weigh<T>(run.number, run.rows, run.features, run.panel, weights, s.weightSums + run.at);
  for (long chunk = 0; chunk < s.channels; chunk += kCrossVecs * W, apart = nullptr) {
    if (s.channels - chunk == W) sumChunk<T, 1>(run, s, x, chunk, apart);
    else sumChunk<T, kCrossVecs>(run, s, x, chunk, apart);
  }
}

template <class T>
bool addBlock(const AccumulateArgs &a, const FeatureShape &f, const AccumulateState<T> &s, long count) {
  constexpr long L = kLanes<T>;
  const long rows = roundUp(count, L), panel = f.direct * L;
  addFeatures<T>({s.base, f.direct, rows, panel, 0}, s, s.x, s.weights);
  for (long c = f.first; c < f.dimension; c++) {
    if (a.tile.control.cancelled()) return false;
    scaleValues<T>(s, f.dimension, rows, c);
    addFeatures<T>({s.base + f.low * L, f.prefix(c), rows, panel, f.start(c)}, s, s.scaled, s.scaledWeights);
  }
  return true;
}

// Rounded once.
template <class T>
void storeSums(const FeatureShape &f, const AccumulateState<T> &s, long dv, T *out) {
  for (long r = 0; r < f.rank; r++, out += dv + 1) {
    for (long c = 0; c < dv; c++) out[c] = static_cast<T>(s.sums[r * s.channels + c]);
    out[dv] = static_cast<T>(s.apart ? s.weightSums[r] : s.sums[r * s.channels + dv]);
  }
}

template <class T>
bool accumulatePart(const AccumulateArgs &a, const MappedRows<T> &rows, const FeatureShape &f, const AccumulateState<T> &s, long part) {
  const long n = a.map.n, cols = a.dv + 1, first = part * n / a.parts, last = (part + 1) * n / a.parts;
  double *weights = static_cast<double *>(scratch(kSlotFeatureWeights, sizeof(double) * static_cast<size_t>(last - first + 8)));
  double top;
  if (!logWeights<T>(a, rows, first, last, weights, &top)) return false;
  T *shift = static_cast<T *>(a.shift) + part, *out = static_cast<T *>(a.sums) + part * a.map.rank * cols;
  *shift = static_cast<T>(top);  // the sums belong to it as it is stored
  const long count = f.rank * (s.channels + 1);
  for (long i = 0; i < count; i++) s.sums[i] = 0;
  for (long row = first; row < last && top > -__builtin_inf(); row += s.rows) {
    if (a.tile.control.cancelled()) return false;
    const long block = least(s.rows, last - row);
    exponentiate(weights + (row - first), block, static_cast<double>(*shift));
    openBlock<T>(a, rows, f, s, row, block, weights + (row - first));
    if (!addBlock<T>(a, f, s, block)) return false;
  }
  storeSums<T>(f, s, a.dv, out);
  return true;
}

// Tiles are parts.
template <class T>
void accumulateStep(const AccumulateArgs &a) {
  const MappedRows<T> rows = mappedRows<T>(a.map);
  const FeatureShape features = featureShape(a.map);
  const AccumulateState<T> state = accumulateState<T>(features, a.dv);
  for (long part = a.tile.firstRow; part < a.tile.lastRow; part++) {
    if (a.tile.control.cancelled() || !accumulatePart<T>(a, rows, features, state, part)) return;
    a.tile.control.advance(1);
  }
}

}  // namespace poly::POLY_ISA
