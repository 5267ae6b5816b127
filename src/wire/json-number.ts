/**
 * JSON numbers from bytes to correctly rounded doubles: all of them where there is no native back end, and those of short runs.
 *
 * Up to 15 digits and a power of ten up to 22 are one exact division or product (Clinger 1990). Up to 18 digits with a negative power,
 * which is what every printer of doubles writes, go through double-double division: quotient q, exact remainder by Dekker's product,
 * second quotient q2; q + q2 is the correct rounding unless the sum lies within 1e-7 half-ulps of a tie. The rest, about one in a
 * hundred thousand of usual data, goes to the engine. Measured: bench/codecs.ts.
 */
import type { JsonText } from './json-text.ts';

const POWERS = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));
const SPLIT = 134217729;
const POWERS_HIGH = POWERS.map((power) => power * SPLIT - (power * SPLIT - power));
const POWERS_LOW = POWERS.map((power, k) => power - (POWERS_HIGH[k] as number));
/** Widens the second quotient for the test for ties; far above its own relative error of about 2^-50. */
const TIE_MARGIN = 1 + 1e-7;

/**
 * Reads the number at `text.pos` and moves past it. Beyond the range of doubles it is infinite: the caller refuses that.
 * @throws ServiceError `malformed` where there is no JSON number
 */
export function readNumber(text: JsonText): number {
  const { bytes } = text;
  const start = text.pos;
  let pos = start;
  let byte = bytes[pos] as number; // undefined at the end: every comparison below is then false
  const negative = byte === 0x2d;
  if (negative) byte = bytes[++pos] as number;

  let head = 0; // the first 9 significant digits
  let tail = 0; // the next 9
  let digits = 0; // significant digits, however many
  let scale = 0; // power of ten
  if (byte === 0x30) {
    byte = bytes[++pos] as number;
  } else {
    if (!(byte >= 0x31 && byte <= 0x39)) text.unexpected(pos === start ? pos : start);
    for (; byte >= 0x30 && byte <= 0x39; byte = bytes[++pos] as number) {
      if (digits < 9) head = (head * 10 + byte - 0x30) | 0;
      else if (digits < 18) tail = (tail * 10 + byte - 0x30) | 0;
      digits++;
    }
  }
  if (byte === 0x2e) {
    const fraction = pos + 1;
    byte = bytes[++pos] as number;
    if (digits === 0) while (byte === 0x30) byte = bytes[++pos] as number;
    // Separate loops for what goes to head, to tail and nowhere: this is where the time goes.
    let first = pos;
    for (const end = pos + 9 - digits; pos < end && byte >= 0x30 && byte <= 0x39; byte = bytes[++pos] as number) {
      head = (head * 10 + byte - 0x30) | 0;
    }
    digits += pos - first;
    first = pos;
    for (const end = pos + 18 - digits; pos < end && byte >= 0x30 && byte <= 0x39; byte = bytes[++pos] as number) {
      tail = (tail * 10 + byte - 0x30) | 0;
    }
    while (byte >= 0x30 && byte <= 0x39) byte = bytes[++pos] as number;
    digits += pos - first;
    if (pos === fraction) text.unexpected(pos);
    scale = fraction - pos;
  }
  if (byte === 0x65 || byte === 0x45) {
    text.pos = pos + 1;
    scale += readExponent(text);
    pos = text.pos;
  }
  text.pos = pos;

  const magnitude = scaled(head, tail, digits, scale);
  if (magnitude < 0) return Number(bytes.toString('latin1', start, pos));
  return negative ? -magnitude : magnitude;
}

/** The exponent after `e`, clamped where no body is long enough to make up for it with digits. */
function readExponent(text: JsonText): number {
  const { bytes } = text;
  let byte = bytes[text.pos];
  const negative = byte === 0x2d;
  if (negative || byte === 0x2b) byte = bytes[++text.pos];
  const first = text.pos;
  let exponent = 0;
  for (; byte !== undefined && byte >= 0x30 && byte <= 0x39; byte = bytes[++text.pos]) {
    exponent = Math.min(exponent * 10 + byte - 0x30, 1e15);
  }
  if (text.pos === first) text.unexpected();
  return negative ? -exponent : exponent;
}

/** head·10^(digits of tail) + tail, times 10^scale, correctly rounded; -1 where the quick ways do not reach. */
function scaled(head: number, tail: number, digits: number, scale: number): number {
  if (digits === 0) return 0;
  if (digits > 18 || scale > 22 || scale < -22) return -1;
  const shift = POWERS[digits > 9 ? digits - 9 : 0] as number;
  if (digits <= 15) {
    const whole = head * shift + tail; // below 10^15: exact
    return scale < 0 ? whole / (POWERS[-scale] as number) : whole * (POWERS[scale] as number);
  }
  if (scale > 0) return -1;
  // head·shift in two exact parts: both factors of each product are small enough.
  const upper = (head >>> 15) * shift * 32768;
  const lower = (head & 32767) * shift + tail;
  const high = upper + lower;
  const low = lower - (high - upper);
  return divide(high, low, -scale);
}

/** (high + low) / 10^k for k in 0..22, or -1 when the result is too near a tie to be sure. */
function divide(high: number, low: number, k: number): number {
  const power = POWERS[k] as number;
  const quotient = high / power;
  const spread = quotient * SPLIT;
  const quotientHigh = spread - (spread - quotient);
  const quotientLow = quotient - quotientHigh;
  const powerHigh = POWERS_HIGH[k] as number;
  const powerLow = POWERS_LOW[k] as number;
  const product = quotient * power;
  const error = quotientLow * powerLow - (product - quotientHigh * powerHigh - quotientLow * powerHigh - quotientHigh * powerLow);
  const second = (high - product - error + low) / power;
  const sum = quotient + second;
  const rest = second - (sum - quotient);
  return sum + rest * TIE_MARGIN === sum ? sum : -1;
}
