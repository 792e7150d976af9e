// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inline: our hooks in listening sockets that are the server's, in and out.
 *
 * Three pointers are ours while a socket is tapped:
 *   sk_data_ready	tells the poll that there is something in the queue;
 *   sk_destruct	tells us that the server's close has freed the socket: no
 *			reference is held, its memory and namespace go at once;
 *   icsk_af_ops	a copy of the family's own with another syn_recv_sock(): a
 *			child is a clone of its listener, and while it is new and
 *			locked it gets the stack's own pointers back. So no child,
 *			not even one the server accepts before we see it, ever has a
 *			pointer to us, and none can be called after rmmod.
 *
 * Putting them in and out is done in two steps with a grace period between, so
 * that no clone gets the one without the other.
 */
#include <linux/slab.h>
#include <net/mptcp.h>
#include <net/tcp.h>
#include "compat/net.h"
#include "hook.h"
#include "tap.h"

/* By family: IPv4, IPv6. Written by the first kf_taps_learn() only. */
static const struct inet_connection_sock_af_ops *def_af_ops[2];
static struct inet_connection_sock_af_ops tap_af_ops[2];
static void (*def_destruct[2])(struct sock *sk);

static DEFINE_SPINLOCK(kf_tap_lock);	/* taken in softirq, too */

void kf_tap_put(struct kf_tap *tap)
{
	if (refcount_dec_and_test(&tap->refs))
		kfree_rcu(tap, rcu);
}

static bool kf_is6(const struct sock *sk)
{
	return sk->sk_family == AF_INET6;
}

/* The child as a listener without us would have made it. Nobody else sees it yet, or owns it. */
static void kf_tap_cleanse(struct sock *child, bool v6)
{
	struct inet_connection_sock *icsk = inet_csk(child);

	kf_unhook_listener(child);
	child->sk_destruct = def_destruct[v6];
	/* IPv6's own function sets it; IPv4's leaves what the clone has. */
	if (icsk->icsk_af_ops == &tap_af_ops[v6])
		icsk->icsk_af_ops = def_af_ops[v6];
}

static struct sock *kf_tap_syn_recv(bool v6, const struct sock *sk, struct sk_buff *skb,
				    struct request_sock *req, struct dst_entry *dst,
				    struct request_sock *req_unhash, bool *own_req,
				    kf_child_init init)
{
	struct sock *child;

	child = def_af_ops[v6]->syn_recv_sock(sk, skb, req, dst, req_unhash, own_req, init);
	if (child)
		kf_tap_cleanse(child, v6);
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

/* The last reference is gone, a grace period ago. Also for a clone that came to nothing. */
static void kf_tap_destruct(struct sock *sk)
{
	void (*destruct)(struct sock *sk) = def_destruct[kf_is6(sk)];
	struct kf_tap *tap;

	spin_lock_bh(&kf_tap_lock);
	tap = rcu_dereference_protected(__sk_user_data(sk), 1);
	tap = (struct kf_tap *)((uintptr_t)tap & SK_USER_DATA_PTRMASK);
	if (tap)
		list_del_init(&tap->list);
	spin_unlock_bh(&kf_tap_lock);
	if (tap)
		kf_tap_put(tap);
	destruct(sk);
}

bool kf_tapped(const struct sock *sk)
{
	return READ_ONCE(sk->sk_data_ready) == kf_tap_data_ready;
}

enum kf_tap_refusal kf_tap_refuses(struct sock *sk)
{
	bool v6 = kf_is6(sk);

	if (sk_is_mptcp(sk))
		return KF_TAP_MPTCP;
	if (rcu_access_pointer(__sk_user_data(sk)) || !kf_default_listener(sk) ||
	    sk->sk_destruct != def_destruct[v6] ||
	    inet_csk(sk)->icsk_af_ops != def_af_ops[v6] || inet_csk_has_ulp(sk))
		return KF_TAP_DRIVEN;
	return KF_TAP_FINE;
}

/* First step. Returns false when the socket is not (any more) what we tap. */
static bool kf_tap_ops_in(struct sock *sk)
{
	bool fine;

	lock_sock(sk);
	fine = sk->sk_state == TCP_LISTEN && kf_tap_refuses(sk) == KF_TAP_FINE;
	if (fine)
		WRITE_ONCE(inet_csk(sk)->icsk_af_ops, &tap_af_ops[kf_is6(sk)]);
	release_sock(sk);
	return fine;
}

static void kf_tap_ops_out(struct sock *sk)
{
	bool v6 = kf_is6(sk);

	lock_sock(sk);
	if (inet_csk(sk)->icsk_af_ops == &tap_af_ops[v6])
		WRITE_ONCE(inet_csk(sk)->icsk_af_ops, def_af_ops[v6]);
	release_sock(sk);
}

/* Second step, a grace period later: every child goes through kf_tap_cleanse() now. */
static bool kf_tap_callbacks_in(struct kf_server *srv, struct list_head *taps, struct sock *sk)
{
	struct kf_tap *tap = kzalloc(sizeof(*tap), GFP_KERNEL);
	bool listens;

	if (!tap)
		return false;
	tap->sk = sk;
	tap->srv = srv;
	refcount_set(&tap->refs, 1);
	lock_sock(sk);
	listens = sk->sk_state == TCP_LISTEN && !rcu_access_pointer(__sk_user_data(sk)) &&
		  kf_default_listener(sk);
	if (listens) {
		spin_lock_bh(&kf_tap_lock);
		list_add_tail(&tap->list, taps);
		spin_unlock_bh(&kf_tap_lock);
		write_lock_bh(&sk->sk_callback_lock);
		sk->sk_destruct = kf_tap_destruct;
		__rcu_assign_sk_user_data_with_flags(sk, tap, SK_USER_DATA_NOCOPY);
		WRITE_ONCE(sk->sk_data_ready, kf_tap_data_ready);
		write_unlock_bh(&sk->sk_callback_lock);
	}
	release_sock(sk);
	if (!listens)
		kfree(tap);
	return listens;
}

/* Returns the tap, its first reference now the caller's. */
static struct kf_tap *kf_tap_callbacks_out(struct sock *sk)
{
	struct kf_tap *tap;

	lock_sock(sk);
	write_lock_bh(&sk->sk_callback_lock);
	tap = rcu_dereference_protected(__sk_user_data(sk), 1);
	tap = (struct kf_tap *)((uintptr_t)tap & SK_USER_DATA_PTRMASK);
	kf_unhook_listener(sk);
	rcu_assign_sk_user_data(sk, NULL);
	sk->sk_destruct = def_destruct[kf_is6(sk)];
	write_unlock_bh(&sk->sk_callback_lock);
	spin_lock_bh(&kf_tap_lock);
	list_del_init(&tap->list);
	spin_unlock_bh(&kf_tap_lock);
	release_sock(sk);
	return tap;
}

/*
 * A child that was cloned just when its listener got tap_af_ops, by a CPU that had
 * read the old pointer before: it has the new one and was not cleansed. After the
 * grace period such a child is in the table of connections.
 */
static struct sock *kf_stray_find(struct hlist_nulls_head *bucket)
{
	const struct inet_connection_sock_af_ops *ops;
	struct hlist_nulls_node *node;
	struct sock *sk;

	rcu_read_lock();
	sk_nulls_for_each_rcu(sk, node, bucket) {
		if (!sk_fullsock(sk))
			continue;
		ops = READ_ONCE(inet_csk(sk)->icsk_af_ops);
		if ((ops == &tap_af_ops[0] || ops == &tap_af_ops[1]) &&
		    refcount_inc_not_zero(&sk->sk_refcnt))
			goto out;
	}
	sk = NULL;
out:
	rcu_read_unlock();
	return sk;
}

static void kf_strays_cleanse(struct net *net)
{
	struct inet_hashinfo *hi = net->ipv4.tcp_death_row.hashinfo;
	unsigned int i;
	struct sock *sk;

	for (i = 0; i <= hi->ehash_mask; i++) {
		while ((sk = kf_stray_find(&hi->ehash[i].chain))) {
			kf_tap_ops_out(sk);
			sock_put(sk);
		}
		cond_resched();
	}
}

int kf_taps_in(struct kf_server *srv, struct list_head *taps, struct sock **socks, int nr)
{
	int i, begun = 0, err = 0;

	for (i = 0; i < nr; i++) {
		if (kf_tap_ops_in(socks[i])) {
			swap(socks[begun], socks[i]);
			begun++;
		}
	}
	if (!begun)
		return 0;
	synchronize_rcu();
	kf_strays_cleanse(srv->net);
	for (i = 0; i < begun; i++) {
		if (kf_tap_callbacks_in(srv, taps, socks[i]))
			continue;
		kf_tap_ops_out(socks[i]);
		err = -ENOMEM;
	}
	if (err)
		synchronize_rcu();
	return err;
}

/* One that is to be let go, referenced; NULL: none. */
static struct sock *kf_tap_to_let_go(struct list_head *taps, bool all)
{
	struct sock *sk = NULL;
	struct kf_tap *tap;

	spin_lock_bh(&kf_tap_lock);
	list_for_each_entry(tap, taps, list) {
		if (!all && READ_ONCE(tap->sk->sk_state) == TCP_LISTEN)
			continue;
		if (refcount_inc_not_zero(&tap->sk->sk_refcnt)) {
			sk = tap->sk;
			break;
		}
	}
	spin_unlock_bh(&kf_tap_lock);
	return sk;
}

void kf_taps_out(struct list_head *taps, bool all)
{
	struct kf_tap *tap, *next;
	struct sock *sk;
	LIST_HEAD(gone);

	while ((sk = kf_tap_to_let_go(taps, all))) {
		tap = kf_tap_callbacks_out(sk);
		list_add(&tap->list, &gone);	/* with the reference to sk */
	}
	if (list_empty(&gone))
		return;
	synchronize_rcu();	/* clones with our callbacks: cleansed */
	list_for_each_entry(tap, &gone, list)
		kf_tap_ops_out(tap->sk);
	synchronize_rcu();	/* nobody is in kf_tap_syn_recv() any more */
	list_for_each_entry_safe(tap, next, &gone, list) {
		sock_put(tap->sk);
		kf_tap_put(tap);
	}
}

int kf_taps_count(struct list_head *taps)
{
	struct list_head *pos;
	int nr = 0;

	spin_lock_bh(&kf_tap_lock);
	list_for_each(pos, taps)
		nr++;
	spin_unlock_bh(&kf_tap_lock);
	return nr;
}

void kf_taps_wait(struct list_head *taps)
{
	/* Their last reference is gone; kf_tap_destruct() comes after a grace period. */
	while (kf_taps_count(taps))
		schedule_timeout_uninterruptible(HZ / 50 ?: 1);
	rcu_barrier();		/* it has returned, too */
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
	if (!def_af_ops[v6]) {
		tap_af_ops[v6] = *inet_csk(sk)->icsk_af_ops;
		tap_af_ops[v6].syn_recv_sock = v6 ? kf_tap_syn_recv6 : kf_tap_syn_recv4;
		def_destruct[v6] = sk->sk_destruct;
		def_af_ops[v6] = inet_csk(sk)->icsk_af_ops;
	}
	sock_release(sock);
	return 0;
}

int kf_taps_learn(struct net *net)
{
	int err = kf_tap_learn(net, AF_INET);

	if (!err)
		err = kf_tap_learn(net, AF_INET6);
	return err == -EAFNOSUPPORT ? 0 : err;	/* a kernel without IPv6 */
}
