// SPDX-License-Identifier: GPL-2.0-only
/*
 * Our own port: a connection whose first request comes with the end of its
 * handshake (TCP_DEFER_ACCEPT) is ours before its packet's processing has ended. In:
 * a child as it is born (tap.c), with its request. Out: an answer; or, whenever
 * anything is not as it mostly is, nothing: the listener's hook finds the child in
 * its queue a moment later and wakes the poll (listener.c).
 *
 * Until then the child has a data callback of ours, and its request in sk_user_data,
 * which also keeps BPF's sockmaps from saving that callback (so a program that puts
 * connections into one as they are made gets none of ours). Both are gone after the
 * first data, or when the poll adopts the child or lets go of it.
 */
#include <net/tcp.h>
#include "conn.h"
#include "hook.h"
#include "listener.h"
#include "newborn.h"
#include "poll.h"

#define KF_BEHIND_MAX	8	/* in the queue before us, when nobody has drained it yet */

/* Take @req off the queue; false when it is not there (any more). */
static bool kf_newborn_take(struct sock *listener, struct request_sock *req,
			    const struct sock *child)
{
	struct request_sock_queue *queue = &inet_csk(listener)->icsk_accept_queue;
	struct request_sock **link, *before = NULL;
	int passed = 0;
	bool found;

	spin_lock(&queue->rskq_lock);
	link = &queue->rskq_accept_head;
	while (*link && *link != req && passed++ < KF_BEHIND_MAX) {
		before = *link;
		link = &before->dl_next;
	}
	found = *link == req && req->sk == child;
	if (found) {
		WRITE_ONCE(*link, req->dl_next);
		if (!req->dl_next)
			queue->rskq_accept_tail = before;
		sk_acceptq_removed(listener);
		req->dl_next = NULL;
	}
	spin_unlock(&queue->rskq_lock);
	return found;
}

/* Holds: slock, not owned; under rcu_read_lock(). */
static void kf_newborn_adopt(struct kf_server *srv, struct sock *sk, struct request_sock *req)
{
	struct kf_poll *p = kf_poll_here(srv);
	struct kf_conn *c;

	if (!kf_poll_try(p))
		return;
	c = kf_conn_reuse(p);
	if (c && kf_newborn_take(req->rsk_listener, req, sk)) {
		c->req = req;
		c->sk = sk;
		kf_count(srv, CONNECTIONS);
		kf_conn_here(c, sk);
	} else if (c) {
		kf_conn_recycle(c);
	}
	kf_poll_leave(p);
}

/* TCP has put the first data into the queue: see kf_conn_data(). */
static void kf_newborn_data_ready(struct sock *sk)
{
	struct request_sock *req = rcu_dereference_check(__sk_user_data(sk),
							 lockdep_sock_is_held(sk));
	struct kf_server *srv;

	kf_newborn_forget(sk);
	if (!req || sock_owned_by_user(sk) || tcp_rsk(req)->tfo_listener)
		return;
	rcu_read_lock();
	srv = kf_listener_server(req->rsk_listener);
	if (srv && !READ_ONCE(srv->stopping))
		kf_newborn_adopt(srv, sk, req);
	rcu_read_unlock();
}

void kf_newborn(const struct sock *listener, struct sock *sk, struct request_sock *req)
{
	/* The answer carries the first ACK (kernel-traps 19); else kf_ack_now(). */
	inet_csk_enter_pingpong_mode(sk);
	/* In a group the stack may put another request, or another listener, in place of these. */
	if (listener->sk_reuseport || req->rsk_listener != listener)
		return;
	rcu_assign_sk_user_data(sk, req);
	sk->sk_data_ready = kf_newborn_data_ready;
}

void kf_newborn_forget(struct sock *sk)
{
	if (sk->sk_data_ready != kf_newborn_data_ready)
		return;
	rcu_assign_sk_user_data(sk, NULL);
	kf_unhook_listener(sk);
}
