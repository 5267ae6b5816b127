// Arguments of the steps of the approximate modes (kernels/approximate.ts), as types.h has those of the exact ones.
#pragma once
#include "types.h"

namespace poly {

constexpr int kMaxTilts = 64;
constexpr int kMaxDegree = 64;
constexpr int kSurveyedNorms = 8;

// Number of monomials of at most `degree` in D coordinates, C(D + degree, degree); `limit` where it would be larger than that.
static inline long featureCount(long dimension, long degree, long limit) {
  double count = 1;
  for (long i = 1; i <= degree; i++) {
    count = count * static_cast<double>(dimension + i) / static_cast<double>(i);
    if (!(count < static_cast<double>(limit))) return limit;
  }
  return static_cast<long>(count + 0.5);
}

// Row l gets the log-weight sum of factor <vector, q_l - center>.
struct TiltArgs {
  const void *vector;  // [D]
  double factor;
};

struct FeatureMapArgs {
  const void *queries;  // [n, D]
  const void *center;   // [D] or null
  long n, dimension;
  double stretch;
  long degree, rank;  // rank = C(D + degree, degree)
  int tiltCount;
  TiltArgs tilts[kMaxTilts];
};

struct SurveyArgs {
  Tile tile;
  long n, dimension;
  const void *input;
  void *mean, *extremes;
  void *norms;       // [2, normCount] or null
  long normCount;
  void *covariance;  // [D, D] or null
  const void *bias;  // [n] or null
  void *weighted;    // [weightedRows, D], 1 or 1 + D of them, or null
  long weightedRows;
};

struct AccumulateArgs {
  Tile tile;
  FeatureMapArgs map;
  long dv, parts;      // dv = 0 without values
  const void *values;  // [n, dv] or null
  const void *bias;    // [n] or null
  void *sums;          // [parts * rank, dv + 1]
  void *shift;         // [parts]
};

struct ApplyArgs {
  Tile tile;
  FeatureMapArgs map;
  long dv;
  const void *result;       // [rank, dv + 1]
  const void *resultShift;  // [1]
  void *message;            // [n, dv] or null
  void *logSumExp;          // [n]
};

struct CompressArgs {
  Tile tile;
  long n, dimension, k, parts;
  const void *input, *center, *basis;
  int tiltCount;
  TiltArgs tilts[kMaxTilts];
  void *output, *unary, *residual;
};

struct PartialSums {
  const void *sums;   // [parts * rank, cols]
  const void *shift;  // [parts]
  long parts, cols;   // cols of the result, or 1 where all values are one
};

struct OffsetArgs {
  const void *left, *right;  // [D]
  double factor;
};

struct ContractMonomial {
  double factor;
  int count;
  int variables[kMaxVariables];  // from 1, ascending
};

struct ContractArgs {
  Tile tile;
  long dimension, degree, rank, cols;
  double coefficients[kMaxDegree + 1];
  int monomialCount;
  ContractMonomial monomials[kMaxMonomials];
  int sumCount;  // of variables 2, 3, ...
  PartialSums sums[kMaxVariables];
  int offsetCount;
  long offsetWidth;  // coordinates of the offsets' vectors: D, or more where rows were compressed
  OffsetArgs offsets[kMaxTilts];
  void *result, *resultShift;
};

struct SampledOperands {
  const void *queries, *values, *bias;  // [n, d], [n, dv] or null, [n] or null
  long n;
};

struct SampleArgs {
  Tile tile;
  long d, dv;
  double seed;
  int variableCount;  // x1 is the first
  SampledOperands operands[kMaxVariables];
  int monomialCount;
  ContractMonomial monomials[kMaxMonomials];
  void *keys, *bias, *doubledBias;  // [m, d], [m], [m]
  void *values, *moments;           // [m, dv], [m, 2 dv] or null
};

struct JudgeArgs {
  Tile tile;
  long n, dv;
  double samples, logOdds, range, largestScore, rounding, logTuples;
  const void *message, *logSumExp;         // [n, dv] or null, [n]
  const void *moments, *squaredLogSumExp;  // [n, 2 dv] or null, [n]
  void *bound, *scaled;                    // [n]
};

struct ResidualArgs {
  Tile tile;
  long n, m, d, dv, degree;
  double coefficients[kMaxDegree + 1];
  double logOdds, range, most, weightRounding, sumRounding, logTuples;
  const void *queries;               // [n, d]
  const void *keys, *bias;           // [m, d], [m]
  const void *values, *moments;      // [m, dv], [m, 2 dv]
  const void *average, *logSum;      // [n, dv], [n]
  void *message, *bound, *scaled;    // [n, dv], [n], [n]
};

struct RandomFeaturesArgs {
  Tile tile;
  long n, dimension, count;
  double factor, seed;
  const void *input;  // [n, D]
  void *output;       // [n, count]
};

// A variable whose rows are summed over by windows that move with the root's.
struct ScanOther {
  FeatureMapArgs map;
  const void *values, *bias;  // [n, dv] or null, [n] or null
  long lowest, highest;
};

constexpr int kMaxScanned = 7;

struct ScanArgs {
  Tile tile;
  FeatureMapArgs root;
  long dv;
  double coefficients[kMaxDegree + 1];
  double factor;
  int otherCount;
  ScanOther others[kMaxScanned];
  int offsetCount;
  long offsetWidth;
  OffsetArgs offsets[kMaxTilts];
  void *message, *logSumExp;  // [n, dv] or null, [n]
};

}  // namespace poly
