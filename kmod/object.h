/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Objects: name and coding -> body in kfront's own immutable pages, with what the head says
 * about it (struct kf_entity) and the validators that prove it current.
 *
 * Found in softirq under RCU, built in the worker (file.c), invalidated by
 * fsnotify marks (watch.c), bounded in bytes and number with LRU and a shrinker.
 */
#ifndef KFRONT_OBJECT_H
#define KFRONT_OBJECT_H

#include <linux/bvec.h>
#include <linux/llist.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include "head.h"
#include "route.h"

struct kf_body;
struct kf_cache;
struct kf_links;
struct kf_server;

/* What tells one version of a file from another without reading it. */
struct kf_attr {
	u64 size;
	u64 iversion;		/* 0 where the file system does not count changes */
	s64 mtime_sec;
	s64 ctime_sec;
	u32 mtime_nsec;
	u32 ctime_nsec;
};

/*
 * Not hashed (one-shot, or being built): the builder's alone, but for @dead.
 * Hashed: everything is immutable, but for the fields named "protected by".
 */
struct kf_object {
	struct rhash_head node;		/* cache->objects, protected by cache->lock */
	struct inode *inode;		/* held by a mark while hashed: see object.c */
	unsigned long generation;	/* of the cache, when the name was last looked up */
	struct kf_key key;		/* its name is name[] */
	bool used;			/* asked for since the LRU looked; racy by design */
	bool hashed;			/* protected by cache->lock */
	bool dead;			/* set under cache->lock, read anywhere; never cleared */
	struct kf_attr attr;
	refcount_t refs;		/* one for the table, one for each connection sending it */
	struct kf_entity entity;
	u32 nr_bv;			/* body: 0 for an empty file */
	struct bio_vec *bv;		/* pages of ours, page-allocator, never slab; immutable */

	/* cold */
	struct kf_cache *cache;
	struct kf_body *body;		/* a reference; owns bv[] */
	struct kf_links *links;		/* what was looked at on the way: watch.c */
	u32 nr_links;
	struct list_head lru;		/* cache->lru, then ->doomed; protected by cache->lock */
	struct llist_node released;	/* last reference gone, waits for the worker */
	struct llist_node suspect;	/* found stale in softirq, waits for the worker */
	unsigned long suspected;	/* bit 0: is on that list, or was */
	char name[];
};

/**
 * kf_object_find() - the current object for a name, if there is one
 * @srv: the server
 * @key: as kf_route() gave it (the name is not NUL-terminated)
 *
 * Counts cache_hits and cache_misses.
 * Context: softirq or BH off, under rcu_read_lock(). Writes nothing shared in the
 * common case. Compares the inode's size, mtime, ctime and change cookie.
 * Return: the object, valid until rcu_read_unlock() (take kf_object_tryget() to
 * keep it), or NULL: ask the worker (kf_lookup_start()).
 */
struct kf_object *kf_object_find(struct kf_server *srv, const struct kf_key *key);

bool kf_object_tryget(struct kf_object *obj);
void kf_object_put(struct kf_object *obj);	/* any context but hard interrupts */

int kf_cache_init(struct kf_server *srv);	/* after srv->wq, ->stats and ->set */
/* Drop everything: a new policy is in place. Process context. */
void kf_cache_flush(struct kf_server *srv);
/* After the last lookup and connection, before srv->wq goes. Process context. */
void kf_cache_exit(struct kf_server *srv);

/* What /proc/net/kfront/stats shows (gauges). */
void kf_cache_usage(struct kf_server *srv, u64 *objects, u64 *bytes);

#endif /* KFRONT_OBJECT_H */
