// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers into TCP. In: a head on a page of ours and a body as page references.
 * Out: both queued in one call, nothing copied; what does not fit is continued
 * when ACKs make room, a stream chunk by chunk.
 *
 * Runs in the poll, under slock, never while the socket is owned. Nothing here
 * sleeps: MSG_DONTWAIT, and allocations are atomic and silent (hook.c).
 */
#include <net/tcp.h>
#include "compat/net.h"
#include "file.h"
#include "handover.h"
#include "hook.h"
#include "poll.h"
#include "send.h"

/* What is left of @out as vecs in p->bv, as many as fit; returns their bytes. */
static u32 kf_vecs(struct kf_poll *p, const struct kf_out *out, u32 *nr)
{
	const struct bio_vec *bv = out->body, *end = bv + out->nr_body;
	u32 skip = out->body_off, left = out->body_len;
	struct bio_vec *to = p->bv;
	u32 len = 0;

	if (out->done < out->head_len) {
		len = out->head_len - out->done;
		bvec_set_page(to++, out->head_page, len, out->head_off + out->done);
	} else {
		skip += out->done - out->head_len;
		left -= out->done - out->head_len;
	}
	if (out->whole && !skip && to + out->nr_body <= p->bv + ARRAY_SIZE(p->bv)) {
		memcpy(to, bv, out->nr_body * sizeof(*bv));
		*nr = to + out->nr_body - p->bv;
		return len + left;
	}
	while (bv < end && skip >= bv->bv_len)
		skip -= (bv++)->bv_len;
	for (; left && bv < end && to < p->bv + ARRAY_SIZE(p->bv); bv++, to++) {
		u32 n = min(bv->bv_len - skip, left);

		bvec_set_page(to, bv->bv_page, n, bv->bv_offset + skip);
		len += n;
		left -= n;
		skip = 0;
	}
	*nr = to - p->bv;
	return len;
}

/*
 * Did TCP take references, or did it copy? Looked up, not assumed: the last byte
 * queued is the end of the last skb's last fragment; it is ours only if that is
 * where our vecs end. (6.1 ignores MSG_SPLICE_PAGES in silence; without
 * NETIF_F_SG 6.12 copies.) No ACK can have freed the skb: we hold the slock.
 * What was found at a connection's first answer holds for those after it, unless its
 * route has lost NETIF_F_SG.
 */
static bool kf_sent_by_reference(struct sock *sk, const struct bio_vec *bv, u32 nr, u32 len,
				 u32 sent)
{
	struct sk_buff *skb = tcp_write_queue_tail(sk);
	const skb_frag_t *frag;

	if (!skb)
		skb = skb_rb_last(&sk->tcp_rtx_queue);
	if (!skb || !skb_shinfo(skb)->nr_frags)
		return false;
	if (sent == len) {	/* mostly: all of it */
		bv += nr - 1;
		sent = bv->bv_len;
	}
	for (; sent > bv->bv_len; bv++)
		sent -= bv->bv_len;
	frag = &skb_shinfo(skb)->frags[skb_shinfo(skb)->nr_frags - 1];
	return page_to_phys(skb_frag_page(frag)) + skb_frag_off(frag) + skb_frag_size(frag) ==
	       page_to_phys(bv->bv_page) + bv->bv_offset + sent;
}

int kf_send(struct kf_conn *c, struct kf_out *out)
{
	int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
	struct kf_poll *p = c->poll;
	struct sock *sk = c->sk;
	bool copies = !(sk->sk_route_caps & NETIF_F_SG);
	const u32 end = out->head_len + out->body_len;
	int ret, total = 0;
	u32 len, nr;

	if (!out->shared)
		flags |= MSG_NO_SHARED_FRAGS;
	for (;;) {
		len = kf_vecs(p, out, &nr);
		if (!len)
			return total;
		if (out->last || out->done + len < end)
			flags |= MSG_MORE;
		else
			flags &= ~MSG_MORE;
		if (copies)	/* else each socket would keep 32 KiB (kernel-traps 3) */
			swap(sk->sk_frag, p->frag);
		c->sending = true;
		ret = kf_tcp_send_bvec(sk, p->bv, nr, len, flags);
		c->sending = false;
		if (copies)
			swap(sk->sk_frag, p->frag);
		if (ret <= 0)
			return total ? total : ret ?: -EAGAIN;
		if (!c->answered || copies)
			c->by_reference = kf_sent_by_reference(sk, p->bv, nr, len, ret);
		if (c->by_reference)
			kf_count_add(p->srv, BYTES_BY_REFERENCE, ret);
		else
			kf_count_add(p->srv, BYTES_COPIED, ret);
		kf_count_add(p->srv, BYTES_SENT, ret);
		out->done += ret;
		total += ret;
		if (ret < len || out->done == end)
			return total;
	}
}

bool kf_send_blocked(struct kf_conn *c, int err)
{
	struct kf_server *srv = c->poll->srv;
	struct sock *sk = c->sk;

	if (err != -EAGAIN && err != -ENOMEM && err != -ENOBUFS) {
		kf_count(srv, KILLED_RESET);
		kf_conn_reset(c);
		return false;
	}
	if (c->timeout != KF_T_SEND) {
		c->una = tcp_sk(sk)->snd_una;
		kf_wait_begin(c, KF_T_SEND);
	}
	if (tcp_rtx_and_write_queues_empty(sk)) {
		/* No memory, and no ACK will ever come to wake us (kernel-traps 16). */
		kf_count(srv, RETRIES_MEMORY);
		kf_poll_retry(c->poll, c);
		return false;
	}
	kf_want(c, KF_WANT_SPACE);
	return false;
}

bool kf_answer_done(struct kf_conn *c)
{
	if (c->close_after) {
		kf_conn_shutdown(c);
		return false;
	}
	kf_conn_drop_answer(c);
	if (c->want != KF_WANT_NOTHING)
		kf_want(c, KF_WANT_NOTHING);
	c->state = KF_REQUEST;
	kf_wait_keepalive(c);
	/* Most often that was all there is. */
	return tcp_inq(c->sk) || c->sk->sk_shutdown & RCV_SHUTDOWN;
}

static void kf_stream_done(struct kf_stream *st)
{
	kf_conn_answer(st->arg);
}

void kf_stream_ask(struct kf_conn *c)
{
	kf_wait_end(c);
	kf_want(c, KF_WANT_NOTHING);
	c->state = KF_ASKED;
	kf_stream_next(c->stream, kf_stream_done, c);
}

/* Everything queued so far must be acknowledged before we go on: see kf_settle(). */
void kf_settle_begin(struct kf_conn *c)
{
	c->state = KF_SETTLING;
	c->una = tcp_sk(c->sk)->snd_una;
	kf_wait_begin(c, KF_T_SEND);
	kf_want(c, KF_WANT_ACKED);
}

bool kf_settle(struct kf_conn *c)
{
	if (!tcp_rtx_and_write_queues_empty(c->sk))
		return false;
	if (c->stream) {
		kf_stream_ask(c);
		return false;
	}
	kf_want(c, KF_WANT_NOTHING);
	kf_handover(c, c->reason);
	return false;
}

bool kf_stream_advance(struct kf_conn *c)
{
	if (!c->body_left)
		return kf_answer_done(c);
	c->send_off = 0;
	c->head_len = 0;
	/* The last byte leaves only behind a file that was found unchanged. */
	if (c->body_left == 1 && !tcp_rtx_and_write_queues_empty(c->sk)) {
		kf_settle_begin(c);
		return false;
	}
	kf_stream_ask(c);
	return false;
}

/* A chunk that came back: the file changed or failed, or more to send. */
static bool kf_stream_usable(struct kf_conn *c)
{
	struct kf_server *srv = c->poll->srv;
	struct kf_stream *st = c->stream;

	if (!st->error && st->bytes && st->bytes <= c->body_left)
		return true;
	kf_count(srv, KILLED_FILE_CHANGED);
	kf_conn_reset(c);
	return false;
}

bool kf_send_more(struct kf_conn *c)
{
	struct kf_out out = {
		.head_page = c->head_page,
		.head_off = c->head_off,
		.head_len = c->head_len,
		.done = c->send_off,
	};
	int ret;

	if (c->stream) {
		if (!kf_stream_usable(c))
			return false;
		out.body = c->stream->bv;
		out.nr_body = c->stream->nr_bv;
		out.body_len = c->stream->bytes;
		out.shared = true;
		out.last = c->close_after && c->body_left == out.body_len;
	} else if (c->object) {
		out.body = c->object->bv;
		out.nr_body = c->object->nr_bv;
		out.body_off = c->body_off;
		out.body_len = c->body_left;
		out.last = c->close_after;
	} else {
		out.last = c->close_after;	/* a head alone */
	}
	ret = kf_send(c, &out);
	if (ret < 0)
		return kf_send_blocked(c, ret);
	c->send_off = out.done;
	if (ret)
		kf_wait_end(c);
	if (out.done < out.head_len + out.body_len)
		return kf_send_blocked(c, -EAGAIN);
	if (c->stream) {
		c->body_left -= c->stream->bytes;
		return kf_stream_advance(c);
	}
	return kf_answer_done(c);
}
