// SPDX-License-Identifier: GPL-2.0-only
/*
 * Callbacks in and out of a child's socket, and the struct socket lent to it.
 *
 * In: a child without an owner, from the accept queue. Out: a child whose
 * events reach kf_conn_kick(), that can be sent to from softirq; later the same
 * child as the stack made it.
 *
 * Every callback of a child runs under its lock (slock in softirq, ownership in
 * release_sock()); kf_hook() and kf_unhook() run under slock and !owned. So
 * after kf_unhook() nobody is inside, and sk_user_data needs no reference.
 *
 * TCP asks for room through SOCK_NOSPACE in sk->sk_socket->flags. All children
 * share two sockets: `idle`, whose bit is clear, and `blocked`, whose bit is set
 * for ever; which one is lent says whether write-space calls are wanted. Nobody
 * writes to them on the hot path and no wake-up can be lost to another child.
 */
#include <linux/net.h>
#include <net/mptcp.h>
#include <net/tcp.h>
#include "compat/net.h"
#include "hook.h"
#include "poll.h"

static void (*def_data_ready)(struct sock *sk);
static void (*def_state_change)(struct sock *sk);
static void (*def_write_space)(struct sock *sk);
static struct proto *def_prot[2];	/* IPv4, IPv6 */

/* The stack's own callbacks, as a fresh TCP socket has them; none is exported. */
void kf_hook_learn_defaults(const struct sock *sk)
{
	def_data_ready = sk->sk_data_ready;
	def_state_change = sk->sk_state_change;
	def_write_space = sk->sk_write_space;
	def_prot[sk->sk_family == AF_INET6] = sk->sk_prot;
}

void kf_default_data_ready(struct sock *sk)
{
	def_data_ready(sk);
}

/* Its callbacks are a fresh socket's. */
bool kf_default_listener(const struct sock *sk)
{
	return READ_ONCE(sk->sk_data_ready) == def_data_ready &&
	       sk->sk_state_change == def_state_change &&
	       sk->sk_write_space == def_write_space &&
	       sk->sk_prot == def_prot[sk->sk_family == AF_INET6];
}

/* Children born from now on inherit nothing of ours. Holds: sk_callback_lock. */
void kf_unhook_listener(struct sock *sk)
{
	WRITE_ONCE(sk->sk_data_ready, def_data_ready);
}

/* It is the child's lock that keeps the connection; from a backlog there is no RCU. */
static struct kf_conn *kf_child_conn(struct sock *sk)
{
	return rcu_dereference_check(__sk_user_data(sk), lockdep_sock_is_held(sk));
}

static void kf_child_data_ready(struct sock *sk)
{
	struct kf_conn *c = kf_child_conn(sk);

	if (c)
		kf_conn_data(c, sk);
}

static void kf_child_state_change(struct sock *sk)
{
	struct kf_conn *c = kf_child_conn(sk);

	if (c)
		kf_conn_kick(c);
}

static void kf_child_write_space(struct sock *sk)
{
	struct kf_conn *c = kf_child_conn(sk);

	/* tcp_sendmsg() itself calls this when it has no memory (kernel-traps 16). */
	if (!c || c->sending)
		return;
	if ((c->want == KF_WANT_SPACE && sk_stream_is_writeable(sk)) ||
	    (c->want == KF_WANT_ACKED && tcp_rtx_and_write_queues_empty(sk)))
		kf_conn_kick(c);
}

static void kf_lend(struct sock *sk, struct socket *sock)
{
	sk_set_socket(sk, sock);
	rcu_assign_pointer(sk->sk_wq, sock ? &sock->wq : NULL);
}

/**
 * kf_hookable() - is this child as the stack made it?
 * @sk: a newborn
 *
 * A BPF sockops program may have put it into a sockmap, a ULP may sit on it, or
 * it may belong to MPTCP: then it is not ours to drive.
 */
bool kf_hookable(struct sock *sk)
{
	return !rcu_access_pointer(__sk_user_data(sk)) &&
	       sk->sk_prot == def_prot[sk->sk_family == AF_INET6] &&
	       sk->sk_data_ready == def_data_ready &&
	       sk->sk_state_change == def_state_change &&
	       sk->sk_write_space == def_write_space &&
	       !inet_csk_has_ulp(sk) && !sk_is_mptcp(sk) && !sk->sk_socket;
}

/* Holds: slock, not owned; ESTABLISHED or CLOSE_WAIT (kernel-traps 5). */
void kf_hook(struct kf_conn *c)
{
	struct kf_server *srv = c->poll->srv;
	struct sock *sk = c->sk;

	lockdep_assert_held(&sk->sk_lock.slock);
	write_lock(&sk->sk_callback_lock);
	rcu_assign_sk_user_data(sk, c);
	sk->sk_data_ready = kf_child_data_ready;
	sk->sk_state_change = kf_child_state_change;
	sk->sk_write_space = kf_child_write_space;
	kf_lend(sk, srv->idle);
	write_unlock(&sk->sk_callback_lock);
	sk->sk_allocation = GFP_ATOMIC | __GFP_NOWARN;
	/* Else a copying send uses the interrupted task's page_frag (kernel-traps 2). */
	sk->sk_use_task_frag = false;
	/* Born so on our own port; inline the stack has sent its first ACK mostly. */
	inet_csk_enter_pingpong_mode(sk);
	/* Pipelined answers must not wait for ACKs. Our own listener's children have it. */
	c->nonagle = tcp_sk(sk)->nonagle;
	tcp_sk(sk)->nonagle |= TCP_NAGLE_OFF;
}

/* Holds: slock, not owned. */
void kf_ack_now(struct sock *sk)
{
	if (!inet_csk_in_pingpong_mode(sk))
		return;
	inet_csk_exit_pingpong_mode(sk);
	if (inet_csk_ack_scheduled(sk))
		kf_tcp_send_ack(sk);
}

/* As the stack made it; also for a child that was never hooked. Holds: slock, not owned. */
void kf_unhook(struct sock *sk)
{
	lockdep_assert_held(&sk->sk_lock.slock);
	write_lock(&sk->sk_callback_lock);
	rcu_assign_sk_user_data(sk, NULL);
	sk->sk_data_ready = def_data_ready;
	sk->sk_state_change = def_state_change;
	sk->sk_write_space = def_write_space;
	kf_lend(sk, NULL);
	write_unlock(&sk->sk_callback_lock);
	sk->sk_allocation = GFP_KERNEL;
	sk->sk_use_task_frag = true;
}

/* Say which events of the send side are wanted. Holds: slock, hooked. */
void kf_want(struct kf_conn *c, enum kf_want want)
{
	struct kf_server *srv = c->poll->srv;
	struct socket *sock = want == KF_WANT_NOTHING ? srv->idle : srv->blocked;

	c->want = want;
	if (c->sk->sk_socket != sock)
		kf_lend(c->sk, sock);
	/* A send that came up short marked the shared socket: undo. */
	if (test_bit(SOCK_NOSPACE, &srv->idle->flags))
		clear_bit(SOCK_NOSPACE, &srv->idle->flags);
}

int kf_lent_sockets_create(struct kf_server *srv)
{
	int err;

	err = sock_create_lite(AF_INET, SOCK_STREAM, IPPROTO_TCP, &srv->idle);
	if (err)
		return err;
	err = sock_create_lite(AF_INET, SOCK_STREAM, IPPROTO_TCP, &srv->blocked);
	if (err) {
		sock_release(srv->idle);
		srv->idle = NULL;
		return err;
	}
	set_bit(SOCK_NOSPACE, &srv->blocked->flags);
	return 0;
}

/* After the last child was unhooked and an RCU grace period. */
void kf_lent_sockets_destroy(struct kf_server *srv)
{
	if (srv->idle)
		sock_release(srv->idle);
	if (srv->blocked)
		sock_release(srv->blocked);
	srv->idle = NULL;
	srv->blocked = NULL;
}
