// The kernels of one instruction set; the build compiles this file once for each (scripts/build-native).
#include "apply.h"
#include "compress.h"
#include "contract.h"
#include "eliminate.h"
#include "judge.h"
#include "prefix.h"
#include "project.h"
#include "prune.h"
#include "random-features.h"
#include "rates.h"
#include "residual.h"
#include "sample.h"
#include "scan.h"
#include "size.h"

#define POLY_NAME_OF(isa) #isa
#define POLY_NAME(isa) POLY_NAME_OF(isa)
#define POLY_TABLE_OF(isa) isa##Table
#define POLY_TABLE(isa) POLY_TABLE_OF(isa)

namespace poly {
namespace POLY_ISA {
namespace {

template <class T>
KernelTable table() {
  return {attendOrPrune<T>, combineRows<T>, mergeRows<T>, conditionedStep<T>, cycleStep<T>, projectStep<T>, prefixStep<T>,
          eliminateStep<T>, exponentials<T>, exponentials<T, true>, sizeOf<T>, peakFlops<T>, calibrate<T>,
          {surveyStep<T>, accumulateStep<T>, contractStep<T>, applyStep<T>, compressStep<T>, scanStep<T>, sampleStep<T>, judgeStep<T>,
           randomFeaturesStep<T>, residualStep<T>}};
}

}  // namespace
}  // namespace POLY_ISA

IsaTable POLY_TABLE(POLY_ISA)() { return {POLY_NAME(POLY_ISA), POLY_ISA::table<float>(), POLY_ISA::table<double>()}; }

}  // namespace poly
