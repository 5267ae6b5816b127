// What crosses from the addon into the kernels of one instruction set: plain data, no templates of the standard library, so that
// nothing compiled for one instruction set can be shared with another by the linker.
#pragma once
#include <cstddef>
#include <cstdint>

namespace poly {

constexpr int kMaxVariables = 16;
constexpr int kMaxMonomials = 64;
constexpr int kMaxMasks = 128;
constexpr int kMaxOperands = 32;

// Admissible iff lowest <= row - column <= highest; the addon clamps infinities to these.
constexpr long kFar = 1L << 52;

// Cells of the control block that all tiles of a request share (kernels/backend.ts).
struct Control {
  int32_t *cells;
  long count;
  bool cancelled() const { return __atomic_load_n(cells, __ATOMIC_RELAXED) != 0; }
  void advance(long rows) const { __atomic_fetch_add(cells + 1, static_cast<int32_t>(rows), __ATOMIC_RELAXED); }
  void countFast(long rows) const {
    if (count > 2) __atomic_fetch_add(cells + 2, static_cast<int32_t>(rows), __ATOMIC_RELAXED);
  }
};

struct Tile {
  long firstRow, lastRow;
  double callId;
  Control control;
};

struct AttendArgs {
  Tile tile;
  const void *queries;  // [nq, d] or null: scores are the bias alone, nq = 1
  const void *keys;     // [nk, d]
  const void *keyBias;  // [nk] or null
  const void *values;   // [nk, dv] or null
  void *message;        // [nq, dv] or null
  void *logSumExp;      // [nq]
  long nq, nk, d, dv;
  double scale;
  long lowest, highest;
  double dropBelow;  // infinite: nothing may be left out
};

struct CombineArgs {
  Tile tile;
  long dv;
  int factorCount, addendCount;
  const void *factors[kMaxOperands];
  bool factorShared[kMaxOperands];  // one row for all
  const void *addends[kMaxOperands];
  bool addendShared[kMaxOperands];
  void *product, *sum;  // either may be null
};

struct MergeArgs {
  Tile tile;
  long parts, rows, dv;
  const void *messages;  // [parts * rows, dv] or null
  const void *logSumExps;
  void *message, *logSumExp;
};

struct MonomialArgs {
  double coefficient;
  int count;
  int variables[kMaxVariables];  // from 1, ascending
};

struct MaskArgs {
  int row, column;
  long lowest, highest;
};

struct PolynomialArgs {
  int t;  // variables 1..t
  long d, dv;
  double scale;
  long n[kMaxVariables + 1];
  const void *queries[kMaxVariables + 1];  // [n_j, d]
  const void *values[kMaxVariables + 1];   // [n_j, dv] or null
  const void *bias[kMaxVariables + 1];     // [n_j] or null
  int monomialCount;
  MonomialArgs monomials[kMaxMonomials];
  int maskCount;
  MaskArgs masks[kMaxMasks];
};

struct ConditionedArgs {
  Tile tile;
  PolynomialArgs h;
  int cutsetCount;
  int cutset[kMaxVariables];
  int forestCount;
  int forest[kMaxVariables], parent[kMaxVariables];  // children before parents; parent 0 is a root
  long parts;
  void *message, *logSumExp;
};

enum class Product : int { classical, fast, measured };  // measured: fast where a trial says that it will hold

struct CycleArgs {
  Tile tile;
  PolynomialArgs h;
  int order[kMaxVariables];  // t entries, order[0] = 1
  Product product;
  void *message, *logSumExp;
};

struct ProjectArgs {
  Tile tile;
  const void *input, *weights;  // [n, m], [m, cols]
  void *output;                 // [n, cols]
  long m, cols;
};

struct GrandchildArgs {
  const void *queries, *values, *bias;  // [n, d], [n, dv] or null, [n] or null
  long n;
  double coefficient;
};

struct PrefixArgs {
  Tile tile;
  const void *queries;                         // [n1, d], the root's
  const void *child, *childValues, *childBias;  // [childRows, d], [childRows, dv] or null, [childRows] or null
  long childRows, d, dv;
  double scale, coefficient;
  int edgeCount;
  GrandchildArgs edges[kMaxVariables];
  void *message, *logSumExp;
};

struct EliminateArgs {
  Tile tile;
  PolynomialArgs h;
  int cutsetCount, orderCount;
  int cutset[kMaxVariables], order[kMaxVariables];  // ascending; as the free variables but x1 are summed out
  void *message, *logSumExp;
};

struct Rates {
  double flops, exponentials, bytes, tileSeconds;
};

struct SurveyArgs;
struct AccumulateArgs;
struct ContractArgs;
struct ApplyArgs;
struct CompressArgs;
struct ScanArgs;
struct SampleArgs;
struct JudgeArgs;
struct RandomFeaturesArgs;
struct ResidualArgs;

// Of the steps of the approximate modes (approximate-types.h).
struct ApproximateTable {
  void (*survey)(const SurveyArgs &);
  void (*accumulate)(const AccumulateArgs &);
  void (*contract)(const ContractArgs &);
  void (*apply)(const ApplyArgs &);
  void (*compress)(const CompressArgs &);
  void (*scan)(const ScanArgs &);
  void (*sample)(const SampleArgs &);
  void (*judge)(const JudgeArgs &);
  void (*randomFeatures)(const RandomFeaturesArgs &);
  void (*residual)(const ResidualArgs &);
};

// The kernels of one instruction set and one precision. Those that return long give the rows computed by the fallback.
struct KernelTable {
  long (*attend)(const AttendArgs &);  // gives the pairs of a row and a key that were left out
  void (*combine)(const CombineArgs &);
  void (*merge)(const MergeArgs &);
  void (*conditioned)(const ConditionedArgs &);
  long (*cycle)(const CycleArgs &);
  void (*project)(const ProjectArgs &);
  void (*prefix)(const PrefixArgs &);
  void (*eliminate)(const EliminateArgs &);
  void (*exponentials)(const void *x, void *y, long count);
  void (*powers)(const void *x, void *y, long count);  // of two
  double (*sizeOf)(const void *x, long count);              // largest |x|; infinite where one is not finite
  double (*peakFlops)(double seconds);
  Rates (*calibrate)();
  ApproximateTable approximate;
};

struct IsaTable {
  const char *name;
  KernelTable float32, float64;
};

// One 64-byte aligned buffer per thread and slot, grown as needed and kept for the next call. Throws std::bad_alloc.
enum Slot : int {
  kSlotKeys, kSlotKeyBias, kSlotValues, kSlotQueries, kSlotScores, kSlotOutput, kSlotRowState, kSlotForest, kSlotAssignment,
  kSlotCycleMatrices, kSlotCyclePanels, kSlotCycleRows, kSlotFast, kSlotFastShared, kSlotSpare, kSlotPrefix,
  kSlotTables, kSlotTableWork,
  kSlotFeatureMap, kSlotFeatureRows, kSlotFeatureSums, kSlotFeatureWeights,
  kSlotScan, kSlotScanWeights, kSlotDirections,
  kSlotPruneCells, kSlotPruneKeys, kSlotPruneCenters, kSlotPruneGather, kSlotPrunePivots, kSlotPruneRows, kSlots
};
void *scratch(Slot slot, size_t bytes);

// For which call the calling thread filled a slot last; kernels look before they pack.
struct PackedFor {
  double callId;
  const void *owner;
  int levels = 0;  // of the fast product, for a cycle's matrices
};
PackedFor &packedFor(Slot slot);
double secondsNow();
double threadSecondsNow();

}  // namespace poly
