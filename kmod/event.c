// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: from what fsnotify tells to the objects it concerns.
 *
 * The handlers run in the task that changes the file, with its locks held (the
 * directory's i_rwsem, fsnotify's SRCU), after the change and before its system
 * call returns: who asks afterwards gets the new file. They only take cache->lock,
 * under which nothing sleeps.
 */
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/string.h>
#include "cache.h"
#include "compat/vfs.h"
#include "policy.h"
#include "server.h"
#include "watch.h"

#define KF_KILL_MAX		64	/* objects killed one by one for one event */

/* A file's own edges; its objects are few, and must not outlive its inode's mark. */
static bool kf_edge_pins(const struct kf_edge *edge)
{
	return !edge->len || *edge->name == *KF_WATCH_CONTENT;
}

/*
 * Something happened to a name: whoever went through it is out of date. When
 * these are many (a deploy swaps the link that all of them went through), all
 * objects have to look their names up again instead: an event must not take long.
 * Return: false when all are outdated, and nothing is left to do.
 */
static bool kf_edge_changed(struct kf_cache *cache, struct kf_edge *edge, unsigned int *budget)
{
	struct kf_link *link;

	list_for_each_entry(link, &edge->links, on_edge) {
		if (!kf_edge_pins(edge) && !(*budget)--) {
			kf_cache_outdate(cache);
			return false;
		}
		if (kf_object_kill(link->obj))
			kf_count(cache->srv, CACHE_INVALIDATIONS);
	}
	return true;
}

/* The whole inode, or (@content) only the bytes of a file. */
static void kf_watch_changed(struct kf_cache *cache, struct kf_watch *watch, bool content)
{
	unsigned int budget = KF_KILL_MAX;
	struct kf_edge *edge;

	list_for_each_entry(edge, &watch->edges, on_watch) {
		if (!content && edge->len && kf_edge_pins(edge))
			continue;
		/* A file's watch has edges that pin, and no others: none is skipped. */
		if (!kf_edge_changed(cache, edge, &budget))
			return;
	}
}

static bool kf_is_guard(struct kf_server *srv, const struct qstr *name)
{
	const struct kf_policy_ref *ref;
	bool ret = false;
	u32 i, n = 0;

	rcu_read_lock();
	ref = rcu_dereference(srv->policy);
	if (ref) {
		const struct kf_str *guards = kf_policy_guards(ref->policy, &n);

		for (i = 0; i < n && !ret; i++)
			ret = guards[i].len == name->len &&
			      !memcmp(guards[i].p, name->name, name->len);
	}
	rcu_read_unlock();
	return ret;
}

/*
 * May the bytes have changed? The end of a writable mapping says so only where the
 * stores through it showed in no time stamp; elsewhere it is any open and close.
 */
static bool kf_is_content(u32 mask, const struct inode *inode)
{
	if (mask & FS_MODIFY)
		return true;
	return mask & FS_CLOSE_WRITE && (inode->i_sb->s_magic == TMPFS_MAGIC ||
					 inode->i_sb->s_magic == RAMFS_MAGIC);
}

static int kf_handle_event(struct fsnotify_mark *mark, u32 mask, struct inode *inode,
			   struct inode *dir, const struct qstr *name, u32 cookie)
{
	struct kf_watch *watch = container_of(mark, struct kf_watch, mark);
	struct kf_cache *cache = mark->group->private;
	unsigned int budget = KF_KILL_MAX;
	struct kf_edge *edge;

	if (!name || kf_is_guard(cache->srv, name)) {
		spin_lock(&cache->lock);
		kf_watch_changed(cache, watch, kf_is_content(mask, watch->inode));
		spin_unlock(&cache->lock);
		return 0;
	}
	spin_lock(&cache->lock);
	edge = kf_edge_find(cache, watch, name->name, name->len);
	if (edge)
		kf_edge_changed(cache, edge, &budget);
	spin_unlock(&cache->lock);
	return 0;
}

/*
 * The mark is being taken off, and with it the hold on the inode: by ourselves
 * (then there are no edges), or because the inode goes. In the latter case the
 * objects are unhashed here and now, before fsnotify drops the inode.
 */
static void kf_freeing_mark(struct fsnotify_mark *mark, struct fsnotify_group *group)
{
	struct kf_watch *watch = container_of(mark, struct kf_watch, mark);
	struct kf_cache *cache = group->private;
	bool ended;

	spin_lock(&cache->lock);
	ended = kf_watch_end(watch);
	if (ended)
		kf_watch_changed(cache, watch, true);
	spin_unlock(&cache->lock);
	if (ended)
		fsnotify_put_mark(mark);
}

/* After an SRCU grace period: no handler has it any more. */
static void kf_free_mark(struct fsnotify_mark *mark)
{
	kf_watch_release(mark->group->private, container_of(mark, struct kf_watch, mark));
}

static void kf_group_gone(struct fsnotify_group *group)
{
	struct kf_cache *cache = group->private;

	complete(&cache->group_gone);
}

static const struct fsnotify_ops kf_fsnotify_ops = {
	.handle_inode_event = kf_handle_event,
	.freeing_mark = kf_freeing_mark,
	.free_mark = kf_free_mark,
	.free_group_priv = kf_group_gone,
};

struct fsnotify_group *kf_event_group(struct kf_cache *cache)
{
	struct fsnotify_group *group;

	group = fsnotify_alloc_group(&kf_fsnotify_ops,
				     FSNOTIFY_GROUP_DUPS | FSNOTIFY_GROUP_NOFS);
	if (!IS_ERR(group))
		group->private = cache;
	return group;
}
