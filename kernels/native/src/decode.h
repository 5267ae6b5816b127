// From JavaScript values to the kernels' plain arguments. Nothing is trusted: every number is checked for range, every operand for
// its element type and its exact length, before a pointer reaches a kernel.
#pragma once
#include "reader.h"
#include "types.h"

namespace poly {

enum class Kind { attend = 0, combine = 1, merge = 2, conditioned = 3, cycle = 4, project = 5, prefix = 6, eliminate = 7 };
constexpr int kLastExact = 7;

// Steps of the approximate modes have numbers of their own, from here on.
constexpr int kFirstApproximate = 10, kLastApproximate = 19;

AttendArgs readAttend(Reader &reader, const Tile &tile);
CombineArgs readCombine(Reader &reader, const Tile &tile);
MergeArgs readMerge(Reader &reader, const Tile &tile);
ConditionedArgs readConditioned(Reader &reader, const Tile &tile);
CycleArgs readCycle(Reader &reader, const Tile &tile);
ProjectArgs readProject(Reader &reader, const Tile &tile);
PrefixArgs readPrefix(Reader &reader, const Tile &tile);
EliminateArgs readEliminate(Reader &reader, const Tile &tile);

// Reads and runs one of them (decode-approximate.cc).
void runApproximate(const ApproximateTable &kernels, int kind, Reader &reader, const Tile &tile);

}  // namespace poly
