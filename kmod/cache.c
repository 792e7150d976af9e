// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cache as a whole: its bounds, what leaves it when, its beginning and end.
 * Everything here runs in process context; most of it on
 * srv->cache_wq, which no hung file system can fill.
 */
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "cache.h"
#include "compat/shrinker.h"
#include "server.h"

#define KF_EVICT_BATCH	64	/* objects for each hold of the lock */

u64 kf_cache_limit(struct kf_cache *cache)
{
	return READ_ONCE(cache->srv->set.cache_bytes);
}

/*
 * Everything captured until now must be looked up again before it is served: for
 * changes that concern too many objects, or nobody knows which.
 */
void kf_cache_outdate(struct kf_cache *cache)
{
	lockdep_assert_held(&cache->lock);
	WRITE_ONCE(cache->generation, cache->generation + 1);
}

/**
 * kf_cache_reap() - take apart what has died since
 * @cache: the cache
 *
 * Waits until no softirq can be looking at the dead any more, then lets go of
 * their watches (and so of their inodes) and frees what nobody is sending.
 * What was dead before the call is gone after it, whoever had it in hand.
 */
void kf_cache_reap(struct kf_cache *cache)
{
	struct kf_object *obj, *next;
	LIST_HEAD(doomed);

	mutex_lock(&cache->reap_mutex);
	llist_for_each_entry_safe(obj, next, llist_del_all(&cache->suspects), suspect) {
		bool killed;

		spin_lock(&cache->lock);
		killed = kf_object_kill(obj);
		spin_unlock(&cache->lock);
		if (killed)
			kf_count(cache->srv, CACHE_INVALIDATIONS);
		kf_object_drop(obj);
	}

	spin_lock(&cache->lock);
	list_splice_init(&cache->doomed, &doomed);
	spin_unlock(&cache->lock);
	if (!list_empty(&doomed)) {
		synchronize_rcu(); /* ends the readers that found them in the table */
		list_for_each_entry_safe(obj, next, &doomed, lru) {
			list_del_init(&obj->lru);
			kf_unwatch(obj);
			kf_object_drop(obj); /* the table's */
			cond_resched();
		}
	}

	llist_for_each_entry_safe(obj, next, llist_del_all(&cache->released), released) {
		kf_object_free(obj);
		cond_resched();
	}
	kf_watch_tidy(cache, false);
	mutex_unlock(&cache->reap_mutex);
}

static void kf_cache_reap_work(struct work_struct *work)
{
	kf_cache_reap(container_of(work, struct kf_cache, reap));
}

/*
 * Second chance: what was asked for since the last look goes to the front once.
 * @bytes or @nr, whichever is reached first, end it.
 */
static unsigned long kf_cache_evict(struct kf_cache *cache, u64 bytes, unsigned long nr)
{
	unsigned long left = READ_ONCE(cache->nr_objects) * 2, killed = 0;
	u64 freed = 0;

	while (left && freed < bytes && killed < nr) {
		unsigned int batch = KF_EVICT_BATCH;

		spin_lock(&cache->lock);
		while (batch-- && left && freed < bytes && killed < nr) {
			struct kf_object *obj;

			if (list_empty(&cache->lru)) {
				left = 0;
				break;
			}
			left--;
			obj = list_last_entry(&cache->lru, struct kf_object, lru);
			/* One that is being sent frees nothing, and would be built again. */
			if (READ_ONCE(obj->used) || refcount_read(&obj->refs) > 1) {
				WRITE_ONCE(obj->used, false);
				list_move(&obj->lru, &cache->lru);
				continue;
			}
			freed += obj->entity.size + KF_OBJECT_OVERHEAD;
			killed++;
			kf_object_kill(obj);
		}
		spin_unlock(&cache->lock);
	}
	kf_count_add(cache->srv, CACHE_EVICTIONS, killed);
	return killed;
}

/**
 * kf_cache_make_room() - evict what was not asked for lately
 * @cache: the cache
 * @bytes: that are wanted
 *
 * Frees a sixteenth of the cache at least, since each time costs a grace period.
 */
void kf_cache_make_room(struct kf_cache *cache, u64 bytes)
{
	u64 limit = kf_cache_limit(cache), used, over = 0;

	mutex_lock(&cache->room_mutex);
	/* Perhaps whoever we waited for has made enough for us, too. */
	used = max(atomic_long_read(&cache->bytes), 0L);
	if (used + bytes > limit)
		over = used + bytes - limit; /* much, when the limit was lowered */
	if (over || READ_ONCE(cache->nr_objects) >= KF_OBJECTS_MAX) {
		kf_cache_evict(cache, max(over, limit / 16),
			       over > limit / 16 ? ULONG_MAX : KF_OBJECTS_MAX / 16);
		kf_cache_reap(cache);
	}
	mutex_unlock(&cache->room_mutex);
}

static unsigned long kf_cache_count(struct shrinker *s, struct shrink_control *sc)
{
	struct kf_cache *cache = kf_shrinker_private(s);

	return READ_ONCE(cache->nr_objects) ?: SHRINK_EMPTY;
}

static unsigned long kf_cache_scan(struct shrinker *s, struct shrink_control *sc)
{
	/* The worker frees them in a moment; waiting for that here could deadlock. */
	return kf_cache_evict(kf_shrinker_private(s), U64_MAX, sc->nr_to_scan);
}

static void kf_cache_kill_all(struct kf_cache *cache)
{
	unsigned long killed = 0, left = READ_ONCE(cache->nr_objects);
	bool more;

	/* From the old end, and not those that workers insert meanwhile. */
	do {
		unsigned int batch = KF_EVICT_BATCH;

		spin_lock(&cache->lock);
		while (batch-- && left && !list_empty(&cache->lru)) {
			killed += kf_object_kill(list_last_entry(&cache->lru,
								 struct kf_object, lru));
			left--;
		}
		more = left && !list_empty(&cache->lru);
		spin_unlock(&cache->lock);
		cond_resched();
	} while (more);
	kf_count_add(cache->srv, CACHE_INVALIDATIONS, killed);
}

void kf_cache_flush(struct kf_server *srv)
{
	struct kf_cache *cache = srv->cache;

	smp_mb(); /* the new policy first, then the generation: kf_object_new() */
	/* At once, and also what a worker is building from the old policy. */
	spin_lock(&cache->lock);
	kf_cache_outdate(cache);
	spin_unlock(&cache->lock);
	kf_cache_kill_all(cache);
	kf_cache_reap(cache);
}

void kf_cache_usage(struct kf_server *srv, u64 *objects, u64 *bytes)
{
	*objects = READ_ONCE(srv->cache->nr_objects);
	*bytes = max(atomic_long_read(&srv->cache->bytes), 0L);
}

int kf_cache_init(struct kf_server *srv)
{
	struct kf_cache *cache = kzalloc(sizeof(*cache), GFP_KERNEL);
	int err = -ENOMEM;

	if (!cache)
		return -ENOMEM;
	cache->srv = srv;
	spin_lock_init(&cache->lock);
	spin_lock_init(&cache->pack_lock);
	mutex_init(&cache->reap_mutex);
	mutex_init(&cache->room_mutex);
	INIT_LIST_HEAD(&cache->lru);
	INIT_LIST_HEAD(&cache->doomed);
	init_llist_head(&cache->suspects);
	init_llist_head(&cache->released);
	INIT_WORK(&cache->reap, kf_cache_reap_work);

	err = kf_objects_init(cache);
	if (err)
		goto free_cache;
	err = kf_watch_init(cache);
	if (err)
		goto exit_objects;
	cache->shrinker = kf_shrinker_alloc("kfront", cache);
	if (!cache->shrinker) {
		err = -ENOMEM;
		goto exit_watch;
	}
	cache->shrinker->count_objects = kf_cache_count;
	cache->shrinker->scan_objects = kf_cache_scan;
	srv->cache = cache;
	err = kf_shrinker_register(cache->shrinker, "kfront");
	if (err)
		goto free_shrinker;
	kf_mounts_init(cache);
	return 0;

free_shrinker:
	srv->cache = NULL;
	kf_shrinker_free(cache->shrinker);
exit_watch:
	kf_watch_exit(cache);
exit_objects:
	kf_objects_exit(cache);
free_cache:
	kfree(cache);
	return err;
}

void kf_cache_exit(struct kf_server *srv)
{
	struct kf_cache *cache = srv->cache;

	if (!cache)
		return;
	/* Make dead: nothing new is asked for, nothing is found. */
	kf_mounts_exit(cache);
	kf_shrinker_free(cache->shrinker);
	kf_cache_kill_all(cache);

	/* Remove: streams being closed, then what they and the table let go of. */
	flush_workqueue(srv->wq);
	flush_workqueue(srv->cache_wq);
	kf_cache_reap(cache);
	kf_cache_reap(cache); /* what the first released */
	flush_work(&cache->reap);
	/* Connections are gone and their references with them; to go on would free in use. */
	while (WARN_ON_ONCE(atomic_long_read(&cache->alive))) {
		schedule_timeout_uninterruptible(HZ / 10 ?: 1);
		kf_cache_reap(cache);
	}
	kf_watch_exit(cache);
	kf_objects_exit(cache);
	kf_pack_exit(cache);
	srv->cache = NULL;
	WARN_ON_ONCE(atomic_long_read(&cache->bytes));
	kfree(cache);
}
