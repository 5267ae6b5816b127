// Per-thread memory and the clock: the only part of the kernels that speaks to the standard library, compiled once for all
// instruction sets.
#include <time.h>

#include <chrono>
#include <cstdlib>
#include <new>

#include "types.h"

namespace poly {
namespace {

constexpr size_t kAlignment = 64;

struct Buffer {
  void *data = nullptr;
  size_t bytes = 0;
  ~Buffer() { std::free(data); }
};

thread_local Buffer buffers[kSlots];
struct Packed {
  PackedFor slots[kSlots];
  Packed() {
    for (PackedFor &slot : slots) slot = {-1.0, nullptr};
  }
};
thread_local Packed packed;

}  // namespace

void *scratch(Slot slot, size_t bytes) {
  Buffer &buffer = buffers[slot];
  if (buffer.bytes < bytes || buffer.data == nullptr) {
    std::free(buffer.data);
    buffer.data = nullptr;
    buffer.bytes = 0;
    const size_t rounded = (bytes + 4095) / 4096 * 4096 + kAlignment;
    if (rounded < bytes || posix_memalign(&buffer.data, kAlignment, rounded) != 0) {
      buffer.data = nullptr;
      throw std::bad_alloc();
    }
    buffer.bytes = rounded;
  }
  return buffer.data;
}

PackedFor &packedFor(Slot slot) { return packed.slots[slot]; }

double secondsNow() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double threadSecondsNow() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace poly
