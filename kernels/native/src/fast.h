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
// Only norm-wise accurate: entries far below the largest lose their digits (math.md §6.3), hence the certificate of cycle-rows.h.
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

// out = x + sign * y over whole panels; out may be x or y.
template <class T>
void addPanels(const T *x, const T *y, T sign, long count, T *out) {
  using V = Vec<T>;
  for (long i = 0; i < count; i += V::W) V::fma(V::set(sign), V::load(y + i), V::load(x + i)).store(out + i);
}

// Scratch of multiplyFast below `levels`: three sums of T and one product per level and panel of the half.
template <class T>
size_t fastScratch(FastShape shape, int levels) {
  size_t count = 0;
  for (long sets = 1L << levels; sets > 1; sets /= 2) {
    shape.n /= 2;
    shape.m /= 2;
    count += static_cast<size_t>((3 * shape.m + shape.n) * kPanel<T> * (sets / 2));
  }
  return count;
}

// y[set] = A b[set] for 2^levels panels; rows of b and y are contiguous panels. `a` moves past the operands it used.
template <class T>
bool multiplyFast(long n, long m, int levels, const T *&a, const T *const *b, T *const *y, T *work, const Control &control) {
  constexpr long P = kPanel<T>;
  if (levels == 0) {
    const T *operand = a;
    a += n * m;
    return multiplyPanel<T>(n, m, operand, b[0], y[0], control);
  }
  const long hn = n / 2, hm = m / 2, bSize = hm * P, ySize = hn * P;
  const int half = 1 << (levels - 1);
  const T *b11[2], *b12[2], *b21[2], *b22[2], *sumA[2], *sumB[2], *sumC[2];
  T *c11[2], *c12[2], *c21[2], *c22[2], *x[2];
  for (int i = 0; i < half; i++) {
    b11[i] = b[i];
    b21[i] = b[i] + bSize;
    b12[i] = b[half + i];
    b22[i] = b[half + i] + bSize;
    c11[i] = y[i];
    c21[i] = y[i] + ySize;
    c12[i] = y[half + i];
    c22[i] = y[half + i] + ySize;
    T *first = work, *second = work + bSize, *third = work + 2 * bSize;
    x[i] = work + 3 * bSize;
    work += 3 * bSize + ySize;
    addPanels<T>(b12[i], b11[i], -1, bSize, first);    // T1
    addPanels<T>(b22[i], first, -1, bSize, second);    // T2
    addPanels<T>(b22[i], b12[i], -1, bSize, third);    // T3
    sumA[i] = first;
    sumB[i] = second;
    sumC[i] = third;
  }
  const auto product = [&](const T *const *in, T *const *out) { return multiplyFast<T>(hn, hm, levels - 1, a, in, out, work, control); };
  const auto add = [&](T *const *to, T *const *from, T sign) {
    for (int i = 0; i < half; i++) addPanels<T>(to[i], from[i], sign, ySize, to[i]);
  };
  if (!product(b11, x) || !product(b21, c11)) return false;
  add(c11, x, 1);                      // P1 + P2
  if (!product(sumB, c22)) return false;
  add(c22, x, 1);                      // P1 + P6
  if (!product(sumC, c21)) return false;
  add(c21, c22, 1);                    // P1 + P6 + P7
  if (!product(sumA, x)) return false;
  add(c22, x, 1);                      // P1 + P6 + P5
  if (!product(b22, c12)) return false;
  add(c12, c22, 1);                    // + P3
  for (int i = 0; i < half; i++) addPanels<T>(c21[i], x[i], 1, ySize, c22[i]);  // P1 + P6 + P7 + P5
  for (int i = 0; i < half; i++) addPanels<T>(sumB[i], b21[i], -1, bSize, const_cast<T *>(sumB[i]));  // T4
  if (!product(sumB, x)) return false;
  add(c21, x, -1);                     // - P4
  return true;
}

}  // namespace poly::POLY_ISA
