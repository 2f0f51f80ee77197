#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether this processor has instructions for CRC-32C.
bool almanac_crc32c_available(void);

/// The register after `count` bytes, without the inversions before and after. Only where available.
uint32_t almanac_crc32c_update(uint32_t crc, const void *bytes, size_t count);
