// What is left of a polynomial when the variables of a cutset are fixed (math.md §6.4): monomials with no free variable are
// constants, with one are unary biases, with two are edges of the residual forest. Depends on the step alone, not on the
// assignment; readConditioned has checked that the forest covers every free monomial and mask.
#pragma once
#include "rows.h"

namespace poly::POLY_ISA {

// Monomials by their number, and what a fixed variable f demands of the free one: lowest <= l - l_f <= highest.
struct HalfMask {
  int fixed;
  long lowest, highest;
};

struct Node {
  int variable, parent;  // parent: index of its node, -1 for the root of a component
  int children[kMaxVariables], childCount;
  int edge[kMaxMonomials], edgeCount;    // monomials towards the parent
  int unary[kMaxMonomials], unaryCount;  // monomials with this free variable only
  HalfMask masks[kMaxMasks];
  int maskCount;
  Band band;      // on l_parent - l
  bool weighted;  // the edge has a fixed variable: composite queries
  bool constant;  // nothing at or below this node, nor on its edge, depends on the assignment
  bool hasX;      // values here or below: messages are not all ones
};

struct Restriction {
  Node nodes[kMaxVariables];
  int nodeCount;
  int constants[kMaxMonomials], constantCount;
  int rootOfX1;  // index of x1's node, -1 when x1 is fixed
  bool fixed[kMaxVariables + 1];
};

inline int freeVariables(const Restriction &r, const MonomialArgs &m, int *free) {
  int count = 0;
  for (int i = 0; i < m.count; i++)
    if (!r.fixed[m.variables[i]]) free[count++] = m.variables[i];
  return count;
}

inline void restrictEdge(const ConditionedArgs &a, const Restriction &r, Node &node, int parent) {
  int free[kMaxVariables];
  node.weighted = false;
  for (int m = 0; m < a.h.monomialCount; m++) {
    const int count = freeVariables(r, a.h.monomials[m], free);
    if (count == 1 && free[0] == node.variable) node.unary[node.unaryCount++] = m;
    if (count != 2 || parent == 0) continue;
    if (!((free[0] == node.variable && free[1] == parent) || (free[1] == node.variable && free[0] == parent))) continue;
    node.edge[node.edgeCount++] = m;
    if (a.h.monomials[m].count > 2) node.weighted = true;
  }
}

inline void restrictMasks(const ConditionedArgs &a, const Restriction &r, Node &node, int parent) {
  node.band = kNoBand;
  for (int m = 0; m < a.h.maskCount; m++) {
    const MaskArgs &mask = a.h.masks[m];
    const bool isRow = mask.row == node.variable, isColumn = mask.column == node.variable;
    if (!isRow && !isColumn) continue;
    const int other = isRow ? mask.column : mask.row;
    // Turned so that it speaks of (other - this) on an edge and of (this - fixed) towards a fixed variable.
    if (other == parent) {
      node.band.lowest = greatest(node.band.lowest, isColumn ? mask.lowest : -mask.highest);
      node.band.highest = least(node.band.highest, isColumn ? mask.highest : -mask.lowest);
    } else if (r.fixed[other]) {
      node.masks[node.maskCount++] = {other, isRow ? mask.lowest : -mask.highest, isRow ? mask.highest : -mask.lowest};
    }
  }
}

inline void restrictTo(const ConditionedArgs &a, Restriction &r) {
  memset(&r, 0, sizeof r);
  r.rootOfX1 = -1;
  for (int i = 0; i < a.cutsetCount; i++) r.fixed[a.cutset[i]] = true;
  int free[kMaxVariables];
  for (int m = 0; m < a.h.monomialCount; m++)
    if (freeVariables(r, a.h.monomials[m], free) == 0) r.constants[r.constantCount++] = m;
  r.nodeCount = a.forestCount;
  for (int i = 0; i < a.forestCount; i++) {
    Node &node = r.nodes[i];
    node.variable = a.forest[i];
    node.parent = -1;
    if (node.variable == 1) r.rootOfX1 = i;
    restrictEdge(a, r, node, a.parent[i]);
    restrictMasks(a, r, node, a.parent[i]);
    // Its children came before: they have entered themselves, and `constant` and `hasX` of theirs are known.
    node.constant = node.unaryCount == 0 && node.maskCount == 0 && !node.weighted;
    node.hasX = a.h.values[node.variable] != nullptr;
    for (int c = 0; c < i; c++) {
      if (a.parent[c] != node.variable) continue;
      r.nodes[c].parent = i;
      node.children[node.childCount++] = c;
      node.constant = node.constant && r.nodes[c].constant;
      node.hasX = node.hasX || r.nodes[c].hasX;
    }
  }
}

}  // namespace poly::POLY_ISA
