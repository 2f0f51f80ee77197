#include <string.h>

#include "CCodec.h"

#if defined(__x86_64__)

bool almanac_crc32c_available(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("sse4.2");
}

#define HARDWARE __attribute__((target("sse4.2")))
#define STEP8(crc, word) (uint32_t) __builtin_ia32_crc32di(crc, word)
#define STEP1(crc, byte) __builtin_ia32_crc32qi(crc, byte)

#elif defined(__aarch64__)

#if defined(__linux__)
#include <sys/auxv.h>
// HWCAP_CRC32 of <asm/hwcap.h>.
bool almanac_crc32c_available(void) { return (getauxval(AT_HWCAP) & (1UL << 7)) != 0; }
#elif defined(__APPLE__)
// Every 64-bit processor of this maker that runs a current system has them.
bool almanac_crc32c_available(void) { return true; }
#else
bool almanac_crc32c_available(void) { return false; }
#endif

#define HARDWARE __attribute__((target("crc")))
#define STEP8(crc, word) __builtin_arm_crc32cd(crc, word)
#define STEP1(crc, byte) __builtin_arm_crc32cb(crc, byte)

#else

bool almanac_crc32c_available(void) { return false; }

#endif

#if defined(HARDWARE)

HARDWARE
uint32_t almanac_crc32c_update(uint32_t crc, const void *bytes, size_t count) {
  const unsigned char *next = bytes;
  for (; count >= 8; count -= 8, next += 8) {
    uint64_t word;
    memcpy(&word, next, 8);
    crc = STEP8(crc, word);
  }
  for (; count > 0; count--, next++) crc = STEP1(crc, *next);
  return crc;
}

#else

uint32_t almanac_crc32c_update(uint32_t crc, const void *bytes, size_t count) {
  (void)bytes;
  (void)count;
  return crc;
}

#endif
