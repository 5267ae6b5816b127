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
  a.input = r.matrix(a.n, a.dimension, false, "input");
  a.mean = r.matrix(1, a.dimension, false, "mean");
  a.extremes = r.matrix(2, a.dimension, false, "extremes");
  a.norms = r.matrix(2, a.normCount, true, "norms");
  a.covariance = r.matrix(a.dimension, a.dimension, true, "covariance");
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

void readMonomials(Reader &r, ContractArgs &a) {
  a.monomialCount = static_cast<int>(r.integer(0, kMaxMonomials, "number of monomials"));
  for (int m = 0; m < a.monomialCount; m++) {
    ContractMonomial &monomial = a.monomials[m];
    monomial.factor = r.number();
    monomial.count = static_cast<int>(r.integer(1, a.sumCount + 1, "number of variables"));
    for (int i = 0, last = 0; i < monomial.count; i++)
      last = monomial.variables[i] = static_cast<int>(r.integer(last + 1, a.sumCount + 1, "variable of a monomial"));
  }
}

ContractArgs readContract(Reader &r, const Tile &tile) {
  ContractArgs a = {};
  a.tile = tile;
  a.dimension = r.integer(0, kMaxRows, "dimension");
  a.cols = r.integer(1, kMaxRows, "columns");
  a.rank = readRank(r, a.dimension, &a.degree);
  for (long k = 0; k <= a.degree; k++) a.coefficients[k] = r.number();
  a.sumCount = static_cast<int>(r.integer(0, kMaxVariables - 1, "number of sums"));
  readMonomials(r, a);
  for (int j = 0; j < a.sumCount; j++) {
    PartialSums &s = a.sums[j];
    s.parts = r.integer(1, kMaxRows, "parts");
    s.cols = r.integer(0, 1, "columns of the sums") == 1 ? a.cols : 1;
    s.sums = r.matrix(s.parts * a.rank, s.cols, false, "sums");
    s.shift = r.matrix(s.parts, 1, false, "shift");
  }
  a.offsetCount = static_cast<int>(r.integer(0, kMaxTilts, "number of offsets"));
  a.offsetWidth = r.integer(0, kMaxRows, "width of offsets");
  for (int i = 0; i < a.offsetCount; i++) {
    a.offsets[i].factor = r.number();
    a.offsets[i].left = r.matrix(1, a.offsetWidth, false, "offset");
    a.offsets[i].right = r.matrix(1, a.offsetWidth, false, "offset");
  }
  a.result = r.matrix(a.rank, a.cols, false, "result");
  a.resultShift = r.matrix(1, 1, false, "resultShift");
  checkTile(tile, 1);
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
    default: return readAndRun(readCompress, kernels.compress, reader, tile);
  }
}

}  // namespace poly
