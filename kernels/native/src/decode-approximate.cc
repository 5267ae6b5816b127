// The steps of the approximate modes, from numbers and operands to arguments (encode-approximate.ts writes them in this order).
#include "approximate-types.h"
#include "decode.h"

namespace poly {
namespace {

constexpr long kMaxRows = 1L << 31;

[[noreturn]] void reject(const std::string &why) { throw std::invalid_argument("native kernels: " + why); }

void checkTile(const Tile &tile, long rows) {
  if (tile.firstRow > tile.lastRow || tile.lastRow > rows) reject("the tile lies outside its rows");
}

long readRank(Reader &r, long dimension, long *degree) {
  *degree = r.integer(0, kMaxDegree, "degree");
  const long rank = featureCount(dimension, *degree, kMaxRows);
  if (rank >= kMaxRows) reject("the rank is out of range");
  return rank;
}

int readTilts(Reader &r, long dimension, TiltArgs *tilts) {
  const int count = static_cast<int>(r.integer(0, kMaxTilts, "number of tilts"));
  for (int i = 0; i < count; i++) {
    tilts[i].factor = r.number();
    tilts[i].vector = r.matrix(1, dimension, false, "tilt");
  }
  return count;
}

FeatureMapArgs readMap(Reader &r) {
  FeatureMapArgs map = {};
  map.n = r.integer(0, kMaxRows, "n");
  map.dimension = r.integer(0, kMaxRows, "dimension");
  map.stretch = r.number();
  map.rank = readRank(r, map.dimension, &map.degree);
  map.queries = r.matrix(map.n, map.dimension, false, "queries");
  map.center = r.matrix(1, map.dimension, true, "center");
  map.tiltCount = readTilts(r, map.dimension, map.tilts);
  return map;
}

SurveyArgs readSurvey(Reader &r, const Tile &tile) {
  SurveyArgs a = {};
  a.tile = tile;
  a.n = r.integer(0, kMaxRows, "n");
  a.dimension = r.integer(0, kMaxRows, "dimension");
  a.normCount = r.integer(1, kSurveyedNorms, "norms");
  a.weightedRows = r.integer(0, kMaxRows, "weighted rows");
  a.input = r.matrix(a.n, a.dimension, false, "input");
  a.mean = r.matrix(1, a.dimension, false, "mean");
  a.extremes = r.matrix(2, a.dimension, false, "extremes");
  a.norms = r.matrix(2, a.normCount, true, "norms");
  a.covariance = r.matrix(a.dimension, a.dimension, true, "covariance");
  a.bias = r.matrix(a.n, 1, true, "bias");
  a.weighted = r.matrix(a.weightedRows, a.dimension, true, "weighted");
  if (a.weighted && (!a.bias || (a.weightedRows != 1 && a.weightedRows != 1 + a.dimension))) reject("weighted rows take a bias");
  checkTile(tile, 1);
  return a;
}

AccumulateArgs readAccumulate(Reader &r, const Tile &tile) {
  AccumulateArgs a = {};
  a.tile = tile;
  a.map = readMap(r);
  a.dv = r.integer(0, kMaxRows, "dv");
  a.parts = r.integer(1, kMaxRows, "parts");
  a.values = r.matrix(a.map.n, a.dv, true, "values");
  a.bias = r.matrix(a.map.n, 1, true, "bias");
  a.sums = r.matrix(a.parts * a.map.rank, a.dv + 1, false, "sums");
  a.shift = r.matrix(a.parts, 1, false, "shift");
  if (a.dv > 0 && !a.values) reject("values are missing");
  checkTile(tile, a.parts);
  return a;
}

ApplyArgs readApply(Reader &r, const Tile &tile) {
  ApplyArgs a = {};
  a.tile = tile;
  a.map = readMap(r);
  a.dv = r.integer(0, kMaxRows, "dv");
  a.result = r.matrix(a.map.rank, a.dv + 1, false, "result");
  a.resultShift = r.matrix(1, 1, false, "resultShift");
  a.message = r.matrix(a.map.n, a.dv, true, "message");
  a.logSumExp = r.matrix(a.map.n, 1, false, "logSumExp");
  checkTile(tile, a.map.n);
  return a;
}

CompressArgs readCompress(Reader &r, const Tile &tile) {
  CompressArgs a = {};
  a.tile = tile;
  a.n = r.integer(0, kMaxRows, "n");
  a.dimension = r.integer(0, kMaxRows, "dimension");
  a.k = r.integer(0, kMaxRows, "k");
  a.parts = r.integer(1, kMaxRows, "parts");
  a.input = r.matrix(a.n, a.dimension, false, "input");
  a.center = r.matrix(1, a.dimension, true, "center");
  a.basis = r.matrix(a.dimension, a.k, false, "basis");
  a.tiltCount = readTilts(r, a.dimension, a.tilts);
  a.output = r.matrix(a.n, a.k, false, "output");
  a.unary = r.matrix(a.n, 1, false, "unary");
  a.residual = r.matrix(a.parts, 1, false, "residual");
  checkTile(tile, a.parts);
  return a;
}

int readMonomials(Reader &r, int variables, ContractMonomial *monomials) {
  const int count = static_cast<int>(r.integer(0, kMaxMonomials, "number of monomials"));
  for (int m = 0; m < count; m++) {
    ContractMonomial &monomial = monomials[m];
    monomial.factor = r.number();
    monomial.count = static_cast<int>(r.integer(1, variables, "number of variables"));
    for (int i = 0, last = 0; i < monomial.count; i++)
      last = monomial.variables[i] = static_cast<int>(r.integer(last + 1, variables, "variable of a monomial"));
  }
  return count;
}

int readOffsets(Reader &r, OffsetArgs *offsets, long *width) {
  const int count = static_cast<int>(r.integer(0, kMaxTilts, "number of offsets"));
  *width = r.integer(0, kMaxRows, "width of offsets");
  for (int i = 0; i < count; i++) {
    offsets[i].factor = r.number();
    offsets[i].left = r.matrix(1, *width, false, "offset");
    offsets[i].right = r.matrix(1, *width, false, "offset");
  }
  return count;
}

ContractArgs readContract(Reader &r, const Tile &tile) {
  ContractArgs a = {};
  a.tile = tile;
  a.dimension = r.integer(0, kMaxRows, "dimension");
  a.cols = r.integer(1, kMaxRows, "columns");
  a.rank = readRank(r, a.dimension, &a.degree);
  for (long k = 0; k <= a.degree; k++) a.coefficients[k] = r.number();
  a.sumCount = static_cast<int>(r.integer(0, kMaxVariables - 1, "number of sums"));
  a.monomialCount = readMonomials(r, a.sumCount + 1, a.monomials);
  for (int j = 0; j < a.sumCount; j++) {
    PartialSums &s = a.sums[j];
    s.parts = r.integer(1, kMaxRows, "parts");
    s.cols = r.integer(0, 1, "columns of the sums") == 1 ? a.cols : 1;
    s.sums = r.matrix(s.parts * a.rank, s.cols, false, "sums");
    s.shift = r.matrix(s.parts, 1, false, "shift");
  }
  a.offsetCount = readOffsets(r, a.offsets, &a.offsetWidth);
  a.result = r.matrix(a.rank, a.cols, false, "result");
  a.resultShift = r.matrix(1, 1, false, "resultShift");
  checkTile(tile, 1);
  return a;
}

double readSeed(Reader &r) {
  const double seed = r.number();
  if (!(seed >= 0 && seed < 9e18)) reject("the seed is out of range");
  return seed;
}

SampleArgs readSample(Reader &r, const Tile &tile) {
  SampleArgs a = {};
  a.tile = tile;
  const long m = r.integer(0, kMaxRows, "samples");
  a.d = r.integer(0, kMaxRows, "d");
  a.dv = r.integer(0, kMaxRows, "dv");
  a.seed = readSeed(r);
  a.variableCount = static_cast<int>(r.integer(1, kMaxVariables, "number of variables"));
  for (int j = 0; j < a.variableCount; j++) {
    SampledOperands &one = a.operands[j];
    one.n = r.integer(0, kMaxRows, "n");
    one.queries = r.matrix(one.n, a.d, false, "queries");
    one.values = r.matrix(one.n, a.dv, true, "values");
    one.bias = r.matrix(one.n, 1, true, "bias");
  }
  a.monomialCount = readMonomials(r, a.variableCount, a.monomials);
  a.keys = r.matrix(m, a.d, false, "keys");
  a.bias = r.matrix(m, 1, false, "bias");
  a.doubledBias = r.matrix(m, 1, true, "doubledBias");
  a.values = r.matrix(m, a.dv, true, "values");
  a.moments = r.matrix(m, 2 * a.dv, true, "moments");
  if (a.moments && !a.values) reject("values are missing");
  checkTile(tile, m);
  return a;
}

JudgeArgs readJudge(Reader &r, const Tile &tile) {
  JudgeArgs a = {};
  a.tile = tile;
  a.n = r.integer(0, kMaxRows, "n");
  a.dv = r.integer(0, kMaxRows, "dv");
  a.samples = r.number();
  a.logOdds = r.number();
  a.range = r.number();
  a.largestScore = r.number();
  a.rounding = r.number();
  a.logTuples = r.number();
  a.message = r.matrix(a.n, a.dv, true, "message");
  a.logSumExp = r.matrix(a.n, 1, false, "logSumExp");
  a.moments = r.matrix(a.n, 2 * a.dv, true, "moments");
  a.squaredLogSumExp = r.matrix(a.n, 1, false, "squaredLogSumExp");
  a.bound = r.matrix(a.n, 1, false, "bound");
  a.scaled = r.matrix(a.n, 1, false, "scaled");
  checkTile(tile, a.n);
  return a;
}

ResidualArgs readResidual(Reader &r, const Tile &tile) {
  ResidualArgs a = {};
  a.tile = tile;
  a.n = r.integer(0, kMaxRows, "n");
  a.m = r.integer(0, kMaxRows, "samples");
  a.d = r.integer(0, kMaxRows, "d");
  a.dv = r.integer(1, kMaxRows, "dv");
  a.degree = r.integer(0, kMaxDegree, "degree");
  for (long k = 0; k <= a.degree; k++) a.coefficients[k] = r.number();
  a.logOdds = r.number();
  a.range = r.number();
  a.most = r.number();
  a.weightRounding = r.number();
  a.sumRounding = r.number();
  a.logTuples = r.number();
  a.queries = r.matrix(a.n, a.d, false, "queries");
  a.keys = r.matrix(a.m, a.d, false, "keys");
  a.bias = r.matrix(a.m, 1, false, "bias");
  a.values = r.matrix(a.m, a.dv, false, "values");
  a.moments = r.matrix(a.m, 2 * a.dv, false, "moments");
  a.average = r.matrix(a.n, a.dv, false, "average");
  a.logSum = r.matrix(a.n, 1, false, "logSum");
  a.message = r.matrix(a.n, a.dv, false, "message");
  a.bound = r.matrix(a.n, 1, false, "bound");
  a.scaled = r.matrix(a.n, 1, false, "scaled");
  checkTile(tile, a.n);
  return a;
}

RandomFeaturesArgs readRandomFeatures(Reader &r, const Tile &tile) {
  RandomFeaturesArgs a = {};
  a.tile = tile;
  a.n = r.integer(0, kMaxRows, "n");
  a.dimension = r.integer(0, kMaxRows, "dimension");
  a.count = r.integer(1, kMaxRows, "number of features");
  a.factor = r.number();
  a.seed = readSeed(r);
  a.input = r.matrix(a.n, a.dimension, false, "input");
  a.output = r.matrix(a.n, a.count, false, "output");
  checkTile(tile, a.n);
  return a;
}

ScanArgs readScan(Reader &r, const Tile &tile) {
  ScanArgs a = {};
  a.tile = tile;
  a.root = readMap(r);
  a.dv = r.integer(0, kMaxRows, "dv");
  for (long k = 0; k <= a.root.degree; k++) a.coefficients[k] = r.number();
  a.factor = r.number();
  a.otherCount = static_cast<int>(r.integer(1, kMaxScanned, "number of variables"));
  for (int j = 0; j < a.otherCount; j++) {
    ScanOther &other = a.others[j];
    other.map = readMap(r);
    if (other.map.dimension != a.root.dimension || other.map.degree != a.root.degree) reject("the feature maps differ");
    other.lowest = r.band();
    other.highest = r.band();
    other.values = r.matrix(other.map.n, a.dv, true, "values");
    other.bias = r.matrix(other.map.n, 1, true, "bias");
  }
  a.offsetCount = readOffsets(r, a.offsets, &a.offsetWidth);
  a.message = r.matrix(a.root.n, a.dv, true, "message");
  a.logSumExp = r.matrix(a.root.n, 1, false, "logSumExp");
  checkTile(tile, a.root.n);
  return a;
}

template <class Args>
void readAndRun(Args (*read)(Reader &, const Tile &), void (*kernel)(const Args &), Reader &reader, const Tile &tile) {
  const Args args = read(reader, tile);
  reader.finish();
  kernel(args);
}

}  // namespace

void runApproximate(const ApproximateTable &kernels, int kind, Reader &reader, const Tile &tile) {
  switch (kind - kFirstApproximate) {
    case 0: return readAndRun(readSurvey, kernels.survey, reader, tile);
    case 1: return readAndRun(readAccumulate, kernels.accumulate, reader, tile);
    case 2: return readAndRun(readContract, kernels.contract, reader, tile);
    case 3: return readAndRun(readApply, kernels.apply, reader, tile);
    case 4: return readAndRun(readCompress, kernels.compress, reader, tile);
    case 5: return readAndRun(readScan, kernels.scan, reader, tile);
    case 6: return readAndRun(readSample, kernels.sample, reader, tile);
    case 7: return readAndRun(readJudge, kernels.judge, reader, tile);
    case 8: return readAndRun(readRandomFeatures, kernels.randomFeatures, reader, tile);
    default: return readAndRun(readResidual, kernels.residual, reader, tile);
  }
}

}  // namespace poly
