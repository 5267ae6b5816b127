// The instruction sets that this build has and this machine can run, best first.
#pragma once
#include "types.h"

namespace poly {

constexpr int kMaxIsas = 4;

struct Isas {
  int count;
  IsaTable tables[kMaxIsas];
};

const Isas &usableIsas();

}  // namespace poly
