#include "CKernels.h"
#include "elementary.h"

// One row each. Clang believes `restrict` on parameters only, not on local pointers; without it the
// loops below are not vectorised, since the parts of a row of gates could overlap.

ALMANAC_INLINE void forward_row(size_t hidden, float input, const float *restrict w,
                                const float *restrict bi, const float *restrict bh,
                                const float *restrict h, float *restrict reset,
                                float *restrict update, float *restrict recurrent,
                                float *restrict candidate, float *restrict next) {
  for (size_t j = 0; j < hidden; j++) {
    float r = sigmoid_one(input * w[j] + bi[j] + (reset[j] + bh[j]));
    float z = sigmoid_one(input * w[hidden + j] + bi[hidden + j] + (update[j] + bh[hidden + j]));
    float q = recurrent[j] + bh[2 * hidden + j];
    float n = tanh_one(input * w[2 * hidden + j] + bi[2 * hidden + j] + r * q);
    reset[j] = r;
    update[j] = z;
    recurrent[j] = q;
    candidate[j] = n;
    next[j] = n + z * (h[j] - n);
  }
}

ALMANAC_INLINE void backward_row(size_t hidden, float input, const float *restrict h,
                                 float *restrict reset, float *restrict update,
                                 float *restrict recurrent, float *restrict candidate,
                                 float *restrict d, float *restrict sums) {
  for (size_t j = 0; j < hidden; j++) {
    float r = reset[j], z = update[j], q = recurrent[j], n = candidate[j], dh = d[j];
    float dn = dh * (1.0f - z) * (1.0f - n * n);
    float dz = dh * (h[j] - n) * z * (1.0f - z);
    float dq = dn * r;
    float dr = dq * q * (1.0f - r);
    reset[j] = dr;
    update[j] = dz;
    recurrent[j] = dq;
    candidate[j] = dn;
    d[j] = dh * z;
    sums[j] += dr;
    sums[hidden + j] += dz;
    sums[2 * hidden + j] += dq;
    sums[3 * hidden + j] += dn;
    sums[4 * hidden + j] += input * dr;
    sums[5 * hidden + j] += input * dz;
    sums[6 * hidden + j] += input * dn;
  }
}

// Sixteen partial sums: the order is fixed, and the loop still vectorises.
ALMANAC_INLINE float input_gradient(size_t hidden, const float *restrict w,
                                    const float *restrict dr, const float *restrict dz,
                                    const float *restrict dn) {
  float lanes[16] = {0};
  size_t j = 0;
  for (; j + 16 <= hidden; j += 16)
    for (size_t lane = 0; lane < 16; lane++)
      lanes[lane] += dr[j + lane] * w[j + lane] + dz[j + lane] * w[hidden + j + lane] +
                     dn[j + lane] * w[2 * hidden + j + lane];
  for (size_t lane = 0; j < hidden; j++, lane++)
    lanes[lane] += dr[j] * w[j] + dz[j] * w[hidden + j] + dn[j] * w[2 * hidden + j];
  float total = 0;
  for (size_t lane = 0; lane < 16; lane++) total += lanes[lane];
  return total;
}

ALMANAC_CLONES
void almanac_gru_gates_forward(size_t rows, size_t hidden, const float *x, const float *w_input,
                               const float *b_input, const float *b_hidden, const float *state,
                               float *gates, float *next) {
  for (size_t row = 0; row < rows; row++) {
    float *gate = gates + row * 4 * hidden;
    forward_row(hidden, x[row], w_input, b_input, b_hidden, state + row * hidden, gate,
                gate + hidden, gate + 2 * hidden, gate + 3 * hidden, next + row * hidden);
  }
}

ALMANAC_CLONES
void almanac_gru_gates_backward(size_t rows, size_t hidden, const float *x, const float *w_input,
                                const float *state, float *gates, float *d_state, float *sums,
                                float *d_x) {
  for (size_t row = 0; row < rows; row++) {
    float *gate = gates + row * 4 * hidden;
    backward_row(hidden, x[row], state + row * hidden, gate, gate + hidden, gate + 2 * hidden,
                 gate + 3 * hidden, d_state + row * hidden, sums);
    if (d_x)
      d_x[row] = input_gradient(hidden, w_input, gate, gate + hidden, gate + 3 * hidden);
  }
}
