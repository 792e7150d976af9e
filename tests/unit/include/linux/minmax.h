/* SPDX-License-Identifier: GPL-2.0-only */
/* User-space shim: what the pure code wants of <linux/minmax.h>. */
#ifndef KFRONT_SHIM_MINMAX_H
#define KFRONT_SHIM_MINMAX_H

/* The pure code never gives it arguments with side effects. */
#define min(a, b) ((a) < (b) ? (a) : (b))

#endif
