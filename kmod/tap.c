// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inline: our hooks in listening sockets that are the server's, in and out.
 *
 * Three pointers are ours while a socket is tapped:
 *   sk_data_ready	tells the poll that there is something in the queue;
 *   sk_error_report	comes first when its holder makes something else of the
 *			socket (shutdown(), ss -K): our callbacks leave at once;
 *   icsk_af_ops	a copy of the family's own with another syn_recv_sock(): a
 *			child is a clone of its listener, and before anybody else can
 *			lock it gets the stack's own pointers back. So no child, not
 *			even one the server accepts before we see it, ever has a
 *			callback of ours, and none can call us after rmmod.
 *
 * sk_user_data is ours, too: it finds the tap, and keeps others (BPF) from putting
 * themselves between.
 *
 * In and out go in two steps with a grace period between, so that no clone gets the
 * callbacks without the operations that take them away again. Nobody tells of a
 * close(): a reference is held, and inline.c looks often.
 */
#include <linux/delay.h>
#include <linux/kmemleak.h>
#include <linux/slab.h>
#include <net/mptcp.h>
#include <net/tcp.h>
#include "compat/net.h"
#include "hook.h"
#include "listener.h"
#include "newborn.h"
#include "tap.h"

/* By family: IPv4, IPv6. */
static const struct inet_connection_sock_af_ops *def_af_ops[2];
/*
 * Never freed: the stack reads icsk_af_ops without a lock, also where a task may be
 * preempted for long (setsockopt()), and an IPv4 child cloned in the instant when its
 * listener got these keeps them without having been cleansed. What such a late
 * reader finds must be there; kf_taps_forget() makes it equal to the family's own.
 */
static struct inet_connection_sock_af_ops *tap_af_ops[2];
static void (*def_error_report)(struct sock *sk);

static void kf_tap_error_report(struct sock *sk);

void kf_tap_put(struct kf_tap *tap)
{
	if (refcount_dec_and_test(&tap->refs))
		kfree_rcu(tap, rcu);
}

static bool kf_is6(const struct sock *sk)
{
	return sk->sk_family == AF_INET6;
}

/* The stack's own callbacks back. Holds: the socket, or it is new and locked. */
static void kf_tap_cleanse(struct sock *sk)
{
	if (sk->sk_data_ready == kf_tap_data_ready || sk->sk_data_ready == kf_listener_data_ready)
		kf_unhook_listener(sk);
	if (sk->sk_error_report == kf_tap_error_report)
		sk->sk_error_report = def_error_report;
}

static void kf_tap_ops_out(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (icsk->icsk_af_ops == tap_af_ops[false])
		WRITE_ONCE(icsk->icsk_af_ops, def_af_ops[false]);
	else if (icsk->icsk_af_ops == tap_af_ops[true])
		WRITE_ONCE(icsk->icsk_af_ops, def_af_ops[true]);
}

static struct sock *kf_tap_syn_recv(bool v6, const struct sock *sk, struct sk_buff *skb,
				    struct request_sock *req, struct dst_entry *dst,
				    struct request_sock *req_unhash, bool *own_req,
				    kf_child_init init)
{
	struct sock *child;

	child = def_af_ops[v6]->syn_recv_sock(sk, skb, req, dst, req_unhash, own_req, init);
	if (child) {
		/* It can be found by now, but it is locked since it was cloned. */
		kf_tap_cleanse(child);
		kf_tap_ops_out(child);	/* IPv4 leaves what the clone has */
		if (READ_ONCE(sk->sk_data_ready) == kf_listener_data_ready)
			kf_newborn(sk, child, req);
	}
	return child;
}

static struct sock *kf_tap_syn_recv4(const struct sock *sk, struct sk_buff *skb,
				     struct request_sock *req, struct dst_entry *dst,
				     struct request_sock *req_unhash, bool *own_req,
				     kf_child_init init)
{
	return kf_tap_syn_recv(false, sk, skb, req, dst, req_unhash, own_req, init);
}

static struct sock *kf_tap_syn_recv6(const struct sock *sk, struct sk_buff *skb,
				     struct request_sock *req, struct dst_entry *dst,
				     struct request_sock *req_unhash, bool *own_req,
				     kf_child_init init)
{
	return kf_tap_syn_recv(true, sk, skb, req, dst, req_unhash, own_req, init);
}

/* Holds: sk_callback_lock. */
static struct kf_tap *kf_tap_of(struct sock *sk)
{
	uintptr_t user_data = (uintptr_t)rcu_dereference_protected(__sk_user_data(sk), 1);

	return (struct kf_tap *)(user_data & SK_USER_DATA_PTRMASK);
}

/* Once: @tap has no part in its socket any more. Holds: the socket. */
static void kf_tap_callbacks_out(struct sock *sk, struct kf_tap *tap)
{
	write_lock_bh(&sk->sk_callback_lock);
	if (tap && kf_tap_of(sk) == tap) {
		atomic_dec(&tap->srv->tapped);
		rcu_assign_sk_user_data(sk, NULL);
	}
	kf_tap_cleanse(sk);
	write_unlock_bh(&sk->sk_callback_lock);
}

/*
 * From tcp_disconnect() and tcp_abort(), the socket locked: before its holder can
 * connect() it, give it to kTLS or listen() anew. The look does the rest.
 */
static void kf_tap_error_report(struct sock *sk)
{
	struct kf_tap *tap = NULL;

	if (sk->sk_state != TCP_LISTEN) {
		read_lock_bh(&sk->sk_callback_lock);
		if (kf_tapped(sk))	/* then sk_user_data is ours */
			tap = kf_tap_of(sk);
		read_unlock_bh(&sk->sk_callback_lock);
		kf_tap_callbacks_out(sk, tap);
	}
	def_error_report(sk);
}

bool kf_tapped(const struct sock *sk)
{
	return READ_ONCE(sk->sk_data_ready) == kf_tap_data_ready;
}

static bool kf_tap_pristine(const struct sock *sk)
{
	return !rcu_access_pointer(__sk_user_data(sk)) && kf_default_listener(sk) &&
	       sk->sk_error_report == def_error_report;
}

enum kf_tap_refusal kf_tap_refuses(struct sock *sk)
{
	const struct inet_connection_sock_af_ops *ops = READ_ONCE(inet_csk(sk)->icsk_af_ops);

	if (sk_is_mptcp(sk))
		return KF_TAP_MPTCP;
	/* Ours are still there for a moment after it was paused. */
	if (!kf_tap_pristine(sk) || inet_csk_has_ulp(sk) ||
	    (ops != def_af_ops[kf_is6(sk)] && ops != tap_af_ops[kf_is6(sk)]))
		return KF_TAP_DRIVEN;
	return KF_TAP_FINE;
}

#define KF_STEP_TRIES	200	/* with pauses between: some 20 ms */

/*
 * Do @step with the socket held: by its spinlock while nobody owns it. Its owner may
 * sit in a system call for as long as it likes, so only rmmod waits for that; for
 * those who are in and out of accept() all the time it is tried again and again.
 * Returns false when the step was not done.
 */
static bool kf_tap_step(struct sock *sk, struct kf_tap *tap, bool wait,
			bool (*step)(struct sock *sk, struct kf_tap *tap))
{
	bool owned, done = false;
	int tries;

	if (wait) {
		lock_sock(sk);
		done = step(sk, tap);
		release_sock(sk);
		return done;
	}
	for (tries = 0; tries < KF_STEP_TRIES; tries++) {
		spin_lock_bh(&sk->sk_lock.slock);
		owned = sock_owned_by_user(sk);
		if (!owned)
			done = step(sk, tap);
		spin_unlock_bh(&sk->sk_lock.slock);
		if (!owned)
			break;
		usleep_range(50, 100);
	}
	return done;
}

/* In, the first step. Returns false when the socket is not (any more) what we tap. */
static bool kf_tap_ops_in(struct sock *sk, struct kf_tap *unused)
{
	if (sk->sk_state != TCP_LISTEN || kf_tap_refuses(sk) != KF_TAP_FINE)
		return false;
	WRITE_ONCE(inet_csk(sk)->icsk_af_ops, tap_af_ops[kf_is6(sk)]);
	return true;
}

/* In, the second step, a grace period later: every child is cleansed now. */
static bool kf_tap_callbacks_in(struct sock *sk, struct kf_tap *tap)
{
	bool fine;

	/* Against others that put themselves into a socket (BPF) that lock is the one. */
	write_lock_bh(&sk->sk_callback_lock);
	fine = tap && sk->sk_state == TCP_LISTEN && kf_tap_pristine(sk) &&
	       inet_csk(sk)->icsk_af_ops == tap_af_ops[kf_is6(sk)];
	if (fine) {
		__rcu_assign_sk_user_data_with_flags(sk, tap, SK_USER_DATA_NOCOPY);
		sk->sk_error_report = kf_tap_error_report;
		WRITE_ONCE(sk->sk_data_ready, kf_tap_data_ready);
		atomic_inc(&tap->srv->tapped);
	}
	write_unlock_bh(&sk->sk_callback_lock);
	if (!fine)
		kf_tap_ops_out(sk);
	return fine;
}

static bool kf_tap_out_first(struct sock *sk, struct kf_tap *tap)
{
	kf_tap_callbacks_out(sk, tap);
	return true;
}

static bool kf_tap_out_second(struct sock *sk, struct kf_tap *unused)
{
	kf_tap_ops_out(sk);
	return true;
}

static struct kf_tap *kf_tap_alloc(struct kf_server *srv, struct sock *sk)
{
	struct kf_tap *tap = kzalloc(sizeof(*tap), GFP_KERNEL);

	if (!tap)
		return NULL;
	tap->sk = sk;
	tap->srv = srv;
	refcount_set(&tap->refs, 1);
	return tap;
}

bool kf_taps_in(struct kf_server *srv, struct list_head *taps, struct sock **socks, int nr)
{
	struct kf_tap *tap;
	int i, begun = 0, in = 0;

	for (i = 0; i < nr; i++) {
		if (kf_tap_step(socks[i], NULL, false, kf_tap_ops_in)) {
			swap(socks[begun], socks[i]);
			begun++;
		}
	}
	if (!begun)
		return !nr;
	synchronize_rcu();
	for (i = 0; i < begun; i++) {
		tap = kf_tap_alloc(srv, socks[i]);
		/* Owned just now: the next time; its ops do no harm meanwhile. */
		if (kf_tap_step(socks[i], tap, false, kf_tap_callbacks_in)) {
			sock_hold(socks[i]);
			list_add_tail(&tap->list, taps);
			in++;
		} else {
			kfree(tap);
		}
	}
	return in == nr;
}

void kf_taps_out(struct list_head *taps, bool (*leave)(const struct kf_tap *tap, bool arg),
		 bool arg, bool wait)
{
	struct kf_tap *tap, *next;
	LIST_HEAD(gone);

	list_for_each_entry_safe(tap, next, taps, list) {
		if (leave(tap, arg) && kf_tap_step(tap->sk, tap, wait, kf_tap_out_first))
			list_move_tail(&tap->list, &gone);
	}
	if (list_empty(&gone))
		return;
	synchronize_rcu();	/* clones with our callbacks: cleansed */
	list_for_each_entry_safe(tap, next, &gone, list) {
		if (!kf_tap_step(tap->sk, tap, wait, kf_tap_out_second))
			list_move_tail(&tap->list, taps);	/* again the next time */
	}
	synchronize_rcu();	/* nobody is in kf_tap_data_ready() or kf_tap_syn_recv() any more */
	list_for_each_entry_safe(tap, next, &gone, list) {
		sock_put(tap->sk);
		kf_tap_put(tap);
	}
}

static int kf_tap_learn(struct net *net, int family)
{
	bool v6 = family == AF_INET6;
	struct socket *sock;
	struct sock *sk;
	int err;

	err = sock_create_kern(net, family, SOCK_STREAM, IPPROTO_TCP, &sock);
	if (err)
		return err;
	sk = sock->sk;
	kf_hook_learn_defaults(sk);
	def_error_report = sk->sk_error_report;
	if (!tap_af_ops[v6]) {
		def_af_ops[v6] = inet_csk(sk)->icsk_af_ops;
		tap_af_ops[v6] = kmemdup(def_af_ops[v6], sizeof(*def_af_ops[v6]), GFP_KERNEL);
		if (tap_af_ops[v6])
			tap_af_ops[v6]->syn_recv_sock = v6 ? kf_tap_syn_recv6 : kf_tap_syn_recv4;
		else
			err = -ENOMEM;
		kmemleak_not_leak(tap_af_ops[v6]);
	}
	sock_release(sock);
	return err;
}

int kf_taps_learn(struct net *net)
{
	int err = kf_tap_learn(net, AF_INET);

	if (!err)
		err = kf_tap_learn(net, AF_INET6);
	return err == -EAFNOSUPPORT ? 0 : err;	/* a kernel without IPv6 */
}

void kf_tap_own(struct sock *sk)
{
	WRITE_ONCE(inet_csk(sk)->icsk_af_ops, tap_af_ops[kf_is6(sk)]);
}

void kf_taps_forget(void)
{
	int v6;

	for (v6 = 0; v6 < 2; v6++) {
		if (tap_af_ops[v6])
			WRITE_ONCE(tap_af_ops[v6]->syn_recv_sock, def_af_ops[v6]->syn_recv_sock);
	}
	synchronize_rcu();	/* nobody is in kf_tap_syn_recv() any more */
}
