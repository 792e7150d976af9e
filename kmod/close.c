// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a connection that is closed here: its socket, its request and the
 * connection itself go. In: a connection that kf_conn_finish() has taken our
 * callbacks out of.
 *
 * tcp_close() needs a process, and to go there and back costs more than the rest
 * of a short connection. It is not needed when our FIN is queued and nothing is
 * unread: all that is left of it then is to make the socket an orphan, which TCP
 * brings to its end by itself. 7.2 does not export what that takes: there, and in
 * all other cases, it is the worker that closes.
 *
 * close_wq is apart from the others: whoever answers the worker's questions must
 * not wait for this.
 */
#include <net/tcp.h>
#include "close.h"
#include "compat/net.h"
#include "poll.h"

/*
 * tcp_close() resets what would be an orphan too many (net.ipv4.tcp_max_orphans, which
 * is not exported; 8192 with 2 GiB). From here on it is asked; where less is allowed,
 * TCP's timers ask.
 */
#define KF_ORPHANS_FEW	2048

static bool kf_orphan_allowed(struct kf_poll *p, const struct sock *sk)
{
	if (p->orphans_at != (u32)jiffies) {
		p->orphans_at = (u32)jiffies;
		p->orphans_few = kf_orphans(sk) < KF_ORPHANS_FEW;
	}
	/* The other thing that it looks at is TCP's memory. */
	return p->orphans_few &&
	       (sk->sk_wmem_queued <= SOCK_MIN_SNDBUF ||
		sk_memory_allocated(sk) <= sk_prot_mem_limits(sk, 2));
}

bool kf_close_at_once(struct kf_conn *c)
{
	struct sock *sk = c->sk;

	if (!KF_CAN_ORPHAN || c->reset ||
	    !(1 << sk->sk_state & (TCPF_FIN_WAIT1 | TCPF_LAST_ACK)) ||
	    !skb_queue_empty(&sk->sk_receive_queue) || !check_net(sock_net(sk)) ||
	    !kf_orphan_allowed(c->poll, sk))
		return false;
	if (tcp_rtx_and_write_queues_empty(sk)) {
		c->reset = true;	/* there was no memory for the FIN (kernel-traps 24) */
		return false;
	}
	sock_hold(sk);		/* until it is unlocked: kf_close() */
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	kf_orphan(sk);		/* the initial reference is TCP's now */
	c->orphan = true;
	return true;
}

void kf_close_work(struct work_struct *work)
{
	struct kf_poll *p = container_of(work, struct kf_poll, close_work);
	struct kf_conn *c, *next;
	struct sock *sk;

	llist_for_each_entry_safe(c, next, llist_del_all(&p->closing), queue) {
		sk = c->sk;
		if (c->reset) {
			lock_sock(sk);
			sock_set_flag(sk, SOCK_LINGER);
			WRITE_ONCE(sk->sk_lingertime, 0);
			release_sock(sk);
		}
		sk->sk_prot->close(sk, 0);	/* drops the child's initial reference */
		sock_gen_put((struct sock *)c->req);
		kf_conn_free(c);
		cond_resched();
	}
}

void kf_close(struct kf_conn *c)
{
	struct kf_poll *p = c->poll;

	kf_count(p->srv, CONNECTIONS_CLOSED);
	if (c->orphan) {
		sock_put(c->sk);
		sock_gen_put((struct sock *)c->req);
		kf_conn_recycle(c);
	} else if (llist_add(&c->queue, &p->closing)) {
		queue_work(p->srv->close_wq, &p->close_work);
	}
}
