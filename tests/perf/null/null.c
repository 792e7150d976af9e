// SPDX-License-Identifier: GPL-2.0-only
/*
 * The null responder: the least that can answer HTTP from softirq, as a limit for
 * what can. It looks at nothing: whatever a client sends at once is a request, and
 * every answer is the same bytes, read from a file when the module is loaded.
 *
 * Everything happens in the callbacks of the child, under its lock (slock), before
 * the packet's processing has ended: no poll, no worker, no second lock, no memory
 * of its own per connection. Callbacks, GFP flags and the pingpong mode that keeps
 * the request's ACK back for the answer are the listener's, which children inherit.
 *
 * What it leaves out makes it unfit for anything but a comparison: it parses nothing,
 * counts nothing, times nothing out, and must not be unloaded while a connection is
 * open (servers.py waits). It is for kernels that have MSG_SPLICE_PAGES.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bvec.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/uio.h>
#include <net/net_namespace.h>
#include <net/tcp.h>

#define NULL_PAGES	1100	/* 4 MiB and a head */
#define NULL_COPIED	512	/* KF_BODY_COPIED: a body that goes with its head */

static char *answer;
module_param(answer, charp, 0444);
MODULE_PARM_DESC(answer, "file with the answer to everything, head and body");

static bool close;
module_param(close, bool, 0444);
MODULE_PARM_DESC(close, "end the connection with the answer: FIN on its last segment (default: 0)");

static struct bio_vec pages[NULL_PAGES];
static unsigned int nr_pages;
static size_t length;
static struct socket *listener;

/* Lent to children (a send needs one): the second one's SOCK_NOSPACE is set for ever. */
static struct socket *idle, *blocked;

static void null_lend(struct sock *sk, struct socket *sock)
{
	sk_set_socket(sk, sock);
	rcu_assign_pointer(sk->sk_wq, &sock->wq);
}

/* From here on it ends by itself: what tcp_close() does in these states (kernel-traps 20). */
static void null_end(struct sock *sk)
{
	sk->sk_prot->shutdown(sk, SEND_SHUTDOWN);
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	sock_orphan(sk);
	tcp_orphan_count_inc();
}

/* Sends the last @left bytes of the answer, or as many as there is room for; then ends, maybe. */
static void null_send(struct sock *sk, size_t left)
{
	bool last = close || sock_flag(sk, SOCK_DONE);
	struct msghdr msg = {
		.msg_flags = MSG_SPLICE_PAGES | MSG_NO_SHARED_FRAGS | MSG_DONTWAIT |
			     MSG_NOSIGNAL | (last ? MSG_MORE : 0),
	};
	int ret;

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, pages, nr_pages, length);
	iov_iter_advance(&msg.msg_iter, length - left);
	ret = tcp_sendmsg_locked(sk, &msg, left);
	if (ret != left) {
		/* How much is left is all we know of a connection. Below it are flags. */
		rcu_assign_sk_user_data(sk, (void *)((left - max(ret, 0)) << 3));
		null_lend(sk, blocked);
		clear_bit(SOCK_NOSPACE, &idle->flags);
	} else if (last) {
		null_end(sk);
	}
}

/* All of it; a window update needs no packet of its own, the next answer brings it. */
static void null_consume(struct sock *sk)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&sk->sk_receive_queue)))
		__kfree_skb(skb);
	WRITE_ONCE(tcp_sk(sk)->copied_seq, tcp_sk(sk)->rcv_nxt);
}

/* Nobody accept()s: what the stack has for that is forgotten. The child lives without. */
static void null_accept(struct sock *sk)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	struct request_sock *req;

	while (!reqsk_queue_empty(queue)) {
		req = reqsk_queue_remove(queue, sk);
		if (req)
			reqsk_put(req);
	}
}

/* A listener has a connection; or a child, which has inherited this, has data or a FIN. */
static void null_data_ready(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (sk->sk_state == TCP_LISTEN) {
		null_accept(sk);
		return;
	}
	if (!((1 << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)) || sk->sk_user_data)
		return;
	if (!sk->sk_socket)
		null_lend(sk, idle);
	if (tp->rcv_nxt - tp->copied_seq > sock_flag(sk, SOCK_DONE))
		null_send(sk, length);
	else if (sock_flag(sk, SOCK_DONE))
		null_end(sk);
	null_consume(sk);
}

static void null_write_space(struct sock *sk)
{
	size_t left = (unsigned long)sk->sk_user_data >> 3;

	/* tcp_sendmsg_locked() itself calls this when it has no memory; then, too, ACKs come. */
	if (!left || !sk_stream_is_writeable(sk))
		return;
	rcu_assign_sk_user_data(sk, NULL);
	null_lend(sk, idle);
	null_send(sk, left);
	if (sock_flag(sk, SOCK_DEAD))
		sk_set_socket(sk, idle);	/* tcp_check_space() looks at it once more */
}

/* Reset or timed out: nobody else will free it. */
static void null_state_change(struct sock *sk)
{
	if (sk->sk_state != TCP_CLOSE)
		return;
	sock_orphan(sk);
	tcp_orphan_count_inc();
	inet_csk_destroy_sock(sk);
}

static void null_free(void)
{
	while (nr_pages)
		__free_page(pages[--nr_pages].bv_page);
}

/*
 * So many bytes go on a page of their own. As kfront's: a head that has more than a
 * little behind it is a fragment apart from the body's pages, and a client that reads
 * pays for each fragment that it meets.
 */
static size_t null_chunk(const struct page *page, size_t got, size_t rest)
{
	const char *end = nr_pages ? NULL : strnstr(page_address(page), "\r\n\r\n", got);
	size_t head = end ? end + 4 - (char *)page_address(page) : got;

	return got - head + rest > NULL_COPIED ? head : got;
}

static int null_read(void)
{
	struct file *file = filp_open(answer, O_RDONLY, 0);
	ssize_t got = 0;
	loff_t size;

	if (IS_ERR(file))
		return PTR_ERR(file);
	size = i_size_read(file_inode(file));
	while (length < size && nr_pages < NULL_PAGES) {
		struct page *page = alloc_page(GFP_KERNEL);
		loff_t pos = length;

		if (!page)
			break;
		got = kernel_read(file, page_address(page), PAGE_SIZE, &pos);
		if (got <= 0) {
			__free_page(page);
			break;
		}
		got = null_chunk(page, got, size - pos);
		bvec_set_page(&pages[nr_pages++], page, got, 0);
		length += got;
	}
	filp_close(file, NULL);
	return length && length == size ? 0 : -EIO;
}

static int null_setopt(int level, int opt, int val)
{
	return listener->ops->setsockopt(listener, level, opt, KERNEL_SOCKPTR(&val), sizeof(val));
}

/* As kfront's own: dual-stack, and woken only when there is a request. */
static int null_listen(void)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(80) };
	struct sock *sk;
	int err;

	err = sock_create_kern(&init_net, AF_INET6, SOCK_STREAM, IPPROTO_TCP, &listener);
	if (err)
		return err;
	sk = listener->sk;
	sock_set_reuseaddr(sk);
	tcp_sock_set_nodelay(sk);
	sk->sk_allocation = GFP_ATOMIC | __GFP_NOWARN;
	sk->sk_use_task_frag = false;
	sk->sk_data_ready = null_data_ready;
	sk->sk_write_space = null_write_space;
	sk->sk_state_change = null_state_change;
	err = null_setopt(SOL_IPV6, IPV6_V6ONLY, 0);
	if (!err)
		err = null_setopt(SOL_TCP, TCP_DEFER_ACCEPT, 1);
	if (!err)
		err = kernel_bind(listener, (struct sockaddr *)&any, sizeof(any));
	if (!err)
		err = kernel_listen(listener, READ_ONCE(init_net.core.sysctl_somaxconn));
	if (!err)
		tcp_sock_set_quickack(sk, 0);	/* the answer is the ACK (kernel-traps 19) */
	if (err)
		sock_release(listener);
	return err;
}

static int __init null_init(void)
{
	int err = answer ? null_read() : -EINVAL;

	if (!err)
		err = sock_create_lite(AF_INET, SOCK_STREAM, IPPROTO_TCP, &idle);
	if (!err)
		err = sock_create_lite(AF_INET, SOCK_STREAM, IPPROTO_TCP, &blocked);
	if (!err) {
		set_bit(SOCK_NOSPACE, &blocked->flags);
		err = null_listen();
	}
	if (!err)
		return 0;
	if (blocked)
		sock_release(blocked);
	if (idle)
		sock_release(idle);
	null_free();
	return err;
}

static void __exit null_exit(void)
{
	sock_release(listener);
	synchronize_rcu();
	sock_release(blocked);
	sock_release(idle);
	null_free();		/* what is still on its way has references */
}

module_init(null_init);
module_exit(null_exit);
MODULE_DESCRIPTION("Answers everything with the same bytes; for tests/perf only");
MODULE_LICENSE("GPL");
