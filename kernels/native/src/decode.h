// From JavaScript values to the kernels' plain arguments. Nothing is trusted: every number is checked for range, every operand for
// its element type and its exact length, before a pointer reaches a kernel.
#pragma once
#include <node_api.h>

#include <stdexcept>
#include <string>

#include "types.h"

namespace poly {

enum class Kind { attend = 0, combine = 1, merge = 2, conditioned = 3, cycle = 4, project = 5, prefix = 6, eliminate = 7 };
constexpr int kLastExact = 7;

// Steps of the approximate modes have numbers of their own, from here on.
constexpr int kFirstApproximate = 10, kLastApproximate = 19;

struct View {
  void *data;
  size_t length;
  napi_typedarray_type type;
};

// A typed array, over an ArrayBuffer or a SharedArrayBuffer alike.
View viewOf(napi_env env, napi_value value, const char *what);

// Reads `numbers` and `operands` in order; both ends must be reached together.
class Reader {
 public:
  Reader(napi_env env, napi_value numbers, napi_value operands);
  double number();
  long integer(long lowest, long highest, const char *what);
  long band();  // a whole number or an infinity, clamped to +-kFar
  bool isDouble() const { return isDouble_; }
  // An operand of exactly rows * cols elements; null where allowed.
  void *matrix(long rows, long cols, bool nullable, const char *what);
  void finish() const;

 private:
  napi_env env_;
  napi_value operands_;
  const double *numbers_;
  size_t numberCount_, nextNumber_ = 0;
  uint32_t operandCount_, nextOperand_ = 0;
  bool isDouble_ = false;
};

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
