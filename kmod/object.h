/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Objects: name -> body in kfront's own immutable pages, with what the head says
 * about it (struct kf_entity) and the validators that prove it current.
 *
 * Found in softirq under RCU, built in the worker (file.c), invalidated by
 * fsnotify marks (watch.c), bounded in bytes and number with LRU and a shrinker.
 */
#ifndef KFRONT_OBJECT_H
#define KFRONT_OBJECT_H

#include <linux/bvec.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include "head.h"

struct kf_server;

struct kf_object {
	/* ... private fields of object.c, watch.c ... */
	refcount_t refs;	/* one for the hash table; one for each connection in mid-send */
	struct kf_entity entity;
	u32 nr_bv;		/* body: 0 for an empty file */
	struct bio_vec *bv;	/* pages of ours, page-allocator, never slab; immutable */
};

/**
 * kf_object_find() - the current object for a URL path, if there is one
 * @srv: the server
 * @path: normalised URL path as kf_route() gave it (not NUL-terminated)
 * @len: its length
 *
 * Context: softirq or BH off, under rcu_read_lock(). Writes nothing shared in the
 * common case. Compares the inode's size, mtime, ctime and change cookie.
 * Return: the object, valid until rcu_read_unlock() (take kf_object_tryget() to
 * keep it), or NULL: ask the worker (kf_lookup_start()).
 */
struct kf_object *kf_object_find(struct kf_server *srv, const char *path, u32 len);

bool kf_object_tryget(struct kf_object *obj);
void kf_object_put(struct kf_object *obj);	/* any context */

int kf_cache_init(struct kf_server *srv);
void kf_cache_flush(struct kf_server *srv);	/* drop everything: policy changed. Process context */
void kf_cache_exit(struct kf_server *srv);	/* after the last lookup and connection; process context */

/* What /proc/net/kfront/stats shows (gauges). */
void kf_cache_usage(struct kf_server *srv, u64 *objects, u64 *bytes);

#endif /* KFRONT_OBJECT_H */
