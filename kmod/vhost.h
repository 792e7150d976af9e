/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual hosts: the list hosts, and the directory each name's files are in.
 */
#ifndef KFRONT_VHOST_H
#define KFRONT_VHOST_H

#include "list.h"

#define KF_HOSTS_TEXT_MAX	32767	/* longest text of the list, bytes */
#define KF_HOSTS_MAX		1024	/* items in it */
#define KF_ROOT_MAX		1024	/* bytes of a root, NUL included */

struct kf_vhost {
	struct kf_str name;	/* .NAME: all below it */
	struct kf_str root;	/* len 0: docroot */
};

/* Immutable once built. All zero: no list, every name is ours. */
struct kf_hosts {
	struct kf_list list;	/* names and roots lie in its text */
	struct kf_vhost *host;	/* list.n of them, in the order configured */
	u16 *bucket;		/* hashed: index into host[] + 1, 0 is empty */
	u32 mask;		/* buckets - 1, a power of two - 1; half empty at the fullest */
	u32 dots;		/* in the pattern with the most */
};

/**
 * kf_hosts_build() - understand the list hosts
 *
 * Items: NAME, *.NAME (all below it), an address, none with a port; each may have =ROOT:
 * an absolute path without empty, "." and ".." segments; a slash at its end is stripped.
 * Context: process. Return: 0, -EINVAL or -ENOMEM; kf_hosts_free() in any case.
 */
int kf_hosts_build(struct kf_hosts *h, const char *text);
void kf_hosts_free(struct kf_hosts *h);

/**
 * kf_hosts_find() - whose is this name?
 * @name: from kf_host_name()
 *
 * The first item that matches, in the order configured, as Apache takes the first
 * virtual host with a matching ServerName or ServerAlias. Any context.
 * Return: NULL if there is none.
 */
const struct kf_vhost *kf_hosts_find(const struct kf_hosts *h, const struct kf_str *name);

#endif /* KFRONT_VHOST_H */
