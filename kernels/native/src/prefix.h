// prefix: a root-causal tree of depth two in O(n^2 (d + dv)) an edge (math.md §7),
//
//   out[i] = sum over j <= i of e^(s(i, j) + b_j) V[j] . prod over g of y_g[j],   y_g[j] = sum over l <= i of e^(t_g(j, l)) U_g[l]
//
// and the same with sums z_g of weights for the denominator. Rows i go in blocks; at the start of a block every row j of the child that
// enters with it takes the keys before the block by `attend`, (u, L) being the state (y = u, z = 1, m = L). Then panels of j (lanes) take
// turns, each in three passes (prefix-weights.h, here):
//   1. weights of the block's keys, e^(t - m) with the running maximum m of every lane, and their sums z
//   2. weights of the panel's j in every row i, under the running maximum of that row
//   3. one j at a time: its state takes the keys one by one in registers, and after each serves the row of the same number
// A row i meets only what has a number up to i, in an order and by operations that depend on numbers alone: later tokens do not change a
// bit of it. A tile begins with an `attend` of its own, so where tiles are cut may change last bits.
//
// z_g lies between 0 and n, so that a row loses at most n^(g + 1) e^-87 of its total to underflow in fp32 for g grandchildren.
// Cost: 2 n^2 (d + dv) flops for each grandchild, n^2 (d + (1 + g) dv) for the child, (1 + g) n^2 exponentials. In units of one unmasked
// `attend` of that size, fp32, d = dv = 64, n = 1024 or 2048, one grandchild: 2.4 on AVX-512 (Sapphire Rapids, 5 ms at n = 1024 beside a
// busy machine), 2.7 on AVX2; two grandchildren 6.5 and 5.5. The reference back end takes 0.31 s for the former.
//
// Tried, AVX-512, one grandchild: pass 3 with its cases as branches on pointers in memory 3.6, as templates with four vectors at once 2.4.
#pragma once
#include "prefix-weights.h"

namespace poly::POLY_ISA {

// One j and one chunk of NV vectors of channels against one grandchild. Strides: panels of lanes for weights, `width` for channels.
template <class T>
struct RowGrowth {
  const T *weight, *decay, *share;  // at lane j
  const bool *changed;
  const T *u;       // [keys][width], the block's values
  T *state;         // [chunk], y_g[j]
  const T *values;  // [chunk], V[j]
  T *product;       // [rows][width], of the grandchildren so far
  T *out;           // [rows][width]
  long rows, keys, from, width;
};

constexpr int kGrowVecs = kTile == 24 ? 4 : 2;  // with its state, V[j] and a product in 32 or 16 registers

// First and Last say which grandchild this is: the first multiplies by V[j], the last adds to the output.
template <class T, int NV, bool First, bool Last>
__attribute__((noinline)) void growRow(const RowGrowth<T> g) {
  using V = Vec<T>;
  constexpr long W = V::W, P = kPanel<T>;
  const T *weight = g.weight, *share = g.share, *u = g.u;
  T *to = Last ? g.out : g.product;
  const T *product = g.product;
  V base[NV], part[NV], values[NV];
#pragma GCC unroll 4
  for (int j = 0; j < NV; j++) {
    base[j] = V::load(g.state + j * W);
    part[j] = V::set(0);
    values[j] = First ? V::load(g.values + j * W) : V::set(0);
  }
  const long rows = g.rows, keys = g.keys, from = g.from, width = g.width;
  const bool *changed = g.changed;
  for (long i = 0; i < rows; i++, weight += P, share += P, u += width, to += width, product += width) {
    if (changed[i]) {
      const V decay = V::set(g.decay[i * P]);
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) {
        base[j] = V::mul(base[j], decay);
        part[j] = V::mul(part[j], decay);
      }
    }
    if (i < keys) {
      const V w = V::set(*weight);
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) part[j] = V::fma(w, V::load(u + j * W), part[j]);
    }
    if (i < from) continue;
    const V s = V::set(*share);
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) {
      const V x = V::mul(V::add(base[j], part[j]), First ? values[j] : V::load(product + j * W));
      (Last ? V::fma(s, x, V::load(to + j * W)) : x).store(to + j * W);
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < NV; j++) V::add(base[j], part[j]).store(g.state + j * W);
}

template <class T, int NV>
void growChunk(const RowGrowth<T> &g, bool first, bool last) {
  if (first && last) growRow<T, NV, true, true>(g);
  else if (first) growRow<T, NV, true, false>(g);
  else if (last) growRow<T, NV, false, true>(g);
  else growRow<T, NV, false, false>(g);
}

// out[i] += share V[j] from row `from` on, where no grandchild has values.
template <class T>
void addChild(const Prefix<T> &p, const PrefixBlock &block, long lane, long from, const T *values) {
  constexpr long P = kPanel<T>;
  for (long i = from; i < block.rows; i++) addScaled<T>(p.part + i * p.width, values, p.share[i * P + lane], p.width);
}

// Pass 3 for one panel.
template <class T>
void growPanel(const Prefix<T> &p, const PrefixBlock &block, long panel) {
  constexpr long W = Vec<T>::W, P = kPanel<T>;
  const PrefixArgs &a = p.a;
  int carrying[kMaxVariables], count = 0;
  for (int g = 0; g < a.edgeCount; g++)
    if (p.edges[g].state) carrying[count++] = g;
  const long rows = least(a.childRows, block.first + block.rows);
  for (long lane = 0; lane < least(P, rows - panel); lane++) {
    const long j = panel + lane;
    if (!(p.childBias[j] > kMinusInfinity<T>)) continue;
    const long from = greatest(0, j - block.first);
    const T *values = p.childValues ? p.childValues + j * p.width : p.ones;
    if (count == 0) addChild<T>(p, block, lane, from, values);
    for (int k = 0; k < count; k++) {
      const PrefixEdge<T> &e = p.edges[carrying[k]];
      const bool first = k == 0, last = k == count - 1;
      for (long c = 0, vectors; c < p.width; c += vectors * W) {
        const long left = (p.width - c) / W;
        vectors = left >= kGrowVecs ? kGrowVecs : left >= 2 ? 2 : 1;
        const RowGrowth<T> g = {e.weight + lane, e.decay + lane, p.share + lane, e.changed, e.values + c, e.state + j * p.width + c,
                                values + c, p.product + c, p.part + c, block.rows, e.keys, from, p.width};
        if (vectors == 1) growChunk<T, 1>(g, first, last);
        else if (vectors == 2) growChunk<T, 2>(g, first, last);
        else growChunk<T, kGrowVecs>(g, first, last);
      }
    }
  }
  for (long i = 0; i < block.rows * p.width; i += W) {
    Vec<T>::add(Vec<T>::load(p.sums + i), Vec<T>::load(p.part + i)).store(p.sums + i);
    Vec<T>::set(0).store(p.part + i);
  }
}

// Rows [first, first + rows) of the output. False if cancelled.
template <class T>
bool prefixBlock(Prefix<T> &p, const PrefixBlock &block) {
  constexpr long P = kPanel<T>;
  const PrefixArgs &a = p.a;
  openBlock<T>(p, block);
  for (long panel = 0; panel < least(block.first + block.rows, a.childRows); panel += P) {
    if (a.tile.control.cancelled()) return false;
    scorePanel<T>(p, block, panel);
    for (int g = 0; g < a.edgeCount; g++) weighKeys<T>(p, p.edges[g], block, panel);
    weighRows<T>(p, block, panel);
    if (p.dv) growPanel<T>(p, block, panel);
  }
  return true;
}

template <class T>
void storeBlock(const Prefix<T> &p, const PrefixBlock &block, long firstRow) {
  T *message = static_cast<T *>(p.a.message), *logSumExp = static_cast<T *>(p.a.logSumExp);
  for (long i = firstRow - block.first; i < block.rows; i++) {
    const double total = p.total[i];
    logSumExp[block.first + i] = logSum<T>(p.maximum[i], total);
    const T inverse = total > 0 ? static_cast<T>(1 / total) : 0;
    for (long c = 0; c < p.dv; c++) message[(block.first + i) * p.dv + c] = p.sums[i * p.width + c] * inverse;
  }
}

template <class T>
void prefixStep(const PrefixArgs &a) {
  if (a.tile.firstRow >= a.tile.lastRow) return;
  Prefix<T> p = preparePrefix<T>(a);
  const long start = a.tile.firstRow / kPrefixRows<T> * kPrefixRows<T>;
  for (long first = start; first < a.tile.lastRow; first += kPrefixRows<T>) {
    const PrefixBlock block = {first, least(kPrefixRows<T>, a.tile.lastRow - first)};
    const long enter = first == start ? 0 : first;
    for (int g = 0; g < a.edgeCount; g++)
      if (!enterRows<T>(p, p.edges[g], enter, least(first + block.rows, a.childRows), first)) return;
    if (!prefixBlock<T>(p, block)) return;
    const long firstRow = greatest(first, a.tile.firstRow);
    storeBlock<T>(p, block, firstRow);
    a.tile.control.advance(first + block.rows - firstRow);
  }
}

}  // namespace poly::POLY_ISA
