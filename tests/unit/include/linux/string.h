/* SPDX-License-Identifier: GPL-2.0-only */
/* User-space shim: what the pure code wants of <linux/string.h>. */
#ifndef KFRONT_SHIM_STRING_H
#define KFRONT_SHIM_STRING_H

#include <string.h>

#endif
