// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mounts: the one change of a name that sends no event. Each revalidate_ms it is
 * asked whether any mount came or went; if so, every object is looked up by name
 * again before it is served (a look-up only: what has not changed is not read).
 *
 * The kernel counts mount events for poll() on /proc/self/mountinfo, and opening
 * that file notes the count in its seq_file. It is opened anew each time: kept
 * open it would pin /proc and the root for as long as the module is loaded.
 * Where there is no /proc, time is the event.
 *
 * The same tick does what else takes time: marks nobody needs any more, a bound that
 * was lowered.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/magic.h>
#include <linux/seq_file.h>
#include "cache.h"
#include "server.h"

#define KF_TICK_MS		1000	/* at least; also how long an unused watch is kept */
#define KF_REVALIDATE_MIN_MS	10

/* Worker: the root and the mounts of a kernel thread are the first process's. */
static bool kf_mount_event(int *event)
{
	struct file *file = filp_open("/proc/self/mountinfo", O_RDONLY | O_NONBLOCK, 0);
	struct seq_file *seq;

	if (IS_ERR(file))
		return false;
	/* Whatever somebody has mounted there instead is no proc file. */
	if (!file->f_op->poll || file_inode(file)->i_sb->s_magic != PROC_SUPER_MAGIC) {
		__fput_sync(file);
		return false;
	}
	seq = file->private_data;
	*event = seq->poll_event;
	__fput_sync(file);
	return true;
}

static unsigned int kf_revalidate_ms(struct kf_cache *cache)
{
	int ms = READ_ONCE(cache->srv->set.revalidate_ms);

	/* 0: the default, not "each time" (that would be no cache). */
	return ms > 0 ? max(ms, KF_REVALIDATE_MIN_MS) : 1000;
}

static void kf_mounts_check(struct kf_cache *cache)
{
	int event = 0;
	bool known;

	known = kf_mount_event(&event);
	if (!known || !cache->mount_event_known || event != cache->mount_event) {
		spin_lock(&cache->lock);
		kf_cache_outdate(cache);
		spin_unlock(&cache->lock);
	}
	cache->mount_event = event;
	cache->mount_event_known = known;
}

static void kf_mounts_tick(struct work_struct *work)
{
	struct kf_cache *cache = container_of(to_delayed_work(work), struct kf_cache, tick);
	unsigned int ms = kf_revalidate_ms(cache);

	if (time_after_eq(jiffies, cache->mounts_checked + msecs_to_jiffies(ms))) {
		cache->mounts_checked = jiffies;
		kf_mounts_check(cache);
	}
	kf_watch_tidy(cache, false);
	kf_cache_make_room(cache, 0);
	queue_delayed_work(cache->srv->cache_wq, &cache->tick,
			   msecs_to_jiffies(min_t(unsigned int, ms, KF_TICK_MS)));
}

void kf_mounts_init(struct kf_cache *cache)
{
	INIT_DELAYED_WORK(&cache->tick, kf_mounts_tick);
	/* The first tick is now, and has something to compare the second with. */
	cache->mounts_checked = jiffies - msecs_to_jiffies(kf_revalidate_ms(cache));
	queue_delayed_work(cache->srv->cache_wq, &cache->tick, 0);
}

void kf_mounts_exit(struct kf_cache *cache)
{
	cancel_delayed_work_sync(&cache->tick);
}
