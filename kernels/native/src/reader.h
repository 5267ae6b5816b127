// What a step is given, in order: numbers, and operands either as typed arrays or as places in two memories. Nothing is trusted: see decode.h.
#pragma once
#include <node_api.h>

#include <stdexcept>
#include <string>

namespace poly {

constexpr long kMaxRows = 1L << 31;

[[noreturn]] inline void reject(const std::string &why) { throw std::invalid_argument("native kernels: " + why); }

struct View {
  void *data;
  size_t length;
  napi_typedarray_type type;
};

// A typed array, over an ArrayBuffer or a SharedArrayBuffer alike.
View viewOf(napi_env env, napi_value value, const char *what);

constexpr double kSecondMemory = static_cast<double>(1L << 40);

// Reads `numbers` and `operands` in order; both ends must be reached together.
class Reader {
 public:
  // Operands are an array of typed arrays and nulls.
  Reader(napi_env env, napi_value numbers, napi_value operands);
  // Operands lie in two memories, Uint8Arrays: `numbers` ends with the byte at which each begins, kSecondMemory more in the second, -1 for
  // none. An array of five typed arrays takes 0.6 us to look at, half as long as the smallest tiles take.
  Reader(napi_env env, napi_value numbers, napi_value first, napi_value second, size_t places);
  double number();
  long integer(long lowest, long highest, const char *what);
  long band();  // a whole number or an infinity, clamped to +-kFar
  bool isDouble() const { return isDouble_; }
  // An operand of exactly rows * cols elements; null where allowed.
  void *matrix(long rows, long cols, bool nullable, const char *what);
  void finish() const;

 private:
  void readNumbers(napi_value numbers);
  // The next operand by its place, or as an array; false where it is none.
  bool findPlace(unsigned __int128 elements, const char *what, void **data);
  bool findArray(unsigned __int128 elements, const char *what, void **data);

  napi_env env_;
  napi_value operands_ = nullptr;
  View memories_[2] = {};
  const double *numbers_ = nullptr, *places_ = nullptr;
  size_t numberCount_ = 0, nextNumber_ = 0;
  uint32_t operandCount_ = 0, nextOperand_ = 0;
  bool isDouble_ = false;
};

}  // namespace poly
