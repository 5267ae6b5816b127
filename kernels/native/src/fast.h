// Products below n^3: one or two levels of Strassen's algorithm in Winograd's form above productTile (7 products for 8).
//
// All sums of quadrants of P are made and packed once per call, so that a channel pays for sums of T and of Y only: panels of m/2
// rows, O(n) of work against O(n^2) of the products. With L levels 2^L panels of rows of the output are taken together: they are
// the columns of T that the recursion halves.
//
//   S1 = A21 + A22, S2 = S1 - A11, S3 = A11 - A21, S4 = A12 - S2;  T1 = B12 - B11, T2 = B22 - T1, T3 = B22 - B12, T4 = T2 - B21
//   P1 = A11 B11, P2 = A12 B21, P3 = S4 B22, P4 = A22 T4, P5 = S1 T1, P6 = S2 T2, P7 = S3 T3
//   C11 = P1 + P2, C12 = P1 + P6 + P5 + P3, C21 = P1 + P6 + P7 - P4, C22 = P1 + P6 + P7 + P5
//
// Measured, AVX-512 on Zen 4, fp32, d = 64, against the classical product of its time: 256 none, 384 1.07-1.09x, 512 1.07-1.11x (one
// level), 768 1.11-1.16x, 1024 1.13x, 1536 1.19x (two levels); of 1.14x and 1.31x possible. Tried: separate sums and products 1.02x at
// 1024 (memory), sums fused and products added to their addend in registers 1.13x, the probe summed in lanes instead of fp64 2 % more.
// On Sapphire Rapids the products take 7/8 and 49/64 of the time as they should, the sums of T and Y 3 and 9 % of it, the last sums 2 %
// and the probe 2 %, which the classical product is without since it fetches ahead and closes in registers: what is left is in probe.h.
//
// Only norm-wise accurate: entries far below the largest lose their digits (math.md §6.3), hence the certificate of probe.h.
#pragma once
#include "product.h"

namespace poly::POLY_ISA {

struct FastShape {
  long n, m;  // padded so that every level halves to whole groups
};

template <class T>
FastShape fastShape(long n, long m, int levels) {
  return {roundUp(n, kScoreRows << levels), roundUp(m, 1L << levels)};
}

// Numbers in all packed operands.
template <class T>
size_t fastCount(FastShape shape, int levels) {
  size_t count = static_cast<size_t>(shape.n * shape.m);
  for (int i = 0; i < levels; i++) count = count / 4 * 7;
  return count;
}

template <class T>
void combineBlock(const T *x, const T *y, T sign, long rows, long columns, long xStride, long yStride, T *out) {
  for (long r = 0; r < rows; r++)
    for (long c = 0; c < columns; c++) out[r * columns + c] = x[r * xStride + c] + sign * y[r * yStride + c];
}

// Packs the operands of the recursion in the order in which multiplyFast reads them; returns the end.
template <class T>
T *packFastBlock(const T *a, long stride, long n, long m, int levels, T *out) {
  constexpr long R = kScoreRows;
  if (levels == 0) {
    for (long l = 0; l < n; l += R, out += R * m) packGroup<T>(a + l * stride, stride, R, m, out);
    return out;
  }
  const long hn = n / 2, hm = m / 2;
  const T *a11 = a, *a12 = a + hm, *a21 = a + hn * stride, *a22 = a21 + hm;
  // Each level has its own half of the slot: a quarter for S, another for S4.
  T *sums = static_cast<T *>(scratch(levels == 2 ? kSlotFast : kSlotSpare, sizeof(T) * static_cast<size_t>(2 * hn * hm)));
  T *s = sums, *s4 = sums + hn * hm;
  const auto pack = [&](const T *block, long blockStride) { out = packFastBlock<T>(block, blockStride, hn, hm, levels - 1, out); };
  pack(a11, stride);                                                  // P1
  pack(a12, stride);                                                  // P2
  combineBlock<T>(a21, a22, 1, hn, hm, stride, stride, s);            // S1
  combineBlock<T>(s, a11, -1, hn, hm, hm, stride, s);                 // S2
  pack(s, hm);                                                        // P6
  combineBlock<T>(a12, s, -1, hn, hm, stride, hm, s4);                // S4
  combineBlock<T>(a11, a21, -1, hn, hm, stride, stride, s);           // S3
  pack(s, hm);                                                        // P7
  combineBlock<T>(a21, a22, 1, hn, hm, stride, stride, s);            // S1
  pack(s, hm);                                                        // P5
  pack(s4, hm);                                                       // P3
  pack(a22, stride);                                                  // P4
  return out;
}

template <class T>
void packFast(const T *a, FastShape shape, int levels, T *out) {
  packFastBlock<T>(a, shape.m, shape.n, shape.m, levels, out);
}

// first = T1, second = T2, third = T3 of one panel.
template <class T>
void sumPanels(const T *b11, const T *b12, const T *b22, long count, T *first, T *second, T *third) {
  using V = Vec<T>;
  for (long i = 0; i < count; i += V::W) {
    const V x = V::load(b11 + i), y = V::load(b12 + i), z = V::load(b22 + i), t = V::sub(y, x);
    t.store(first + i);
    V::sub(z, t).store(second + i);
    V::sub(z, y).store(third + i);
  }
}

// Scratch of multiplyFast below `levels`: for each panel of the half, three sums of T and two products.
template <class T>
size_t fastScratch(FastShape shape, int levels) {
  size_t count = 0;
  for (long sets = 1L << levels; sets > 1; sets /= 2) {
    shape.n /= 2;
    shape.m /= 2;
    count += static_cast<size_t>((3 * shape.m + 2 * shape.n) * kPanel<T> * (sets / 2));
  }
  return count;
}

template <class T>
bool multiplyFast(long n, long m, int levels, const T *&a, const T *const *b, const T *const *addend, T *const *y, T *work,
                  const Control &control);

// The 2^levels panels of one level of the recursion in quarters.
template <class T>
struct Quarters {
  const T *b11[2], *b12[2], *b21[2], *b22[2];
  T *c11[2], *c12[2], *c21[2], *c22[2];
  T *first[2], *second[2], *third[2], *x[2], *spare[2];
  int half;
  long bSize, ySize;
};

template <class T>
T *quarter(long hn, long hm, int levels, const T *const *b, T *const *y, T *work, Quarters<T> &q) {
  q.half = 1 << (levels - 1);
  q.bSize = hm * kPanel<T>;
  q.ySize = hn * kPanel<T>;
  for (int i = 0; i < q.half; i++) {
    q.b11[i] = b[i];
    q.b21[i] = b[i] + q.bSize;
    q.b12[i] = b[q.half + i];
    q.b22[i] = b[q.half + i] + q.bSize;
    q.c11[i] = y[i];
    q.c21[i] = y[i] + q.ySize;
    q.c12[i] = y[q.half + i];
    q.c22[i] = y[q.half + i] + q.ySize;
    q.first[i] = work;
    q.second[i] = work + q.bSize;
    q.third[i] = work + 2 * q.bSize;
    q.x[i] = work + 3 * q.bSize;
    q.spare[i] = q.x[i] + q.ySize;
    work = q.spare[i] + q.ySize;
    sumPanels<T>(q.b11[i], q.b12[i], q.b22[i], q.bSize, q.first[i], q.second[i], q.third[i]);
  }
  return work;
}

// out = in-product of the next level, plus `addend` (which may be out).
template <class T>
bool multiplyQuarter(long hn, long hm, int levels, const T *&a, const T *const *in, T *const *addend, T *const *out, const Quarters<T> &q,
                     T *work, const Control &control) {
  if (levels == 1 || !addend) return multiplyFast<T>(hn, hm, levels - 1, a, in, addend, out, work, control);
  if (!multiplyFast<T>(hn, hm, levels - 1, a, in, nullptr, q.spare, work, control)) return false;
  using V = Vec<T>;
  for (int i = 0; i < q.half; i++)
    for (long j = 0; j < q.ySize; j += V::W) V::add(V::load(addend[i] + j), V::load(q.spare[i] + j)).store(out[i] + j);
  return true;
}

// y[set] = A b[set] for 2^levels panels, plus addend[set] when levels is 0; rows of b and y are contiguous panels. `a` moves past
// the operands that were used.
template <class T>
bool multiplyFast(long n, long m, int levels, const T *&a, const T *const *b, const T *const *addend, T *const *y, T *work,
                  const Control &control) {
  using V = Vec<T>;
  if (levels == 0) {
    const T *operand = a;
    a += n * m;
    return multiplyPanel<T>(n, m, operand, b[0], addend ? addend[0] : nullptr, y[0], control);
  }
  const long hn = n / 2, hm = m / 2;
  Quarters<T> q;
  work = quarter<T>(hn, hm, levels, b, y, work, q);
  const auto product = [&](const T *const *in, T *const *plus, T *const *out) {
    return multiplyQuarter<T>(hn, hm, levels, a, in, plus, out, q, work, control);
  };
  if (!product(q.b11, nullptr, q.x)) return false;       // P1
  if (!product(q.b21, q.x, q.c11)) return false;         // P1 + P2
  if (!product(q.second, q.x, q.c22)) return false;      // P1 + P6
  if (!product(q.third, q.c22, q.c21)) return false;     // P1 + P6 + P7
  if (!product(q.first, nullptr, q.x)) return false;     // P5
  for (int i = 0; i < q.half; i++) {
    for (long j = 0; j < q.ySize; j += V::W) {
      const V p5 = V::load(q.x[i] + j);
      V::add(V::load(q.c22[i] + j), p5).store(q.c12[i] + j);  // P1 + P6 + P5
      V::add(V::load(q.c21[i] + j), p5).store(q.c22[i] + j);  // P1 + P6 + P7 + P5
    }
    // The negative of T4, so that its product is added like the others.
    for (long j = 0; j < q.bSize; j += V::W) V::sub(V::load(q.b21[i] + j), V::load(q.second[i] + j)).store(q.second[i] + j);
  }
  return product(q.b22, q.c12, q.c12) && product(q.second, q.c21, q.c21);  // + P3, - P4
}

}  // namespace poly::POLY_ISA
