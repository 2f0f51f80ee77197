#include "CKernels.h"
#include "clones.h"

// sqrtf may set errno, which would keep the optimiser's loop from being vectorised.
#if defined(__has_builtin)
#if __has_builtin(__builtin_elementwise_sqrt)
#define SQUARE_ROOT(x) __builtin_elementwise_sqrt(x)
#endif
#endif
#ifndef SQUARE_ROOT
#define SQUARE_ROOT(x) __builtin_sqrtf(x)
#endif

ALMANAC_CLONES
double almanac_smooth_l1_f32(size_t count, const float *predicted, const float *wanted, float beta,
                             float scale, float *d_predicted) {
  double total = 0;
  for (size_t i = 0; i < count; i++) {
    float error = predicted[i] - wanted[i];
    float size = __builtin_fabsf(error);
    float inside = error / beta;
    float outside = error < 0 ? -1.0f : 1.0f;
    d_predicted[i] = scale * (size < beta ? inside : outside);
    total += size < beta ? 0.5f * error * inside : size - 0.5f * beta;
  }
  return total;
}

ALMANAC_CLONES
double almanac_square_sum_f32(size_t count, const float *values) {
  double lanes[8] = {0};
  size_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (size_t lane = 0; lane < 8; lane++) {
      double value = values[i + lane];
      lanes[lane] += value * value;
    }
  double total = 0;
  for (size_t lane = 0; lane < 8; lane++) total += lanes[lane];
  for (; i < count; i++) total += (double)values[i] * values[i];
  return total;
}

ALMANAC_CLONES
void almanac_add_f32(size_t count, const float *from, float *to) {
  for (size_t i = 0; i < count; i++) to[i] += from[i];
}

ALMANAC_CLONES
void almanac_adamw_f32(size_t count, float *values, const float *gradient, float *mean,
                       float *square, float grad_scale, float beta1, float beta2, float keep,
                       float rate_corrected, float root_correction, float epsilon) {
  for (size_t i = 0; i < count; i++) {
    float g = gradient[i] * grad_scale;
    mean[i] += (1.0f - beta1) * (g - mean[i]);
    square[i] = beta2 * square[i] + (1.0f - beta2) * g * g;
    float root = SQUARE_ROOT(square[i]) * root_correction + epsilon;
    values[i] = keep * values[i] - rate_corrected * mean[i] / root;
  }
}
