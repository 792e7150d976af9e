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
#define KF_TAKE_MAX	64		/* in one go */
#define KF_TAP_LATE	(HZ / 50 ?: 1)	/* pending for so long: the server is woken all the same */

/* Have this CPU's poll look into the queue. False: the server must be woken itself. BH off. */
static bool kf_tap_pend(struct kf_tap *tap, struct sock *sk)
{
	struct kf_poll *p = kf_poll_here(tap->srv);

	if (!refcount_inc_not_zero(&tap->refs))
		return false;
	/* A child by SYN cookie holds no reference to its listener: it may be on its way out. */
	if (!refcount_inc_not_zero(&sk->sk_refcnt)) {
		kf_tap_put(tap);
		return false;
	}
	/* A full barrier: whoever has it pending looks into the queue after this. */
	if (test_and_set_bit(KF_TAP_PENDING, &tap->flags)) {
		sock_put(sk);
		kf_tap_put(tap);
		/* Unless that one's CPU has other things to do. */
		return time_before(jiffies, READ_ONCE(tap->since) + KF_TAP_LATE);
	}
	WRITE_ONCE(tap->since, jiffies);
	llist_add(&tap->queue, &p->accepting);	/* with both references */
	kf_poll_schedule(p);
	return true;
}

/*
 * Softirq, with a child's lock held; or process context, BH off, when the kernel
 * moves requests from a listener that closes to another of its group.
 */
void kf_tap_data_ready(struct sock *sk)
{
	struct kf_tap *tap;

	local_bh_disable();
	rcu_read_lock();
	tap = rcu_dereference_sk_user_data(sk);
	if (!tap || sk->sk_state != TCP_LISTEN || !READ_ONCE(tap->srv->set.enabled) ||
	    !kf_tap_pend(tap, sk))
		kf_default_data_ready(sk);
	rcu_read_unlock();
	local_bh_enable();
}

/* What is to be done about a queue after we have taken from it. */
struct kf_taken {
	struct request_sock *chain;	/* what we took: linked by dl_next */
	bool more;			/* there is more to take: in our next turn */
	bool left;			/* something was left to the server */
	bool wake;			/* something is there for the server */
};

/* Take off the queue what nobody judged. Holds: slock, not owned. */
static void kf_tap_dequeue(struct sock *sk, struct kf_taken *t)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	struct request_sock **link, **end = &t->chain, *req, *before = NULL;
	int passed = 0, taken = 0;

	spin_lock(&queue->rskq_lock);
	link = &queue->rskq_accept_head;
	while ((req = *link)) {
		/* A Fast Open child is tied to its request until the handshake is over. */
		if (kf_judged(req) || tcp_rsk(req)->tfo_listener) {
			t->wake = true;
			t->left |= !kf_judged(req) || passed == KF_JUDGED_MAX;
			if (passed++ == KF_JUDGED_MAX)
				break;
			before = req;
			link = &req->dl_next;
			continue;
		}
		if (taken++ == KF_TAKE_MAX) {
			t->more = true;
			break;
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
}

/* Holds: slock, not owned. */
static void kf_tap_take_all(struct kf_poll *p, struct sock *sk, struct kf_taken *t)
{
	struct request_sock *req, *next;
	struct kf_conn *c;

	kf_tap_dequeue(sk, t);
	for (req = t->chain; req; req = next) {
		next = req->dl_next;
		if (!req->rsk_listener) {	/* it came by SYN cookie */
			sock_hold(sk);
			req->rsk_listener = sk;
		}
		c = kf_conn_reuse(p);
		if (!c) {
			/* Under slock nobody makes it stop listening: this cannot fail. */
			kf_enqueue(sk, req, req->sk, false);
			t->left = true;
			t->more = false;	/* not that one again at once */
			continue;
		}
		c->req = req;
		c->sk = req->sk;
		kf_count(p->srv, CONNECTIONS);
		kf_conn_kick(c);
	}
}

static void kf_tap_take(struct kf_poll *p, struct kf_tap *tap, struct sock *sk)
{
	struct kf_server *srv = p->srv;
	struct kf_taken t = {};

	if (READ_ONCE(srv->stopping) || !READ_ONCE(srv->set.enabled)) {
		t.wake = true;
	} else if (kf_conn_too_many(srv, 0)) {
		t.left = true;
	} else {
		bh_lock_sock(sk);
		if (sock_owned_by_user(sk))	/* in accept(), it counts on what is there */
			t.left = true;
		else if (sk->sk_state == TCP_LISTEN)
			kf_tap_take_all(p, sk, &t);
		bh_unlock_sock(sk);
	}
	if (t.left)
		kf_count(srv, ACCEPTS_LEFT);
	if (t.more && !kf_tap_pend(tap, sk))
		t.wake = true;
	if (t.left || t.wake)
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
		kf_tap_take(p, tap, sk);
		sock_put(sk);
		kf_tap_put(tap);
	}
}
