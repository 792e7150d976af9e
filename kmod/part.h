/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one part of a file's name means, all lists put together: the allow-list, mime.conf,
 * handlers, encodings. Built with a policy, so that softirq asks once. Pure.
 */
#ifndef KFRONT_PART_H
#define KFRONT_PART_H

#include "policy.h"

struct kf_part {
	u64 word[2];			/* with len all there is of it, lower case: part.c */
	u64 fold[2];			/* 0x20 where a letter stands in them */
	u32 len;			/* 1 to KF_EXT_MAX */
	const struct kf_type *type;	/* NULL: not served */
	const struct kf_mimeconf *conf;	/* NULL: mime.conf does not know it */
	bool claimed;			/* kf_part_is_claimed() */
	bool encoding;			/* before another part it would be an encoding */
	bool neutral;			/* says a language or charset, and no media type */
};

/* Immutable once built. */
struct kf_parts {
	struct kf_part *part;
	u32 n;
	u32 mask;	/* buckets - 1, a power of two - 1; half empty at the fullest */
	u16 *bucket;	/* open addressing: index into part[] + 1, 0 is empty */
};

/**
 * kf_parts_build() - put together what @p and the lists of name.c know
 * @exts: the suffixes of types=, lower case
 * @p: kf_policy_type() and kf_policy_typed() work already
 *
 * Return: 0 or -ENOMEM; kf_parts_free() in any case.
 */
int kf_parts_build(struct kf_parts *parts, const struct kf_str *exts, u32 n,
		   const struct kf_policy *p);
void kf_parts_free(struct kf_parts *parts);

/* Case does not count. NULL: in no list. @len is 1 to KF_EXT_MAX. */
const struct kf_part *kf_parts_find(const struct kf_parts *parts, const char *text, u32 len);

/* name.c: the handlers and encodings that have a list there, @i from 0 up; NULL: no more. */
const char *kf_part_listed(u32 i);
bool kf_part_is_encoding(const char *part, u32 len);

#endif /* KFRONT_PART_H */
