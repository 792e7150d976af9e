/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cache behind object.h, as its own files see it: cache.c (memory, eviction,
 * start and end), object.c (one object's life), pages.c (bodies), watch.c and
 * event.c (fsnotify), mounts.c, and the worker in walk.c, file.c and stream.c.
 *
 * An object's life: kf_object_new() -> each name looked at is watched for it
 * (kf_watch()) -> kf_object_insert() -> found by softirqs -> kf_object_kill()
 * (an event, a softirq's comparison, the LRU) -> kf_cache_reap() waits for the
 * readers and lets go of the watches -> last reference -> freed.
 */
#ifndef KFRONT_CACHE_H
#define KFRONT_CACHE_H

#include <linux/completion.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include "object.h"

struct file;
struct fsnotify_group;
struct inode;
struct kf_edge;
struct kf_link;
struct page;
struct shrinker;

#define KF_OBJECTS_MAX		131072	/* in number; in bytes: cache_bytes */
#define KF_OBJECT_OVERHEAD	1536	/* for each: itself, links, a pinned inode, a mark */
#define KF_WATCH_BITS		15	/* buckets, log2 */
#define KF_EDGE_BITS		16	/* at least two edges for each object */

struct kf_cache {
	struct kf_server *srv;
	/* Objects of another generation are not served before the worker has looked
	 * their name up again. Written under @lock.
	 */
	unsigned long generation;
	struct hlist_head *watches;	/* by inode */
	struct hlist_head *edges;	/* by watch and name */

	/*
	 * By path; changed under @lock, read under RCU. Its first line is read for each
	 * request, like what is above; the rest is written with each object that comes or
	 * goes, like what is below.
	 */
	struct rhashtable objects ____cacheline_aligned_in_smp;

	/*
	 * Guards the states of objects, the LRU, watches, edges and links. Taken by
	 * fsnotify handlers in whatever task changes a file, so nothing sleeps under
	 * it and no fsnotify function is called; inside it only the hash table's
	 * own locks. Never taken in softirq: what softirqs find or release goes
	 * through the two lock-free lists to @reap.
	 */
	spinlock_t lock;
	struct list_head lru;		/* hashed objects, newest first */
	struct list_head doomed;	/* dead, unhashed; the table's reference is the list's */
	unsigned long nr_objects;	/* on @lru */
	struct list_head idle;		/* watches without edges, oldest first */

	struct mutex reap_mutex;	/* one kf_cache_reap() at a time */
	struct mutex room_mutex;	/* one kf_cache_make_room() at a time; outside reap_mutex */
	struct llist_head suspects;	/* objects with a reference each */
	struct llist_head released;	/* objects without any */
	struct work_struct reap;	/* on srv->cache_wq */
	struct delayed_work tick;	/* mounts.c */
	int mount_event;		/* mounts.c: the tick's alone */
	bool mount_event_known;
	unsigned long mounts_checked;	/* jiffies */

	struct fsnotify_group *group;	/* one mark for each watch */
	struct completion group_gone;	/* the last mark was freed */
	struct shrinker *shrinker;

	atomic_long_t alive;		/* objects in memory */
	atomic_long_t bytes;		/* charged: whole pages and overheads */
	spinlock_t pack_lock;		/* pages.c: */
	struct page *pack;		/* being filled with small bodies, page_private() of them */
	u32 pack_used;
};

/* object.c: one object. Process context unless it says otherwise. */
struct kf_object *kf_object_new(struct kf_cache *cache, const struct kf_key *key);
void kf_object_free(struct kf_object *obj);	/* no reference left */
void kf_object_drop(struct kf_object *obj);
struct kf_object *kf_object_current(struct kf_cache *cache, const struct kf_key *key);
struct kf_object *kf_object_peek(struct kf_cache *cache, const struct kf_key *key);
bool kf_object_insert(struct kf_object *obj);
bool kf_object_pinned(struct kf_object *obj, const struct inode *inode);
bool kf_object_kill(struct kf_object *obj);	/* under cache->lock */
void kf_object_set_body(struct kf_object *obj, struct kf_body *body);
void kf_attr_peek(const struct inode *inode, struct kf_attr *attr);
bool kf_attr_equal(const struct kf_attr *a, const struct kf_attr *b);
int kf_objects_init(struct kf_cache *cache);
void kf_objects_exit(struct kf_cache *cache);

/* cache.c */
void kf_cache_reap(struct kf_cache *cache);
void kf_cache_outdate(struct kf_cache *cache);	/* under cache->lock: a new generation */
void kf_cache_make_room(struct kf_cache *cache, u64 bytes);	/* or for one more object */
u64 kf_cache_limit(struct kf_cache *cache);

/* pages.c: bodies */
struct kf_body *kf_body_new(struct kf_cache *cache, u64 size);	/* to be filled; or NULL */
struct kf_body *kf_body_get(struct kf_body *body);
void kf_body_put(struct kf_body *body);
struct bio_vec *kf_body_vecs(struct kf_body *body, u32 *nr);
void kf_pack_exit(struct kf_cache *cache);

/* watch.c */
#define KF_WATCH_SELF		""	/* the inode itself: anything that happens to it */
#define KF_WATCH_CONTENT	"/"	/* the inode itself: only what changes a file's bytes */
int kf_watch(struct kf_object *obj, struct inode *inode, const char *name, u32 len);
void kf_unwatch(struct kf_object *obj);
void kf_watch_tidy(struct kf_cache *cache, bool all);
int kf_watch_init(struct kf_cache *cache);
void kf_watch_exit(struct kf_cache *cache);

/* mounts.c */
void kf_mounts_init(struct kf_cache *cache);
void kf_mounts_exit(struct kf_cache *cache);

#endif /* KFRONT_CACHE_H */
