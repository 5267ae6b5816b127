#include "reader.h"

#include <cmath>
#include <cstdint>

#include "types.h"

namespace poly {

View viewOf(napi_env env, napi_value value, const char *what) {
  View view = {};
  size_t offset = 0;
  napi_value buffer = nullptr;
  if (napi_get_typedarray_info(env, value, &view.type, &view.length, &view.data, &buffer, &offset) != napi_ok)
    reject(std::string(what) + " is not a typed array");
  return view;
}

Reader::Reader(napi_env env, napi_value numbers, napi_value operands) : env_(env), operands_(operands) {
  readNumbers(numbers);
  if (napi_get_array_length(env, operands, &operandCount_) != napi_ok) reject("the operands are not an array");
  isDouble_ = integer(32, 64, "precision") == 64;
}

Reader::Reader(napi_env env, napi_value numbers, napi_value first, napi_value second, size_t places)
    : env_(env), memories_{viewOf(env, first, "the first memory"), viewOf(env, second, "the second memory")} {
  for (const View &memory : memories_)
    if (memory.type != napi_uint8_array) reject("a memory is not a Uint8Array");
  readNumbers(numbers);
  if (places > numberCount_) reject("the list of numbers is too short");
  numberCount_ -= places;
  places_ = numbers_ + numberCount_;
  operandCount_ = static_cast<uint32_t>(places);
  isDouble_ = integer(32, 64, "precision") == 64;
}

void Reader::readNumbers(napi_value numbers) {
  const View view = viewOf(env_, numbers, "the list of numbers");
  if (view.type != napi_float64_array) reject("the list of numbers is not a Float64Array");
  numbers_ = static_cast<const double *>(view.data);
  numberCount_ = view.length;
}

double Reader::number() {
  if (nextNumber_ >= numberCount_) reject("the list of numbers is too short");
  return numbers_[nextNumber_++];
}

long Reader::integer(long lowest, long highest, const char *what) {
  const double value = number();
  if (!(value >= static_cast<double>(lowest) && value <= static_cast<double>(highest)) || value != std::floor(value))
    reject(std::string(what) + " is out of range");
  return static_cast<long>(value);
}

long Reader::band() {
  const double value = number();
  if (std::isnan(value)) reject("a band's limit is not a number");
  if (value >= static_cast<double>(kFar)) return kFar;
  if (value <= -static_cast<double>(kFar)) return -kFar;
  return static_cast<long>(std::floor(value));
}

void *Reader::matrix(long rows, long cols, bool nullable, const char *what) {
  if (nextOperand_ >= operandCount_) reject(std::string(what) + " is missing");
  const unsigned __int128 elements = static_cast<unsigned __int128>(rows) * static_cast<unsigned __int128>(cols);
  // An array without elements may have no address either.
  void *data = nullptr;
  const bool isThere = places_ ? findPlace(elements, what, &data) : findArray(elements, what, &data);
  if (!isThere && !nullable) reject(std::string(what) + " is missing");
  return data;
}

bool Reader::findPlace(unsigned __int128 elements, const char *what, void **data) {
  double place = places_[nextOperand_++];
  if (place == -1) return false;
  const View &memory = memories_[place >= kSecondMemory];
  if (place >= kSecondMemory) place -= kSecondMemory;
  const size_t width = isDouble_ ? sizeof(double) : sizeof(float);
  if (!(place >= 0 && place <= static_cast<double>(memory.length)) || place != std::floor(place)) reject(std::string(what) + " lies outside its memory");
  const size_t offset = static_cast<size_t>(place);
  if (elements * width > memory.length - offset) reject(std::string(what) + " lies outside its memory");
  *data = static_cast<uint8_t *>(memory.data) + offset;
  if (reinterpret_cast<uintptr_t>(*data) % width != 0) reject(std::string(what) + " is not aligned");
  return true;
}

bool Reader::findArray(unsigned __int128 elements, const char *what, void **data) {
  napi_value value = nullptr;
  napi_valuetype type = napi_undefined;
  if (napi_get_element(env_, operands_, nextOperand_++, &value) != napi_ok || napi_typeof(env_, value, &type) != napi_ok)
    reject(std::string(what) + " is missing");
  if (type == napi_null || type == napi_undefined) return false;
  const View view = viewOf(env_, value, what);
  if (view.type != (isDouble_ ? napi_float64_array : napi_float32_array)) reject(std::string(what) + " has another element type");
  if (elements != view.length) reject(std::string(what) + " has another length than its shape says");
  *data = view.data;
  return true;
}

void Reader::finish() const {
  if (nextNumber_ != numberCount_ || nextOperand_ != operandCount_) reject("arguments are left over");
}

}  // namespace poly
