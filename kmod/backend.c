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

int kf_backend_list(struct kf_server *srv, struct sock **socks, int max,
		    bool (*known)(const struct sock *sk), bool *roots)
{
	struct inet_hashinfo *hi = srv->net->ipv4.tcp_death_row.hashinfo;
	struct hlist_nulls_node *node;
	unsigned int i;
	struct sock *sk;
	int nr = 0, pushed = 0;
	bool root;

	*roots = false;
	for (i = 0; i <= hi->lhash2_mask; i++) {
		struct inet_listen_hashbucket *bucket = &hi->lhash2[i];

		if (hlist_nulls_empty(&bucket->nulls_head))
			continue;
		rcu_read_lock();
		sk_nulls_for_each_rcu(sk, node, &bucket->nulls_head) {
			if (!net_eq(sock_net(sk), srv->net) ||
			    inet_sk(sk)->inet_num != srv->backend_port)
				continue;
			root = uid_eq(sk->sk_uid, GLOBAL_ROOT_UID);
			*roots |= root;
			if (known(sk) || (nr == max && !root) ||
			    !refcount_inc_not_zero(&sk->sk_refcnt))
				continue;
			if (nr < max) {
				socks[nr++] = sk;
				continue;
			}
			/* However many others make, there is room for root's. */
			swap(socks[pushed % max], sk);
			pushed++;
			sock_put(sk);
		}
		rcu_read_unlock();
		cond_resched();
	}
	return nr;
}

static unsigned int kf_listener_kind(const struct sock *sk)
{
	if (sk->sk_family == AF_INET)
		return KF_L_V4;
	return ipv6_only_sock(sk) ? KF_L_V6ONLY : KF_L_DUAL;
}

unsigned int kf_backend_survey(struct kf_server *srv)
{
	struct inet_hashinfo *hi = srv->net->ipv4.tcp_death_row.hashinfo;
	unsigned int i, kinds = 0, trusted = 0;
	struct hlist_nulls_node *node;
	struct sock *sk;

	for (i = 0; i <= hi->lhash2_mask; i++) {
		struct inet_listen_hashbucket *bucket = &hi->lhash2[i];

		if (hlist_nulls_empty(&bucket->nulls_head))
			continue;
		rcu_read_lock();
		sk_nulls_for_each_rcu(sk, node, &bucket->nulls_head) {
			if (!net_eq(sock_net(sk), srv->net) ||
			    inet_sk(sk)->inet_num != srv->backend_port)
				continue;
			kinds |= kf_listener_kind(sk);
			if (uid_eq(sk->sk_uid, GLOBAL_ROOT_UID))
				trusted |= kf_listener_kind(sk);
		}
		rcu_read_unlock();
	}
	/* Another user's sockets must not change what we listen on beside a root's. */
	return trusted ?: kinds;
}
