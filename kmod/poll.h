/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The per-CPU poll: the one owner of every connection assigned to it. A NAPI
 * instance gives it a budget, ksoftirqd under load, and the guarantee that it
 * never runs twice at once, so what it owns needs no lock, on whichever CPU it
 * runs (a dead CPU's poll moves; hence no this_cpu_*() here). A bit beside it lets a
 * socket's data callback have the poll for a moment instead.
 */
#ifndef KFRONT_POLL_H
#define KFRONT_POLL_H

#include <linux/bvec.h>
#include <linux/llist.h>
#include <linux/netdevice.h>
#include <linux/timer.h>
#include "conn.h"
#include "missed.h"
#include "head.h"
#include "route.h"
#include "server.h"

#define KF_HEAD_BUF	16384	/* bytes; the largest max_header_bytes */
#define KF_HEAD_PAGES	8
#define KF_SPARES	16
#define KF_BODY_VECS	257	/* 1 MiB of single pages, unaligned */

struct kf_poll {
	struct napi_struct napi;
	struct kf_server *srv;
	struct timer_list timer;	/* ticks while there is anything to wait for */

	/* Any context: */
	struct llist_head inbox;	/* connections that were kicked */
	struct llist_head accepting;	/* tapped listeners with something in their queue */
	unsigned long events;		/* KF_EV_*, atomic bit operations */

	/* The poll only: */
	struct llist_node *todo;	/* kicked connections taken off inbox, in order */
	struct llist_head retry;	/* socket was owned, or no memory: at the next tick */
	struct list_head conns;		/* all that this poll owns */
	struct list_head waits[KF_T_COUNT]; /* by begin of the wait; see timer.c */
	struct list_head *park_at;	/* in waits[KF_T_BACKEND]: where park.c goes on */
	const struct sock *refused;	/* the last full listener; compared, never looked into */
	struct page *heads[KF_HEAD_PAGES]; /* response heads are written here: reply.c */
	struct page *head_page;		/* the one of them that is being filled */
	u32 head_used;			/* bytes of it */
	u32 head_at;			/* its place */
	s64 front_second;		/* for which front is valid, ... */
	u64 front_policy;		/* ... and the number of the policy it is of */
	struct kf_front front;		/* how heads begin */
	struct page_frag frag;		/* lent to sockets where TCP must copy (send.c) */
	char *buf;			/* KF_HEAD_BUF bytes: the head being parsed */
	struct kf_request rq;		/* what it says, and ... */
	struct kf_host_memo host;	/* what requests on this CPU last asked */
	struct kf_target target;	/* ... what it asks for, ... */
	struct kf_answer answer;	/* ... what it gets, ... */
	struct kf_reply_env env;	/* ... and what else is said; a stack would be zeroed */
	char *name;			/* KF_KEY_MAX bytes: a name that had to be put together */
	struct kf_missed missed;	/* names that were not there a moment ago */
	struct bio_vec bv[KF_BODY_VECS + 1]; /* the answer being queued: head, body */

	struct kf_conn *spare;		/* connections that have ended: kf_conn_reuse() */
	u32 spares;

	/* close.c: */
	u32 orphans_at;			/* jiffies: when they were counted */
	bool orphans_few;
	struct llist_head closing;	/* for the worker */
	struct work_struct close_work;
};

#define KF_EV_TICK	0	/* the timer fired */
#define KF_EV_SWEEP	1	/* look at every connection */
#define KF_EV_TAKEN	2	/* somebody has the poll: kf_poll_try() */

int kf_polls_start(struct kf_server *srv);
/* Have each poll look at every connection. Process context. */
void kf_polls_sweep(struct kf_server *srv);
/* Lets go of every connection; returns when none is left. Process context, no listener is left. */
void kf_polls_drain(struct kf_server *srv);
void kf_polls_stop(struct kf_server *srv);

/* The poll new connections on this CPU go to. BH off. */
struct kf_poll *kf_poll_here(struct kf_server *srv);
void kf_poll_schedule(struct kf_poll *p);	/* BH off */

/*
 * Have the poll to oneself for a moment: its NAPI instance, when it comes, comes again and
 * again until kf_poll_leave(). BH off. False: somebody else has it.
 */
bool kf_poll_try(struct kf_poll *p);
void kf_poll_leave(struct kf_poll *p);

/* Look at @c again at the next tick (it stays queued). From the poll. */
void kf_poll_retry(struct kf_poll *p, struct kf_conn *c);

/* timer.c: the waits. From the poll only. */
void kf_wait_begin(struct kf_conn *c, enum kf_timeout which);
#define KF_TICK	(HZ / 10 ?: 1)	/* granularity of the waits */
/*
 * Of many requests in a row not each moves its connection in the list: what began within
 * the last tick goes on. So that none is closed early, this one lasts a tick longer.
 */
static inline void kf_wait_keepalive(struct kf_conn *c)
{
	if (c->timeout != KF_T_KEEPALIVE || (u32)jiffies - c->since >= KF_TICK)
		kf_wait_begin(c, KF_T_KEEPALIVE);
}

void kf_wait_end(struct kf_conn *c);
void kf_waits_expire(struct kf_poll *p);
void kf_tick_arm(struct kf_poll *p);
void kf_tick(struct timer_list *t);

#endif /* KFRONT_POLL_H */
