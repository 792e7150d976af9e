// SPDX-License-Identifier: GPL-2.0-only
/*
 * One instance: its parts brought up in the order in which they need each other,
 * and taken down in the reverse. Process context.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include "arm.h"
#include "file.h"
#include "hook.h"
#include "inline.h"
#include "listener.h"
#include "object.h"
#include "poll.h"
#include "rules.h"
#include "server.h"
#include "sysctl.h"

#define KF_LOOKUPS_MAX	64	/* worker questions under way at once, per NUMA node */

struct kf_server *kf_server_alloc(struct net *net)
{
	struct kf_server *srv = kzalloc(sizeof(*srv), GFP_KERNEL);

	if (!srv)
		return NULL;
	srv->net = net;
	mutex_init(&srv->gzip_mutex);
	kf_settings_defaults(&srv->set);
	return srv;
}

void kf_server_free(struct kf_server *srv)
{
	if (srv->cred)
		put_cred(srv->cred);
	kfree(srv->watch);
	kfree(srv->docroot);
	kfree(srv);
}

static int kf_workqueues_create(struct kf_server *srv)
{
	srv->wq = alloc_workqueue("kfront_file", WQ_UNBOUND, KF_LOOKUPS_MAX);
	if (!srv->wq)
		return -ENOMEM;
	srv->close_wq = alloc_workqueue("kfront_close", 0, 0);
	if (!srv->close_wq)
		goto out_wq;
	srv->cache_wq = alloc_workqueue("kfront_cache", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (srv->cache_wq)
		return 0;
	destroy_workqueue(srv->close_wq);
out_wq:
	destroy_workqueue(srv->wq);
	return -ENOMEM;
}

static void kf_workqueues_destroy(struct kf_server *srv)
{
	destroy_workqueue(srv->cache_wq);
	destroy_workqueue(srv->close_wq);
	destroy_workqueue(srv->wq);
}

/* Connections begin to come. */
static int kf_front_start(struct kf_server *srv)
{
	if (srv->port == srv->backend_port)
		return kf_inline_start(srv);
	return kf_listeners_start(srv);
}

/* And come no more. */
static void kf_front_stop(struct kf_server *srv)
{
	kf_inline_stop(srv);
	kf_listeners_stop(srv);
}

static void kf_front_free(struct kf_server *srv)
{
	kf_inline_free(srv);
	kf_listeners_free(srv);
}

int kf_server_start(struct kf_server *srv, const struct kf_rules_params *rules)
{
	int err;

	err = kf_docroot_check(srv);
	if (err)
		return err;
	err = kf_rules_init(srv, rules);
	if (err)
		return err;
	kf_roots_check(srv);
	err = kf_stats_init(srv);
	if (err)
		goto out_rules;
	err = percpu_counter_init(&srv->open, 0, GFP_KERNEL);
	if (err)
		goto out_stats;
	err = kf_workqueues_create(srv);
	if (err)
		goto out_open;
	err = kf_arm_init(srv);
	if (err)
		goto out_wq;
	err = kf_cache_init(srv);
	if (err)
		goto out_arm;
	err = kf_lent_sockets_create(srv);
	if (err)
		goto out_cache;
	err = kf_polls_start(srv);
	if (err)
		goto out_lent;
	err = kf_sysctl_init(srv);
	if (err)
		goto out_polls;
	err = kf_stats_publish(srv);
	if (err)
		goto out_sysctl;
	err = kf_front_start(srv);
	if (err)
		goto out_front;
	return 0;

out_front:
	/* It may have taken connections before it failed. */
	kf_polls_drain(srv);
	kf_stats_unpublish(srv);
	kf_front_free(srv);
out_sysctl:
	kf_sysctl_exit(srv);
out_polls:
	kf_polls_stop(srv);
out_lent:
	synchronize_rcu();
	kf_lent_sockets_destroy(srv);
out_cache:
	kf_cache_exit(srv);
out_arm:
	kf_arm_exit(srv);
out_wq:
	kf_workqueues_destroy(srv);
out_open:
	percpu_counter_destroy(&srv->open);
out_stats:
	kf_stats_exit(srv);
out_rules:
	kf_rules_exit(srv);
	return err;
}

/*
 * Nothing new (front), nothing under way (polls: every callback is out of
 * every socket), then nobody inside any more (RCU), then the memory.
 */
void kf_server_stop(struct kf_server *srv)
{
	kf_front_stop(srv);
	kf_polls_drain(srv);
	kf_stats_unpublish(srv);
	kf_sysctl_exit(srv);
	kf_polls_stop(srv);
	synchronize_rcu();
	kf_front_free(srv);
	kf_lent_sockets_destroy(srv);
	kf_cache_exit(srv);
	kf_arm_exit(srv);
	kf_workqueues_destroy(srv);
	percpu_counter_destroy(&srv->open);
	/* The last word, for whoever adds them up: /proc/net/kfront/stats went before the end. */
	pr_info("stopped: requests %llu, handed_over %llu, killed_unload %llu\n",
		kf_stats_sum(srv, KF_C_REQUESTS), kf_stats_sum(srv, KF_C_HANDED_OVER),
		kf_stats_sum(srv, KF_C_KILLED_UNLOAD));
	kf_stats_exit(srv);
	kf_rules_exit(srv);
	kf_server_free(srv);
}
