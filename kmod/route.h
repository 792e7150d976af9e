/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host + path -> may this be ours? Pure. Uses only names: what the file system
 * says (guard files, permissions, symlinks) is the worker's part (file.c).
 */
#ifndef KFRONT_ROUTE_H
#define KFRONT_ROUTE_H

#include "media.h"
#include "parse.h"
#include "policy.h"
#include "vhost.h"

/* The longest name of a key: ROOT, NUL, path. */
#define KF_KEY_MAX	(KF_ROOT_MAX + KF_PATH_MAX)

/*
 * Names an object in the cache. The path is decoded: no NUL, no control character,
 * no empty segment, none that begins with a dot.
 */
struct kf_key {
	const char *name;	/* the path, begins with '/'; with another root than docroot: */
				/* ROOT NUL PATH */
	u16 len;
	u16 root_len;		/* bytes of ROOT; 0: docroot */
	u8 accepts;		/* set of KF_CODING() bits the client takes and the server may */
				/* use for this name; 0: identity only */
};

struct kf_target {
	struct kf_key key;
	struct kf_media media;	/* points into the policy; empty for a directory: */
	bool directory;		/* its index file decides */
};

/**
 * kf_route() - decide by name alone
 * @offers: KF_CODING() bits that the server can send at all: KF_GZIP, KF_PRE_*
 * @buf: KF_KEY_MAX bytes for what must be decoded or put together; not written to
 * behind that, and not at all for a plain path beneath docroot
 * @t: filled in with KF_OK; key.name points into @buf or into the request
 *
 * With mass_hosts the name is /HOST/PATH. Exclusion is by the decoded URL path; whether a
 * directory's index file is excluded is the worker's question (walk.c).
 * Return: KF_OK, or why the backend must answer: KF_R_ENCODING when it may compress
 * this file for this client and @offers says that we do not.
 */
enum kf_reason kf_route(const struct kf_policy *p, const struct kf_request *rq, u8 offers,
			char *buf, struct kf_target *t);

/**
 * kf_name_check() - may a file of this name be served at all, and as what?
 * @name: last component only
 * @len: its length
 * @media: set when the answer is KF_OK; lives as long as the policy
 *
 * Used by kf_route() for the URL's name and by the worker for index files and for
 * the name a symlink finally leads to.
 * Return: KF_OK, KF_R_TYPE, KF_R_HANDLER or KF_R_DOTFILE.
 */
enum kf_reason kf_name_check(const struct kf_policy *p, const char *name, u32 len,
			     struct kf_media *media);

/* Might Apache have a handler or a filter for this part of a name? (name.c) */
bool kf_part_is_claimed(const char *part, u32 len);

#endif /* KFRONT_ROUTE_H */
