// The order of an elimination (math.md §6.5): for every variable that is summed out, which monomials, masks and messages it meets and
// which message it leaves. Depends on the step alone; readEliminate has checked that there are never more than two neighbours.
//
// Of two neighbours the one that is summed out first counts the columns of the message, the other (x1 at last) its rows; a single one
// counts columns. So every message is read along its rows when its columns' variable goes, and nothing is ever transposed.
#pragma once
#include "product.h"

namespace poly::POLY_ISA {

// One neighbour of a variable on its way out: the pair's monomials and mask, and the messages over both.
struct Side {
  int variable;  // 0: no such neighbour
  int monomials[kMaxMonomials], monomialCount;
  int inputs[kMaxVariables], inputCount;  // buckets whose messages are over this pair
  Band band;                              // on the neighbour's row minus the variable's
};

struct Bucket {
  int variable;
  Side row, column;
  int unary[kMaxMonomials], unaryCount;
  int inputs[kMaxVariables], inputCount;  // messages over the variable alone
  HalfMask masks[kMaxMasks];
  int maskCount;
  Band band;  // on row minus column, for the message
  bool constant, carries, ofRows;  // does not depend on the assignment; has averages; is over x1
};

struct Buckets {
  Bucket bucket[kMaxVariables];
  int count;
  int unary[kMaxMonomials], unaryCount;  // of a free x1
  HalfMask masks[kMaxMasks];
  int maskCount;
  bool fixed[kMaxVariables + 1];
  int place[kMaxVariables + 1];  // when a variable goes; x1 last of all
};

// All masks between two free variables, on the first one's row minus the other's.
inline Band bandOf(const PolynomialArgs &h, int x, int y) {
  Band band = kNoBand;
  for (int m = 0; m < h.maskCount; m++) {
    const MaskArgs &mask = h.masks[m];
    const bool same = mask.row == x && mask.column == y, turned = mask.row == y && mask.column == x;
    if (!same && !turned) continue;
    band.lowest = greatest(band.lowest, same ? mask.lowest : -mask.highest);
    band.highest = least(band.highest, same ? mask.highest : -mask.lowest);
  }
  return band;
}

// The monomials whose free variables are just these (y = 0: x alone).
inline int monomialsOf(const PolynomialArgs &h, const Buckets &b, int x, int y, int *out) {
  int count = 0;
  for (int m = 0; m < h.monomialCount; m++) {
    bool fits = true, hasX = false, hasY = y == 0;
    for (int i = 0; i < h.monomials[m].count; i++) {
      const int v = h.monomials[m].variables[i];
      hasX = hasX || v == x;
      hasY = hasY || v == y;
      fits = fits && (b.fixed[v] || v == x || v == y);
    }
    if (fits && hasX && hasY) out[count++] = m;
  }
  return count;
}

inline int halfMasksOf(const PolynomialArgs &h, const Buckets &b, int x, HalfMask *out) {
  int count = 0;
  for (int m = 0; m < h.maskCount; m++) {
    const MaskArgs &mask = h.masks[m];
    if (mask.row == x && b.fixed[mask.column]) out[count++] = {mask.column, mask.lowest, mask.highest};
    if (mask.column == x && b.fixed[mask.row]) out[count++] = {mask.row, -mask.highest, -mask.lowest};
  }
  return count;
}

// Whether v takes in the message of this bucket when it goes, and over which other variable that is (0: none).
inline bool feeds(const Bucket &bucket, int v, int *other) {
  *other = bucket.row.variable;
  return bucket.column.variable == v;
}

inline void addNeighbour(Bucket &bucket, const Buckets &b, int other) {
  if (other == bucket.row.variable || other == bucket.column.variable) return;
  int &row = bucket.row.variable, &column = bucket.column.variable;
  if (column == 0) column = other;
  else row = other;
  if (row != 0 && b.place[row] < b.place[column]) {
    const int first = row;
    row = column;
    column = first;
  }
}

inline void findNeighbours(const PolynomialArgs &h, const Buckets &b, int i, Bucket &bucket) {
  const int v = bucket.variable;
  const auto meet = [&](int x) {
    if (x != v && !b.fixed[x] && b.place[x] > i) addNeighbour(bucket, b, x);
  };
  int other;
  for (int m = 0; m < h.monomialCount; m++) {
    bool own = false;
    for (int k = 0; k < h.monomials[m].count; k++) own = own || h.monomials[m].variables[k] == v;
    for (int k = 0; own && k < h.monomials[m].count; k++) meet(h.monomials[m].variables[k]);
  }
  for (int m = 0; m < h.maskCount; m++)
    if (h.masks[m].row == v || h.masks[m].column == v) meet(h.masks[m].row == v ? h.masks[m].column : h.masks[m].row);
  for (int k = 0; k < i; k++)
    if (feeds(b.bucket[k], v, &other) && other != 0) meet(other);
}

inline void fillSide(const PolynomialArgs &h, const Buckets &b, int i, const Bucket &bucket, Side &side) {
  if (side.variable == 0) return;
  side.monomialCount = monomialsOf(h, b, bucket.variable, side.variable, side.monomials);
  side.band = bandOf(h, side.variable, bucket.variable);
  int other;
  for (int k = 0; k < i; k++)
    if (feeds(b.bucket[k], bucket.variable, &other) && other == side.variable) side.inputs[side.inputCount++] = k;
}

inline bool isWeighted(const PolynomialArgs &h, const int *monomials, int count, int free) {
  for (int m = 0; m < count; m++)
    if (h.monomials[monomials[m]].count > free) return true;
  return false;
}

inline void fillBucket(const EliminateArgs &a, Buckets &b, int i) {
  const PolynomialArgs &h = a.h;
  Bucket &bucket = b.bucket[i];
  bucket.variable = a.order[i];
  findNeighbours(h, b, i, bucket);
  fillSide(h, b, i, bucket, bucket.row);
  fillSide(h, b, i, bucket, bucket.column);
  bucket.unaryCount = monomialsOf(h, b, bucket.variable, 0, bucket.unary);
  bucket.maskCount = halfMasksOf(h, b, bucket.variable, bucket.masks);
  int other;
  for (int k = 0; k < i; k++)
    if (feeds(b.bucket[k], bucket.variable, &other) && other == 0) bucket.inputs[bucket.inputCount++] = k;
  bucket.band = bucket.row.variable ? bandOf(h, bucket.row.variable, bucket.column.variable) : kNoBand;
  bucket.ofRows = bucket.row.variable == 1 || bucket.column.variable == 1;
  bucket.carries = a.message && h.values[bucket.variable];
  bucket.constant = bucket.maskCount == 0 && !isWeighted(h, bucket.unary, bucket.unaryCount, 1);
  const Side *sides[] = {&bucket.row, &bucket.column};
  for (const Side *side : sides) {
    bucket.constant = bucket.constant && !isWeighted(h, side->monomials, side->monomialCount, 2);
    for (int k = 0; k < side->inputCount; k++) {
      bucket.constant = bucket.constant && b.bucket[side->inputs[k]].constant;
      bucket.carries = bucket.carries || b.bucket[side->inputs[k]].carries;
    }
  }
  for (int k = 0; k < bucket.inputCount; k++) {
    bucket.constant = bucket.constant && b.bucket[bucket.inputs[k]].constant;
    bucket.carries = bucket.carries || b.bucket[bucket.inputs[k]].carries;
  }
}

inline void orderBuckets(const EliminateArgs &a, Buckets &b) {
  memset(&b, 0, sizeof b);
  for (int i = 0; i < a.cutsetCount; i++) b.fixed[a.cutset[i]] = true;
  for (int &place : b.place) place = kMaxVariables;
  for (int i = 0; i < a.orderCount; i++) b.place[a.order[i]] = i;
  b.count = a.orderCount;
  for (int i = 0; i < b.count; i++) fillBucket(a, b, i);
  if (b.fixed[1]) return;
  b.unaryCount = monomialsOf(a.h, b, 1, 0, b.unary);
  b.maskCount = halfMasksOf(a.h, b, 1, b.masks);
}

}  // namespace poly::POLY_ISA
