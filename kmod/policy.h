/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the administrator decided, in parsed form: names we answer for, types we
 * may serve, prefixes we may not, guard files, index names, the Server header.
 * Immutable once built; replaced as a whole (RCU) when a sysctl changes a part.
 * Pure: memory comes from kmalloc/kvmalloc/kfree, which the user-space tests shim.
 */
#ifndef KFRONT_POLICY_H
#define KFRONT_POLICY_H

#include <linux/types.h>
#include "parse.h"

#define KF_PATH_MAX	1024	/* longest URL path that can be ours, bytes */

/* One allow-listed suffix and what Debian's Apache says about it. */
struct kf_type {
	struct kf_str ext;	/* without the dot, as configured; compared case-insensitively iff Apache does */
	struct kf_str mime;	/* from mime.types */
	bool deflate;		/* Debian's deflate.conf compresses this type */
};

/* The strings a policy is built from: all NUL-terminated, comma- or space-separated lists. */
struct kf_policy_text {
	const char *hosts;		/* parameter hosts */
	const char *types;		/* sysctl: suffixes */
	const char *exclude;		/* sysctl: URL prefixes */
	const char *guard_files;	/* sysctl */
	const char *index;		/* sysctl */
	const char *server_header;	/* sysctl: value of the Server header, may be empty (no header) */
	const char *mime_types;		/* content of the mime.types file */
	size_t mime_types_len;
};

struct kf_policy;		/* kf_policy_build(), kf_policy_free(); layout below or in policy.c */

#endif /* KFRONT_POLICY_H */
