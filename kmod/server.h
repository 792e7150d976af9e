/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One kfront instance: what it was told (parameters, sysctls, policy), what it
 * counts, and the parts that do the work. Everything takes a struct kf_server;
 * there is no other global state, so that several instances are only a list away.
 */
#ifndef KFRONT_SERVER_H
#define KFRONT_SERVER_H

#include <linux/cache.h>
#include <linux/cred.h>
#include <linux/in6.h>
#include <linux/percpu_counter.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include "policy.h"
#include "stats.h"

struct kf_arm;
struct kf_cache;
struct kf_policy;
struct kf_poll;
struct kf_listeners;
struct kf_inline;
struct kf_rules_params;

/* A policy in use: the softirq reads it under RCU, the worker holds a reference. */
struct kf_policy_ref {
	struct kf_policy *policy;
	u64 number;			/* from 1 up, of the same server: no other ever had it */
	struct rcu_head rcu;
	/*
	 * One for srv->policy, one for each kf_policy_get(): workers write it all the time,
	 * and each request reads the above.
	 */
	refcount_t refs ____cacheline_aligned_in_smp;
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
	int gzip;
	int precompressed;
	unsigned long cache_bytes;
	int revalidate_ms;
	int backend_wait_ms;
	int max_parked;
	int drain_timeout_ms;
	int strict;			/* these two change in arm.c only */
	int armed;			/* enum kf_armed */
};

struct kf_server {
	struct socket *idle, *blocked;	/* lent to children: hook.c */
	struct net *net;		/* held only by being in it: pernet exit stops us */
	struct in6_addr address;	/* to listen on, IPv4 as v4-mapped; valid if address_set */
	bool address_set;
	u16 port;			/* host byte order */
	u16 backend_port;		/* the same: inline */
	bool reuseport;
	const char *docroot;		/* absolute; resolved per miss, from init's root */
	const struct cred *cred;	/* uid/gid/groups, no capabilities: files are opened so */
	struct kf_settings set;
	int gate;			/* enum kf_gate: who is served at all. Written by arm.c */
	struct kf_arm *arm;
	char *watch;			/* paths; after the start under arm.c's mutex */
	struct kf_policy_ref __rcu *policy; /* replaced under policy_mutex */
	struct kf_policy_text text;	/* what policy was built from; its strings are kmalloc'ed */
	struct ctl_table_header *sysctl;
	struct ctl_table *sysctl_table;
	struct proc_dir_entry *proc;	/* /proc/net/kfront */
	struct kf_stats __percpu *stats;
	struct kf_cache *cache;		/* object.c */
	struct workqueue_struct *wq;	/* everything that sleeps: lookups, reads, closes */
	struct kf_poll **polls;		/* one per possible CPU: poll.c */
	struct net_device *napi_dev;	/* carries their NAPI instances */
	struct kf_listeners *listeners;	/* own port: listener.c; else NULL */
	struct kf_inline *inl;		/* inline: inline.c; else NULL */
	struct workqueue_struct *close_wq; /* tcp_close(): must not wait for slow files */
	struct workqueue_struct *cache_wq; /* bounds memory and staleness: nor must this */
	bool deserted;			/* inline: nobody listens; connections come to an end */
	bool stopping;			/* set once: connections go over or finish their answer */
	bool aborting;			/* set later: whatever is left is closed */

	/*
	 * What is above is read for each request, and written when the administrator changes
	 * something. What follows workers write, and every so many connections; it shares no
	 * cache line with that.
	 */
	struct percpu_counter open ____cacheline_aligned_in_smp; /* connections that are ours */
	atomic_t lookups;		/* questions to the worker that are not answered */
	atomic_t streams;		/* large files on their way */
	atomic_t parked;		/* connections that wait for the backend */
	atomic_t tapped;		/* inline: listening sockets that our hooks are in */
	atomic_t gzips;			/* workers that compress or wait to */
	struct mutex gzip_mutex;	/* one at a time: gzip.c */
	struct mutex policy_mutex;	/* protects text and replacing policy */
};

#ifdef CONFIG_SMP
static_assert(offsetof(struct kf_server, open) % SMP_CACHE_BYTES == 0);
static_assert(offsetof(struct kf_policy_ref, refs) % SMP_CACHE_BYTES == 0);
#endif

#define KF_DOCROOT_MAX	1024	/* bytes, NUL included */

struct kf_server *kf_server_alloc(struct net *net);
void kf_server_free(struct kf_server *srv);	/* one that was not started */
/* One line in the log on failure, and nothing left but @srv itself. */
int kf_server_start(struct kf_server *srv, const struct kf_rules_params *rules);
void kf_server_stop(struct kf_server *srv);	/* frees @srv, too */

/* The policy of the moment for code that sleeps; pair with kf_policy_put(). Never NULL. */
struct kf_policy_ref *kf_policy_get(struct kf_server *srv);
void kf_policy_put(struct kf_policy_ref *ref);

#endif /* KFRONT_SERVER_H */
