/* SPDX-License-Identifier: GPL-2.0-only */
/* User-space shim: what the pure code wants of <linux/math64.h>. */
#ifndef KFRONT_SHIM_MATH64_H
#define KFRONT_SHIM_MATH64_H

#include <linux/types.h>

static inline u64 div_u64_rem(u64 n, u32 by, u32 *rest)
{
	*rest = n % by;
	return n / by;
}

#endif
