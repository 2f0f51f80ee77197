#include "CKernels.h"
#include "clones.h"

// Eight floats at any float's address.
typedef float eight __attribute__((vector_size(32), aligned(4)));

#define LANES 8

// `count` rows by `width` vectors of columns, held in registers over the whole depth. Whatever the
// tile, each result is the same chain of multiply-adds in the order of k: results do not depend on
// the tiling.
#define TILE(count, width)                                                                     \
  do {                                                                                         \
    eight sums[count][width];                                                                  \
    for (size_t i = 0; i < count; i++)                                                         \
      for (size_t j = 0; j < width; j++) sums[i][j] = (eight){0};                              \
    for (size_t k = 0; k < depth; k++) {                                                       \
      const float *line = w + k * columns + column;                                            \
      for (size_t j = 0; j < width; j++) {                                                     \
        const eight weight = *(const eight *)(line + j * LANES);                               \
        for (size_t i = 0; i < count; i++) sums[i][j] += weight * a[(row + i) * depth + k];    \
      }                                                                                        \
    }                                                                                          \
    for (size_t i = 0; i < count; i++)                                                         \
      for (size_t j = 0; j < width; j++)                                                       \
        *(eight *)(out + (row + i) * out_stride + column + j * LANES) = sums[i][j];            \
  } while (0)

ALMANAC_CLONES
void almanac_rows_matmul_f32(size_t rows, size_t depth, size_t columns, const float *a,
                             const float *w, float *out, size_t out_stride) {
  size_t row = 0;
  for (; row + 4 <= rows; row += 4) {
    size_t column = 0;
    for (; column + 3 * LANES <= columns; column += 3 * LANES) TILE(4, 3);
    for (; column + LANES <= columns; column += LANES) TILE(4, 1);
    for (; column < columns; column++)
      for (size_t i = 0; i < 4; i++) {
        float sum = 0;
        for (size_t k = 0; k < depth; k++)
          sum += w[k * columns + column] * a[(row + i) * depth + k];
        out[(row + i) * out_stride + column] = sum;
      }
  }
  for (; row < rows; row++) {
    size_t column = 0;
    for (; column + 12 * LANES <= columns; column += 12 * LANES) TILE(1, 12);
    for (; column + 3 * LANES <= columns; column += 3 * LANES) TILE(1, 3);
    for (; column + LANES <= columns; column += LANES) TILE(1, 1);
    for (; column < columns; column++) {
      float sum = 0;
      for (size_t k = 0; k < depth; k++) sum += w[k * columns + column] * a[row * depth + k];
      out[row * out_stride + column] = sum;
    }
  }
}

// Sixteen partial sums: the order is fixed, and the loop still vectorises.
ALMANAC_INLINE float dot_row(size_t depth, const float *restrict a, const float *restrict w) {
  float lanes[16] = {0};
  size_t k = 0;
  for (; k + 16 <= depth; k += 16)
    for (size_t lane = 0; lane < 16; lane++) lanes[lane] += a[k + lane] * w[k + lane];
  for (size_t lane = 0; k < depth; k++, lane++) lanes[lane] += a[k] * w[k];
  float total = 0;
  for (size_t lane = 0; lane < 16; lane++) total += lanes[lane];
  return total;
}

ALMANAC_INLINE void dot_row_backward(size_t depth, float d, const float *restrict a,
                                     const float *restrict w, float *restrict d_a,
                                     float *restrict d_w) {
  for (size_t k = 0; k < depth; k++) {
    d_a[k] += d * w[k];
    d_w[k] += d * a[k];
  }
}

ALMANAC_CLONES
void almanac_rows_dot_f32(size_t rows, size_t depth, const float *a, const float *w, float bias,
                          float *out) {
  for (size_t row = 0; row < rows; row++) out[row] = bias + dot_row(depth, a + row * depth, w);
}

ALMANAC_CLONES
void almanac_rows_dot_backward_f32(size_t rows, size_t depth, const float *a, const float *w,
                                   const float *d_out, float *d_a, float *d_w, float *d_bias) {
  float bias = 0;
  for (size_t row = 0; row < rows; row++) {
    dot_row_backward(depth, d_out[row], a + row * depth, w, d_a + row * depth, d_w);
    bias += d_out[row];
  }
  *d_bias += bias;
}

ALMANAC_CLONES
void almanac_transpose_f32(size_t rows, size_t columns, const float *from, float *to) {
  for (size_t row = 0; row < rows; row++)
    for (size_t column = 0; column < columns; column++)
      to[column * rows + row] = from[row * columns + column];
}
