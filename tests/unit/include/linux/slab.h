/* SPDX-License-Identifier: GPL-2.0-only */
/* User-space shim: what the pure code wants of <linux/slab.h>. */
#ifndef KFRONT_SHIM_SLAB_H
#define KFRONT_SHIM_SLAB_H

#include <stdlib.h>

/*
 * Allocations fail on demand: kf_shim_fail counts down, the allocation that
 * finds 1 fails (0: none does).
 */
extern unsigned int kf_shim_fail;

#define GFP_KERNEL 0

static inline int kf_shim_fails(void)
{
	return kf_shim_fail && !--kf_shim_fail;
}

static inline void *kmalloc(size_t size, int gfp)
{
	(void)gfp;
	return kf_shim_fails() ? NULL : malloc(size);
}

static inline void *kcalloc(size_t n, size_t size, int gfp)
{
	(void)gfp;
	return kf_shim_fails() ? NULL : calloc(n, size);
}

static inline void *kzalloc(size_t size, int gfp)
{
	return kcalloc(1, size, gfp);
}

static inline void kfree(const void *p)
{
	free((void *)p);
}

#endif
