/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What watch.c (who depends on what) and event.c (what happened) share.
 *
 *	inode <- mark+watch <- edge (a name in it) <- link -> object
 */
#ifndef KFRONT_WATCH_H
#define KFRONT_WATCH_H

#include <linux/fsnotify_backend.h>
#include <linux/list.h>
#include "cache.h"

/* What a mark asks for. */
#define KF_DIR_EVENTS	(FS_CREATE | FS_DELETE | FS_MOVE | FS_ATTRIB | \
			 FS_DELETE_SELF | FS_MOVE_SELF | FS_UNMOUNT)
/* FS_CLOSE_WRITE: the end of a writable mapping, whose stores send nothing. */
#define KF_CONTENT_EVENTS	(FS_MODIFY | FS_CLOSE_WRITE)
#define KF_FILE_EVENTS	(KF_CONTENT_EVENTS | FS_ATTRIB | \
			 FS_DELETE_SELF | FS_MOVE_SELF | FS_UNMOUNT)

/* All but @mark protected by cache->lock. */
struct kf_watch {
	struct fsnotify_mark mark;	/* its first reference ends with @gone */
	struct hlist_node node;		/* cache->watches */
	struct inode *inode;		/* the key; held by the mark until @gone */
	struct list_head edges;
	struct list_head idle;		/* cache->idle, while there are no edges */
	unsigned long idle_since;
	u32 refs;			/* one for the mark, one for each edge, one for the maker */
	bool gone;
};

struct kf_edge {
	struct hlist_node node;		/* cache->edges */
	struct list_head on_watch;
	struct list_head links;		/* never empty but under the lock */
	struct kf_watch *watch;
	u32 len;
	char name[];
};

struct kf_link {
	struct list_head on_edge;
	struct kf_edge *edge;
	struct kf_object *obj;
};

/* All under cache->lock. */
struct kf_edge *kf_edge_find(struct kf_cache *cache, const struct kf_watch *watch,
			     const char *name, u32 len);
void kf_watch_put(struct kf_watch *watch);
bool kf_watch_end(struct kf_watch *watch);

/* kf_watch_put() for those who do not have the lock. */
void kf_watch_release(struct kf_cache *cache, struct kf_watch *watch);

/* event.c */
struct fsnotify_group *kf_event_group(struct kf_cache *cache);

#endif /* KFRONT_WATCH_H */
