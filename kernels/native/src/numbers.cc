// The number is w 10^s, w its digits as a whole number of 64 bits. With 10^s = (T + t) 2^e, T its first 64 bits and t in [0, 1), the product of w,
// shifted up to its first bit, and T lies below the true one by less than 2^64, one unit of its upper word. So the upper word says how to round, unless
// a tie lies within that unit: two values of the 10 or 11 bits that are rounded away, 0.15 % of usual data. These, more than 19 digits, and
// powers outside of the table go to the standard library (or where that has no such thing, to the caller), which takes twice as long and more.
// As everything that is not sure goes there, ties and small exact quotients need no care of their own.
//
// Digits eight at a time, as bytes of a word. A number of 17 digits takes 16 to 19 ns, where JavaScript takes 40 to 55 (src/wire/json-number.ts) and a call
// from there 160 in all. What one number waits for of the one before it is where it ends: with the digits before the point read by words
// too, and spaces skipped without a branch, it took 25 ns; with words filled up at the end of the text, 29.
#include "numbers.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace poly {
namespace {

constexpr int kLowest = -54, kHighest = 27;  // 5^54 and its remainders fit 128 bits, 5^27 fits 64
constexpr long kMostDigits = 19;
constexpr long kMostExponent = 1000000000;

// 10^s = (bits + t) 2^exponent, 0 <= t < 1, the first bit set.
struct Power {
  uint64_t bits;
  int exponent;
};

struct Powers {
  Power of[kHighest - kLowest + 1];
};

constexpr Powers makePowers() {
  typedef unsigned __int128 Wide;
  Powers powers = {};
  Wide five = 1;
  for (int s = 0; s <= kHighest; s++, five *= 5) {
    uint64_t bits = static_cast<uint64_t>(five);
    int shift = 0;
    for (; bits >> 63 == 0; bits <<= 1) shift++;
    powers.of[s - kLowest] = {bits, s - shift};
  }
  five = 1;
  for (int s = -1; s >= kLowest; s--) {
    five *= 5;
    // 2^shift / 5^-s by long division, until there are 64 bits.
    uint64_t bits = 0;
    int shift = 0;
    for (Wide rest = 1; bits >> 63 == 0; shift++) {
      rest *= 2;
      bits = bits * 2 + (rest >= five);
      if (rest >= five) rest -= five;
    }
    powers.of[s - kLowest] = {bits, s - shift};
  }
  return powers;
}

constexpr Powers kPowers = makePowers();

// w 10^s, rounded to nearest, as bits; false where a tie is too near to be sure, and outside of the table.
bool scale(uint64_t w, long s, uint64_t &bits) {
  if (s < kLowest || s > kHighest) return false;
  const Power power = kPowers.of[s - kLowest];
  const int shift = __builtin_clzll(w | 1);
  const uint64_t upper = static_cast<uint64_t>((static_cast<unsigned __int128>(w << shift) * power.bits) >> 64);
  const int dropped = 10 + static_cast<int>(upper >> 63);
  const uint64_t half = uint64_t(1) << (dropped - 1), rest = upper & (2 * half - 1);
  if (rest - half + 1 < 2) return false;
  const uint64_t mantissa = (upper >> dropped) + (rest > half);  // with its first bit, 2^52, which counts as one of the exponent
  const uint64_t exponent = static_cast<uint64_t>(dropped + 64 - shift + power.exponent + 52 + 1022);
  bits = w == 0 ? 0 : (exponent << 52) + mantissa;
  return true;
}

bool isDigit(uint8_t byte) { return static_cast<uint8_t>(byte - '0') < 10; }

// The number of 8 bytes of 0 to 9, the first in the lowest one.
uint64_t ofEight(uint64_t digits) {
  const uint64_t pairs = digits * 10 + (digits >> 8);  // in bytes 0, 2, 4, 6
  const uint64_t mask = 0x000000ff000000ff;
  return ((pairs & mask) * (100 + (uint64_t(1000000) << 32)) + ((pairs >> 16) & mask) * (1 + (uint64_t(10000) << 32))) >> 32;
}

constexpr uint32_t kTens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};

// Appends digits to w, modulo 2^64; where they end, or null where they may go on at the end of the text.
inline const uint8_t *readDigits(const uint8_t *p, const uint8_t *end, uint64_t &w) {
  for (; end - p >= 8; p += 8) {
    uint64_t eight;
    std::memcpy(&eight, p, 8);
    eight ^= 0x3030303030303030;
    // The top bit of bytes that are no digits, right up to the first of them: below it nothing is carried.
    const uint64_t others = ((eight + 0x7676767676767676) | eight) & 0x8080808080808080;
    if (others != 0) {
      const int count = __builtin_ctzll(others) / 8;
      w = w * kTens[count] + ofEight(eight << (8 * (7 - count)) << 8);
      return p + count;
    }
    w = w * 100000000 + ofEight(eight);
  }
  return nullptr;
}

// Digits from the first that is not 0, in a number without its sign.
long significant(const uint8_t *p, const uint8_t *end, long digits) {
  for (; p < end && (*p == '0' || *p == '.'); p++) digits -= *p == '0';
  return digits;
}

// By the standard library: [first, last) is a JSON number without its sign, below 10^magnitude. False where it has no such function.
bool readSlowly(const uint8_t *first, const uint8_t *last, long magnitude, uint64_t &bits) {
#if defined(__cpp_lib_to_chars)
  double value = 0;
  const std::from_chars_result read = std::from_chars(reinterpret_cast<const char *>(first), reinterpret_cast<const char *>(last), value);
  if (read.ec == std::errc::result_out_of_range) value = magnitude > 0 ? std::numeric_limits<double>::infinity() : 0;
  else if (read.ec != std::errc()) return false;
  if (std::isinf(value)) value = std::numeric_limits<double>::quiet_NaN();
  std::memcpy(&bits, &value, sizeof bits);
  return true;
#else
  (void)first, (void)last, (void)magnitude, (void)bits;
  return false;
#endif
}

// Reads the exponent after `e`, clamped; null where there is none.
const uint8_t *readExponent(const uint8_t *p, const uint8_t *end, long &s) {
  const bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) p++;
  const uint8_t *first = p;
  long exponent = 0;
  for (; p < end && isDigit(*p); p++) exponent = exponent < kMostExponent ? exponent * 10 + (*p - '0') : exponent;
  s += negative ? -exponent : exponent;
  return p == first || p == end ? nullptr : p;
}

// Reads the number at p; its end, or null where it is not for us.
inline const uint8_t *readNumber(const uint8_t *p, const uint8_t *end, double &value) {
  const bool negative = *p == '-';
  const uint8_t *const first = p + negative;
  if (end - first < 2 || !isDigit(*first)) return nullptr;
  uint64_t w = *first - '0';
  p = first + 1;
  if (isDigit(*p)) {
    p = readDigits(p, end, w);
    if (p == nullptr || *first == '0') return nullptr;
  }
  long digits = p - first, s = 0;
  if (*p == '.') {
    const uint8_t *const fraction = p + 1;
    p = readDigits(fraction, end, w);
    if (p == nullptr || p == fraction) return nullptr;
    s = fraction - p;
    digits -= s;
  }
  if ((*p | 0x20) == 'e') {
    p = readExponent(p + 1, end, s);
    if (p == nullptr) return nullptr;
  }
  uint64_t bits = 0;
  if (digits > kMostDigits) digits = significant(first, p, digits);
  if (!(digits <= kMostDigits && scale(w, s, bits)) && !readSlowly(first, p, digits + s, bits)) return nullptr;
  bits |= uint64_t(negative) << 63;
  std::memcpy(&value, &bits, sizeof bits);
  return p;
}

const uint8_t *skipSpace(const uint8_t *p, const uint8_t *end) {
  while (p < end && *p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
  return p;
}

// Moves past a byte and the white space around it; null where another byte stands there.
const uint8_t *skip(uint8_t byte, const uint8_t *p, const uint8_t *end) {
  p = skipSpace(p, end);
  return p < end && *p == byte ? skipSpace(p + 1, end) : nullptr;
}

}  // namespace

size_t readNumbers(NumberRun &run) {
  const uint8_t *p = run.at, *const end = run.end;
  size_t count = 0, left = run.row == 0 ? SIZE_MAX : run.row - run.inRow;
  for (; count < run.room; count++) {
    if (left-- > 0) {
      p = skip(',', p, end);
    } else {
      p = skip(']', p, end);
      if (p != nullptr) p = skip(',', p, end);
      if (p != nullptr) p = skip('[', p, end);
      left = run.row - 1;
    }
    if (p == nullptr || p == end) break;
    p = readNumber(p, end, run.values[count]);
    if (p == nullptr) break;
    run.at = p;
  }
  return count;
}

}  // namespace poly
