/* SPDX-License-Identifier: GPL-2.0-only */
/* User-space shim: what the pure code wants of <linux/types.h>. */
#ifndef KFRONT_SHIM_TYPES_H
#define KFRONT_SHIM_TYPES_H

#include_next <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#define U16_MAX UINT16_MAX
#define U32_MAX UINT32_MAX
#define S64_MAX INT64_MAX

#endif
