// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inline: taking connections out of the server's accept queue. In: its listening
 * socket says that there is something. Out: what nobody has judged yet, as
 * newborns in this CPU's poll, before the server is woken.
 *
 * accept() counts on nobody else taking from the queue while it owns the socket
 * (kernel-traps 1): so only the poll takes, with the socket's slock, and only
 * when nobody owns the socket; else the connection is left to the server. So it
 * is whenever anything is missing.
 */
#include <net/tcp.h>
#include "conn.h"
#include "handover.h"
#include "hook.h"
#include "poll.h"
#include "tap.h"

#define KF_TAP_PENDING	0	/* bit in flags */

/*
 * Of connections that wait for the server to accept them so many are passed over to
 * find new ones behind. Whoever fills the queue of a server that is stuck must not
 * make each new connection dearer than a connection is.
 */
#define KF_JUDGED_MAX	512

/*
 * Softirq, with a child's lock held; or process context, BH off, when the kernel
 * moves requests from a listener that closes to another of its group.
 */
void kf_tap_data_ready(struct sock *sk)
{
	struct kf_tap *tap;
	struct kf_poll *p;

	local_bh_disable();
	rcu_read_lock();
	tap = rcu_dereference_sk_user_data(sk);
	if (!tap || sk->sk_state != TCP_LISTEN || !READ_ONCE(tap->srv->set.enabled) ||
	    !refcount_inc_not_zero(&tap->refs)) {
		kf_default_data_ready(sk);
		goto out;
	}
	/* A full barrier: whoever has it pending looks into the queue after this. */
	if (test_and_set_bit(KF_TAP_PENDING, &tap->flags)) {
		kf_tap_put(tap);
		goto out;
	}
	sock_hold(sk);		/* both until kf_taps_take() */
	p = kf_poll_here(tap->srv);
	llist_add(&tap->queue, &p->accepting);
	kf_poll_schedule(p);
out:
	rcu_read_unlock();
	local_bh_enable();
}

/* Take off the queue what nobody judged: a chain linked by dl_next. Holds: slock, not owned. */
static struct request_sock *kf_tap_dequeue(struct sock *sk, bool *left)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	struct request_sock *req, *before = NULL, *chain = NULL;
	struct request_sock **link, **end = &chain;
	int passed = 0;

	spin_lock(&queue->rskq_lock);
	link = &queue->rskq_accept_head;
	while ((req = *link)) {
		/* A Fast Open child is tied to its request until the handshake is over. */
		if (kf_judged(req) || tcp_rsk(req)->tfo_listener) {
			if (!kf_judged(req))
				*left = true;
			if (passed++ == KF_JUDGED_MAX) {
				*left = true;
				break;
			}
			before = req;
			link = &req->dl_next;
			continue;
		}
		WRITE_ONCE(*link, req->dl_next);
		if (!req->dl_next)
			queue->rskq_accept_tail = before;
		sk_acceptq_removed(sk);
		req->dl_next = NULL;
		*end = req;
		end = &req->dl_next;
	}
	spin_unlock(&queue->rskq_lock);
	return chain;
}

/* False: something is left for the server. Holds: slock, not owned. */
static bool kf_tap_take_all(struct kf_poll *p, struct sock *sk)
{
	struct request_sock *req, *next;
	struct kf_conn *c;
	bool left = false;

	for (req = kf_tap_dequeue(sk, &left); req; req = next) {
		next = req->dl_next;
		if (!req->rsk_listener) {	/* it came by SYN cookie */
			sock_hold(sk);
			req->rsk_listener = sk;
		}
		c = kf_conn_alloc(p);
		if (!c) {
			kf_enqueue(sk, req, req->sk, false);
			left = true;
			continue;
		}
		c->req = req;
		c->sk = req->sk;
		kf_count(p->srv, CONNECTIONS);
		kf_conn_kick(c);
	}
	return !left;
}

static void kf_tap_take(struct kf_poll *p, struct sock *sk)
{
	struct kf_server *srv = p->srv;
	bool ours = !READ_ONCE(srv->stopping) && READ_ONCE(srv->set.enabled);

	if (ours) {
		bh_lock_sock(sk);
		/* Owned: in accept(), most likely, and that counts on what is there. */
		ours = !sock_owned_by_user(sk) &&
		       (sk->sk_state != TCP_LISTEN || kf_tap_take_all(p, sk));
		bh_unlock_sock(sk);
		if (!ours)
			kf_count(srv, ACCEPTS_LEFT);
	}
	if (!ours)
		kf_default_data_ready(sk);
}

void kf_taps_take(struct kf_poll *p)
{
	struct llist_node *pending = llist_del_all(&p->accepting);
	struct kf_tap *tap, *next;
	struct sock *sk;

	if (likely(!pending))
		return;
	llist_for_each_entry_safe(tap, next, llist_reverse_order(pending), queue) {
		sk = tap->sk;
		clear_bit(KF_TAP_PENDING, &tap->flags);
		/* Pairs with test_and_set_bit(): from here on the hook tells us anew. */
		smp_mb__after_atomic();
		kf_tap_take(p, sk);
		sock_put(sk);
		kf_tap_put(tap);
	}
}
