// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watches: which objects depend on what, and the marks that make us hear of it.
 *
 *	inode <- mark+watch <- edge (a name in it) <- link -> object
 *
 * A worker that looks up a name in a directory first links its object to the edge
 * (directory, name), so the object hears of whatever happens to that name from
 * before the look on: created, removed, renamed. Other names are no edges and
 * cost nothing. Two names cannot be in a directory and mean the inode itself:
 * KF_WATCH_SELF and KF_WATCH_CONTENT.
 *
 * Marks are added and destroyed by workers without any lock of ours, since that
 * takes the group's mutex and may free an inode.
 *
 * Who ends a watch (takes it out of the table and drops the mark's first
 * reference) is decided under cache->lock by @gone: kf_watch_tidy(), or fsnotify
 * itself when the inode goes (unlinked, unmounted). The group allows several marks
 * on an inode, because a new watch may come before the old mark is detached.
 */
#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/slab.h>
#include "cache.h"
#include "watch.h"

#define KF_LINKS_PER_CHUNK	7	/* a chunk fits 256 bytes */
#define KF_LINKS_MAX		512	/* for each object: deeper is not cached */
#define KF_IDLE_MAX		1024	/* watches kept although nothing needs them */
#define KF_IDLE_AGE		(2 * HZ)

/* The links of one object; the newest chunk first. */
struct kf_links {
	struct kf_links *next;
	u32 nr;
	struct kf_link link[KF_LINKS_PER_CHUNK];
};

static struct hlist_head *kf_watch_bucket(struct kf_cache *cache, const struct inode *inode)
{
	return &cache->watches[hash_ptr(inode, KF_WATCH_BITS)];
}

static struct kf_watch *kf_watch_find(struct kf_cache *cache, const struct inode *inode)
{
	struct kf_watch *watch;

	hlist_for_each_entry(watch, kf_watch_bucket(cache, inode), node)
		if (watch->inode == inode)
			return watch;
	return NULL;
}

static struct hlist_head *kf_edge_bucket(struct kf_cache *cache, const struct kf_watch *watch,
					 const char *name, u32 len)
{
	u32 hash = jhash(name, len, hash_ptr(watch, 32));

	return &cache->edges[hash >> (32 - KF_EDGE_BITS)];
}

struct kf_edge *kf_edge_find(struct kf_cache *cache, const struct kf_watch *watch,
			     const char *name, u32 len)
{
	struct kf_edge *edge;

	hlist_for_each_entry(edge, kf_edge_bucket(cache, watch, name, len), node)
		if (edge->watch == watch && edge->len == len && !memcmp(edge->name, name, len))
			return edge;
	return NULL;
}

/* fsnotify's reference and the edges' keep the memory. */
void kf_watch_put(struct kf_watch *watch)
{
	if (!--watch->refs)
		kfree(watch);
}

/* Take it out of the table. True: the caller drops the mark's first reference. */
bool kf_watch_end(struct kf_watch *watch)
{
	if (watch->gone)
		return false;
	watch->gone = true;
	hlist_del_init(&watch->node);
	list_del_init(&watch->idle);
	return true;
}

void kf_watch_release(struct kf_cache *cache, struct kf_watch *watch)
{
	spin_lock(&cache->lock);
	kf_watch_put(watch);
	spin_unlock(&cache->lock);
}

/*
 * A watch whose mark is on @inode, not yet in the table. The caller holds @inode,
 * and gets a reference to the watch: the mark may come off at any time all the same
 * (the last of several names of a file that is unlinked).
 */
static struct kf_watch *kf_watch_new(struct kf_cache *cache, struct inode *inode)
{
	struct kf_watch *watch = kzalloc(sizeof(*watch), GFP_KERNEL | __GFP_NOWARN);
	int err;

	if (!watch)
		return ERR_PTR(-ENOMEM);
	INIT_HLIST_NODE(&watch->node);
	INIT_LIST_HEAD(&watch->edges);
	INIT_LIST_HEAD(&watch->idle);
	watch->inode = inode;
	watch->refs = 2;
	fsnotify_init_mark(&watch->mark, cache->group);
	watch->mark.mask = S_ISDIR(inode->i_mode) ? KF_DIR_EVENTS : KF_FILE_EVENTS;
	err = fsnotify_add_inode_mark(&watch->mark, inode, 0);
	if (err) {
		fsnotify_put_mark(&watch->mark);
		kf_watch_release(cache, watch);
		return ERR_PTR(err);
	}
	return watch;
}

/* Without any lock: the mutex of the group, perhaps the inode's last reference. */
static void kf_watch_destroy(struct kf_cache *cache, struct kf_watch *watch)
{
	might_sleep();
	fsnotify_destroy_mark(&watch->mark, cache->group);
	fsnotify_put_mark(&watch->mark);
}

static void kf_watch_discard(struct kf_cache *cache, struct kf_watch *watch)
{
	bool ended;

	spin_lock(&cache->lock);
	ended = kf_watch_end(watch);
	spin_unlock(&cache->lock);
	if (ended)
		kf_watch_destroy(cache, watch);
	kf_watch_release(cache, watch);
}

static struct kf_edge *kf_edge_new(const char *name, u32 len)
{
	struct kf_edge *edge = kmalloc(struct_size(edge, name, len), GFP_KERNEL | __GFP_NOWARN);

	if (!edge)
		return NULL;
	INIT_LIST_HEAD(&edge->links);
	edge->len = len;
	memcpy(edge->name, name, len);
	return edge;
}

static bool kf_linked(const struct kf_object *obj, const struct kf_edge *edge)
{
	const struct kf_links *chunk;
	u32 i;

	for (chunk = obj->links; chunk; chunk = chunk->next)
		for (i = 0; i < chunk->nr; i++)
			if (chunk->link[i].edge == edge)
				return true;
	return false;
}

/* The pieces an attempt needs; those it used are NULL afterwards. */
struct kf_pieces {
	struct kf_watch *watch;
	struct kf_edge *edge;
	struct kf_links *chunk;
};

/* What an attempt lacks, and only the caller, who may sleep, can make. */
#define KF_LACKS_WATCH	1
#define KF_LACKS_PIECES	2

/* One attempt under the lock: 0, an errno, or KF_LACKS_... */
static int kf_watch_attach(struct kf_object *obj, struct inode *inode, const char *name, u32 len,
			   struct kf_pieces *have)
{
	struct kf_cache *cache = obj->cache;
	struct kf_watch *watch;
	struct kf_edge *edge;
	struct kf_link *link;

	watch = kf_watch_find(cache, inode);
	if (!watch) {
		if (!have->watch)
			return KF_LACKS_WATCH;
		if (have->watch->gone)
			return -ESTALE; /* the inode went meanwhile */
		watch = have->watch;
		have->watch = NULL;
		hlist_add_head(&watch->node, kf_watch_bucket(cache, inode));
		watch->idle_since = jiffies;
		list_add_tail(&watch->idle, &cache->idle);
		kf_watch_put(watch); /* the maker's; the mark's is there, since it is not gone */
	}
	edge = kf_edge_find(cache, watch, name, len);
	if (edge && kf_linked(obj, edge))
		return 0;
	if (obj->nr_links >= KF_LINKS_MAX)
		return -E2BIG;
	if ((!edge && !have->edge) ||
	    (!have->chunk && (!obj->links || obj->links->nr == KF_LINKS_PER_CHUNK)))
		return KF_LACKS_PIECES;
	if (!edge) {
		edge = have->edge;
		have->edge = NULL;
		edge->watch = watch;
		watch->refs++;
		list_add(&edge->on_watch, &watch->edges);
		hlist_add_head(&edge->node, kf_edge_bucket(cache, watch, name, len));
		list_del_init(&watch->idle);
	}
	if (!obj->links || obj->links->nr == KF_LINKS_PER_CHUNK) {
		have->chunk->next = obj->links;
		obj->links = have->chunk;
		have->chunk = NULL;
	}
	link = &obj->links->link[obj->links->nr++];
	link->obj = obj;
	link->edge = edge;
	list_add(&link->on_edge, &edge->links);
	obj->nr_links++;
	return 0;
}

/**
 * kf_watch() - from now on @obj dies when something happens to a name
 * @obj: being built by the caller
 * @inode: a directory, or a file with KF_WATCH_SELF or KF_WATCH_CONTENT; the
 * caller holds it
 * @name: a name in it, there or not
 * @len: its length
 *
 * Also when something happens to @inode itself, or a guard file appears in it.
 * Call it first, look afterwards.
 * Return: 0, -ENOMEM, -ESTALE: the inode has just gone, -E2BIG: too deep.
 */
int kf_watch(struct kf_object *obj, struct inode *inode, const char *name, u32 len)
{
	struct kf_cache *cache = obj->cache;
	struct kf_pieces have = {};
	int err;

	might_sleep();
	for (;;) {
		spin_lock(&cache->lock);
		err = kf_watch_attach(obj, inode, name, len, &have);
		spin_unlock(&cache->lock);
		if (err <= 0)
			break;

		if (err == KF_LACKS_WATCH) {
			have.watch = kf_watch_new(cache, inode);
			if (IS_ERR(have.watch)) {
				err = PTR_ERR(have.watch) == -ENOMEM ? -ENOMEM : -ESTALE;
				have.watch = NULL;
				break;
			}
			continue;
		}
		if (!have.edge)
			have.edge = kf_edge_new(name, len);
		if (!have.chunk)
			have.chunk = kzalloc(sizeof(*have.chunk), GFP_KERNEL | __GFP_NOWARN);
		if (!have.edge || !have.chunk) {
			err = -ENOMEM;
			break;
		}
	}
	kfree(have.edge);
	kfree(have.chunk);
	if (have.watch)
		kf_watch_discard(cache, have.watch);
	return err;
}

static void kf_unlink(struct kf_cache *cache, struct kf_link *link)
{
	struct kf_edge *edge = link->edge;
	struct kf_watch *watch = edge->watch;

	list_del(&link->on_edge);
	if (!list_empty(&edge->links))
		return;
	hlist_del(&edge->node);
	list_del(&edge->on_watch);
	kfree(edge);
	if (list_empty(&watch->edges) && !watch->gone) {
		watch->idle_since = jiffies;
		list_add_tail(&watch->idle, &cache->idle);
	}
	kf_watch_put(watch);
}

/* Nothing that happens concerns @obj any more. It is unhashed, or never was hashed. */
void kf_unwatch(struct kf_object *obj)
{
	struct kf_cache *cache = obj->cache;
	struct kf_links *chunk, *chunks;
	u32 i;

	spin_lock(&cache->lock);
	chunks = obj->links;
	obj->links = NULL;
	obj->nr_links = 0;
	for (chunk = chunks; chunk; chunk = chunk->next)
		for (i = 0; i < chunk->nr; i++)
			kf_unlink(cache, &chunk->link[i]);
	spin_unlock(&cache->lock);
	while (chunks) {
		chunk = chunks;
		chunks = chunk->next;
		kfree(chunk);
	}
}

/**
 * kf_watch_tidy() - take marks off inodes that nothing needs any more
 * @cache: the cache
 * @all: also those that were in use just now
 *
 * Not at once: a directory in which nothing is cached at the moment is looked at
 * again soon, by the next request for a missing file.
 */
void kf_watch_tidy(struct kf_cache *cache, bool all)
{
	unsigned int nr = 0, excess;
	struct kf_watch *watch;
	struct list_head *pos;

	might_sleep();
	spin_lock(&cache->lock);
	list_for_each(pos, &cache->idle)
		nr++;
	excess = nr > KF_IDLE_MAX ? nr - KF_IDLE_MAX : 0;
	while ((watch = list_first_entry_or_null(&cache->idle, struct kf_watch, idle))) {
		if (!all && !excess && time_before(jiffies, watch->idle_since + KF_IDLE_AGE))
			break;
		if (excess)
			excess--;
		kf_watch_end(watch);
		spin_unlock(&cache->lock);
		kf_watch_destroy(cache, watch);
		spin_lock(&cache->lock);
	}
	spin_unlock(&cache->lock);
}

int kf_watch_init(struct kf_cache *cache)
{
	INIT_LIST_HEAD(&cache->idle);
	init_completion(&cache->group_gone);
	cache->watches = kvcalloc(1 << KF_WATCH_BITS, sizeof(*cache->watches), GFP_KERNEL);
	cache->edges = kvcalloc(1 << KF_EDGE_BITS, sizeof(*cache->edges), GFP_KERNEL);
	if (!cache->watches || !cache->edges)
		goto nomem;
	cache->group = kf_event_group(cache);
	if (IS_ERR(cache->group))
		goto nomem;
	return 0;
nomem:
	kvfree(cache->watches);
	kvfree(cache->edges);
	return -ENOMEM;
}

/* No object is left, so no edge; no worker either, so no new watch. */
void kf_watch_exit(struct kf_cache *cache)
{
	kf_watch_tidy(cache, true);
	fsnotify_put_group(cache->group);
	/*
	 * Each mark holds the group until after kf_free_mark(). An unmount may still
	 * have some of ours in hand: flushing fsnotify's reaper is not enough.
	 */
	fsnotify_wait_marks_destroyed();
	wait_for_completion(&cache->group_gone);
	fsnotify_wait_marks_destroyed(); /* it is the reaper that completes: let it return */
	kvfree(cache->watches);
	kvfree(cache->edges);
}
