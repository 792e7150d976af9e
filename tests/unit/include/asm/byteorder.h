/* SPDX-License-Identifier: GPL-2.0-only */
/* User-space shim: what the pure code wants of <asm/byteorder.h>. */
#ifndef KFRONT_SHIM_BYTEORDER_H
#define KFRONT_SHIM_BYTEORDER_H


#include <endian.h>

#define le32_to_cpu(x) le32toh(x)
#define le64_to_cpu(x) le64toh(x)

#endif
