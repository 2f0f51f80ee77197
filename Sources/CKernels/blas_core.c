#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "CKernels.h"

// Weak: another BLAS, or an OpenBLAS built for one processor, lacks some of these. The last two are
// exported by builds with run-time choice but are not in the header.
extern char *openblas_get_corename(void) __attribute__((weak));
extern void openblas_set_num_threads(int threads) __attribute__((weak));
extern void gotoblas_dynamic_quit(void) __attribute__((weak));
extern void gotoblas_dynamic_init(void) __attribute__((weak));

static const char *core_name(void) {
  const char *name = openblas_get_corename ? openblas_get_corename() : NULL;
  return name && *name ? name : "unknown";
}

#if defined(__x86_64__)
// Cores without AVX2. AMD's Bulldozer family is absent: those kernels suit their processors.
static int is_old(const char *name) {
  static const char *const old[] = {
      "Katmai", "Coppermine", "Northwood", "Prescott", "Banias", "Core2", "Penryn",
      "Dunnington", "Nehalem", "Sandybridge", "Atom", "Nano", "Athlon", "Opteron",
      "Opteron_SSE3", "Barcelona", "Bobcat", "Generic",
  };
  for (size_t i = 0; i < sizeof old / sizeof *old; i++)
    if (strcasecmp(name, old[i]) == 0) return 1;
  return 0;
}

static const char *better_core(void) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512cd"))
    return "SkylakeX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
  return NULL;
}
#endif

const char *almanac_blas_select_core(void) {
#if defined(__x86_64__)
  const char *variable = "OPENBLAS_CORETYPE";
  if (!getenv(variable) && gotoblas_dynamic_quit && gotoblas_dynamic_init && is_old(core_name())) {
    const char *core = better_core();
    if (core && setenv(variable, core, 0) == 0) {
      gotoblas_dynamic_quit();
      gotoblas_dynamic_init();
      unsetenv(variable);
    }
  }
#endif
  if (openblas_set_num_threads) openblas_set_num_threads(1);
  return core_name();
}
