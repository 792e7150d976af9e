// SPDX-License-Identifier: GPL-2.0-only
/*
 * One request. In: bytes in a child's receive queue, peeked. Out: an answer
 * queued and the bytes consumed, or a question to the worker, or the connection
 * with the backend, its bytes unread.
 *
 * Runs in the poll, under slock and rcu_read_lock(). A head that comes in pieces
 * is searched for its end piece by piece (c->scan), each byte once; only when it
 * is complete is it copied together and parsed. The answer is queued before the
 * request is consumed, so that it carries the ACK.
 */
#include <linux/ktime.h>
#include <net/tcp.h>
#include "arm.h"
#include "compat/net.h"
#include "file.h"
#include "handover.h"
#include "hook.h"
#include "parse.h"
#include "poll.h"
#include "reply.h"
#include "request.h"
#include "route.h"
#include "send.h"

/* The first @len bytes of @skb, which has as many. */
static bool kf_peek_piece(const struct sk_buff *skb, char *to, u32 len)
{
	const skb_frag_t *frag = &skb_shinfo(skb)->frags[0];
	const void *from = NULL;

	if (len <= skb_headlen(skb))
		from = skb->data;
	else if (!IS_ENABLED(CONFIG_HIGHMEM) && !skb_headlen(skb) &&
		 skb_shinfo(skb)->nr_frags && len <= skb_frag_size(frag))
		from = skb_frag_address(frag);
	if (!from)
		return !skb_copy_bits(skb, 0, to, len);
	memcpy(to, from, len);
	return true;
}

/* Copy @len unread bytes from @off on; they are known to be there. */
static bool kf_peek(struct sock *sk, u32 off, char *to, u32 len)
{
	u32 seq = tcp_sk(sk)->copied_seq + off;
	struct sk_buff *skb = skb_peek(&sk->sk_receive_queue);

	/* Mostly it is one piece. */
	if (skb && !off && TCP_SKB_CB(skb)->seq == seq && len <= skb->len)
		return kf_peek_piece(skb, to, len);
	/* From the end: what is new is there, and old pieces may be many. */
	skb_queue_reverse_walk(&sk->sk_receive_queue, skb)
		if (!after(TCP_SKB_CB(skb)->seq, seq))
			break;
	skb_queue_walk_from(&sk->sk_receive_queue, skb) {
		u32 at = seq - TCP_SKB_CB(skb)->seq, n;

		if (!len)
			break;
		if (at >= skb->len)
			continue;
		n = min(len, skb->len - at);
		if (skb_copy_bits(skb, at, to, n))
			return false;
		to += n;
		seq += n;
		len -= n;
	}
	return !len;
}

bool kf_peek_is_head(struct sock *sk)
{
	char method[5];

	return tcp_inq(sk) >= sizeof(method) && kf_peek(sk, 0, method, sizeof(method)) &&
	       !memcmp(method, "HEAD ", sizeof(method));
}

static int kf_consume_actor(read_descriptor_t *desc, struct sk_buff *skb,
			    unsigned int off, size_t len)
{
	size_t n = min_t(size_t, len, desc->count);

	desc->count -= n;
	return n;
}

/*
 * All of what came in one piece, as most requests do. What tcp_read_sock() does beside
 * taking it off is about the ACK, which the answer carries, and about the window, which
 * is not narrow.
 */
static bool kf_consume_piece(struct sock *sk, u32 len)
{
	struct sk_buff *skb = skb_peek(&sk->sk_receive_queue);

	if (!skb || skb->len != len || TCP_SKB_CB(skb)->seq != tcp_sk(sk)->copied_seq ||
	    TCP_SKB_CB(skb)->tcp_flags & (TCPHDR_FIN | TCPHDR_SYN) ||
	    sk_rmem_alloc_get(sk) > READ_ONCE(sk->sk_rcvbuf) / 4)
		return false;
	WRITE_ONCE(tcp_sk(sk)->copied_seq, tcp_sk(sk)->copied_seq + len);
	sk_eat_skb(sk, skb);
	return true;
}

static void kf_consume(struct sock *sk, u32 len)
{
	read_descriptor_t desc = { .count = len };

	if (!kf_consume_piece(sk, len))
		tcp_read_sock(sk, &desc, kf_consume_actor);
}

u32 kf_discard(struct sock *sk)
{
	read_descriptor_t desc = { .count = INT_MAX };

	if (sk->sk_state == TCP_CLOSE || skb_queue_empty(&sk->sk_receive_queue))
		return 0;
	tcp_read_sock(sk, &desc, kf_consume_actor);
	return INT_MAX - desc.count;
}

void kf_request_close(struct kf_conn *c)
{
	kf_discard(c->sk);
	/* Nobody is owed an answer: no need to linger, unless one is still on its way. */
	c->asked_close = tcp_rtx_and_write_queues_empty(c->sk);
	kf_conn_shutdown(c);
}

/*
 * New bytes of the head; true when it is complete and lies in poll->buf. One that has come
 * in one piece may have been understood on the way: *@parsed is set then, and poll->rq.
 */
static bool kf_head_complete(struct kf_conn *c, u32 avail, bool *parsed)
{
	struct kf_settings *set = &c->poll->srv->set;
	u32 max_bytes = min_t(u32, READ_ONCE(set->max_header_bytes), KF_HEAD_BUF);
	enum kf_reason why = KF_OK;
	char *buf = c->poll->buf;
	u32 seen = c->scan.scanned;
	u32 end = min3(avail, max_bytes + 1, (u32)KF_HEAD_BUF);

	*parsed = false;
	if (c->head_whole)	/* found full buffers the last time */
		return kf_peek(c->sk, 0, buf, seen);
	if (end <= seen) {
		if (avail > seen)
			kf_handover(c, KF_R_HEADER_TOO_LARGE);
		else if (c->sk->sk_shutdown & RCV_SHUTDOWN)
			kf_handover(c, KF_R_HEADER);
		return false;
	}
	if (!kf_peek(c->sk, seen, buf + seen, end - seen)) {
		kf_handover(c, KF_R_FOREIGN_SOCKET);
		return false;
	}
	if (!seen && !kf_parse_whole(&c->scan, buf, min(end, max_bytes),
				     READ_ONCE(set->max_header_lines), &c->poll->rq,
				     &c->poll->host)) {
		c->head_whole = true;
		*parsed = true;
		return true;
	}
	switch (kf_scan_head(&c->scan, buf + seen, end - seen, max_bytes,
			     READ_ONCE(set->max_header_lines), &why)) {
	case KF_SCAN_NOT_MINE:
		kf_handover(c, why);
		return false;
	case KF_SCAN_INCOMPLETE:
		/* The peer will send no more: its server says what it thinks of that. */
		if (c->sk->sk_shutdown & RCV_SHUTDOWN) {
			kf_handover(c, KF_R_HEADER);
			return false;
		}
		if (c->timeout != KF_T_HEADER)
			kf_wait_begin(c, KF_T_HEADER);
		if (!c->answered)
			kf_ack_now(c->sk);
		return false;
	case KF_SCAN_COMPLETE:
		break;
	}
	c->head_whole = true;
	return !seen || kf_peek(c->sk, 0, buf, seen);
}

static void kf_lookup_done(struct kf_lookup *lk)
{
	kf_conn_answer(lk->arg);
}

static void kf_ask(struct kf_conn *c, const struct kf_key *key)
{
	struct kf_server *srv = c->poll->srv;
	enum kf_reason why = KF_OK;

	if (kf_missed_lately(&c->poll->missed, key)) {
		kf_handover(c, KF_R_MISSING);
		return;
	}
	kf_wait_end(c);
	c->state = KF_ASKED;
	c->lookup = kf_lookup_start(srv, key, kf_lookup_done, c, &why);
	if (!c->lookup) {
		c->state = KF_REQUEST;
		kf_handover(c, why);
	}
}

/* The codings that we may send. */
static u8 kf_offers(const struct kf_server *srv)
{
	u8 offers = 0;

	if (READ_ONCE(srv->set.gzip))
		offers |= KF_CODING(KF_GZIP);
	if (READ_ONCE(srv->set.precompressed))
		offers |= KF_CODING(KF_PRE_BR) | KF_CODING(KF_PRE_ZSTD) | KF_CODING(KF_PRE_GZIP);
	return offers;
}

/* The head again, now with what the worker found; its bytes are still in the queue. */
static bool kf_reread(struct kf_conn *c, struct kf_request *rq)
{
	return kf_peek(c->sk, 0, c->poll->buf, c->scan.scanned) &&
	       kf_parse(c->poll->buf, c->scan.scanned, rq) == KF_OK;
}

/* The worker's answer to what this connection asked. */
static bool kf_request_looked_up(struct kf_conn *c, const struct kf_request *rq)
{
	struct kf_lookup *lk = c->lookup;
	struct kf_object *obj;

	if (lk->reason) {
		if (lk->reason == KF_R_MISSING)
			kf_missed_add(&c->poll->missed, &lk->key);
		kf_handover(c, lk->reason);
		return false;
	}
	if (lk->stream) {
		c->stream = lk->stream;
		lk->stream = NULL;
	}
	if (c->stream)
		return kf_reply(c, rq, &c->stream->entity, NULL, false);
	/* Found full buffers the last time: then the reference is already ours. */
	obj = lk->object ?: c->object;
	if (WARN_ON_ONCE(!obj)) {
		kf_handover(c, KF_R_UNSTABLE);
		return false;
	}
	return kf_reply(c, rq, &obj->entity, obj, false);
}

bool kf_request(struct kf_conn *c)
{
	struct kf_server *srv = c->poll->srv;
	struct sock *sk = c->sk;
	u32 avail = tcp_inq(sk);
	const struct kf_policy *policy;
	struct kf_request *rq = &c->poll->rq;
	struct kf_target *t = &c->poll->target;
	enum kf_reason why = KF_OK;
	struct kf_object *obj;
	bool parsed;

	if (c->lookup) {
		if (kf_reread(c, rq))
			return kf_request_looked_up(c, rq);
		kf_handover(c, KF_R_FOREIGN_SOCKET);
		return false;
	}
	if (!READ_ONCE(srv->set.enabled)) {
		kf_handover(c, KF_R_DISABLED);
		return false;
	}
	if (kf_unarmed(srv, sk)) {
		kf_handover(c, KF_R_UNARMED);
		return false;
	}
	if (tcp_sk(sk)->urg_data) {
		kf_handover(c, KF_R_FOREIGN_SOCKET);
		return false;
	}
	if (!avail) {
		if (sk->sk_shutdown & RCV_SHUTDOWN)
			kf_request_close(c);
		return false;
	}
	if (!kf_head_complete(c, avail, &parsed))
		return false;

	policy = rcu_dereference(srv->policy)->policy;
	if (!parsed)
		why = kf_parse(c->poll->buf, c->scan.scanned, rq);
	if (!why)
		why = kf_route(policy, rq, kf_offers(srv), c->poll->name, t);
	if (why) {
		kf_handover(c, why);
		return false;
	}
	if (c->object) {	/* found full buffers the last time */
		kf_object_put(c->object);
		c->object = NULL;
	}
	obj = kf_object_find(srv, &t->key);
	if (!obj && t->key.accepts == KF_CODING(KF_GZIP) && (rq->head || !rq->http11)) {
		/* Nothing is compressed only to find that its length may not be told. */
		kf_handover(c, KF_R_ENCODING);
		return false;
	}
	if (!obj) {
		kf_ask(c, &t->key);
		return false;
	}
	return kf_reply(c, rq, &obj->entity, obj, true);
}

/* reply.c calls this once the answer is queued. */
void kf_request_done(struct kf_conn *c)
{
	kf_consume(c->sk, c->scan.scanned);
	memset(&c->scan, 0, sizeof(c->scan));
	c->head_whole = false;
	c->answered++;
}
