// SPDX-License-Identifier: GPL-2.0-only
/*
 * One object's life. A softirq finds it by name under RCU and believes it only
 * if the file still looks as it did when it was read; everything else happens in
 * process context under cache->lock.
 *
 * Why the softirq may look at the inode: while an object is hashed and of the
 * current generation, the mark of the watch it is linked to holds the inode.
 * Whoever takes the mark away (kf_watch_tidy(), an unmount, a final unlink)
 * unhashes the object first, and inodes are freed by RCU. An object of an older
 * generation may have lost its watch, so the generation is looked at first.
 */
#include <linux/iversion.h>
#include <linux/jhash.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include "cache.h"
#include "compat/vfs.h"
#include "server.h"
#include "text.h"

static u32 kf_key_hash(const void *data, u32 len, u32 seed)
{
	const struct kf_key *key = data;

	return jhash(key->name, key->len, seed + key->accepts);
}

static u32 kf_object_hash(const void *data, u32 len, u32 seed)
{
	const struct kf_object *obj = data;

	return kf_key_hash(&obj->key, len, seed);
}

static int kf_object_cmp(struct rhashtable_compare_arg *arg, const void *data)
{
	const struct kf_object *obj = data;
	const struct kf_key *key = arg->key;

	return obj->key.len != key->len || obj->key.accepts != key->accepts ||
	       !kf_same(obj->key.name, key->name, key->len);
}

static const struct rhashtable_params kf_object_params = {
	.head_offset = offsetof(struct kf_object, node),
	.key_len = sizeof(struct kf_key),
	.hashfn = kf_key_hash,
	.obj_hashfn = kf_object_hash,
	.obj_cmpfn = kf_object_cmp,
	.automatic_shrinking = true,
};

/* Plain reads without the inode's locks: a torn value is a miss, not an error. */
void kf_attr_peek(const struct inode *inode, struct kf_attr *attr)
{
	struct timespec64 mtime = kf_inode_mtime(inode);
	struct timespec64 ctime = inode_get_ctime(inode);

	attr->size = READ_ONCE(inode->i_size);
	attr->iversion = IS_I_VERSION(inode) ? inode_peek_iversion(inode) : 0;
	attr->mtime_sec = mtime.tv_sec;
	attr->mtime_nsec = mtime.tv_nsec;
	attr->ctime_sec = ctime.tv_sec;
	attr->ctime_nsec = ctime.tv_nsec;
}

bool kf_attr_equal(const struct kf_attr *a, const struct kf_attr *b)
{
	return a->size == b->size && a->iversion == b->iversion &&
	       a->mtime_sec == b->mtime_sec && a->mtime_nsec == b->mtime_nsec &&
	       a->ctime_sec == b->ctime_sec && a->ctime_nsec == b->ctime_nsec;
}

/* Softirq found it stale: the worker takes it apart. Once for each object. */
static void kf_object_suspect(struct kf_object *obj)
{
	struct kf_cache *cache = obj->cache;

	if (test_and_set_bit(0, &obj->suspected) || !kf_object_tryget(obj))
		return;
	llist_add(&obj->suspect, &cache->suspects);
	queue_work(cache->srv->cache_wq, &cache->reap);
}

/* kf_object_find() without the counting: under rcu_read_lock(), any context. */
struct kf_object *kf_object_current(struct kf_cache *cache, const struct kf_key *key)
{
	struct kf_object *obj;
	struct kf_attr now;

	obj = rhashtable_lookup(&cache->objects, key, kf_object_params);
	/* The order matters: without a watch (dead, outdated) the inode is nobody's. */
	if (!obj || READ_ONCE(obj->dead) ||
	    obj->generation != READ_ONCE(cache->generation))
		return NULL;
	kf_attr_peek(obj->inode, &now);
	if (!kf_attr_equal(&now, &obj->attr) ||
	    mapping_writably_mapped(obj->inode->i_mapping)) {
		kf_object_suspect(obj);
		return NULL;
	}
	if (!READ_ONCE(obj->used))
		WRITE_ONCE(obj->used, true);
	return obj;
}

struct kf_object *kf_object_find(struct kf_server *srv, const struct kf_key *key)
{
	struct kf_object *obj = kf_object_current(srv->cache, key);

	if (obj)
		kf_count(srv, CACHE_HITS);
	else
		kf_count(srv, CACHE_MISSES);
	return obj;
}

bool kf_object_tryget(struct kf_object *obj)
{
	return refcount_inc_not_zero(&obj->refs);
}

void kf_object_put(struct kf_object *obj)
{
	struct kf_cache *cache = obj->cache;

	if (!refcount_dec_and_test(&obj->refs))
		return;
	/* Freeing takes locks that softirqs may not: the worker does it. */
	if (llist_add(&obj->released, &cache->released))
		queue_work(cache->srv->cache_wq, &cache->reap);
}

/* kf_object_put() for those who may sleep. */
void kf_object_drop(struct kf_object *obj)
{
	might_sleep();
	if (refcount_dec_and_test(&obj->refs))
		kf_object_free(obj);
}

/**
 * kf_object_new() - an object of the current generation, with one reference
 * @cache: where it may be inserted later
 * @key: its name, which is copied
 *
 * Must come before whatever it is built from is looked at, the policy too: a
 * change in between makes a new generation, and it is then not inserted.
 */
struct kf_object *kf_object_new(struct kf_cache *cache, const struct kf_key *key)
{
	struct kf_object *obj;

	obj = kzalloc(struct_size(obj, name, key->len + 1), GFP_KERNEL | __GFP_NOWARN);
	if (!obj)
		return NULL;
	obj->generation = READ_ONCE(cache->generation);
	smp_mb(); /* pairs with kf_cache_flush(): the generation first, then the policy */
	obj->cache = cache;
	obj->key = *key;
	obj->key.name = obj->name;
	memcpy(obj->name, key->name, key->len);
	INIT_LIST_HEAD(&obj->lru);
	refcount_set(&obj->refs, 1);
	atomic_long_inc(&cache->alive);
	atomic_long_add(KF_OBJECT_OVERHEAD, &cache->bytes);
	return obj;
}

/* Takes over the reference to @body. */
void kf_object_set_body(struct kf_object *obj, struct kf_body *body)
{
	obj->body = body;
	obj->bv = kf_body_vecs(body, &obj->nr_bv);
}

void kf_object_free(struct kf_object *obj)
{
	struct kf_cache *cache = obj->cache;

	might_sleep();
	WARN_ON_ONCE(obj->hashed);
	kf_unwatch(obj);
	if (obj->body)
		kf_body_put(obj->body);
	kfree(obj);
	atomic_long_sub(KF_OBJECT_OVERHEAD, &cache->bytes);
	atomic_long_dec(&cache->alive);
}

/* What is in the table under this name, of whatever generation; with a reference. */
struct kf_object *kf_object_peek(struct kf_cache *cache, const struct kf_key *key)
{
	struct kf_object *obj;

	rcu_read_lock();
	obj = rhashtable_lookup(&cache->objects, key, kf_object_params);
	if (obj && !kf_object_tryget(obj))
		obj = NULL;
	rcu_read_unlock();
	return obj;
}

/**
 * kf_object_pinned() - is this object still alive, and of this very inode?
 * @obj: the caller has a reference
 * @inode: the caller holds it, so that nothing else can have got its address
 */
bool kf_object_pinned(struct kf_object *obj, const struct inode *inode)
{
	bool ret;

	spin_lock(&obj->cache->lock);
	ret = obj->hashed && obj->inode == inode;
	spin_unlock(&obj->cache->lock);
	return ret;
}

/**
 * kf_object_insert() - from now on softirqs may find it
 * @obj: complete; the table gets a reference of its own
 *
 * Return: false when something it was built from has changed on the way, or there
 * is no room: it is then good for one answer only.
 */
bool kf_object_insert(struct kf_object *obj)
{
	struct kf_cache *cache = obj->cache;
	struct kf_object *old;

	spin_lock(&cache->lock);
	if (obj->dead || obj->generation != cache->generation ||
	    cache->nr_objects >= KF_OBJECTS_MAX)
		goto refuse;

	old = rhashtable_lookup_fast(&cache->objects, &obj->key, kf_object_params);
	if (old && old->generation == cache->generation && old->inode == obj->inode &&
	    kf_attr_equal(&old->attr, &obj->attr))
		goto refuse; /* another worker was faster with the same bytes */
	if (old)
		kf_object_kill(old);
	refcount_inc(&obj->refs);
	if (rhashtable_insert_fast(&cache->objects, &obj->node, kf_object_params)) {
		refcount_dec(&obj->refs);
		goto refuse;
	}
	obj->hashed = true;
	list_add(&obj->lru, &cache->lru);
	cache->nr_objects++;
	spin_unlock(&cache->lock);
	kf_count(cache->srv, CACHE_INSERTS);
	return true;

refuse:
	spin_unlock(&cache->lock);
	return false;
}

/**
 * kf_object_kill() - nobody finds it from now on
 * @obj: hashed or not; its references stay as they are
 *
 * Context: any that may sleep, also fsnotify handlers; under cache->lock.
 * Return: false when it was dead already, or was never found by anybody.
 */
bool kf_object_kill(struct kf_object *obj)
{
	struct kf_cache *cache = obj->cache;

	lockdep_assert_held(&cache->lock);
	if (obj->dead)
		return false;
	WRITE_ONCE(obj->dead, true);
	if (!obj->hashed)
		return false;
	obj->hashed = false;
	rhashtable_remove_fast(&cache->objects, &obj->node, kf_object_params);
	cache->nr_objects--;
	list_move(&obj->lru, &cache->doomed);
	queue_work(cache->srv->cache_wq, &cache->reap);
	return true;
}

int kf_objects_init(struct kf_cache *cache)
{
	return rhashtable_init(&cache->objects, &kf_object_params);
}

void kf_objects_exit(struct kf_cache *cache)
{
	rhashtable_destroy(&cache->objects);
}
