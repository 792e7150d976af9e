// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection's life: newborn, requests, sending, lingering, gone.
 *
 * In: kicks (data, room, state, a worker's answer, a timeout). Out: the next
 * step of its state machine. Runs in the poll, BH off, one connection at a time,
 * under the socket's slock and never while somebody owns the socket: then the
 * connection waits a tick (kernel-traps 8).
 */
#include <linux/slab.h>
#include <net/tcp.h>
#include "close.h"
#include "compat/net.h"
#include "conn.h"
#include "file.h"
#include "handover.h"
#include "hook.h"
#include "newborn.h"
#include "park.h"
#include "poll.h"
#include "request.h"
#include "send.h"

#define KF_LINGER_BYTES	(1024 * 1024)	/* swallowed after our FIN, about */
#define KF_STEPS_MAX	32		/* state changes in one run before others get a turn */
#define KF_STEPS_HERE	4		/* the same where its data came: the rest is the poll's */

static struct kmem_cache *kf_conn_cache;

int kf_conn_cache_create(void)
{
	kf_conn_cache = kmem_cache_create("kfront_conn", sizeof(struct kf_conn),
					  0, SLAB_HWCACHE_ALIGN, NULL);
	return kf_conn_cache ? 0 : -ENOMEM;
}

void kf_conn_cache_destroy(void)
{
	kmem_cache_destroy(kf_conn_cache);
}

/* The connection is not yet in any list of @poll: it joins at its first run. */
static struct kf_conn *kf_conn_init(struct kf_conn *c, struct kf_poll *poll)
{
	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->poll = poll;
	c->state = KF_NEWBORN;
	c->timeout = KF_T_NONE;
	INIT_LIST_HEAD(&c->all);
	INIT_LIST_HEAD(&c->wait);
	percpu_counter_inc(&poll->srv->open);
	return c;
}

struct kf_conn *kf_conn_alloc(struct kf_poll *poll)
{
	return kf_conn_init(kmem_cache_alloc(kf_conn_cache, GFP_ATOMIC | __GFP_NOWARN), poll);
}

void kf_conn_free(struct kf_conn *c)
{
	percpu_counter_dec(&c->poll->srv->open);
	kmem_cache_free(kf_conn_cache, c);
}

struct kf_conn *kf_conn_reuse(struct kf_poll *p)
{
	struct kf_conn *c = p->spare;

	if (!c)
		return kf_conn_alloc(p);
	p->spare = c->spare;
	p->spares--;
	return kf_conn_init(c, p);
}

void kf_conn_recycle(struct kf_conn *c)
{
	struct kf_poll *p = c->poll;

	/* Whoever uses a connection after its end is to be found by KASAN. */
	if (IS_ENABLED(CONFIG_KASAN) || p->spares == KF_SPARES) {
		kf_conn_free(c);
		return;
	}
	percpu_counter_dec(&p->srv->open);
	c->spare = p->spare;
	p->spare = c;
	p->spares++;
}

void kf_conn_free_spares(struct kf_poll *p)
{
	struct kf_conn *c, *next;

	for (c = p->spare; c; c = next) {
		next = c->spare;
		kmem_cache_free(kf_conn_cache, c);
	}
}

bool kf_conn_too_many(struct kf_server *srv, int more)
{
	s64 max = (s64)READ_ONCE(srv->set.max_connections) + more;

	return percpu_counter_compare(&srv->open, max) > 0;
}

void kf_conn_kick(struct kf_conn *c)
{
	struct kf_poll *p = c->poll;

	if (test_and_set_bit(KF_CONN_QUEUED, &c->flags))
		return;
	/* From here on the poll may run and free c. */
	local_bh_disable();
	llist_add(&c->queue, &p->inbox);
	kf_poll_schedule(p);
	local_bh_enable();
}

/*
 * The worker's last word: "answered" and "queued" in one step. In two, the poll,
 * awake for another reason, could see the first and free @c before the second.
 * A full barrier: the result is visible before the bits.
 */
void kf_conn_answer(struct kf_conn *c)
{
	const unsigned long both = BIT(KF_CONN_QUEUED) | BIT(KF_CONN_ANSWERED);
	struct kf_poll *p = c->poll;

	if (set_mask_bits(&c->flags, 0UL, both) & BIT(KF_CONN_QUEUED))
		return;		/* queued: its poll will see; @c may be gone already */
	/* QUEUED is ours: @c stays until it comes off the inbox. */
	local_bh_disable();
	llist_add(&c->queue, &p->inbox);
	kf_poll_schedule(p);
	local_bh_enable();
}

/* What is held for the answer in progress. */
void kf_conn_drop_answer(struct kf_conn *c)
{
	if (!c->lookup && !c->stream && !c->object && !c->head_page)
		return;		/* so nothing of what says how much is left of it is set */
	if (c->lookup) {
		kf_lookup_free(c->lookup);
		c->lookup = NULL;
	}
	if (c->stream) {
		kf_stream_free(c->stream);
		c->stream = NULL;
	}
	if (c->object) {
		kf_object_put(c->object);
		c->object = NULL;
	}
	if (c->head_page) {
		put_page(c->head_page);
		c->head_page = NULL;
	}
	c->head_len = 0;
	c->send_off = 0;
	c->body_left = 0;
	c->streaming = false;
}

/* Our callbacks leave the socket; the poll frees us. No worker's question is open. */
void kf_conn_finish(struct kf_conn *c)
{
	kf_conn_drop_answer(c);
	kf_unpark(c);
	kf_wait_end(c);
	if (c->state == KF_NEWBORN)
		kf_newborn_forget(c->sk);
	else
		kf_unhook(c->sk);
	c->state = KF_DEAD;
}

void kf_conn_reset(struct kf_conn *c)
{
	c->reset = true;
	kf_conn_finish(c);
}

/*
 * No further answer: send the FIN, on the last data segment when that has not
 * left yet. A close with unread input would send a RST that can overtake the
 * answer at the client (kernel-traps 15); so stay and swallow until the peer's
 * FIN, unless the client announced that it sends nothing more.
 */
void kf_conn_shutdown(struct kf_conn *c)
{
	struct sock *sk = c->sk;

	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | SEND_SHUTDOWN);
	sk->sk_prot->shutdown(sk, SEND_SHUTDOWN);
	if (sk->sk_state == TCP_CLOSE || sk->sk_shutdown & RCV_SHUTDOWN ||
	    (c->asked_close && !tcp_inq(sk))) {
		if (!skb_queue_empty(&sk->sk_receive_queue))
			kf_discard(sk);
		kf_conn_finish(c);
		kf_close_at_once(c);
		return;
	}
	kf_conn_drop_answer(c);
	kf_want(c, KF_WANT_NOTHING);
	c->state = KF_LINGER;
	kf_wait_begin(c, KF_T_LINGER);
}

static void kf_conn_linger(struct kf_conn *c)
{
	struct sock *sk = c->sk;

	/* More than that stays unread, and its window closes, until the wait ends. */
	if (c->send_off < KF_LINGER_BYTES)
		c->send_off += kf_discard(sk);
	if (sk->sk_shutdown & RCV_SHUTDOWN)
		kf_conn_finish(c);
}

/* First run: make the child ours, or pass it on at once. Returns false to wait. */
static bool kf_conn_adopt(struct kf_conn *c)
{
	struct kf_server *srv = c->poll->srv;
	struct sock *sk = c->sk;

	if (sk->sk_state == TCP_SYN_RECV) {
		/* Fast Open, or the handshake's last ACK is still at work (kernel-traps 10, 25). */
		if (READ_ONCE(srv->aborting)) {
			kf_conn_reset(c);
			return true;
		}
		if (c->timeout == KF_T_NONE)
			kf_wait_begin(c, KF_T_HEADER);
		kf_poll_retry(c->poll, c);
		return false;
	}
	kf_wait_end(c);
	if (!kf_sk_net_refcnt_upgrade(sk)) {
		kf_conn_reset(c);
		return true;
	}
	if (!(1 << sk->sk_state & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT))) {
		kf_count(srv, KILLED_RESET);
		kf_conn_finish(c);
		return true;
	}
	kf_newborn_forget(sk);
	if (!kf_hookable(sk)) {
		kf_handover_foreign(c);
		return true;
	}
	kf_hook(c);
	c->state = KF_REQUEST;
	if (!tcp_inq(sk))	/* else kf_request() does, if it has to */
		kf_wait_begin(c, KF_T_HEADER);
	if (kf_conn_too_many(srv, 0))
		kf_handover(c, KF_R_MAX_CONNECTIONS);
	return true;
}

/* The worker answered: go on where we asked. */
static bool kf_conn_answered(struct kf_conn *c)
{
	if (!test_and_clear_bit(KF_CONN_ANSWERED, &c->flags))
		return false;
	c->state = c->streaming ? KF_SENDING : KF_REQUEST;
	if (!c->streaming && c->timeout == KF_T_NONE) {
		c->una = tcp_sk(c->sk)->snd_una;
		kf_wait_begin(c, KF_T_SEND);
	}
	return true;
}

/* The connection ended under us: reset by the peer, ss -K, or the last ACK of our close came. */
static void kf_conn_ended(struct kf_conn *c)
{
	if (c->state != KF_LINGER)
		kf_count(c->poll->srv, KILLED_RESET);
	kf_conn_finish(c);
}

/*
 * The module is going: what can be given to the backend is, the rest may finish its
 * answer or wait for the backend. In the end even that is over.
 */
static bool kf_conn_unload(struct kf_conn *c)
{
	struct kf_server *srv = c->poll->srv;

	if (c->state == KF_REQUEST) {
		kf_handover(c, KF_R_UNLOAD);
		return true;
	}
	if (!READ_ONCE(srv->aborting))
		return false;
	if (c->state == KF_PARKED) {
		kf_handover_parked(c, true);
		return true;
	}
	if (c->state != KF_LINGER)	/* that one has its answer */
		kf_count(srv, KILLED_UNLOAD);
	c->reset = c->state == KF_SENDING || c->state == KF_SETTLING;
	kf_discard(c->sk);
	kf_conn_finish(c);
	return true;
}

/* One step; false: nothing more to do now. Holds: slock, not owned. */
static bool kf_conn_step(struct kf_conn *c, int *work)
{
	if (c->state == KF_NEWBORN)
		return kf_conn_adopt(c);
	if (c->state == KF_ASKED && !kf_conn_answered(c))
		return false;	/* ended or not: the worker holds a pointer to us */
	if (c->sk->sk_state == TCP_CLOSE) {
		kf_conn_ended(c);
		return false;
	}
	if (READ_ONCE(c->poll->srv->stopping) && kf_conn_unload(c))
		return false;

	switch (c->state) {
	case KF_REQUEST:
		++*work;
		if (READ_ONCE(c->poll->srv->deserted) && !tcp_inq(c->sk)) {
			kf_request_close(c);	/* as the server's own did when it ended */
			return false;
		}
		return kf_request(c);
	case KF_SENDING:
		return kf_send_more(c);
	case KF_SETTLING:
		return kf_settle(c);
	case KF_LINGER:
		kf_conn_linger(c);
		return false;
	}
	return false;	/* KF_PARKED: it is the tick that tries again, in turn */
}

/* The socket left us (closed or handed over) and so do we, once nobody has us queued. */
static void kf_conn_dispose(struct kf_conn *c)
{
	if (test_bit(KF_CONN_QUEUED, &c->flags))
		return;		/* kicked meanwhile: when it comes off the queue */
	if (!list_empty(&c->all))
		list_del(&c->all);
	if (c->sk)
		kf_close(c);
	else
		kf_conn_recycle(c);
}

/* What has to be done once @sk, its socket until now, is left alone. May free @c. */
static void kf_conn_unlocked(struct kf_conn *c, struct sock *sk)
{
	struct sock *wake = c->wake;

	c->wake = NULL;
	if (wake) {
		sock_put(sk);		/* held since it was queued: see kf_handover_try() */
		kf_handover_wake(wake);
	}
	if (c->state == KF_DEAD)
		kf_conn_dispose(c);
}

/* All that can be done now. Holds: slock, not owned. */
static void kf_conn_steps(struct kf_conn *c, int max, int *work)
{
	while (c->state != KF_DEAD && kf_conn_step(c, work)) {
		if (--max)
			continue;
		kf_conn_kick(c);
		break;
	}
	/* Most short connections have ended by now. */
	if (c->state != KF_DEAD && list_empty(&c->all))
		list_add_tail(&c->all, &c->poll->conns);
}

int kf_conn_run(struct kf_conn *c)
{
	struct sock *sk = c->sk;
	int work = 0;

	if (c->state == KF_DEAD) {
		kf_conn_dispose(c);
		return 1;
	}
	bh_lock_sock(sk);
	if (sock_owned_by_user(sk)) {
		/* ss -K, tcp_info: release_sock() tells nobody. */
		kf_count(c->poll->srv, RETRIES_OWNED);
		kf_poll_retry(c->poll, c);
		bh_unlock_sock(sk);
		return 1;
	}
	kf_conn_steps(c, KF_STEPS_MAX, &work);
	bh_unlock_sock(sk);
	kf_conn_unlocked(c, sk);
	return max(work, 1);
}

void kf_conn_here(struct kf_conn *c, struct sock *sk)
{
	int work = 0;	/* counts for nobody's budget: there are few */

	kf_conn_steps(c, KF_STEPS_HERE, &work);
	kf_conn_unlocked(c, sk);
}

/*
 * TCP calls data_ready last of all that it does with the data: what it then still
 * does with the socket it does under the slock, whatever has become of it, and with
 * a reference of its own. So here, too, the socket may be sent to, closed and given
 * to the backend; that its server is woken before the slock is let go is as the
 * stack itself does it with a new child.
 */
void kf_conn_data(struct kf_conn *c, struct sock *sk)
{
	struct kf_poll *p = c->poll;

	if (sock_owned_by_user(sk) || test_bit(KF_CONN_QUEUED, &c->flags) || !kf_poll_try(p)) {
		kf_conn_kick(c);
		return;
	}
	rcu_read_lock();
	kf_conn_here(c, sk);
	kf_poll_leave(p);
	rcu_read_unlock();
}

bool kf_conn_retry(struct kf_conn *c)
{
	struct sock *sk = c->sk;
	bool left;

	bh_lock_sock(sk);
	/* One that was reset was kicked, too. */
	if (!sock_owned_by_user(sk) && sk->sk_state != TCP_CLOSE)
		kf_handover_parked(c, false);
	left = c->state != KF_PARKED;
	bh_unlock_sock(sk);
	kf_conn_unlocked(c, sk);
	return left;
}

bool kf_conn_timed_out(struct kf_conn *c)
{
	struct kf_server *srv = c->poll->srv;
	struct sock *sk = c->sk;
	enum kf_timeout which = c->timeout;
	bool late;

	bh_lock_sock(sk);
	late = !sock_owned_by_user(sk);
	if (!late)
		goto out;
	if (which != KF_T_BACKEND)	/* there kf_unpark() ends the wait */
		kf_wait_end(c);
	switch (which) {
	case KF_T_HEADER:
		kf_count(srv, TIMEOUTS_HEADER);
		if (c->state == KF_NEWBORN)
			kf_conn_reset(c);
		else if (!c->answered && kf_timeout_answers(&c->scan))
			kf_reply_error(c, 408);
		else
			kf_request_close(c);
		break;
	case KF_T_KEEPALIVE:
		if (tcp_inq(sk)) {	/* a request came in time and waits for its turn */
			kf_wait_begin(c, KF_T_HEADER);
			kf_conn_kick(c);
			break;
		}
		kf_count(srv, TIMEOUTS_KEEPALIVE);
		kf_request_close(c);
		break;
	case KF_T_SEND:
		if (tcp_sk(sk)->snd_una != c->una) {	/* slow, but reading */
			c->una = tcp_sk(sk)->snd_una;
			kf_wait_begin(c, KF_T_SEND);
			break;
		}
		kf_count(srv, TIMEOUTS_SEND);
		kf_conn_reset(c);
		break;
	case KF_T_LINGER:
		kf_count(srv, TIMEOUTS_LINGER);
		kf_conn_finish(c);
		break;
	case KF_T_BACKEND:
		kf_handover_parked(c, true);
		break;
	case KF_T_NONE:
		break;
	}
out:
	bh_unlock_sock(sk);
	kf_conn_unlocked(c, sk);
	return late;
}
