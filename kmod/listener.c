// SPDX-License-Identifier: GPL-2.0-only
/*
 * Our own port. In: connections that the stack completed. Out: each of them as a
 * newborn struct kf_conn in this CPU's poll.
 *
 * A child can only be handed to a backend's listener of its own family, so our
 * listeners mirror the backend's: one dual-stack socket, or an IPv4 and an
 * IPv6-only one. They are made (and made anew, when a backend turns up with
 * another shape) by a worker: its sockets belong to the root cgroup, and not to
 * whoever ran insmod (kernel-traps 17).
 *
 * The hook runs in softirq with a child's lock held: it dequeues, allocates and
 * links, nothing else (kernel-traps 10). Nobody accept()s on these sockets.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/inet.h>
#include <linux/net.h>
#include <net/ipv6.h>
#include <net/tcp.h>
#include "backend.h"
#include "compat/net.h"
#include "hook.h"
#include "listener.h"
#include "poll.h"
#include "tap.h"

#define KF_TOO_MANY	1024	/* above max_connections: the rest waits in our queue */
#define KF_SWEEP	HZ		/* between looks while something is missing */
#define KF_SWEEP_IDLE	(5 * HZ)	/* and when nothing is: the backend may change */
#define KF_HANDSHAKES	(2 * HZ)	/* for those under way when we stop listening */

struct kf_listener {
	struct kf_server *srv;
	struct socket *sock;	/* NULL: not listening */
};

struct kf_listeners {
	struct kf_server *srv;
	struct delayed_work sweep;	/* (re)makes the sockets; drains what was left */
	struct mutex lock;		/* protects shape, v4.sock, v6.sock */
	unsigned int shape;		/* mask of KF_L_* */
	bool known;			/* shape is the backend's; a failed hand-over clears it */
	bool no_ipv6;			/* this kernel has none: IPv4 whatever the backend has */
	bool started;			/* the first attempt was made */
	int err;			/* its result */
	struct kf_listener v4;
	struct kf_listener v6;
};

/* Take what is in the queue. BH off. */
static void kf_listener_drain(struct kf_listener *l, struct sock *sk)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	struct kf_poll *p = kf_poll_here(l->srv);
	struct request_sock *req;
	struct kf_conn *c;

	while (!reqsk_queue_empty(queue)) {
		/*
		 * Those above max_connections are the backend's; there, too, is an end to
		 * it. When we go, what is left here would be reset.
		 */
		if (kf_conn_too_many(l->srv, KF_TOO_MANY) && !READ_ONCE(l->srv->stopping))
			goto later;
		c = kf_conn_alloc(p);
		if (!c) {
			/* It stays queued: dropping the request would leak the child. */
			kf_count(l->srv, RETRIES_MEMORY);
			goto later;
		}
		req = reqsk_queue_remove(queue, sk);
		if (!req) {
			kf_conn_free(c);
			return;
		}
		c->req = req;
		c->sk = req->sk;
		kf_count(l->srv, CONNECTIONS);
		kf_conn_kick(c);
	}
	return;

later:
	mod_delayed_work(system_wq, &l->srv->listeners->sweep, HZ / 100 ?: 1);
}

void kf_listener_data_ready(struct sock *sk)
{
	struct kf_listener *l;

	if (sk->sk_state != TCP_LISTEN) {
		kf_default_data_ready(sk);
		return;
	}
	if (reqsk_queue_empty(&inet_csk(sk)->icsk_accept_queue))
		return;		/* newborn.c was faster */
	local_bh_disable();
	rcu_read_lock();
	l = rcu_dereference_sk_user_data(sk);
	if (l)
		kf_listener_drain(l, sk);
	rcu_read_unlock();
	local_bh_enable();
}

struct kf_server *kf_listener_server(struct sock *sk)
{
	struct kf_listener *l;

	if (READ_ONCE(sk->sk_data_ready) != kf_listener_data_ready)
		return NULL;
	l = rcu_dereference_sk_user_data(sk);
	return l ? l->srv : NULL;
}

static int kf_listener_setopt(struct socket *sock, int level, int opt, int val)
{
	return sock->ops->setsockopt(sock, level, opt, KERNEL_SOCKPTR(&val), sizeof(val));
}

/* Bind to the configured address, in the form that @family wants; wildcard if there is none. */
static int kf_listener_bind(struct kf_server *srv, struct socket *sock, int family)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(srv->port) };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(srv->port) };

	if (family == AF_INET) {
		if (srv->address_set)
			sin.sin_addr.s_addr = srv->address.s6_addr32[3];
		return kernel_bind(sock, (kf_sockaddr *)&sin, sizeof(sin));
	}
	if (srv->address_set)
		sin6.sin6_addr = srv->address;
	return kernel_bind(sock, (kf_sockaddr *)&sin6, sizeof(sin6));
}

static int kf_listener_open(struct kf_server *srv, struct kf_listener *l, int family,
			    bool v6only)
{
	struct socket *sock;
	struct sock *sk;
	int err;

	err = sock_create_kern(srv->net, family, SOCK_STREAM, IPPROTO_TCP, &sock);
	if (err)
		return err;
	sk = sock->sk;
	kf_tap_own(sk);
	sock_set_reuseaddr(sk);
	if (srv->reuseport)
		sock_set_reuseport(sk);
	tcp_sock_set_nodelay(sk);	/* inherited: pipelined answers must not wait for ACKs */
	if (family == AF_INET6)
		err = kf_listener_setopt(sock, SOL_IPV6, IPV6_V6ONLY, v6only);
	if (!err)	/* the shortest there is: silent clients must not fill the SYN queue */
		err = kf_listener_setopt(sock, SOL_TCP, TCP_DEFER_ACCEPT, 1);
	if (!err)
		err = kf_listener_bind(srv, sock, family);
	if (err)
		goto fail;

	l->srv = srv;	/* before the hook can run */
	write_lock_bh(&sk->sk_callback_lock);
	__rcu_assign_sk_user_data_with_flags(sk, l, SK_USER_DATA_NOCOPY);
	sk->sk_data_ready = kf_listener_data_ready;
	write_unlock_bh(&sk->sk_callback_lock);
	err = kernel_listen(sock, READ_ONCE(srv->net->core.sysctl_somaxconn));
	if (err)
		goto fail;
	/* net.ipv4.tcp_fastopen may have turned it on for every listener; a Fast Open
	 * child is tied to its request in ways a hand-over would break (kernel-traps 25).
	 */
	WRITE_ONCE(inet_csk(sk)->icsk_accept_queue.fastopenq.max_qlen, 0);
	l->sock = sock;
	return 0;

fail:
	sock_release(sock);
	return err;
}

/*
 * No SYN finds us any more, but somebody else who listens there, if there is one;
 * handshakes that have begun still complete: their requests are in the table of
 * connections and name us, and we stay TCP_LISTEN. When it closes the socket the
 * stack finds it unhashed. Who has completed one but said nothing yet
 * (TCP_DEFER_ACCEPT) is asked again by the stack one second after the SYN, and
 * that ACK must suffice now.
 */
static void kf_listener_hide(struct kf_listener *l)
{
	struct sock *sk;

	if (!l->sock)
		return;
	sk = l->sock->sk;
	lock_sock(sk);
	if (sk->sk_state == TCP_LISTEN) {
		sk->sk_prot->unhash(sk);
		WRITE_ONCE(inet_csk(sk)->icsk_accept_queue.rskq_defer_accept, 0);
	}
	release_sock(sk);
}

static bool kf_listener_settled(const struct kf_listener *l)
{
	return !l->sock || l->sock->sk->sk_state != TCP_LISTEN ||
	       !reqsk_queue_len(&inet_csk(l->sock->sk)->icsk_accept_queue);
}

/* Waits until the handshakes that had begun when kf_listener_hide() came are over. */
static void kf_listeners_settle(struct kf_listeners *ls)
{
	unsigned long end = jiffies + KF_HANDSHAKES;

	kf_listener_hide(&ls->v4);
	kf_listener_hide(&ls->v6);
	synchronize_rcu();	/* each SYN that found us is in the queue now */
	while (!(kf_listener_settled(&ls->v4) && kf_listener_settled(&ls->v6)) &&
	       time_before(jiffies, end))
		schedule_timeout_uninterruptible(HZ / 100 ?: 1);
}

static void kf_listener_close(struct kf_listener *l)
{
	struct sock *sk;

	if (!l->sock)
		return;
	sk = l->sock->sk;
	lock_sock(sk);
	write_lock_bh(&sk->sk_callback_lock);
	rcu_assign_sk_user_data(sk, NULL);
	kf_unhook_listener(sk);
	write_unlock_bh(&sk->sk_callback_lock);
	release_sock(sk);
	/* Ends every kf_listener_data_ready(), and each clone that inherited it is queued. */
	synchronize_rcu();
	local_bh_disable();
	kf_listener_drain(l, sk);
	local_bh_enable();
	sock_release(l->sock);	/* resets handshakes under way, unless they were waited for */
	l->sock = NULL;
}

static void kf_listeners_close(struct kf_listeners *ls)
{
	kf_listener_close(&ls->v4);
	kf_listener_close(&ls->v6);
	ls->shape = 0;
}

/* Our shape for the backend's, within what the address parameter allows. */
static unsigned int kf_listeners_shape(struct kf_server *srv, unsigned int backend)
{
	bool v4 = srv->address_set && ipv6_addr_v4mapped(&srv->address);
	bool v6 = srv->address_set && !v4;

	if (!backend)
		backend = KF_L_DUAL;
	if (backend & KF_L_DUAL)
		return v6 ? KF_L_V6ONLY : KF_L_DUAL;
	if (v4)
		backend &= KF_L_V4;
	if (v6)
		backend &= KF_L_V6ONLY;
	return backend ?: v6 ? KF_L_V6ONLY : KF_L_V4;
}

static int kf_listeners_open(struct kf_listeners *ls, unsigned int shape)
{
	struct kf_server *srv = ls->srv;
	int err = 0;

	if (shape & (KF_L_DUAL | KF_L_V6ONLY)) {
		err = kf_listener_open(srv, &ls->v6, AF_INET6, !(shape & KF_L_DUAL));
		if (err == -EAFNOSUPPORT && !(srv->address_set &&
					      !ipv6_addr_v4mapped(&srv->address))) {
			shape = KF_L_V4;	/* a kernel without IPv6 */
			err = 0;
		}
	}
	if (!err && shape & KF_L_V4)
		err = kf_listener_open(srv, &ls->v4, AF_INET, false);
	if (err) {
		kf_listeners_close(ls);
		return err;
	}
	ls->shape = shape;
	return 0;
}

/* Connections that were left in the queue: no memory, or too many. */
static void kf_listeners_drain(struct kf_listeners *ls)
{
	struct kf_listener *l[] = { &ls->v4, &ls->v6 };
	int i;

	for (i = 0; i < ARRAY_SIZE(l); i++) {
		if (!l[i]->sock)
			continue;
		local_bh_disable();
		kf_listener_drain(l[i], l[i]->sock->sk);
		local_bh_enable();
	}
}

/* Somebody else ended it (ss -K). */
static bool kf_listener_lost(const struct kf_listener *l)
{
	return l->sock && READ_ONCE(l->sock->sk->sk_state) != TCP_LISTEN;
}

static void kf_listeners_remake(struct kf_listeners *ls)
{
	struct kf_server *srv = ls->srv;
	unsigned int backend, shape;
	int err;

	backend = kf_backend_survey(srv);
	shape = kf_listeners_shape(srv, backend);
	WRITE_ONCE(ls->known, backend != 0);
	if (ls->no_ipv6)
		shape = KF_L_V4;
	if (kf_listener_lost(&ls->v4) || kf_listener_lost(&ls->v6))
		kf_listeners_close(ls);
	if (!ls->shape || (backend && shape != ls->shape)) {
		/* At once: until the new ones are there, SYNs find nobody. */
		kf_listeners_close(ls);
		err = kf_listeners_open(ls, shape);
		if (err && ls->started)
			pr_warn_ratelimited("cannot listen on port %u again: error %d; trying on\n",
					    srv->port, err);
		if (!ls->started)
			ls->err = err;
		if (!err && shape != KF_L_V4 && ls->shape == KF_L_V4)
			ls->no_ipv6 = true;
	}
	ls->started = true;
	if (ls->err)
		return;		/* the first attempt failed: insmod does */
	queue_delayed_work(system_wq, &ls->sweep,
			   READ_ONCE(ls->known) && ls->shape ? KF_SWEEP_IDLE : KF_SWEEP);
}

static void kf_listeners_sweep(struct work_struct *work)
{
	struct kf_listeners *ls = container_of(to_delayed_work(work), struct kf_listeners, sweep);

	mutex_lock(&ls->lock);
	kf_listeners_drain(ls);
	if (!READ_ONCE(ls->srv->stopping))
		kf_listeners_remake(ls);
	mutex_unlock(&ls->lock);
}

void kf_backend_suspect(struct kf_server *srv)
{
	struct kf_listeners *ls = srv->listeners;

	if (!ls || READ_ONCE(srv->stopping))
		return;		/* inline looks often enough anyway */
	if (READ_ONCE(ls->known)) {
		WRITE_ONCE(ls->known, false);
		mod_delayed_work(system_wq, &ls->sweep, HZ / 10);
	}
}

int kf_listeners_start(struct kf_server *srv)
{
	struct kf_listeners *ls = kzalloc(sizeof(*ls), GFP_KERNEL);
	int err;

	if (!ls)
		return -ENOMEM;
	err = kf_taps_learn(srv->net);
	if (err) {
		pr_err("cannot make a TCP socket: error %d\n", err);
		kfree(ls);
		return err;
	}
	ls->srv = srv;
	mutex_init(&ls->lock);
	INIT_DELAYED_WORK(&ls->sweep, kf_listeners_sweep);
	srv->listeners = ls;
	queue_delayed_work(system_wq, &ls->sweep, 0);
	flush_work(&ls->sweep.work);	/* the first attempt to listen; not a second one */
	err = ls->err;
	if (!err)
		return 0;
	if (err == -EADDRINUSE)
		pr_err("port %u is taken; is a server still listening there?\n", srv->port);
	else if (err == -EADDRNOTAVAIL)
		pr_err("address=%pI6c is not an address of this machine\n", &srv->address);
	else
		pr_err("cannot listen on port %u: error %d\n", srv->port, err);
	kf_listeners_stop(srv);
	return err;
}

void kf_listeners_stop(struct kf_server *srv)
{
	struct kf_listeners *ls = srv->listeners;

	if (!ls)
		return;
	WRITE_ONCE(srv->stopping, true);	/* the sweep only drains from now on */
	cancel_delayed_work_sync(&ls->sweep);
	kf_listeners_settle(ls);
	mutex_lock(&ls->lock);
	kf_listeners_close(ls);
	mutex_unlock(&ls->lock);
	cancel_delayed_work_sync(&ls->sweep);	/* a drain may have had no memory */
	/* ls itself stays for kf_listeners_free(): connections still look at it */
}

void kf_listeners_free(struct kf_server *srv)
{
	kfree(srv->listeners);
	srv->listeners = NULL;
}

int kf_listeners_count(struct kf_server *srv)
{
	struct kf_listeners *ls = srv->listeners;

	return ls ? !!READ_ONCE(ls->v4.sock) + !!READ_ONCE(ls->v6.sock) : 0;
}
