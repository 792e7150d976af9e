// SPDX-License-Identifier: GPL-2.0-only
/*
 * Our own port: a connection whose first request comes with the end of its
 * handshake (TCP_DEFER_ACCEPT) is ours before its packet's processing has ended. In:
 * a child as it is born (tap.c), with its request. Out: an answer; or, whenever
 * anything is not as it mostly is, nothing: the listener's hook finds the child in
 * its queue a moment later and wakes the poll (listener.c).
 *
 * Until then the child has a data callback of ours, and its request in sk_user_data,
 * which also keeps BPF's sockmaps from saving that callback. Both are gone after the
 * first data, or when the poll adopts it: no child of ours is without one of these ends.
 */
#include <net/tcp.h>
#include "conn.h"
#include "hook.h"
#include "listener.h"
#include "newborn.h"
#include "poll.h"

#define KF_BEHIND_MAX	8	/* in the queue before us, when nobody has drained it yet */

/* Take @req off the queue; false when it is not there (any more). */
static bool kf_newborn_take(struct sock *listener, struct request_sock *req)
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
	found = *link == req;
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
	if (c && kf_newborn_take(req->rsk_listener, req)) {
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
	/* Without a listener it came by SYN cookie. */
	if (!req || sock_owned_by_user(sk) || !req->rsk_listener || tcp_rsk(req)->tfo_listener)
		return;
	rcu_read_lock();
	srv = kf_listener_server(req->rsk_listener);
	if (srv && !READ_ONCE(srv->stopping) && !kf_conn_too_many(srv, 0))
		kf_newborn_adopt(srv, sk, req);
	rcu_read_unlock();
}

void kf_newborn_mark(struct sock *sk, struct request_sock *req)
{
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
