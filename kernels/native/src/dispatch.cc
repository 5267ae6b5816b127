#include "dispatch.h"

namespace poly {

#if defined(__x86_64__)
IsaTable avx512Table();
IsaTable avx2Table();
IsaTable baselineTable();

static Isas detect() {
  Isas isas = {};
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  if (avx512) isas.tables[isas.count++] = avx512Table();
  if (avx2) isas.tables[isas.count++] = avx2Table();
  isas.tables[isas.count++] = baselineTable();
  return isas;
}
#elif defined(__aarch64__)
IsaTable neonTable();

static Isas detect() {
  Isas isas = {};
  isas.tables[isas.count++] = neonTable();
  return isas;
}
#endif

const Isas &usableIsas() {
  static const Isas isas = detect();
  return isas;
}

}  // namespace poly
