#include "decode.h"

#include <cmath>

namespace poly {
namespace {

void checkTile(const Tile &tile, long rows) {
  if (tile.firstRow > tile.lastRow || tile.lastRow > rows) reject("the tile lies outside its rows");
}

void readPolynomial(Reader &r, PolynomialArgs &h) {
  h.d = r.integer(0, kMaxRows, "d");
  h.dv = r.integer(0, kMaxRows, "dv");
  h.scale = r.number();
  h.t = static_cast<int>(r.integer(1, kMaxVariables, "t"));
  for (int j = 1; j <= h.t; j++) h.n[j] = r.integer(1, kMaxRows, "n");
  h.monomialCount = static_cast<int>(r.integer(0, kMaxMonomials, "number of monomials"));
  for (int m = 0; m < h.monomialCount; m++) {
    MonomialArgs &monomial = h.monomials[m];
    monomial.coefficient = r.number();
    monomial.count = static_cast<int>(r.integer(1, h.t, "degree"));
    for (int i = 0, last = 0; i < monomial.count; i++)
      last = monomial.variables[i] = static_cast<int>(r.integer(last + 1, h.t, "variable of a monomial"));
  }
  h.maskCount = static_cast<int>(r.integer(0, kMaxMasks, "number of masks"));
  for (int m = 0; m < h.maskCount; m++) {
    MaskArgs &mask = h.masks[m];
    mask.row = static_cast<int>(r.integer(1, h.t, "row of a mask"));
    mask.column = static_cast<int>(r.integer(1, h.t, "column of a mask"));
    if (mask.row == mask.column) reject("a mask of a variable with itself");
    mask.lowest = r.band();
    mask.highest = r.band();
  }
  for (int j = 1; j <= h.t; j++) {
    h.queries[j] = r.matrix(h.n[j], h.d, false, "queries");
    h.values[j] = r.matrix(h.n[j], h.dv, true, "values");
    h.bias[j] = r.matrix(h.n[j], 1, true, "bias");
  }
}

int readCutset(Reader &r, int t, int *cutset, bool *seen) {
  const int count = static_cast<int>(r.integer(0, t, "size of the cutset"));
  for (int i = 0, last = 0; i < count; i++) {
    last = cutset[i] = static_cast<int>(r.integer(last + 1, t, "variable of the cutset"));
    seen[last] = true;
  }
  return count;
}

// A monomial has two free variables at most, and a variable two neighbours at most when it is summed out; sets of variables as bits.
void checkOrder(const EliminateArgs &a, bool x1IsFree) {
  uint32_t left = x1IsFree ? 2u : 0u, neighbours[kMaxVariables + 1] = {};
  for (int i = 0; i < a.orderCount; i++) left |= 1u << a.order[i];
  const auto join = [&](uint32_t set) {
    for (int v = 1; v <= a.h.t; v++)
      if (set >> v & 1) neighbours[v] |= set & ~(1u << v);
  };
  for (int m = 0; m < a.h.monomialCount; m++) {
    uint32_t set = 0;
    for (int i = 0; i < a.h.monomials[m].count; i++) set |= 1u << a.h.monomials[m].variables[i];
    if (__builtin_popcount(set & left) > 2) reject("a monomial keeps more than two free variables");
    join(set & left);
  }
  for (int m = 0; m < a.h.maskCount; m++) join((1u << a.h.masks[m].row | 1u << a.h.masks[m].column) & left);
  for (int i = 0; i < a.orderCount; i++) {
    left &= ~(1u << a.order[i]);
    const uint32_t met = neighbours[a.order[i]] & left;
    if (__builtin_popcount(met) > 2) reject("a variable has more than two neighbours when its turn comes");
    join(met);
  }
}

// Monomials and masks may join two free variables only along an edge of the forest, and x1 is a root.
void checkForest(const ConditionedArgs &a) {
  int parentOf[kMaxVariables + 1];
  for (int &parent : parentOf) parent = -1;
  for (int i = 0; i < a.forestCount; i++) parentOf[a.forest[i]] = a.parent[i];
  if (parentOf[1] > 0) reject("x1 is free but not the root of its component");
  const auto edge = [&](int x, int y) { return parentOf[x] == y || parentOf[y] == x; };
  for (int m = 0; m < a.h.monomialCount; m++) {
    int free[kMaxVariables], count = 0;
    for (int i = 0; i < a.h.monomials[m].count; i++)
      if (parentOf[a.h.monomials[m].variables[i]] >= 0) free[count++] = a.h.monomials[m].variables[i];
    if (count > 2 || (count == 2 && !edge(free[0], free[1]))) reject("a monomial does not fit the forest");
  }
  for (int m = 0; m < a.h.maskCount; m++) {
    const int x = a.h.masks[m].row, y = a.h.masks[m].column;
    if (parentOf[x] >= 0 && parentOf[y] >= 0 && !edge(x, y)) reject("a mask does not fit the forest");
  }
}

}  // namespace

AttendArgs readAttend(Reader &r, const Tile &tile) {
  AttendArgs a = {};
  a.tile = tile;
  a.scale = r.number();
  a.lowest = r.band();
  a.highest = r.band();
  a.nq = r.integer(1, kMaxRows, "nq");
  a.nk = r.integer(0, kMaxRows, "nk");
  a.d = r.integer(0, kMaxRows, "d");
  a.dv = r.integer(0, kMaxRows, "dv");
  a.queries = r.matrix(a.nq, a.d, true, "queries");
  a.keys = r.matrix(a.nk, a.d, false, "keys");
  a.keyBias = r.matrix(a.nk, 1, true, "keyBias");
  a.values = r.matrix(a.nk, a.dv, true, "values");
  a.message = r.matrix(a.nq, a.dv, true, "message");
  a.logSumExp = r.matrix(a.nq, 1, false, "logSumExp");
  a.dropBelow = r.number();
  if (!(a.dropBelow >= 0)) reject("dropBelow is negative or not a number");
  if (!a.queries && a.nq != 1) reject("without queries there is one row");
  if (a.message && !a.values) reject("a message needs values");
  checkTile(tile, a.nq);
  return a;
}

CombineArgs readCombine(Reader &r, const Tile &tile) {
  CombineArgs a = {};
  a.tile = tile;
  const long rows = r.integer(0, kMaxRows, "rows");
  a.dv = r.integer(0, kMaxRows, "dv");
  a.factorCount = static_cast<int>(r.integer(0, kMaxOperands, "number of factors"));
  a.addendCount = static_cast<int>(r.integer(0, kMaxOperands, "number of addends"));
  for (int i = 0; i < a.factorCount; i++) a.factorShared[i] = r.integer(0, 1, "shared factor") == 1;
  for (int i = 0; i < a.addendCount; i++) a.addendShared[i] = r.integer(0, 1, "shared addend") == 1;
  for (int i = 0; i < a.factorCount; i++) a.factors[i] = r.matrix(a.factorShared[i] ? 1 : rows, a.dv, false, "factor");
  for (int i = 0; i < a.addendCount; i++) a.addends[i] = r.matrix(a.addendShared[i] ? 1 : rows, 1, false, "addend");
  a.product = r.matrix(rows, a.dv, true, "product");
  a.sum = r.matrix(rows, 1, true, "sum");
  checkTile(tile, rows);
  return a;
}

MergeArgs readMerge(Reader &r, const Tile &tile) {
  MergeArgs a = {};
  a.tile = tile;
  a.parts = r.integer(1, kMaxRows, "parts");
  a.rows = r.integer(0, kMaxRows, "rows");
  a.dv = r.integer(0, kMaxRows, "dv");
  a.messages = r.matrix(a.parts * a.rows, a.dv, true, "messages");
  a.logSumExps = r.matrix(a.parts * a.rows, 1, false, "logSumExps");
  a.message = r.matrix(a.rows, a.dv, true, "message");
  a.logSumExp = r.matrix(a.rows, 1, false, "logSumExp");
  if (a.message && !a.messages) reject("a merged message needs messages");
  checkTile(tile, a.rows);
  return a;
}

EliminateArgs readEliminate(Reader &r, const Tile &tile) {
  EliminateArgs a = {};
  a.tile = tile;
  readPolynomial(r, a.h);
  bool seen[kMaxVariables + 1] = {};
  a.cutsetCount = readCutset(r, a.h.t, a.cutset, seen);
  const bool free = !seen[1];
  seen[1] = true;
  a.orderCount = static_cast<int>(r.integer(0, a.h.t, "length of the order"));
  for (int i = 0; i < a.orderCount; i++) {
    a.order[i] = static_cast<int>(r.integer(2, a.h.t, "variable of the order"));
    if (seen[a.order[i]]) reject("a variable is in the order and the cutset, or twice in the order");
    seen[a.order[i]] = true;
  }
  for (int j = 1; j <= a.h.t; j++)
    if (!seen[j]) reject("a variable is neither in the cutset nor in the order");
  checkOrder(a, free);
  a.message = r.matrix(a.h.n[1], a.h.dv, true, "message");
  a.logSumExp = r.matrix(a.h.n[1], 1, false, "logSumExp");
  checkTile(tile, a.h.n[1]);
  return a;
}

ConditionedArgs readConditioned(Reader &r, const Tile &tile) {
  ConditionedArgs a = {};
  a.tile = tile;
  readPolynomial(r, a.h);
  bool seen[kMaxVariables + 1] = {};
  a.cutsetCount = readCutset(r, a.h.t, a.cutset, seen);
  a.forestCount = static_cast<int>(r.integer(0, a.h.t, "size of the forest"));
  for (int i = 0; i < a.forestCount; i++) {
    a.forest[i] = static_cast<int>(r.integer(1, a.h.t, "variable of the forest"));
    a.parent[i] = static_cast<int>(r.integer(0, a.h.t, "parent"));
    if (seen[a.forest[i]] || seen[a.parent[i]]) reject("the forest is not in order, or meets the cutset");
    seen[a.forest[i]] = true;
  }
  for (int j = 1; j <= a.h.t; j++)
    if (!seen[j]) reject("a variable is neither in the cutset nor in the forest");
  checkForest(a);
  a.parts = r.integer(1, kMaxRows, "parts");
  const bool rooted = a.cutsetCount > 0 && a.cutset[0] == 1;
  if (rooted && a.parts != 1) reject("with x1 in the cutset there is one part");
  a.message = r.matrix(a.parts * a.h.n[1], a.h.dv, true, "message");
  a.logSumExp = r.matrix(a.parts * a.h.n[1], 1, false, "logSumExp");
  checkTile(tile, rooted ? a.h.n[1] : a.parts);
  return a;
}

ProjectArgs readProject(Reader &r, const Tile &tile) {
  ProjectArgs a = {};
  a.tile = tile;
  const long n = r.integer(0, kMaxRows, "n");
  a.m = r.integer(0, kMaxRows, "m");
  a.cols = r.integer(0, kMaxRows, "columns");
  a.input = r.matrix(n, a.m, false, "input");
  a.weights = r.matrix(a.m, a.cols, false, "weights");
  a.output = r.matrix(n, a.cols, false, "output");
  checkTile(tile, n);
  return a;
}

PrefixArgs readPrefix(Reader &r, const Tile &tile) {
  PrefixArgs a = {};
  a.tile = tile;
  a.scale = r.number();
  const long n1 = r.integer(0, kMaxRows, "n1");
  a.childRows = r.integer(0, kMaxRows, "rows of the child");
  a.d = r.integer(0, kMaxRows, "d");
  a.dv = r.integer(0, kMaxRows, "dv");
  a.coefficient = r.number();
  a.edgeCount = static_cast<int>(r.integer(0, kMaxVariables, "number of grandchildren"));
  a.queries = r.matrix(n1, a.d, false, "queries");
  a.child = r.matrix(a.childRows, a.d, false, "queries of the child");
  a.childValues = r.matrix(a.childRows, a.dv, true, "values of the child");
  a.childBias = r.matrix(a.childRows, 1, true, "bias of the child");
  for (int g = 0; g < a.edgeCount; g++) {
    GrandchildArgs &edge = a.edges[g];
    edge.n = r.integer(0, kMaxRows, "rows of a grandchild");
    edge.coefficient = r.number();
    edge.queries = r.matrix(edge.n, a.d, false, "queries of a grandchild");
    edge.values = r.matrix(edge.n, a.dv, true, "values of a grandchild");
    edge.bias = r.matrix(edge.n, 1, true, "bias of a grandchild");
  }
  a.message = r.matrix(n1, a.dv, true, "message");
  a.logSumExp = r.matrix(n1, 1, false, "logSumExp");
  checkTile(tile, n1);
  return a;
}

CycleArgs readCycle(Reader &r, const Tile &tile) {
  CycleArgs a = {};
  a.tile = tile;
  readPolynomial(r, a.h);
  if (a.h.t < 3) reject("a cycle has three variables or more");
  bool seen[kMaxVariables + 1] = {};
  for (int i = 0; i < a.h.t; i++) {
    a.order[i] = static_cast<int>(r.integer(1, a.h.t, "order"));
    if (seen[a.order[i]] || (i == 0 && a.order[i] != 1)) reject("the order does not visit every variable once, from x1");
    seen[a.order[i]] = true;
  }
  for (int m = 0; m < a.h.monomialCount; m++) {
    const MonomialArgs &monomial = a.h.monomials[m];
    bool edge = false;
    for (int i = 0; monomial.count == 2 && i < a.h.t; i++) {
      const int x = a.order[i], y = a.order[(i + 1) % a.h.t];
      edge = edge || (monomial.variables[0] == (x < y ? x : y) && monomial.variables[1] == (x < y ? y : x));
    }
    if (!edge) reject("a monomial is not an edge of the cycle");
  }
  if (a.h.maskCount != 0) reject("the cycle kernel takes no pair masks");
  a.product = static_cast<Product>(r.integer(0, 2, "product"));
  a.message = r.matrix(a.h.n[1], a.h.dv, true, "message");
  a.logSumExp = r.matrix(a.h.n[1], 1, false, "logSumExp");
  checkTile(tile, a.h.n[1]);
  return a;
}

}  // namespace poly
