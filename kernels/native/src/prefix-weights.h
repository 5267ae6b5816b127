// The weights of a growing prefix (prefix.h): states that rows of the child bring into a block, and the first two passes over a panel.
//
// A lane that has met no key has the maximum kFloor instead of -Infinity, so that maxima can be subtracted from one another; its sum of
// weights is 0, which is what empties the rows that depend on it.
#pragma once
#include "cycle.h"

namespace poly::POLY_ISA {

// Rows of the output that go together: whole panels, so that the keys before a block fill theirs.
template <class T>
constexpr long kPrefixRows = kPanel<T> * ((32 + kPanel<T> - 1) / kPanel<T>);

template <class T>
constexpr T kFloor = static_cast<T>(-1e37);

struct PrefixBlock {
  long first, rows;
};

template <class T>
struct PrefixEdge {
  Keys<T> keyPanels;
  Values<T> chunks;  // data null: no values
  const T *source;   // [n, dv] or null
  Queries<T> queries;  // the block's keys as rows of a score tile
  T *state;            // y [child rows padded][width]; null without values
  T *maximum, *sum;    // m, z [child rows padded]
  T *packed;           // the block's keys, packed
  T *values;           // [rows][width] of the block
  T *weight, *decay;   // [rows][panel]; weights hold scores first
  T *total;            // [rows][panel] z after the key of the row
  bool *changed;       // [rows] whether any decay of the row is below 1
  long keys;           // how many of the block's rows have a key
};

template <class T>
struct Prefix {
  const PrefixArgs &a;
  long dv, width;  // width: dv in whole vectors
  PrefixEdge<T> edges[kMaxVariables] = {};
  T *childPanels = nullptr, *childBias = nullptr, *childValues = nullptr, *ones = nullptr;  // childValues [child rows][width] or null
  T *rootPacked = nullptr;
  T *score = nullptr;  // [rows][panel] s + b + sum of m
  T *share = nullptr;  // [rows][panel] weights of sums of values
  T *tile = nullptr, *spare = nullptr, *zeros = nullptr;
  T *product = nullptr, *part = nullptr, *sums = nullptr;  // [rows][width]
  T *message = nullptr, *logSumExp = nullptr;              // [kRows][dv] and [kRows], of rows that enter
  T *maximum = nullptr;                                    // [rows] running maximum of the output rows
  double *total = nullptr;                                 // [rows]
};

template <class T>
void layOutPrefix(Prefix<T> &p, Pieces &pieces) {
  constexpr long B = kPrefixRows<T>, P = kPanel<T>, W = Vec<T>::W;
  const PrefixArgs &a = p.a;
  const auto take = [&](long count) { return pieces.take<T>(static_cast<size_t>(count + 16)); };
  const long childPadded = roundUp(a.childRows, P), packed = roundUp(B, kGroup) * a.d;
  p.childPanels = take(childPadded * a.d);
  p.childBias = take(childPadded);
  p.childValues = p.dv && a.childValues ? take(a.childRows * p.width) : nullptr;
  p.ones = take(p.width);
  for (int g = 0; g < a.edgeCount; g++) {
    PrefixEdge<T> &e = p.edges[g];
    const long n = a.edges[g].n;
    e.source = p.dv ? static_cast<const T *>(a.edges[g].values) : nullptr;
    e.keyPanels = {take(roundUp(n, P) * a.d), take(roundUp(n, P)), n, a.d};
    e.chunks = {e.source ? take(roundUp(n, P) * p.width) : nullptr, e.source ? p.dv : 0};
    e.state = e.source ? take(childPadded * p.width) : nullptr;
    e.maximum = take(childPadded);
    e.sum = take(childPadded);
    e.packed = take(packed);
    e.values = e.source ? take(B * p.width) : nullptr;
    e.weight = take(roundUp(B, kScoreRows) * P);
    e.decay = take(B * P);
    e.total = take(B * P);
    e.changed = pieces.take<bool>(static_cast<size_t>(B));
  }
  p.rootPacked = take(packed);
  p.score = take(roundUp(B, kScoreRows) * P);
  p.share = take(B * P);
  p.tile = take(kScoreRows * kBlock<T>);
  p.spare = take(kScoreRows * W);
  p.zeros = take(P);
  p.product = take(B * p.width);
  p.part = take(B * p.width);
  p.sums = take(B * p.width);
  p.message = take(kRows * p.dv);
  p.logSumExp = take(kRows);
  p.maximum = take(B);
  p.total = pieces.take<double>(static_cast<size_t>(B));
}

template <class T>
void padRows(const T *rows, long count, long dv, long width, T *out) {
  constexpr long W = Vec<T>::W;
  for (long i = 0; i < count; i++)
    for (long c = 0; c < width; c += W) loadPart<T>(rows + i * dv + c, dv - c).store(out + i * width + c);
}

// What a call packs once a thread: the child's rows as lanes, and the grandchildren's as keys of `attend`.
template <class T>
Prefix<T> preparePrefix(const PrefixArgs &a) {
  const long dv = a.message ? a.dv : 0;
  Prefix<T> p = {a, dv, roundUp(dv, Vec<T>::W)};
  Pieces measure = {nullptr, 0};
  layOutPrefix<T>(p, measure);
  Pieces pieces = {static_cast<char *>(scratch(kSlotPrefix, measure.used)), 0};
  layOutPrefix<T>(p, pieces);
  for (int g = 0; g < a.edgeCount; g++) {
    PrefixEdge<T> &e = p.edges[g];
    e.queries = {static_cast<const T *>(a.edges[g].queries), nullptr, a.scale * a.edges[g].coefficient};
  }
  PackedFor &packed = packedFor(kSlotPrefix);
  if (packed.callId == a.tile.callId && packed.owner == a.queries) return p;
  packed = {-1, nullptr};
  memset(pieces.base, 0, pieces.used);  // what is padding must be numbers
  packKeys<T>(static_cast<const T *>(a.child), a.childRows, a.d, p.childPanels);
  packBias<T>(static_cast<const T *>(a.childBias), a.childRows, 1, p.childBias);
  if (p.childValues) padRows<T>(static_cast<const T *>(a.childValues), a.childRows, p.dv, p.width, p.childValues);
  for (long c = 0; c < p.width; c++) p.ones[c] = 1;
  for (int g = 0; g < a.edgeCount; g++) {
    PrefixEdge<T> &e = p.edges[g];
    packKeys<T>(e.queries.data, a.edges[g].n, a.d, const_cast<T *>(e.keyPanels.panels));
    packBias<T>(static_cast<const T *>(a.edges[g].bias), a.edges[g].n, kLog2e, const_cast<T *>(e.keyPanels.bias));
    if (e.source) packValues<T>(e.source, a.edges[g].n, p.dv, const_cast<T *>(e.chunks.data));
  }
  packed = {a.tile.callId, a.queries};
  return p;
}

// Rows [first, last) of the child take keys [0, keys): their states begin as messages. False if cancelled.
template <class T>
bool enterRows(const Prefix<T> &p, const PrefixEdge<T> &e, long first, long last, long keys) {
  const PrefixArgs &a = p.a;
  const Queries<T> q = {static_cast<const T *>(a.child), nullptr, e.queries.scale};
  for (long row = first; row < last; row += kRows) {
    const long rows = least(kRows, last - row);
    for (long r = 0; r < rows; r++) p.logSumExp[r] = kMinusInfinity<T>;
    const Output<T> out = {e.state ? p.message : nullptr, p.logSumExp};
    const long k1 = least(keys, e.keyPanels.n);
    if (k1 > 0 && !attendRows<T>(q, row, row + rows, e.keyPanels, e.chunks, kNoBand, 0, k1, out, a.tile.control, false)) return false;
    for (long r = 0; r < rows; r++) {
      const bool empty = p.logSumExp[r] == kMinusInfinity<T>;
      e.maximum[row + r] = empty ? kFloor<T> : p.logSumExp[r];
      e.sum[row + r] = empty ? 0 : 1;
      if (!e.state) continue;
      T *state = e.state + (row + r) * p.width;
      if (empty) memset(state, 0, sizeof(T) * static_cast<size_t>(p.width));
      else padRows<T>(p.message + r * p.dv, 1, p.dv, p.width, state);
    }
  }
  return true;
}

template <class T>
void openBlock(Prefix<T> &p, const PrefixBlock &block) {
  const PrefixArgs &a = p.a;
  const Queries<T> root = {static_cast<const T *>(a.queries) + block.first * a.d, nullptr, a.scale * a.coefficient};
  packAllQueries<T>(root, block.rows, a.d, p.rootPacked);
  for (int g = 0; g < a.edgeCount; g++) {
    PrefixEdge<T> &e = p.edges[g];
    e.keys = greatest(0, least(block.rows, a.edges[g].n - block.first));
    if (e.keys == 0) continue;
    packAllQueries<T>({e.queries.data + block.first * a.d, nullptr, e.queries.scale}, e.keys, a.d, e.packed);
    if (e.source) padRows<T>(e.source + block.first * p.dv, e.keys, p.dv, p.width, e.values);
  }
  for (long i = 0; i < block.rows; i++) {
    p.maximum[i] = kFloor<T>;
    p.total[i] = 0;
  }
  for (long i = 0; i < block.rows * p.width; i++) p.part[i] = p.sums[i] = 0;
}

// out[r][panel] = packed row r . lane + bias of the lane.
template <class T>
void scoreRows(const Prefix<T> &p, const T *packed, long rows, const T *panel, const T *laneBias, T *out) {
  constexpr long P = kPanel<T>, R = kScoreRows;
  for (long r = 0; r < rows; r += R) {
    scoreTile<T>(p.a.d, packed + r * p.a.d, p.a.d, panel, laneBias, p.tile, p.spare);
    for (long i = 0; i < R; i++) memcpy(out + (r + i) * P, p.tile + i * kBlock<T>, sizeof(T) * P);
  }
}

template <class T>
void scorePanel(const Prefix<T> &p, const PrefixBlock &block, long panel) {
  const T *lanes = p.childPanels + panel * p.a.d;
  scoreRows<T>(p, p.rootPacked, block.rows, lanes, p.childBias + panel, p.score);
  for (int g = 0; g < p.a.edgeCount; g++)
    if (p.edges[g].keys > 0) scoreRows<T>(p, p.edges[g].packed, p.edges[g].keys, lanes, p.zeros, p.edges[g].weight);
}

// Whether a lane's maximum goes up; lanes that are no numbers, of rows that are not yet seen, must not hide the others.
template <class T>
POLY_INLINE bool rises(Vec<T> before, Vec<T> after) {
  return !(Vec<T>::max(Vec<T>::sub(after, before), Vec<T>::set(0)).maximum() <= 0);
}

// Pass 1 for one vector of lanes whose maximum no key of the block raises: the same bits as below, for a quarter of the time.
template <class T>
POLY_INLINE void weighSteadily(const PrefixEdge<T> &e, T *score, long rows, Vec<T> top, Vec<T> *sum) {
  using V = Vec<T>;
  constexpr long P = kPanel<T>;
  V part = V::set(0);
  for (long i = 0; i < rows; i++) {
    if (i < e.keys) {
      T *s = e.weight + i * P;
      const V w = exp<T>(V::sub(V::load(s), top));
      w.store(s);
      part = V::add(part, w);
    }
    V::add(*sum, part).store(e.total + i * P);
    V::add(V::load(score + i * P), top).store(score + i * P);
  }
  *sum = V::add(*sum, part);
}

template <class T>
POLY_INLINE void weighRising(const PrefixEdge<T> &e, T *score, long rows, Vec<T> *top, Vec<T> *sum) {
  using V = Vec<T>;
  constexpr long P = kPanel<T>;
  V part = V::set(0);
  for (long i = 0; i < rows; i++) {
    if (i < e.keys) {
      T *s = e.weight + i * P;
      const V next = V::max(V::load(s), *top);
      const V decay = exp<T>(V::sub(*top, next));
      if (rises<T>(*top, next)) e.changed[i] = true;
      decay.store(e.decay + i * P);
      const V w = exp<T>(V::sub(V::load(s), next));
      w.store(s);
      *sum = V::mul(*sum, decay);
      part = V::fma(part, decay, w);
      *top = next;
    }
    V::add(*sum, part).store(e.total + i * P);
    V::add(V::load(score + i * P), *top).store(score + i * P);
  }
  *sum = V::add(*sum, part);
}

// Pass 1: weights of the block's keys for every lane, sums after each, and the running maximum added to the lane's score.
template <class T>
__attribute__((noinline)) void weighKeys(const Prefix<T> &p, const PrefixEdge<T> &e, const PrefixBlock &block, long panel) {
  using V = Vec<T>;
  constexpr long P = kPanel<T>;
  const long g = &e - p.edges;
  const T *bias = static_cast<const T *>(p.a.edges[g].bias);
  for (long i = 0; i < block.rows; i++) e.changed[i] = false;
  for (long i = 0; i < e.keys * P; i++) e.decay[i] = 1;
  for (long lane = 0; lane < P; lane += V::W) {
    PrefixEdge<T> here = e;
    here.weight += lane;
    here.decay += lane;
    here.total += lane;
    V top = V::load(e.maximum + panel + lane), sum = V::load(e.sum + panel + lane), most = top;
    for (long i = 0; i < e.keys; i++) {
      V s = V::load(here.weight + i * P);
      if (bias) {
        s = V::add(s, V::set(bias[block.first + i]));
        s.store(here.weight + i * P);
      }
      most = V::max(s, most);
    }
    if (rises<T>(top, most)) weighRising<T>(here, p.score + lane, block.rows, &top, &sum);
    else weighSteadily<T>(here, p.score + lane, block.rows, top, &sum);
    top.store(e.maximum + panel + lane);
    sum.store(e.sum + panel + lane);
  }
}

// Pass 2: weights of the panel's rows of the child in every row of the output, which meets lanes up to its own number.
template <class T>
__attribute__((noinline)) void weighRows(const Prefix<T> &p, const PrefixBlock &block, long panel) {
  using V = Vec<T>;
  constexpr long P = kPanel<T>, W = V::W;
  for (long i = 0; i < block.rows; i++) {
    T *score = p.score + i * P, *share = p.share + i * P;
    const long lanes = least(P, block.first + i + 1 - panel);
    for (long j = greatest(0, lanes); j < P; j++) score[j] = kMinusInfinity<T>;
    V most = V::set(p.maximum[i]);
    for (long j = 0; j < P; j += W) most = V::max(V::load(score + j), most);
    const T before = p.maximum[i], now = most.maximum();
    if (now != before) {
      const double decay = ::exp(static_cast<double>(before) - static_cast<double>(now));
      p.total[i] *= decay;
      const V factor = V::set(static_cast<T>(decay));
      for (long c = 0; c < p.width; c += W) V::mul(V::load(p.sums + i * p.width + c), factor).store(p.sums + i * p.width + c);
      p.maximum[i] = now;
    }
    T weights[P];
    for (long j = 0; j < P; j += W) {
      V all = exp<T>(V::sub(V::load(score + j), V::set(now))), some = all;
      for (int g = 0; g < p.a.edgeCount; g++) {
        const V total = V::load(p.edges[g].total + i * P + j);
        all = V::mul(all, total);
        if (!p.edges[g].state) some = V::mul(some, total);
      }
      all.store(weights + j);
      some.store(share + j);
    }
    // A lane beyond the row's number may hold anything, even what is no number.
    for (long j = greatest(0, lanes); j < P; j++) weights[j] = share[j] = 0;
    V sum = V::load(weights);
    for (long j = W; j < P; j += W) sum = V::add(sum, V::load(weights + j));
    p.total[i] += static_cast<double>(sum.sum());
  }
}

}  // namespace poly::POLY_ISA
