// exp, tanh and sigmoid of one float, free of branches and calls so that loops over them vectorise.

#ifndef ALMANAC_ELEMENTARY_H
#define ALMANAC_ELEMENTARY_H

#include <stdint.h>
#include <string.h>

#include "clones.h"

ALMANAC_INLINE float bits_to_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

ALMANAC_INLINE uint32_t float_to_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

// Comparisons are false for NaN, which therefore passes through.
ALMANAC_INLINE float clamp(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

// x = n ln 2 + r with |r| <= ln 2 / 2. Adding 1.5 * 2^23 rounds to the nearest integer, whose value
// then stands in the low bits.
#define ROUND_MAGIC 12582912.0f

// exp(r) - 1 for |r| <= ln 2 / 2; coefficients as in Cephes' expf (Moshier 1989), relative error
// about 6e-8.
ALMANAC_INLINE float expm1_reduced(float r) {
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return (p * r) * r + r;
}

ALMANAC_INLINE float reduce(float x, uint32_t *n_bits) {
  float shifted = x * 1.44269504088896341f + ROUND_MAGIC;
  float n = shifted - ROUND_MAGIC;
  *n_bits = float_to_bits(shifted) - 0x4B400000u;
  float r = x - n * 0.693359375f;
  return r - n * -2.12194440e-4f;
}

// 2^n for n in -126...127, n as two's complement.
ALMANAC_INLINE float power_of_two(uint32_t n_bits) { return bits_to_float((n_bits + 127u) << 23); }

ALMANAC_INLINE float exp_one(float x) {
  x = clamp(x, -104.0f, 89.0f);
  uint32_t n;
  float r = reduce(x, &n);
  // In two factors, so that results below 2^-126 and the overflow to infinity come out right.
  uint32_t half = (uint32_t)((int32_t)n >> 1);
  float p = expm1_reduced(r) + 1.0f;
  return p * power_of_two(half) * power_of_two(n - half);
}

// exp for arguments whose result is a normal float: |x| <= 87.
ALMANAC_INLINE float exp_normal(float x) {
  x = clamp(x, -87.0f, 87.0f);
  uint32_t n;
  float r = reduce(x, &n);
  float scale = power_of_two(n);
  return expm1_reduced(r) * scale + scale;
}

ALMANAC_INLINE float sigmoid_one(float x) { return 1.0f / (1.0f + exp_normal(-x)); }

// tanh(x) = m / (m + 2) with m = exp(2x) - 1; keeping m instead of exp keeps the digits of a small
// x.
ALMANAC_INLINE float tanh_one(float x) {
  float y = clamp(2.0f * x, -20.0f, 20.0f);
  uint32_t n;
  float r = reduce(y, &n);
  float scale = power_of_two(n);
  float m = expm1_reduced(r) * scale + (scale - 1.0f);
  return m / (m + 2.0f);
}

#endif
