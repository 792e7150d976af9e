/* SPDX-License-Identifier: GPL-2.0-only */
/* A server's own listening socket, and our hooks in it: see tap.c. */
#ifndef KFRONT_TAP_H
#define KFRONT_TAP_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <net/request_sock.h>
#include "server.h"

struct kf_poll;

struct kf_tap {
	struct list_head list;		/* of a server's taps */
	struct llist_node queue;	/* poll->accepting, while KF_TAP_PENDING */
	unsigned long flags;		/* atomic bit operations */
	unsigned long since;		/* jiffies: pending */
	struct sock *sk;		/* reference, until kf_taps_out() */
	struct kf_server *srv;
	refcount_t refs;		/* one for the list, one while pending */
	struct rcu_head rcu;		/* sk_user_data is read under RCU */
};

/* Why a listening socket is left alone. */
enum kf_tap_refusal {
	KF_TAP_FINE,
	KF_TAP_MPTCP,
	KF_TAP_DRIVEN,		/* BPF, SMC, or another part of the kernel has it */
	KF_TAP_OTHER_USER,	/* inline.c: not root's, while another one on this port is */
	KF_TAP_REFUSALS
};

/* Learn what a fresh TCP socket looks like in @net. May sleep. */
int kf_taps_learn(struct net *net);
/* Before the module goes, when nothing is tapped any more: nobody calls us after this. */
void kf_taps_forget(void);

/* Is it one of ours already? Any context. */
bool kf_tapped(const struct sock *sk);
enum kf_tap_refusal kf_tap_refuses(struct sock *sk);

/**
 * kf_taps_in() - put our hooks into listening sockets
 * @taps: to be appended to
 * @socks: referenced by the caller, none of them tapped; those that meanwhile
 *	stopped listening or became somebody else's are left as they are
 * Process context, one caller at a time for @srv; waits for RCU. Return: true when all
 * are tapped; false: some were owned, or changed, or there was no memory: try again.
 */
bool kf_taps_in(struct kf_server *srv, struct list_head *taps, struct sock **socks, int nr);

/**
 * kf_taps_out() - take our hooks out again
 * @leave: of those for which it says so
 * @wait: also for a socket's owner; else one that is owned is left for the next time
 *
 * As kf_taps_in(). Afterwards nobody is inside the hooks of those sockets, no child
 * of theirs has a callback of ours, and they are released.
 */
void kf_taps_out(struct list_head *taps, bool (*leave)(const struct kf_tap *tap, bool arg),
		 bool arg, bool wait);

/* Our own listener, before it listens: its children, too, are born without our callback. */
void kf_tap_own(struct sock *sk);

void kf_tap_put(struct kf_tap *tap);

/* take.c: a tapped socket's sk_data_ready. */
void kf_tap_data_ready(struct sock *sk);

/* From the poll: take what nobody has judged yet off the queues that told us of something. */
void kf_taps_take(struct kf_poll *p);

/*
 * A connection that goes (back) into a queue is marked so that it is not taken again.
 * The time between two SYN-ACKs has no meaning once the handshake is over.
 */
#define KF_JUDGED	U32_MAX
static inline void kf_mark_judged(struct request_sock *req)
{
	req->timeout = KF_JUDGED;
}

static inline bool kf_judged(const struct request_sock *req)
{
	return req->timeout == KF_JUDGED;
}

#endif /* KFRONT_TAP_H */
