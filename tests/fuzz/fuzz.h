/* SPDX-License-Identifier: GPL-2.0-only */
/* What the fuzz targets share. */
#ifndef KFRONT_FUZZ_H
#define KFRONT_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/slab.h>
#include "head.h"
#include "route.h"

unsigned int kf_shim_fail;

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* A property: what must hold whatever the input. */
#define MUST(condition) do {						\
	if (!(condition)) {						\
		fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
		abort();						\
	}								\
} while (0)

/* A copy in a buffer of just that size, so that ASan sees what is read beyond it. */
static inline char *copy_of(const void *p, size_t len)
{
	char *copy = malloc(len ? len : 1);

	memcpy(copy, p, len);
	return copy;
}

#endif
