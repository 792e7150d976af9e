// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/net/kfront/stats: one "name value" line for each counter, summed over
 * CPUs, then the gauges. Process context; the writers are kf_count() anywhere.
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include "object.h"
#include "listener.h"
#include "server.h"

static const char * const kf_counter_names[KF_C_COUNT] = {
#define KF_COUNTER_NAME(id, name) [KF_C_##id] = #name,
	KF_COUNTERS(KF_COUNTER_NAME)
#undef KF_COUNTER_NAME
};

static const char * const kf_reason_names[KF_R_COUNT] = {
#define KF_REASON_NAME(id, name) [KF_R_##id] = #name,
	KF_REASONS(KF_REASON_NAME)
#undef KF_REASON_NAME
};

static int kf_stats_show(struct seq_file *m, void *unused)
{
	struct kf_server *srv = m->private;
	u64 sum[KF_C_COUNT] = {}, over[KF_R_COUNT] = {};
	u64 objects, bytes;
	int cpu, i;

	for_each_possible_cpu(cpu) {
		const struct kf_stats *st = per_cpu_ptr(srv->stats, cpu);

		for (i = 0; i < KF_C_COUNT; i++)
			sum[i] += READ_ONCE(st->count[i]);
		for (i = 0; i < KF_R_COUNT; i++)
			over[i] += READ_ONCE(st->handed_over[i]);
	}
	for (i = 0; i < KF_C_COUNT; i++)
		seq_printf(m, "%s %llu\n", kf_counter_names[i], sum[i]);
	for (i = KF_OK + 1; i < KF_R_COUNT; i++)
		seq_printf(m, "handed_over_%s %llu\n", kf_reason_names[i], over[i]);
	kf_cache_usage(srv, &objects, &bytes);
	seq_printf(m, "connections_open %lld\n", percpu_counter_sum_positive(&srv->open));
	seq_printf(m, "connections_parked %d\n", atomic_read(&srv->parked));
	seq_printf(m, "listeners %d\n", atomic_read(&srv->tapped) + kf_listeners_count(srv));
	seq_printf(m, "cache_objects %llu\n", objects);
	seq_printf(m, "cache_bytes %llu\n", bytes);
	return 0;
}

int kf_stats_init(struct kf_server *srv)
{
	srv->stats = alloc_percpu(struct kf_stats);
	return srv->stats ? 0 : -ENOMEM;
}

void kf_stats_exit(struct kf_server *srv)
{
	free_percpu(srv->stats);
	srv->stats = NULL;
}

u64 kf_stats_sum(const struct kf_server *srv, enum kf_counter which)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(srv->stats, cpu)->count[which]);
	return sum;
}

/* Once everything that is shown exists. */
int kf_stats_publish(struct kf_server *srv)
{
	srv->proc = proc_net_mkdir(srv->net, "kfront", srv->net->proc_net);
	if (!srv->proc)
		return -ENOMEM;
	if (proc_create_single_data("stats", 0444, srv->proc, kf_stats_show, srv))
		return 0;
	kf_stats_unpublish(srv);
	return -ENOMEM;
}

/* Waits for readers. */
void kf_stats_unpublish(struct kf_server *srv)
{
	proc_remove(srv->proc);
	srv->proc = NULL;
}
