// How a kernel gets one version per generation of processor.

#ifndef ALMANAC_CLONES_H
#define ALMANAC_CLONES_H

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
// The loader picks versions before the sanitizer's run time is up, which crashes: plain versions.
#define ALMANAC_CLONES
#endif
#endif

#if !defined(ALMANAC_CLONES) && defined(__x86_64__) && defined(__linux__)
#if __has_attribute(target_clones)
#define ALMANAC_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
#endif

#ifndef ALMANAC_CLONES
#define ALMANAC_CLONES
#endif

// Helpers must be inlined into every clone, or they would run as baseline code.
#define ALMANAC_INLINE static inline __attribute__((always_inline))

#endif
