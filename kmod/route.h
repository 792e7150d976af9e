/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host + path -> may this be ours? Pure. Uses only names: what the file system
 * says (guard files, permissions, symlinks) is the worker's part (file.c).
 */
#ifndef KFRONT_ROUTE_H
#define KFRONT_ROUTE_H

#include "parse.h"
#include "policy.h"

/* What names an object in the cache. */
struct kf_key {
	const char *name;	/* the URL path, decoded; with a root of its own: ROOT NUL PATH */
	u16 len;
	u16 root_len;		/* bytes of ROOT; 0: the document root */
	u8 accepts;		/* KF_CODING() bits: what the client takes and we may send; 0: identity */
};

struct kf_target {
	struct kf_str path;		/* the cache key; for a directory with its trailing slash */
	const struct kf_type *type;	/* NULL for a directory: its index file decides */
};

/**
 * kf_route() - decide by name alone
 * Return: KF_OK with @t filled in (pointing into @rq's buffer), or why the backend must
 * answer.
 * When the type is known to be compressed by the backend and the request admits that:
 * KF_R_ENCODING.
 */
enum kf_reason kf_route(const struct kf_policy *p, const struct kf_request *rq,
			struct kf_target *t);

/**
 * kf_name_check() - may a file of this name be served at all?
 * @name: last component only
 * @len: its length
 * @type: set when the answer is KF_OK
 *
 * Used by kf_route() for the URL's name and by the worker for index files and for
 * the name a symlink finally leads to.
 * Return: KF_OK with *@type, KF_R_TYPE, KF_R_HANDLER or KF_R_DOTFILE.
 */
enum kf_reason kf_name_check(const struct kf_policy *p, const char *name, u32 len,
			     const struct kf_type **type);

/* Might Apache have a handler, filter, language or charset for this part of a name? (name.c) */
bool kf_part_is_claimed(const char *part, u32 len);

#endif /* KFRONT_ROUTE_H */
