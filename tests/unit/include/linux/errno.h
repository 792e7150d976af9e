/* SPDX-License-Identifier: GPL-2.0-only */
/* User-space shim: what the pure code wants of <linux/errno.h>. */
#ifndef KFRONT_SHIM_ERRNO_H
#define KFRONT_SHIM_ERRNO_H

/* glibc's errno.h comes here for the numbers, too */
#include_next <linux/errno.h>

#endif
