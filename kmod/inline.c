// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inline: standing in front of a server on its own port. In: the port. Out: every
 * listening socket on it that we may drive is tapped (tap.c), soon after it
 * appears, and let go when it stops listening.
 *
 * Nobody tells when a socket begins to listen, so the table of listeners is looked
 * through twice a second; nor when one is closed, so those that are tapped are looked
 * at ten times a second: for so long a closed one's memory and namespace are kept,
 * never its port.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/tcp.h>
#include "backend.h"
#include "compat/net.h"
#include "inline.h"
#include "poll.h"
#include "tap.h"

#define KF_LOOK		(HZ / 10 ?: 1)	/* between looks at what is tapped */
#define KF_FIND		(HZ / 2)	/* and at the table of listeners */
#define KF_LISTENERS_MAX 1024	/* found at once; the rest the next time */

struct kf_inline {
	struct kf_server *srv;
	struct delayed_work look;
	struct list_head taps;	/* the look only; see tap.h */
	unsigned long find;	/* jiffies: when to look for new ones */
	unsigned long seen;	/* jiffies: when somebody was last found listening */
	unsigned int refused[KF_TAP_REFUSALS];	/* the last time */
	struct sock *socks[KF_LISTENERS_MAX];	/* referenced; the look only */
};

static const char * const kf_refusal_says[KF_TAP_REFUSALS] = {
	[KF_TAP_MPTCP] = "it listens with MPTCP",
	[KF_TAP_DRIVEN] = "another part of the kernel (BPF, SMC) drives it",
	[KF_TAP_OTHER_USER] = "it is another user's, and root listens on this port, too",
};

/* One that is bound to the address parameter, if there is one. */
static bool kf_inline_wanted(struct kf_server *srv, const struct sock *sk)
{
	struct in6_addr v4;

	if (!srv->address_set)
		return true;
	if (sk->sk_family == AF_INET) {
		ipv6_addr_set_v4mapped(sk->sk_rcv_saddr, &v4);
		return ipv6_addr_equal(&v4, &srv->address);
	}
#if IS_ENABLED(CONFIG_IPV6)
	return ipv6_addr_equal(&sk->sk_v6_rcv_saddr, &srv->address);
#else
	return false;
#endif
}

/* On an unprivileged port anybody may listen on an address that the server left free. */
static enum kf_tap_refusal kf_inline_refuses(struct sock *sk, bool roots)
{
	if (roots && !uid_eq(sk->sk_uid, GLOBAL_ROOT_UID))
		return KF_TAP_OTHER_USER;
	return kf_tap_refuses(sk);
}

/* A line in the log when there are more of a kind than before. */
static void kf_inline_complain(struct kf_inline *il, const unsigned int *refused)
{
	int why;

	for (why = KF_TAP_FINE + 1; why < KF_TAP_REFUSALS; why++) {
		if (refused[why] > il->refused[why])
			pr_warn_ratelimited("a listening socket on port %u is left alone: %s\n",
					    il->srv->port, kf_refusal_says[why]);
		il->refused[why] = refused[why];
	}
}

/* It does not listen any more, its holder has made something else of it, or root's came. */
static bool kf_inline_leaves(const struct kf_tap *tap, bool roots)
{
	return READ_ONCE(tap->sk->sk_state) != TCP_LISTEN || !kf_tapped(tap->sk) ||
	       (roots && !uid_eq(tap->sk->sk_uid, GLOBAL_ROOT_UID));
}

static bool kf_inline_leaves_all(const struct kf_tap *tap, bool unused)
{
	return true;
}

/*
 * The server is gone for longer than a restart takes: who is idle is let go, as the
 * server's own connections were when it ended, and with them its namespace.
 */
static void kf_inline_desert(struct kf_inline *il, bool found)
{
	struct kf_server *srv = il->srv;
	unsigned long wait = msecs_to_jiffies(READ_ONCE(srv->set.backend_wait_ms));

	if (found)
		il->seen = jiffies;
	WRITE_ONCE(srv->deserted, jiffies - il->seen > max(wait, 2UL * KF_FIND));
	if (srv->deserted && percpu_counter_sum(&srv->open))
		kf_polls_sweep(srv);
}

/* Look for listening sockets that are not tapped yet. */
static void kf_inline_find(struct kf_inline *il)
{
	unsigned int refused[KF_TAP_REFUSALS] = {};
	struct kf_server *srv = il->srv;
	int i, nr, begin = 0;
	bool roots;

	nr = kf_backend_list(srv, il->socks, KF_LISTENERS_MAX, kf_tapped, &roots);
	kf_taps_out(&il->taps, kf_inline_leaves, roots, false);
	/* Whoever comes now finds a server. */
	kf_inline_desert(il, nr || !list_empty(&il->taps));
	for (i = 0; i < nr; i++) {
		enum kf_tap_refusal why;

		if (!kf_inline_wanted(srv, il->socks[i]))
			continue;
		why = kf_inline_refuses(il->socks[i], roots);
		if (why) {
			refused[why]++;
		} else {
			swap(il->socks[begin], il->socks[i]);
			begin++;
		}
	}
	il->find = jiffies;
	if (kf_taps_in(srv, &il->taps, il->socks, begin))
		il->find += KF_FIND;
	for (i = 0; i < nr; i++)
		sock_put(il->socks[i]);
	kf_inline_complain(il, refused);
}

static void kf_inline_look(struct work_struct *work)
{
	struct kf_inline *il = container_of(to_delayed_work(work), struct kf_inline, look);

	kf_taps_out(&il->taps, kf_inline_leaves, false, false);
	if (time_after_eq(jiffies, il->find))
		kf_inline_find(il);
	queue_delayed_work(system_wq, &il->look, KF_LOOK);
}

int kf_inline_start(struct kf_server *srv)
{
	struct kf_inline *il;
	int err;

	il = kvzalloc(sizeof(*il), GFP_KERNEL);
	if (!il)
		return -ENOMEM;
	err = kf_taps_learn(srv->net);
	if (err) {
		pr_err("cannot make a TCP socket: error %d\n", err);
		kvfree(il);
		return err;
	}
	il->srv = srv;
	INIT_LIST_HEAD(&il->taps);
	il->seen = jiffies;
	il->find = jiffies;
	INIT_DELAYED_WORK(&il->look, kf_inline_look);
	srv->inl = il;
	queue_delayed_work(system_wq, &il->look, 0);
	flush_work(&il->look.work);	/* the first look; not a second one */
	if (list_empty(&il->taps))
		pr_info("nobody listens on port %u now that could be accelerated; waiting\n",
			srv->port);
	return 0;
}

void kf_inline_stop(struct kf_server *srv)
{
	struct kf_inline *il = srv->inl;

	if (!il)
		return;
	WRITE_ONCE(srv->stopping, true);
	cancel_delayed_work_sync(&il->look);
	kf_taps_out(&il->taps, kf_inline_leaves_all, false, true);
}

void kf_inline_free(struct kf_server *srv)
{
	kvfree(srv->inl);
	srv->inl = NULL;
}
