// Vectorised float kernels of the neural network, and the choice of the BLAS kernel.
//
// Every array kernel is compiled for x86-64-v4 (AVX-512), x86-64-v3 (AVX2 + FMA) and the baseline;
// the loader picks one at run time. On other processors there is one plain version. Results differ
// between these versions in the last bits (fused multiply-add), never between calls on the same
// machine: an element's result does not depend on its place in the array, nor on how many others
// there are.
//
// Pointers must not overlap unless the comment says so. No kernel allocates, and none keeps a
// pointer.

#ifndef ALMANAC_CKERNELS_H
#define ALMANAC_CKERNELS_H

#include <stddef.h>

#if defined(__cplusplus)
extern "C" {
#endif

// MARK: Elementary functions. `to` may be `from`. A NaN stays a NaN.

/// exp(x) with a relative error below 2e-7; 0 far below, infinity above 88.73.
void almanac_exp_f32(const float *from, float *to, size_t count);
/// tanh(x) with a relative error below 4e-7, also near 0.
void almanac_tanh_f32(const float *from, float *to, size_t count);
/// 1 / (1 + exp(-x)) with a relative error below 3e-7.
void almanac_sigmoid_f32(const float *from, float *to, size_t count);

// MARK: GRU gates (Cho et al. 2014, in PyTorch's form). H = hidden.

/// Finishes one step of a GRU whose input is one number per row.
///   r = sigmoid(w_r x + b_ir + [h W_r^T] + b_hr)      z likewise
///   q = [h W_n^T] + b_hn
///   n = tanh(w_n x + b_in + r q)
///   next = (1 - z) n + z h
/// x is (rows); w_input, b_input, b_hidden are (3H) in the order r, z, n; state and next are (rows,
/// H). gates is (rows, 4H): on entry its columns 0..<3H hold h W^T; on return its four parts hold
/// r, z, q, n.
void almanac_gru_gates_forward(size_t rows, size_t hidden, const float *x, const float *w_input,
                               const float *b_input, const float *b_hidden, const float *state,
                               float *gates, float *next);

/// Backward pair of `almanac_gru_gates_forward`.
/// - gates is (rows, 4H): on entry r, z, q, n; on return the gradients of the loss by (h W_r^T),
///   (h W_z^T), (h W_n^T) and by the argument of tanh: dr, dz, dq, dn.
/// - d_state is (rows, H): on entry the gradient by `next`; on return its direct share z * d for
///   `state` (the caller adds [dr dz dq] W).
/// - sums is (7H), added to: sum of dr, dz, dq, dn over rows; then of x dr, x dz, x dn.
/// - d_x is (rows) and receives the gradient by x, or is null.
void almanac_gru_gates_backward(size_t rows, size_t hidden, const float *x, const float *w_input,
                                const float *state, float *gates, float *d_state, float *sums,
                                float *d_x);

// MARK: Products whose rows do not depend on how many rows there are.

/// out(r, c) = sum over k of a(r, k) w(k, c), summed in the order of k.
/// a is (rows, depth); w is (depth, columns); out is (rows, columns), rows `out_stride` apart.
void almanac_rows_matmul_f32(size_t rows, size_t depth, size_t columns, const float *a,
                             const float *w, float *out, size_t out_stride);

/// out(r) = bias + sum over k of a(r, k) w(k). a is (rows, depth); w is (depth); out is (rows).
void almanac_rows_dot_f32(size_t rows, size_t depth, const float *a, const float *w, float bias,
                          float *out);

/// Backward pair of `almanac_rows_dot_f32`, given d_out (rows). Adds to d_a (rows, depth), d_w
/// (depth) and d_bias (1).
void almanac_rows_dot_backward_f32(size_t rows, size_t depth, const float *a, const float *w,
                                   const float *d_out, float *d_a, float *d_w, float *d_bias);

// MARK: Loss and optimiser.

/// Sum of the smooth L1 loss: e^2 / (2 beta) where |e| < beta, else |e| - beta / 2.
/// Writes `scale` times its gradient by the prediction to d_predicted. All arrays are (count).
double almanac_smooth_l1_f32(size_t count, const float *predicted, const float *wanted, float beta,
                             float scale, float *d_predicted);

/// Sum of squares, in double, in a fixed order.
double almanac_square_sum_f32(size_t count, const float *values);

/// to(i) += from(i).
void almanac_add_f32(size_t count, const float *from, float *to);

/// to (columns, rows) = from (rows, columns) transposed.
void almanac_transpose_f32(size_t rows, size_t columns, const float *from, float *to);

/// One AdamW step on `count` numbers. `grad_scale` multiplies the gradient (norm clipping), `keep`
/// is 1 - rate * decay, `rate_corrected` is rate / (1 - beta1^t), `root_correction` is
/// 1 / sqrt(1 - beta2^t).
void almanac_adamw_f32(size_t count, float *values, const float *gradient, float *mean,
                       float *square, float grad_scale, float beta1, float beta2, float keep,
                       float rate_corrected, float root_correction, float epsilon);

// MARK: libm in double, so that Swift needs no platform import.

static inline double almanac_exp(double x) { return __builtin_exp(x); }
static inline double almanac_log(double x) { return __builtin_log(x); }
static inline double almanac_cos(double x) { return __builtin_cos(x); }
static inline double almanac_sin(double x) { return __builtin_sin(x); }
static inline double almanac_pow(double x, double y) { return __builtin_pow(x, y); }

// MARK: OpenBLAS.

/// Picks the processor-specific kernel of OpenBLAS and sets it to one thread.
///
/// Some releases of OpenBLAS (its issue 4267; Debian 12 has one) take new processors for a
/// "Prescott" and run SSE3 kernels there, four times too slow. Where the library reports such an
/// old core and the processor has AVX2 or AVX-512, this makes it choose again. It leaves the choice
/// alone if OPENBLAS_CORETYPE is set by the user, if the library was built for one processor only,
/// or if it is not an OpenBLAS.
///
/// Call before any other BLAS call and before other threads exist. Returns the core name in use,
/// static storage, "unknown" if the library does not say.
const char *almanac_blas_select_core(void);

#if defined(__cplusplus)
}
#endif

#endif
