#include "draws.h"

#include <cmath>
#include <cstdint>
#include <cstring>

namespace poly {
namespace {

// 32 bits from a seed and three counters: rounds of multiply and shift after each, as in integer hash functions.
uint32_t mix(double seed, uint32_t a, uint32_t b, uint32_t c) {
  const uint64_t whole = static_cast<uint64_t>(seed);
  uint32_t h = static_cast<uint32_t>(whole) ^ (static_cast<uint32_t>(whole >> 32) + 1) * 0x85ebca6bu;
  const uint32_t words[] = {a, b, c};
  for (const uint32_t word : words) {
    h = (h ^ word) * 0x9e3779b1u;
    h = (h ^ (h >> 15)) * 0x85ebca6bu;
    h = (h ^ (h >> 13)) * 0xc2b2ae35u;
    h ^= h >> 16;
  }
  return h;
}

// In [0, 1), 53 bits.
double uniform(double seed, long stream, long index) {
  const uint32_t a = static_cast<uint32_t>(stream), b = static_cast<uint32_t>(index);
  return (static_cast<double>(mix(seed, a, b, 0) >> 5) * 67108864.0 + static_cast<double>(mix(seed, a, b, 1) >> 6)) / 9007199254740992.0;
}

// ln x for a normal x: x = 2^e m, m in [0.75, 1.5); ln m = 2 artanh s, s = (m - 1) / (m + 1).
double logarithm(double x) {
  uint64_t bits = 0;
  std::memcpy(&bits, &x, sizeof(bits));
  double exponent = static_cast<double>(bits >> 52) - 1023;
  bits = (bits & 0xfffffffffffffull) | 0x3ff0000000000000ull;
  double m = 0;
  std::memcpy(&m, &bits, sizeof(m));
  if (m >= 1.5) {
    m = m / 2;
    exponent = exponent + 1;
  }
  const double s = (m - 1) / (m + 1), t = s * s;
  double sum = 0;
  for (int k = 27; k >= 1; k -= 2) sum = sum * t + 1.0 / k;
  return exponent * 0.6931471805599453 + 2 * s * sum;
}

// cos 2 pi u, u in [0, 1): a quarter turn at a time, |angle| <= pi / 4.
double cosine(double u) {
  const double quarter = std::floor(4 * u + 0.5);
  const double angle = 6.283185307179586 * (u - quarter / 4), t = angle * angle;
  const int turn = static_cast<int>(quarter) & 3;
  const bool odd = (turn & 1) != 0;
  double sum = 0;
  if (odd)
    for (int k = 19; k >= 3; k -= 2) sum = (1 - sum) * t * (1.0 / (k * (k - 1)));
  else
    for (int k = 18; k >= 2; k -= 2) sum = (1 - sum) * t * (1.0 / (k * (k - 1)));
  const double value = odd ? angle * (1 - sum) : 1 - sum;
  return turn == 0 || turn == 3 ? value : -value;
}

}  // namespace

long drawIndex(double seed, long stream, long index, long n) {
  const long drawn = static_cast<long>(std::floor(uniform(seed, stream, index) * static_cast<double>(n)));
  return drawn < n ? drawn : n - 1;
}

// By Box and Muller.
void drawNormals(double seed, long stream, long first, long count, double *out) {
  for (long i = 0; i < count; i++) {
    const long index = 2 * (first + i);
    const double radius = std::sqrt(-2 * logarithm(1 - uniform(seed, stream, index)));
    out[i] = radius * cosine(uniform(seed, stream, index + 1));
  }
}

}  // namespace poly
