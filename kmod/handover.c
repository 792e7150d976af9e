// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handing a connection over. In: a child of ours with unread bytes. Out: the
 * same child at the end of the backend's accept queue, as if the client had
 * connected there: the kernel's own callbacks, the options a child of that
 * listener would have had, nothing of ours.
 *
 * Nothing is allocated: the child kept its request_sock, and that moves from
 * queue to queue. The enqueue is our own: the kernel's destroys the child when
 * the listener has gone (kernel-traps 7), ours lets it wait (park.c) or answers 503.
 *
 * Runs in the poll under the child's slock; lock order slock -> rskq_lock is
 * the kernel's own.
 */
#include <net/mptcp.h>
#include <net/tcp.h>
#include "backend.h"
#include "compat/net.h"
#include "handover.h"
#include "hook.h"
#include "listener.h"
#include "park.h"
#include "poll.h"
#include "request.h"
#include "send.h"
#include "tap.h"

/* What a child takes over from the listener it was born to, that matters to a server. */
static void kf_inherit(struct sock *sk, const struct sock *from)
{
	const struct tcp_sock *ftp = tcp_sk(from);
	struct tcp_sock *tp = tcp_sk(sk);

	tp->nonagle = ftp->nonagle;
	tp->notsent_lowat = ftp->notsent_lowat;
	tp->keepalive_time = ftp->keepalive_time;
	tp->keepalive_intvl = ftp->keepalive_intvl;
	tp->keepalive_probes = ftp->keepalive_probes;
	tp->linger2 = ftp->linger2;
	inet_csk(sk)->icsk_user_timeout = inet_csk(from)->icsk_user_timeout;
	if (sock_flag(from, SOCK_KEEPOPEN) && !sock_flag(sk, SOCK_KEEPOPEN)) {
		if (sk->sk_prot->keepalive)
			sk->sk_prot->keepalive(sk, 1);
		sock_set_flag(sk, SOCK_KEEPOPEN);
	}
	if (sock_flag(from, SOCK_LINGER)) {
		sock_set_flag(sk, SOCK_LINGER);
		sk->sk_lingertime = from->sk_lingertime;
	}
	if (from->sk_userlocks & SOCK_SNDBUF_LOCK) {
		sk->sk_sndbuf = from->sk_sndbuf;
		sk->sk_userlocks |= SOCK_SNDBUF_LOCK;
	}
	if (from->sk_userlocks & SOCK_RCVBUF_LOCK) {
		sk->sk_rcvbuf = from->sk_rcvbuf;
		sk->sk_userlocks |= SOCK_RCVBUF_LOCK;
	}
	sk->sk_rcvtimeo = from->sk_rcvtimeo;
	sk->sk_sndtimeo = from->sk_sndtimeo;
	sk->sk_mark = from->sk_mark;
	sk->sk_priority = from->sk_priority;
	inet_sk(sk)->tos = inet_sk(from)->tos;
}

bool kf_enqueue(struct sock *backend, struct request_sock *req, struct sock *child, bool judged)
{
	struct request_sock_queue *queue = &inet_csk(backend)->icsk_accept_queue;
	struct sock *old = req->rsk_listener;
	bool ok;

	spin_lock(&queue->rskq_lock);
	ok = backend->sk_state == TCP_LISTEN;
	if (ok) {
		if (old) {	/* NULL when the child came by SYN cookie */
			sock_hold(backend);
			req->rsk_listener = backend;
		}
		req->sk = child;
		req->dl_next = NULL;
		if (judged)
			kf_mark_judged(req);
		if (!queue->rskq_accept_head)
			WRITE_ONCE(queue->rskq_accept_head, req);
		else
			queue->rskq_accept_tail->dl_next = req;
		queue->rskq_accept_tail = req;
		sk_acceptq_added(backend);
	}
	spin_unlock(&queue->rskq_lock);
	if (ok && old)
		sock_put(old);
	return ok;
}

/* Why a hand-over did not come about. Only the first two may be otherwise in a moment. */
enum kf_unable {
	KF_ABLE,
	KF_ABSENT,	/* nobody listens */
	KF_FULL,	/* the accept queue is full, or others wait for room there */
	KF_FAMILY,
	KF_MPTCP,
};

/*
 * Inline: the very listener it came from; or, when that one stopped (a restart), the
 * one that would get it now, if it is of the same user's or of root's. Referenced.
 */
static struct sock *kf_home(struct kf_conn *c)
{
	struct sock *home = c->req->rsk_listener, *now;

	if (READ_ONCE(home->sk_state) == TCP_LISTEN) {
		sock_hold(home);
		return home;
	}
	now = kf_backend_find(c->poll->srv, c->sk);
	if (!now || uid_eq(now->sk_uid, home->sk_uid) || uid_eq(now->sk_uid, GLOBAL_ROOT_UID))
		return now;
	sock_put(now);
	return NULL;
}

/* Inline, what was never ours to drive had a place in that very queue. */
static bool kf_had_place(const struct kf_conn *c, const struct sock *backend)
{
	return c->state == KF_NEWBORN && c->req->rsk_listener == backend;
}

/* The backend's listener for @c, referenced, if it may have it; else @why says why not. */
static struct sock *kf_handover_to(struct kf_conn *c, enum kf_unable *why)
{
	struct kf_server *srv = c->poll->srv;
	struct sock *backend = srv->inl ? kf_home(c) : kf_backend_find(srv, c->sk);

	*why = KF_ABLE;
	if (!backend) {
		*why = KF_ABSENT;
		return NULL;
	}
	if (backend->sk_family != c->sk->sk_family) {
		*why = KF_FAMILY;
	} else if (sk_is_mptcp(backend)) {
		*why = KF_MPTCP;
	} else if (sk_acceptq_is_full(backend) && !kf_had_place(c, backend)) {
		c->poll->refused = backend;
		*why = KF_FULL;
	} else {
		return backend;
	}
	sock_put(backend);
	return NULL;
}

/* KF_ABLE: it left, or has ended. Otherwise nothing has changed. */
static enum kf_unable kf_handover_try(struct kf_conn *c, enum kf_reason why)
{
	struct kf_server *srv = c->poll->srv;
	bool foreign = c->state == KF_NEWBORN;
	struct sock *sk = c->sk, *backend;
	enum kf_unable unable;

	if (!(1 << sk->sk_state & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT))) {
		kf_count(srv, HANDOVER_FAILED_STATE);
		kf_conn_finish(c);
		return KF_ABLE;
	}
	backend = kf_handover_to(c, &unable);
	if (!backend)
		return unable;
	if (kf_park_behind(c, backend)) {
		sock_put(backend);
		return KF_FULL;
	}
	/* As it will be accepted: once it is in the queue another CPU may have it. */
	if (!foreign) {
		kf_unhook(sk);
		/* What kf_consume_piece() took is no measure of how fast the server reads. */
		tcp_sk(sk)->rcvq_space.seq = tcp_sk(sk)->copied_seq;
		tcp_sk(sk)->rcvq_space.time = tcp_sk(sk)->tcp_mstamp;
		tcp_sk(sk)->nonagle = c->nonagle;
	}
	if (backend != c->req->rsk_listener)	/* inline it has it all since its birth */
		kf_inherit(sk, backend);
	if (!kf_enqueue(backend, c->req, sk, true)) {
		sock_put(backend);
		if (!foreign)
			kf_hook(c);
		return KF_ABSENT;
	}
	kf_count(srv, HANDED_OVER);
	this_cpu_inc(srv->stats->handed_over[why]);
	kf_unpark(c);
	kf_wait_end(c);
	sock_hold(sk);		/* until it is unlocked: kf_conn_unlocked() */
	c->wake = backend;
	c->sk = NULL;
	c->req = NULL;
	c->state = KF_DEAD;
	return KF_ABLE;
}

/* It was tried, and waited for: say so to whoever asked. */
static void kf_handover_failed(struct kf_conn *c, enum kf_unable unable)
{
	struct kf_server *srv = c->poll->srv;

	switch (unable) {
	case KF_ABSENT:
		kf_count(srv, HANDOVER_FAILED_ABSENT);
		break;
	case KF_FULL:
		kf_count(srv, HANDOVER_FAILED_FULL);
		break;
	case KF_FAMILY:
		kf_count(srv, HANDOVER_FAILED_FAMILY);
		break;
	case KF_MPTCP:
		kf_count(srv, HANDOVER_FAILED_MPTCP);
		break;
	case KF_ABLE:
		break;
	}
	kf_unpark(c);
	if (c->state == KF_NEWBORN)
		kf_conn_reset(c);
	else if (!tcp_inq(c->sk))
		kf_request_close(c);	/* nobody has asked */
	else
		kf_reply_error(c, 503);
}

static bool kf_may_wait(enum kf_unable unable)
{
	return unable == KF_ABSENT || unable == KF_FULL;
}

static void kf_handover_now(struct kf_conn *c, enum kf_reason why)
{
	enum kf_unable unable = kf_handover_try(c, why);

	if (unable == KF_ABLE)
		return;
	kf_backend_suspect(c->poll->srv);
	if (c->state != KF_NEWBORN && kf_may_wait(unable) && kf_park(c, why))
		return;
	kf_handover_failed(c, unable);
}

void kf_handover_parked(struct kf_conn *c, bool last)
{
	enum kf_unable unable = kf_handover_try(c, c->reason);

	if (unable == KF_ABLE)
		return;
	kf_backend_suspect(c->poll->srv);
	if (last || !kf_may_wait(unable))
		kf_handover_failed(c, unable);
}

void kf_handover(struct kf_conn *c, enum kf_reason why)
{
	kf_conn_drop_answer(c);
	if (!c->answered)	/* the client may wait for the ACK to send the rest */
		kf_ack_now(c->sk);
	/*
	 * accept() charges the acceptor for nothing that is in flight, but its
	 * ACK uncharges: hand over only when all is acknowledged (kernel-traps 6).
	 */
	if (!tcp_rtx_and_write_queues_empty(c->sk)) {
		c->reason = why;
		kf_settle_begin(c);
		return;
	}
	kf_handover_now(c, why);
}

void kf_handover_foreign(struct kf_conn *c)
{
	kf_handover_now(c, KF_R_FOREIGN_SOCKET);
}

void kf_handover_wake(struct sock *backend)
{
	void (*data_ready)(struct sock *sk) = READ_ONCE(backend->sk_data_ready);

	/* Inline that is our own hook: it would have us look at what we just put there. */
	if (data_ready == kf_tap_data_ready)
		kf_default_data_ready(backend);
	else
		data_ready(backend);
	sock_put(backend);
}
