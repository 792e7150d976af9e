/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One kfront instance: what it was told (parameters, sysctls, policy), what it
 * counts, and the parts that do the work. Everything takes a struct kf_server;
 * there is no other global state, so that several instances are only a list away.
 */
#ifndef KFRONT_SERVER_H
#define KFRONT_SERVER_H

#include <linux/cred.h>
#include <linux/in6.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include "stats.h"

struct kf_cache;
struct kf_policy;
struct kf_poll;
struct kf_listener;

/* A policy in use: the softirq reads it under RCU, the worker holds a reference. */
struct kf_policy_ref {
	struct kf_policy *policy;
	refcount_t refs;		/* one for srv->policy, one for each kf_policy_get() */
	struct rcu_head rcu;
};

/* Sysctl values: plain ints, read with READ_ONCE() wherever needed. */
struct kf_settings {
	int enabled;
	int max_connections;
	int header_timeout_ms;
	int keepalive_timeout_ms;
	int keepalive_requests;
	int send_timeout_ms;
	int max_header_bytes;
	int max_header_lines;
	int max_object_bytes;
	unsigned long cache_bytes;
	int revalidate_ms;
};

struct kf_server {
	struct net *net;		/* held only by being in it: pernet exit stops us */
	const char *docroot;		/* absolute; resolved per miss, from init's root */
	const struct cred *cred;	/* uid/gid/groups, no capabilities: whose rights files are opened with */
	struct kf_settings set;
	struct kf_policy_ref __rcu *policy; /* replaced under policy_mutex (sysctl.c) */
	struct kf_stats __percpu *stats;
	struct kf_cache *cache;		/* object.c */
	struct workqueue_struct *wq;	/* everything that sleeps: lookups, reads, closes */
	struct kf_poll **polls;		/* one per possible CPU: poll.c */
	struct kf_listener *listener;
	bool stopping;			/* set once, before the polls are told to let go */
};

/* The policy of the moment for code that sleeps; pair with kf_policy_put(). Never NULL. */
struct kf_policy_ref *kf_policy_get(struct kf_server *srv);
void kf_policy_put(struct kf_policy_ref *ref);

#endif /* KFRONT_SERVER_H */
