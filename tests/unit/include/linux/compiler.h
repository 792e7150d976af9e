/* SPDX-License-Identifier: GPL-2.0-only */
/* User-space shim: what the pure code wants of <linux/compiler.h>. */
#ifndef KFRONT_SHIM_COMPILER_H
#define KFRONT_SHIM_COMPILER_H

#define noinline __attribute__((noinline))

#endif
