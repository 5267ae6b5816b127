// Per-thread memory and the clock: the only part of the kernels that speaks to the standard library, compiled once for all
// instruction sets.
#include <sys/mman.h>
#include <time.h>

#include <chrono>
#include <cstdlib>
#include <new>

#include "types.h"

namespace poly {
namespace {

constexpr size_t kAlignment = 64, kPage = 4096;

// From this size on memory is asked for in pages of as much, where the system has them: every panel of a product walks through the whole
// shared matrix. On AVX-512 (Sapphire Rapids, virtual machine) that took 2.7 % off Strassen n = 1024 in fp64, 1 % in fp32, 1 to 2 % off
// attend n = 4096 and 8192.
constexpr size_t kLargePage = 2 << 20;

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
    const size_t rounded = (bytes + kPage - 1) / kPage * kPage + kAlignment;
    const bool large = rounded >= kLargePage;
    if (rounded < bytes || posix_memalign(&buffer.data, large ? kLargePage : kAlignment, rounded) != 0) {
      buffer.data = nullptr;
      throw std::bad_alloc();
    }
#if defined(MADV_HUGEPAGE)
    if (large) madvise(buffer.data, rounded, MADV_HUGEPAGE);  // a wish: where it is refused, nothing is lost
#endif
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
