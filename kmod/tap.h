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
	struct list_head list;		/* taps of a server, while the hooks are in; kf_tap_lock */
	struct llist_node queue;	/* poll->accepting, while KF_TAP_PENDING */
	unsigned long flags;		/* atomic bit operations */
	/*
	 * No reference: the server's close must free it at once. Valid while on the
	 * list under kf_tap_lock (our destructor takes us off), and while pending
	 * (that holds one).
	 */
	struct sock *sk;
	struct kf_server *srv;
	refcount_t refs;		/* one for the hooks (sk_user_data), one while pending */
	struct rcu_head rcu;
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

/* Is it one of ours already? Any context. */
bool kf_tapped(const struct sock *sk);
enum kf_tap_refusal kf_tap_refuses(struct sock *sk);

/**
 * kf_taps_in() - put our hooks into listening sockets
 * @taps: to be appended to, guarded by kf_tap_lock
 * @socks: referenced by the caller, none of them tapped; those that meanwhile
 *	stopped listening or became somebody else's are left as they are
 * Process context, one caller at a time for @srv; waits for RCU. Return: 0, or -ENOMEM
 * when some were left out.
 */
int kf_taps_in(struct kf_server *srv, struct list_head *taps, struct sock **socks, int nr);

/**
 * kf_taps_out() - take our hooks out again
 * @all: of every socket; else of those that do not listen (any more)
 *
 * As kf_taps_in(). Afterwards nobody is inside the hooks of those sockets and none
 * of their children has a pointer to us.
 */
void kf_taps_out(struct list_head *taps, bool all);

/* How many are tapped now. */
int kf_taps_count(struct list_head *taps);

/* Wait until sockets that are just being freed have left the list. Process context. */
void kf_taps_wait(struct list_head *taps);

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
