/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The network side's view of what differs between kernels. Kbuild probes the
 * headers where names alone do not tell (KF_HAVE_...).
 */
#ifndef KFRONT_COMPAT_NET_H
#define KFRONT_COMPAT_NET_H

#include <linux/bvec.h>
#include <linux/netdevice.h>
#include <linux/socket.h>
#include <linux/sysctl.h>
#include <linux/timer.h>
#include <linux/uio.h>
#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>
#ifdef KF_HAVE_PROTO_MEMORY
#include <net/proto_memory.h>
#endif
#include <net/tcp.h>

/* 6.16 renamed from_timer(). */
#ifndef timer_container_of
#define timer_container_of from_timer
#endif

/* 6.11 made the table argument of sysctl handlers const. */
#ifdef KF_HAVE_CONST_CTL_TABLE
#define kf_ctl_table const struct ctl_table
#else
#define kf_ctl_table struct ctl_table
#endif

/* syn_recv_sock()'s last argument: how IPv6 has IPv4's function finish a mapped child. */
typedef void (*kf_child_init)(struct sock *newsk, const struct sock *sk);

/* What kernel_bind() takes; 6.19 gave addresses of any length a type of their own. */
#ifdef KF_HAVE_SOCKADDR_UNSIZED
#define kf_sockaddr struct sockaddr_unsized
#else
#define kf_sockaddr struct sockaddr
#endif

/*
 * @table has @nr entries and an empty one behind them: 6.1 wants the empty one,
 * 6.12 wants it not counted.
 */
static inline struct ctl_table_header *
kf_register_net_sysctl(struct net *net, const char *path,
		       struct ctl_table *table, size_t nr)
{
#ifdef register_net_sysctl
	return register_net_sysctl_sz(net, path, table, nr);
#else
	return register_net_sysctl(net, path, table);
#endif
}

/* A net_device that exists only to carry NAPI instances. Process context. */
static inline struct net_device *kf_alloc_napi_dev(void)
{
#ifdef KF_HAVE_ALLOC_NETDEV_DUMMY
	return alloc_netdev_dummy(0);
#else
	struct net_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (dev)
		init_dummy_netdev(dev);
	return dev;
#endif
}

static inline void kf_free_napi_dev(struct net_device *dev)
{
#ifdef KF_HAVE_ALLOC_NETDEV_DUMMY
	free_netdev(dev);
#else
	kfree(dev);
#endif
}

/* RCU read side; the listener found is not referenced. */
static inline struct sock *
kf_lookup_listener4(struct net *net, __be32 saddr, __be16 sport, __be32 daddr,
		    u16 port, int dif)
{
#ifdef KF_LOOKUP_WITHOUT_HASHINFO
	return __inet_lookup_listener(net, NULL, 0, saddr, sport, daddr, port,
				      dif, 0);
#else
	return __inet_lookup_listener(net, net->ipv4.tcp_death_row.hashinfo,
				      NULL, 0, saddr, sport, daddr, port, dif, 0);
#endif
}

#if IS_ENABLED(CONFIG_IPV6)
static inline struct sock *
kf_lookup_listener6(struct net *net, const struct in6_addr *saddr, __be16 sport,
		    const struct in6_addr *daddr, u16 port, int dif)
{
#ifdef KF_LOOKUP_WITHOUT_HASHINFO
	return inet6_lookup_listener(net, NULL, 0, saddr, sport, daddr, port,
				     dif, 0);
#else
	return inet6_lookup_listener(net, net->ipv4.tcp_death_row.hashinfo,
				     NULL, 0, saddr, sport, daddr, port, dif, 0);
#endif
}
#endif

/*
 * Make a child of a kernel listener a counted socket, so that tcp_close() leaves
 * its timers running (kernel-traps 4). False: the namespace is going.
 */
static inline bool kf_sk_net_refcnt_upgrade(struct sock *sk)
{
	struct net *net = sock_net(sk);

	if (sk->sk_net_refcnt)
		return true;
	if (!maybe_get_net(net))
		return false;
#ifdef KF_HAVE_SK_NET_REFCNT_UPGRADE
	sk_net_refcnt_upgrade(sk);
	put_net(net);		/* it took its own */
#else
	sk->sk_net_refcnt = 1;	/* keeps the reference taken above */
	netns_tracker_alloc(net, &sk->ns_tracker, GFP_ATOMIC | __GFP_NOWARN);
	sock_inuse_add(net, 1);
#endif
	return true;
}

/*
 * What tcp_close() does in the end with a socket whose FIN is queued. Under slock, not owned.
 * 7.2 keeps the count to itself.
 */
#ifdef KF_HAVE_PROTO_ORPHAN_COUNT
#define KF_CAN_ORPHAN true
static inline void kf_orphan(struct sock *sk)
{
	sock_orphan(sk);
	this_cpu_inc(*sk->sk_prot->orphan_count);
}

static inline int kf_orphans(const struct sock *sk)
{
	int cpu, sum = 0;

	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(sk->sk_prot->orphan_count, cpu);
	return max(sum, 0);
}
#else
#define KF_CAN_ORPHAN false
static inline void kf_orphan(struct sock *sk) { }
static inline int kf_orphans(const struct sock *sk) { return 0; }
#endif

/* Under slock. */
static inline void kf_tcp_send_ack(struct sock *sk)
{
#ifdef KF_HAVE_SEND_ACK_FLAGS
	__tcp_send_ack(sk, tcp_sk(sk)->rcv_nxt, 0);
#else
	__tcp_send_ack(sk, tcp_sk(sk)->rcv_nxt);
#endif
}

/*
 * Queue the @len bytes of @bv by reference, under the socket's lock. 6.1 defines
 * MSG_SPLICE_PAGES and ignores it, so there it is do_tcp_sendpages(), page by page.
 * Return: bytes queued (may be short), or a negative errno when none was.
 */
static inline int kf_tcp_send_bvec(struct sock *sk, struct bio_vec *bv,
				   unsigned int nr, size_t len, int flags)
{
#ifdef KF_HAVE_DO_TCP_SENDPAGES
	size_t done = 0;

	for (; nr; bv++, nr--) {
		int ret, f = flags;

		if (done + bv->bv_len < len)
			f |= MSG_MORE | MSG_SENDPAGE_NOTLAST;
		ret = do_tcp_sendpages(sk, bv->bv_page, bv->bv_offset, bv->bv_len, f);
		if (ret < 0)
			return done ? done : ret;
		done += ret;
		if (ret < bv->bv_len)
			break;
	}
	return done;
#else
	struct msghdr msg = { .msg_flags = flags | MSG_SPLICE_PAGES };

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, bv, nr, len);
	return tcp_sendmsg_locked(sk, &msg, len);
#endif
}

#endif /* KFRONT_COMPAT_NET_H */
