/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a URL path to the file it names, watching everything on the way.
 */
#ifndef KFRONT_WALK_H
#define KFRONT_WALK_H

#include <linux/path.h>
#include "policy.h"
#include "reason.h"
#include "route.h"

struct kf_cache;
struct kf_object;
struct kf_server;

struct kf_walk {
	struct kf_server *srv;
	struct kf_object *obj;		/* is linked to each name looked at; NULL: only look */
	const struct kf_policy *policy;
	/* result, with KF_OK: */
	struct path file;		/* a regular file that may be read; kf_walk_end() lets go */
	struct kf_media media;		/* in @policy */
	bool trusted;			/* whatever happens to this name or file will be told us */
	/* private */
	const char *top;		/* path of the document root */
	struct path root;		/* the first process's */
	struct path docroot;
	struct path at;			/* where we are */
	unsigned int symlinks;		/* followed so far */
	u32 searched, wanted;		/* bytes of @top: where we are, what we look for */
	char *names;			/* PATH_MAX; at its end what is still to be walked */
};

/**
 * kf_walk() - look a name up as the backend would
 * @w: @srv, @obj and @policy set, the rest zero
 * @key: what is asked for; its name is NUL-terminated
 *
 * Context: process, under the server's credentials. kf_walk_end() in any case.
 */
enum kf_reason kf_walk(struct kf_walk *w, const struct kf_key *key);
void kf_walk_end(struct kf_walk *w);

/* @w->top set. w->at is the document root, or w->searched and w->wanted say what failed. */
enum kf_reason kf_walk_to_docroot(struct kf_walk *w);
enum kf_reason kf_walk_reason(int err);

/* resolve.c: steps of a walk; 0 or errno */
int kf_walk_start(struct kf_walk *w);		/* at the root */
int kf_walk_name(struct kf_walk *w, const char *name, u32 len);
/*
 * The file beside w->file that has @suffix behind its name: a regular one, no symlink,
 * that may be read. -ENOENT: there is none. path_put() it.
 */
int kf_walk_sibling(struct kf_walk *w, const char *suffix, struct path *sibling);

/* Before a look at @name in w->at: whatever happens to it from now on is told to w->obj. */
int kf_walk_watch(struct kf_walk *w, const char *name, u32 len);

#endif /* KFRONT_WALK_H */
