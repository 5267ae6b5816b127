// What the planner's seconds come from: rates of the kernels themselves, and the peak of the multiply-add units beside them.
#pragma once
#include "cycle-rows.h"

namespace poly::POLY_ISA {

// Flops per second of independent multiply-adds in registers: the ceiling of every kernel here.
template <class T>
double peakFlops(double seconds) {
  using V = Vec<T>;
  constexpr int kAccumulators = kTile;
  constexpr long kRounds = 20000;
  double best = 0;
  const double end = secondsNow() + seconds;
  do {
    V acc[kAccumulators];
    V a = V::set(static_cast<T>(0.999)), b = V::set(static_cast<T>(0.001));
#pragma GCC unroll 32
    for (int i = 0; i < kAccumulators; i++) acc[i] = V::set(static_cast<T>(i));
    const double start = secondsNow();
    for (long round = 0; round < kRounds; round++) {
#pragma GCC unroll 32
      for (int i = 0; i < kAccumulators; i++) acc[i] = V::fma(acc[i], a, b);
    }
    const double elapsed = secondsNow() - start;
    V total = acc[0];
#pragma GCC unroll 32
    for (int i = 1; i < kAccumulators; i++) total = V::add(total, acc[i]);
    volatile T sink = total.sum();
    (void)sink;
    const double flops = 2.0 * V::W * kAccumulators * kRounds / elapsed;
    best = flops > best ? flops : best;
  } while (secondsNow() < end);
  return best;
}

// Processor seconds of one attend call: what others do on the machine must not count.
template <class T>
double timeAttend(long n, long d, T *data, double callId) {
  AttendArgs a = {};
  int32_t control[2] = {0, 0};
  a.queries = data;
  a.keys = data + n * d;
  a.values = data + 2 * n * d;
  a.message = data + 3 * n * d;
  a.logSumExp = data + 4 * n * d;
  a.nq = a.nk = n;
  a.d = a.dv = d;
  a.scale = 1.0 / static_cast<double>(d);
  a.lowest = -kFar;
  a.highest = kFar;
  a.dropBelow = __builtin_inf();
  a.tile = {0, n, callId, {control, 2}};
  const double start = threadSecondsNow();
  attendStep<T>(a);
  return threadSecondsNow() - start;
}

// An exponential was seen to cost 30 to 60 flops on every set and type; what comes out below this is noise.
constexpr double kLeastExponential = 16;

// Two shapes, two unknowns: wide heads are all flops, narrow ones mostly exponentials. They take turns, so that both see the same machine,
// and each keeps its fastest. Under 60 ms.
template <class T>
Rates calibrate() {
  constexpr long n = 384, wide = 128, narrow = kValueVecs * Vec<T>::W < 32 ? 32 : kValueVecs * Vec<T>::W;
  T *data = static_cast<T *>(scratch(kSlotSpare, sizeof(T) * static_cast<size_t>(4 * n * wide + n)));
  for (long i = 0; i < 3 * n * wide; i++) data[i] = static_cast<T>((i * 7919 % 2003) / 1001.5 - 1);
  const double square = static_cast<double>(n) * static_cast<double>(n);
  double wideSeconds = 1e9, narrowSeconds = 1e9, callId = -2;
  const double end = secondsNow() + 0.04;
  for (int i = 0; i < 3 || secondsNow() < end; i++) {
    const double w = timeAttend<T>(n, wide, data, callId--), s = timeAttend<T>(n, narrow, data, callId--);
    wideSeconds = w < wideSeconds ? w : wideSeconds;
    narrowSeconds = s < narrowSeconds ? s : narrowSeconds;
  }
  packedFor(kSlotKeys) = {-1, nullptr};
  const double wideFlops = 4 * square * wide, narrowFlops = 4 * square * narrow;
  double perFlop = (wideSeconds - narrowSeconds) / (wideFlops - narrowFlops);
  double perExponential = (wideSeconds - wideFlops * perFlop) / square;
  if (!(perFlop > 0) || perExponential < kLeastExponential * perFlop) {
    perFlop = wideSeconds / (wideFlops + kLeastExponential * square);
    perExponential = kLeastExponential * perFlop;
  }

  constexpr long bytes = 8 << 20;
  char *copy = static_cast<char *>(scratch(kSlotSpare, 2 * bytes));
  memset(copy, 1, 2 * bytes);
  const double start = threadSecondsNow();
  memcpy(copy, copy + bytes, bytes);
  const double copySeconds = threadSecondsNow() - start;
  return {1 / perFlop, 1 / perExponential, 2.0 * bytes / copySeconds, 2e-5};
}

}  // namespace poly::POLY_ISA
