#pragma once
#include <stdint.h>

/// How many blocks of memory this process has asked for so far, on all threads; always 0 where the C
/// library isn't glibc. A program that is linked with this target has its allocations counted.
uint64_t allocation_count(void);
