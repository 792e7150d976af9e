// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding the backend. In: a child, or just the port. Out: the listening socket
 * the stack itself would have chosen had the client connected to the backend's
 * port (SO_REUSEPORT groups included), or which kinds of listeners are there.
 *
 * Nothing is cached: a restarted backend is found by the next lookup.
 */
#include <net/addrconf.h>
#include <net/ipv6.h>
#include "backend.h"
#include "compat/net.h"

static struct sock *kf_find4(struct kf_server *srv, const struct sock *child, __be32 daddr)
{
	return kf_lookup_listener4(srv->net, child->sk_daddr, inet_sk(child)->inet_dport,
				   daddr, srv->backend_port, child->sk_bound_dev_if);
}

/*
 * At the child's own address, else at loopback. Where both have one, and different
 * ones: on an unprivileged port any local user may listen on an address that a
 * backend behind loopback left free, and must not get its connections.
 */
static struct sock *kf_choose(struct kf_server *srv, struct sock *own, struct sock *loopback)
{
	if (srv->inl)	/* what loopback's server does not show, we do not show either */
		return own;
	if (!own || !loopback || own == loopback)
		return own ?: loopback;
	if (uid_eq(own->sk_uid, GLOBAL_ROOT_UID) || uid_eq(own->sk_uid, loopback->sk_uid))
		return own;
	return loopback;
}

static struct sock *kf_find_any4(struct kf_server *srv, const struct sock *child)
{
	return kf_choose(srv, kf_find4(srv, child, child->sk_rcv_saddr),
			 kf_find4(srv, child, htonl(INADDR_LOOPBACK)));
}

#if IS_ENABLED(CONFIG_IPV6)
static struct sock *kf_find6(struct kf_server *srv, const struct sock *child,
			     const struct in6_addr *daddr)
{
	return kf_lookup_listener6(srv->net, &child->sk_v6_daddr,
				   inet_sk(child)->inet_dport, daddr,
				   srv->backend_port, child->sk_bound_dev_if);
}

static struct sock *kf_find_any6(struct kf_server *srv, const struct sock *child)
{
	if (ipv6_addr_v4mapped(&child->sk_v6_rcv_saddr))
		return kf_find_any4(srv, child);
	return kf_choose(srv, kf_find6(srv, child, &child->sk_v6_rcv_saddr),
			 kf_find6(srv, child, &in6addr_loopback));
}
#endif

struct sock *kf_backend_find(struct kf_server *srv, const struct sock *child)
{
	struct sock *sk;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "backend looked up without RCU");
#if IS_ENABLED(CONFIG_IPV6)
	if (child->sk_family == AF_INET6)
		sk = kf_find_any6(srv, child);
	else
#endif
		sk = kf_find_any4(srv, child);
	if (sk && !refcount_inc_not_zero(&sk->sk_refcnt))
		sk = NULL;
	return sk;
}

/* @fn for every listener on the backend's port, under RCU. Process context. */
static void kf_backend_each(struct kf_server *srv, void (*fn)(struct sock *sk, void *arg),
			    void *arg)
{
	struct inet_hashinfo *hi = srv->net->ipv4.tcp_death_row.hashinfo;
	struct hlist_nulls_node *node;
	struct sock *sk;
	unsigned int i;

	for (i = 0; i <= hi->lhash2_mask; i++) {
		struct inet_listen_hashbucket *bucket = &hi->lhash2[i];

		if (hlist_nulls_empty(&bucket->nulls_head))
			continue;
		rcu_read_lock();
		sk_nulls_for_each_rcu(sk, node, &bucket->nulls_head) {
			if (net_eq(sock_net(sk), srv->net) &&
			    inet_sk(sk)->inet_num == srv->backend_port)
				fn(sk, arg);
		}
		rcu_read_unlock();
		cond_resched();
	}
}

struct kf_backend_found {
	struct sock **socks;
	bool (*known)(const struct sock *sk);
	int nr, max, pushed;
	bool roots;
};

static void kf_backend_found(struct sock *sk, void *arg)
{
	bool root = uid_eq(sk->sk_uid, GLOBAL_ROOT_UID);
	struct kf_backend_found *f = arg;

	f->roots |= root;
	if (f->known(sk) || (f->nr == f->max && !root) || !refcount_inc_not_zero(&sk->sk_refcnt))
		return;
	if (f->nr < f->max) {
		f->socks[f->nr++] = sk;
		return;
	}
	/* However many others make, there is room for root's. */
	swap(f->socks[f->pushed % f->max], sk);
	f->pushed++;
	sock_put(sk);
}

int kf_backend_list(struct kf_server *srv, struct sock **socks, int max,
		    bool (*known)(const struct sock *sk), bool *roots)
{
	struct kf_backend_found f = { .socks = socks, .known = known, .max = max };

	kf_backend_each(srv, kf_backend_found, &f);
	*roots = f.roots;
	return f.nr;
}

struct kf_backend_kinds {
	unsigned int all, roots;	/* masks of KF_L_* */
};

static void kf_backend_kind(struct sock *sk, void *arg)
{
	struct kf_backend_kinds *kinds = arg;
	unsigned int kind = KF_L_DUAL;

	if (sk->sk_family == AF_INET)
		kind = KF_L_V4;
	else if (ipv6_only_sock(sk))
		kind = KF_L_V6ONLY;
	kinds->all |= kind;
	if (uid_eq(sk->sk_uid, GLOBAL_ROOT_UID))
		kinds->roots |= kind;
}

unsigned int kf_backend_survey(struct kf_server *srv)
{
	struct kf_backend_kinds kinds = {};

	kf_backend_each(srv, kf_backend_kind, &kinds);
	/* Another user's sockets must not change what we listen on beside a root's. */
	return kinds.roots ?: kinds.all;
}
