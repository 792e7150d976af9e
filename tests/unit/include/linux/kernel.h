/* SPDX-License-Identifier: GPL-2.0-only */
/* User-space shim: what the pure code wants of <linux/kernel.h>. */
#ifndef KFRONT_SHIM_KERNEL_H
#define KFRONT_SHIM_KERNEL_H

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
