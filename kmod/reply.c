// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers. In: a request and an entity. Out: a head written to a page of ours and
 * pushed together with the body, or the connection with the backend.
 *
 * Heads carry the date and the requests left, so each is written anew, to pages
 * that are not written again where a sent head lies until TCP has let go of them: it
 * sends and retransmits from there. A page holds a dozen heads. Small bodies go with
 * their heads.
 *
 * Runs in the poll, under slock.
 */
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <net/tcp.h>
#include "compat/net.h"
#include "file.h"
#include "handover.h"
#include "hook.h"
#include "policy.h"
#include "poll.h"
#include "reply.h"
#include "request.h"
#include "send.h"

/*
 * A body of so many bytes is copied behind its head: that is less than a fragment
 * more costs, and leaves the page alone that all processors send this body from.
 */
#define KF_BODY_COPIED	512

/*
 * The next page for heads. They take turns; one that nobody sends from any more, as
 * the count of its references says, is written anew: that spares its allocation.
 */
static struct page *kf_head_page_next(struct kf_poll *p)
{
	u32 at = (p->head_at + 1) % KF_HEAD_PAGES;
	struct page *page = p->heads[at];

	if (!page || page_count(page) != 1 || page_is_pfmemalloc(page)) {
		page = alloc_page(GFP_ATOMIC | __GFP_NOWARN);
		if (!page)
			return NULL;
		if (p->heads[at])
			put_page(p->heads[at]);
		p->heads[at] = page;
	}
	p->head_at = at;
	p->head_page = page;
	p->head_used = 0;
	return page;
}

/* Room for one head and a small body; order 0, so that a slow client pins a page and not more. */
static char *kf_head_room(struct kf_poll *p)
{
	if ((!p->head_page || p->head_used + KF_HEAD_MAX + KF_BODY_COPIED > PAGE_SIZE) &&
	    !kf_head_page_next(p))
		return NULL;
	return page_address(p->head_page) + p->head_used;
}

static void kf_reply_env(struct kf_poll *p, s64 now, struct kf_reply_env *env)
{
	const struct kf_policy_ref *ref = rcu_dereference(p->srv->policy);

	if (p->front_second != now || p->front_policy != ref->number) {
		struct kf_str server = kf_policy_server(ref->policy);

		kf_front_write(&p->front, now, &server);
		p->front_second = now;
		p->front_policy = ref->number;
	}
	env->front = &p->front;
	env->keepalive_timeout = READ_ONCE(p->srv->set.keepalive_timeout_ms) / MSEC_PER_SEC;
	env->requests_left = 0;
	env->keepalive = false;
}

/*
 * An object that will not fit whole must outlive this call: get hold of it before
 * the first byte leaves. One that fits is only touched under RCU.
 */
static bool kf_reply_hold(struct kf_conn *c, const struct kf_out *out, struct kf_object *obj)
{
	if (!obj || !out->nr_body || c->object)
		return true;
	if (c->lookup && c->lookup->object == obj) {
		c->object = obj;		/* the lookup's reference is ours now */
		c->lookup->object = NULL;
		return true;
	}
	if (sk_stream_wspace(c->sk) >= (int)(out->head_len + out->body_len))
		return true;
	if (!kf_object_tryget(obj))
		return false;
	c->object = obj;
	return true;
}

/* Part of the answer did not fit: keep what the rest needs. */
static bool kf_reply_rest(struct kf_conn *c, const struct kf_out *out, struct kf_object *obj)
{
	if (out->done < out->head_len) {
		get_page(out->head_page);
		c->head_page = out->head_page;
	}
	c->head_off = out->head_off;
	c->head_len = out->head_len;
	c->send_off = out->done;
	if (obj && out->nr_body && !c->object && !kf_object_tryget(obj)) {
		/* TCP ran out of memory and the object was evicted, both just now. */
		kf_count(c->poll->srv, KILLED_NO_MEMORY);
		kf_conn_reset(c);
		return false;
	}
	if (obj && out->nr_body) {
		c->object = obj;
		c->body_off = out->body_off;
		c->body_left = out->body_len;
	}
	c->state = KF_SENDING;
	return kf_send_blocked(c, -EAGAIN);
}

static bool kf_body_small(const struct kf_object *obj, const struct kf_answer *a)
{
	return obj->nr_bv == 1 && a->length <= KF_BODY_COPIED;
}

static void kf_reply_count(struct kf_server *srv, const struct kf_answer *a,
			   const struct kf_entity *e, bool hit)
{
	kf_count(srv, REQUESTS);
	if (a->status == 304)
		kf_count(srv, RESPONSES_304);
	else if (a->status == 206)
		kf_count(srv, RESPONSES_206);
	else
		kf_count(srv, RESPONSES_200);
	if (a->status == 200 && e->coding != KF_IDENTITY)
		kf_count(srv, RESPONSES_ENCODED);
	if (hit)
		kf_count(srv, SERVED_SOFTIRQ);
	else
		kf_count(srv, SERVED_WORKER);
}

/* Queue what was decided on: p->answer. */
static bool kf_reply_send(struct kf_conn *c, const struct kf_request *rq,
			  const struct kf_entity *e, struct kf_object *obj, bool hit, s64 now)
{
	struct kf_poll *p = c->poll;
	const struct kf_answer *a = &p->answer;
	struct kf_reply_env *env = &p->env;
	bool streaming = !obj && a->body;
	struct kf_server *srv = p->srv;
	struct kf_out out = {};
	char *room;
	int ret;

	room = kf_head_room(p);
	if (!room) {
		kf_handover(c, KF_R_NO_MEMORY);
		return false;
	}
	kf_reply_env(p, now, env);
	env->keepalive = kf_keepalive(rq, c->answered, READ_ONCE(srv->set.keepalive_requests),
				      &env->requests_left) && !READ_ONCE(srv->deserted);
	out.head_page = p->head_page;
	out.head_off = p->head_used;
	out.head_len = kf_head_write(room, rq, e, a, env);
	out.last = !env->keepalive;
	if (obj && a->body && kf_body_small(obj, a)) {
		memcpy(room + out.head_len, bvec_virt(obj->bv) + a->first, a->length);
		out.head_len += a->length;
	} else if (obj && a->body) {
		out.body = obj->bv;
		out.nr_body = obj->nr_bv;
		out.body_off = a->first;
		out.body_len = a->length;
		out.whole = a->length == e->size;
	} else if (streaming) {
		out.body = c->stream->bv;
		out.nr_body = c->stream->nr_bv;
		out.body_len = c->stream->bytes;
		out.shared = true;
		out.last = out.last && a->length == out.body_len;
	}
	if (!kf_reply_hold(c, &out, obj)) {
		kf_handover(c, KF_R_UNSTABLE);
		return false;
	}
	ret = kf_send(c, &out);
	if (ret < 0)
		return kf_send_blocked(c, ret);	/* still a request: answered when there is room */

	p->head_used += ALIGN(out.head_len, 8);
	c->close_after = !env->keepalive;
	c->asked_close = !rq->keepalive;
	kf_request_done(c);
	kf_reply_count(srv, a, e, hit);
	/*
	 * Held for an answer that found no room, which then became one without a body.
	 * Not before it is queued: until then it is the only reference to what @e is in.
	 */
	if (c->object && !out.nr_body) {
		kf_object_put(c->object);
		c->object = NULL;
	}
	if (streaming) {
		c->streaming = true;
		c->body_left = a->length;
	} else if (c->stream) {			/* HEAD or 304: nothing of it is sent */
		kf_stream_free(c->stream);
		c->stream = NULL;
	}
	if (out.done < out.head_len + out.body_len)
		return kf_reply_rest(c, &out, obj);
	if (streaming) {
		c->body_left -= c->stream->bytes;
		return kf_stream_advance(c);
	}
	return kf_answer_done(c);
}

bool kf_reply(struct kf_conn *c, const struct kf_request *rq, const struct kf_entity *e,
	      struct kf_object *obj, bool hit)
{
	struct kf_answer *a = &c->poll->answer;
	s64 now = ktime_get_real_seconds();
	enum kf_reason why;

	why = kf_answer(rq, e, now, a);
	if (why) {
		kf_handover(c, why);
		return false;
	}
	if (!obj && a->body && c->stream->error) {	/* nothing was sent yet: fail open */
		kf_handover(c, KF_R_UNSTABLE);
		return false;
	}
	if (!obj && a->body && !kf_stream_window(c->stream, a->first, a->length)) {
		kf_stream_ask(c);
		return false;
	}
	return kf_reply_send(c, rq, e, obj, hit, now);
}

void kf_reply_error(struct kf_conn *c, int status)
{
	struct kf_poll *p = c->poll;
	struct kf_server *srv = p->srv;
	struct kf_reply_env env;
	struct kf_out out = { .last = true };
	char *room = kf_head_room(p);
	int ret;

	if (!room) {
		kf_count(srv, KILLED_NO_MEMORY);
		kf_conn_reset(c);
		return;
	}
	kf_reply_env(p, ktime_get_real_seconds(), &env);
	out.head_page = p->head_page;
	out.head_off = p->head_used;
	out.head_len = kf_error_write(room, status, kf_peek_is_head(c->sk), &env);
	ret = kf_send(c, &out);
	if (ret > 0)	/* TCP may have a part of it: never written again */
		p->head_used += ALIGN(out.head_len, 8);
	if (ret != (int)out.head_len) {
		/* Earlier answers fill the buffer of a client that reads none: enough. */
		kf_count(srv, KILLED_NO_MEMORY);
		kf_conn_reset(c);
		return;
	}
	if (status == 408)
		kf_count(srv, RESPONSES_408);
	else
		kf_count(srv, RESPONSES_503);
	kf_discard(c->sk);
	c->asked_close = false;
	kf_conn_shutdown(c);
}
