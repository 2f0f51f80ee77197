#include "elementary.h"

#include "CKernels.h"

ALMANAC_CLONES
void almanac_exp_f32(const float *from, float *to, size_t count) {
  for (size_t i = 0; i < count; i++) to[i] = exp_one(from[i]);
}

ALMANAC_CLONES
void almanac_tanh_f32(const float *from, float *to, size_t count) {
  for (size_t i = 0; i < count; i++) to[i] = tanh_one(from[i]);
}

ALMANAC_CLONES
void almanac_sigmoid_f32(const float *from, float *to, size_t count) {
  for (size_t i = 0; i < count; i++) to[i] = sigmoid_one(from[i]);
}
