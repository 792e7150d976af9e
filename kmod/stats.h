/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters: per CPU, 64 bit, summed by the reader of /proc/net/kfront/stats.
 * The names are frozen: they become metrics later. "Gauges" are computed there.
 */
#ifndef KFRONT_STATS_H
#define KFRONT_STATS_H

#include <linux/percpu.h>
#include "reason.h"

#define KF_COUNTERS(_)							\
	_(CONNECTIONS, connections)		/* taken from the accept queue */ \
	_(ACCEPTS_LEFT, accepts_left)		/* inline: the server's queue was left alone */ \
	_(CONNECTIONS_CLOSED, connections_closed) /* ended here, not handed over */ \
	_(REQUESTS, requests)			/* answered from the kernel */	\
	_(RESPONSES_200, responses_200)					\
	_(RESPONSES_206, responses_206)		/* a range */			\
	_(RESPONSES_304, responses_304)					\
	_(RESPONSES_ENCODED, responses_encoded)	/* of the 200s, with a Content-Encoding */ \
	_(RESPONSES_408, responses_408)					\
	_(RESPONSES_503, responses_503)					\
	_(BYTES_SENT, bytes_sent)		/* heads and bodies, queued to TCP */ \
	_(BYTES_BY_REFERENCE, bytes_by_reference) /* of those, queued as page references */ \
	_(BYTES_COPIED, bytes_copied)		/* of those, copied by the kernel while sending */ \
	_(SERVED_SOFTIRQ, served_softirq)	/* hits: answered in softirq */ \
	_(SERVED_WORKER, served_worker)		/* misses and streams: a worker was asked */ \
	_(CACHE_HITS, cache_hits)					\
	_(CACHE_MISSES, cache_misses)					\
	_(CACHE_INSERTS, cache_inserts)					\
	_(CACHE_EVICTIONS, cache_evictions)	/* for room, LRU or shrinker */	\
	_(CACHE_INVALIDATIONS, cache_invalidations) /* fsnotify, validators, mounts, policy */ \
	_(CACHE_ONE_SHOT, cache_one_shot)	/* not kept: too young, no room, remote fs */ \
	_(STREAMS, streams)			/* files larger than max_object_bytes */ \
	_(STREAMS_ABORTED, streams_aborted)	/* the file changed while being sent */ \
	_(HANDED_OVER, handed_over)		/* connections now with the backend */ \
	_(PARKED, parked)			/* had to wait for the backend */ \
	_(HANDOVER_FAILED_ABSENT, handover_failed_absent) /* no listener on backend_port */ \
	_(HANDOVER_FAILED_FULL, handover_failed_full)	/* its accept queue is full */	\
	_(HANDOVER_FAILED_FAMILY, handover_failed_family) /* IPv4/IPv6 sockets do not match */ \
	_(HANDOVER_FAILED_MPTCP, handover_failed_mptcp)	/* the backend listens with MPTCP */	\
	_(HANDOVER_FAILED_STATE, handover_failed_state)	/* the connection ended before */	\
	_(TIMEOUTS_HEADER, timeouts_header)				\
	_(TIMEOUTS_KEEPALIVE, timeouts_keepalive)			\
	_(TIMEOUTS_SEND, timeouts_send)					\
	_(TIMEOUTS_LINGER, timeouts_linger)				\
	_(KILLED_RESET, killed_reset)		/* the peer reset, or ss -K */	\
	_(KILLED_FILE_CHANGED, killed_file_changed)			\
	_(KILLED_NO_MEMORY, killed_no_memory)				\
	_(KILLED_UNLOAD, killed_unload)					\
	_(RETRIES_OWNED, retries_owned)		/* socket was locked by somebody else */	\
	_(RETRIES_MEMORY, retries_memory)	/* send or accept had no memory, tried again */

enum kf_counter {
#define KF_COUNTER_ENUM(id, name) KF_C_##id,
	KF_COUNTERS(KF_COUNTER_ENUM)
#undef KF_COUNTER_ENUM
	KF_C_COUNT
};

struct kf_stats {
	u64 count[KF_C_COUNT];
	u64 handed_over[KF_R_COUNT];
};

#define kf_count(srv, id)	this_cpu_inc((srv)->stats->count[KF_C_##id])
#define kf_count_add(srv, id, n) this_cpu_add((srv)->stats->count[KF_C_##id], (n))

struct kf_server;
/* Of all processors, since the start. */
u64 kf_stats_sum(const struct kf_server *srv, enum kf_counter which);
int kf_stats_init(struct kf_server *srv);
void kf_stats_exit(struct kf_server *srv);
int kf_stats_publish(struct kf_server *srv);	/* /proc/net/kfront/stats */
void kf_stats_unpublish(struct kf_server *srv);

#endif /* KFRONT_STATS_H */
