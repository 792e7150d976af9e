/* SPDX-License-Identifier: GPL-2.0-only */
/* The curated heads and what is to be said about each (heads.c). */
#ifndef KFRONT_CURATED_H
#define KFRONT_CURATED_H

#include <stddef.h>
#include "reason.h"

#define VERDICT_INCOMPLETE KF_R_COUNT

struct curated {
	const char *bytes;
	size_t len;
	int want;	/* KF_OK, a reason, or VERDICT_INCOMPLETE */
};

extern const struct curated curated[];
extern const size_t curated_n;

#endif
