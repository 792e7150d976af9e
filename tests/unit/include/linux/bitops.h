/* SPDX-License-Identifier: GPL-2.0-only */
/* User-space shim: what the pure code wants of <linux/bitops.h>. */
#ifndef KFRONT_SHIM_BITOPS_H
#define KFRONT_SHIM_BITOPS_H

#define BIT_ULL(n) (1ULL << (n))
#define __ffs64(x) ((unsigned int)__builtin_ctzll(x))

#endif
