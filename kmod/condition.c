// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which answer a request gets for a file: 200, 206 or 304, or one that only the
 * backend can give.
 *
 * For what Apache could send (the file as it is, or gzip) these are its rules,
 * found by asking it and reading ap_meets_conditions() and the filters; for the
 * siblings, which it never sends, they are RFC 9110's (section 13.2.2). Apache:
 * - If-Match compares strongly, If-None-Match weakly, but strongly beside Range.
 * - If-Unmodified-Since counts beside If-Match, too.
 * - All of If-Unmodified-Since, If-None-Match and If-Modified-Since that are
 *   there must say "not modified" for a 304; the first of them never does.
 * - If-Modified-Since matches from the file's own date up to now.
 * - Beside Range, the date of a file younger than a minute proves nothing.
 * - With Range and If-Range there is no 304.
 * - All this is decided before compression is thought of, with the tag of the
 *   plain file, and a 304 is never touched by it: no Vary, the plain tag. So
 *   "x-gzip", which clients have from a compressed 200, never matches.
 * - But If-Range is looked at behind mod_deflate, see kf_answer_gzip().
 *
 * A 412 is left to the backend, and so is whatever is oddly written.
 *
 * Pure; softirq, per request.
 */
#include <linux/compiler.h>
#include "encoding.h"
#include "head.h"
#include "range.h"
#include "text.h"

#define KF_STRONG_AGE	60	/* seconds after which a date is a strong validator */

enum kf_match { KF_NONE, KF_MATCH, KF_NO_MATCH, KF_MATCH_ODD };

/* What each condition of a request says of the file. */
struct kf_conditions {
	enum kf_match match;		/* If-Match */
	enum kf_match unmodified;	/* If-Unmodified-Since */
	enum kf_match none;		/* If-None-Match: does one match? */
	enum kf_match since;		/* If-Modified-Since: has it been the same since? */
};

/* One ["W/"] and a quoted tag without blanks and backslashes; NULL if it is none. */
static const char *kf_read_tag(const char *p, const char *end, struct kf_str *tag, bool *weak)
{
	*weak = end - p >= 2 && p[0] == 'W' && p[1] == '/';
	if (*weak)
		p += 2;
	tag->p = p;
	if (p == end || *p++ != '"')
		return NULL;
	while (p < end && *p > 0x20 && *p < 0x7f && *p != '"' && *p != '\\')
		p++;
	if (p == end || *p++ != '"')
		return NULL;
	tag->len = p - tag->p;
	return p;
}

/* A quoted tag; e's has no closing quote in the count. */
static bool kf_is_tag(const struct kf_str *tag, const struct kf_entity *e)
{
	return tag->len - 1 == e->etag_len && kf_same(tag->p, e->text + e->etag, e->etag_len);
}

/* "*", or a comma list of tags. */
static enum kf_match kf_match_etag(const struct kf_str *list, const struct kf_entity *e,
				   bool strong)
{
	const char *p = list->p, *end;
	enum kf_match ret = KF_NO_MATCH;
	struct kf_str tag;
	bool weak;

	if (!p)
		return KF_NONE;
	end = p + list->len;
	if (list->len == 1 && *p == '*')
		return KF_MATCH;
	/* What nearly every client sends: the one tag that it was given. */
	if (kf_is_tag(list, e) && end[-1] == '"')
		return strong && e->weak ? KF_NO_MATCH : KF_MATCH;
	for (;;) {
		p = kf_read_tag(p, end, &tag, &weak);
		if (!p)
			return KF_MATCH_ODD;
		/* Apache stops at a weak one when it compares strongly, the RFC goes on */
		if (weak && strong && list->len != tag.len + 2)
			return KF_MATCH_ODD;
		if (kf_is_tag(&tag, e) && !(strong && (weak || e->weak)))
			ret = KF_MATCH;	/* the rest must still be well-formed */

		p = kf_skip_blanks(p, end);
		if (p == end)
			return ret;
		if (*p++ != ',')
			return KF_MATCH_ODD;
		p = kf_skip_blanks(p, end);
	}
}

/* Is the file's date too young to prove anything to a client that wants a part? */
static bool kf_date_is_weak(const struct kf_request *rq, const struct kf_entity *e, s64 now_sec)
{
	return rq->range.p && now_sec < e->mtime_sec + KF_STRONG_AGE;
}

/* If-Modified-Since: KF_MATCH is "not modified". */
static enum kf_match kf_match_since(const struct kf_request *rq, const struct kf_entity *e,
				    s64 now_sec)
{
	s64 since;

	if (!rq->if_modified_since.p)
		return KF_NONE;
	if (!kf_date_parse(&rq->if_modified_since, &since))
		return KF_MATCH_ODD;
	return since >= e->mtime_sec && since <= now_sec ? KF_MATCH : KF_NO_MATCH;
}

static enum kf_match kf_match_unmodified(const struct kf_request *rq, const struct kf_entity *e)
{
	s64 since;

	if (!rq->if_unmodified_since.p)
		return KF_NONE;
	/* Apache takes the first second of 1970 for no date at all */
	if (!kf_date_parse(&rq->if_unmodified_since, &since) || !since)
		return KF_MATCH_ODD;
	return since >= e->mtime_sec ? KF_MATCH : KF_NO_MATCH;
}

/* May what is sent be a part of the body, as far as If-Range goes? */
static enum kf_match kf_match_range(const struct kf_request *rq, const struct kf_entity *e,
				    s64 now_sec)
{
	const struct kf_str *v = &rq->if_range;
	struct kf_str tag;
	bool weak;
	s64 date;

	if (!v->p)
		return KF_NONE;
	if (v->len && *v->p == '"')	/* the whole of it is compared, whatever it is */
		return kf_is_tag(v, e) && v->p[v->len - 1] == '"' && !e->weak ?
		       KF_MATCH : KF_NO_MATCH;
	if (kf_read_tag(v->p, v->p + v->len, &tag, &weak) == v->p + v->len)
		return KF_NO_MATCH;	/* a weak one */
	if (!kf_date_parse(v, &date))
		return KF_MATCH_ODD;
	return date == e->mtime_sec && !kf_date_is_weak(rq, e, now_sec) ? KF_MATCH : KF_NO_MATCH;
}

/* Apache's ap_meets_conditions(). */
static enum kf_reason kf_meets_apache(const struct kf_request *rq, const struct kf_entity *e,
				      s64 now_sec, const struct kf_conditions *c,
				      bool *not_modified)
{
	bool young = kf_date_is_weak(rq, e, now_sec);

	if (c->match == KF_NO_MATCH || (c->unmodified == KF_NO_MATCH && !young))
		return KF_R_CONDITIONAL;	/* 412 */
	*not_modified = (c->none == KF_MATCH || c->since == KF_MATCH) &&
			c->none != KF_NO_MATCH &&
			c->since != KF_NO_MATCH && !(c->since == KF_MATCH && young) &&
			c->unmodified == KF_NONE && !(rq->range.p && rq->if_range.p);
	return KF_OK;
}

/* RFC 9110, 13.2.2. */
static enum kf_reason kf_meets_rfc(const struct kf_conditions *c, bool *not_modified)
{
	if (c->match == KF_NO_MATCH || (c->match == KF_NONE && c->unmodified == KF_NO_MATCH))
		return KF_R_CONDITIONAL;	/* 412 */
	*not_modified = c->none == KF_MATCH || (c->none == KF_NONE && c->since == KF_MATCH);
	return KF_OK;
}

static enum kf_reason kf_conditions(const struct kf_request *rq, const struct kf_entity *e,
				    s64 now_sec, bool *not_modified)
{
	bool sibling = e->coding >= KF_PRE_GZIP;
	struct kf_conditions c = {
		.match = kf_match_etag(&rq->if_match, e, true),
		.unmodified = kf_match_unmodified(rq, e),
		.none = kf_match_etag(&rq->if_none_match, e, rq->range.p && !sibling),
		.since = kf_match_since(rq, e, now_sec),
	};

	if (c.match == KF_MATCH_ODD || c.unmodified == KF_MATCH_ODD ||
	    c.none == KF_MATCH_ODD || c.since == KF_MATCH_ODD)
		return KF_R_CONDITIONAL;
	return sibling ? kf_meets_rfc(&c, not_modified) :
			 kf_meets_apache(rq, e, now_sec, &c, not_modified);
}

/* A body that we have compressed, or one that the backend would compress. */
static enum kf_reason kf_answer_gzip(const struct kf_request *rq, const struct kf_entity *e)
{
	bool odd;

	if (e->coding == KF_GZIP) {
		/*
		 * Apache tells a compressed body's length if its first 8096 bytes are
		 * all; if not, it says none in a HEAD and closes after it on HTTP/1.0.
		 */
		if (rq->head || !rq->http11)
			return KF_R_ENCODING;
		/*
		 * Apache's compressed bytes are not ours, but their tag is: who got a
		 * first part from Apache must not get the next one from us. So a range
		 * gets the whole, as Apache does it with compressed bodies of some size.
		 * The other way round nothing helps: who asks for the rest of ours on a
		 * connection that Apache has, handed over for any reason, gets its bytes.
		 */
		return KF_OK;
	}
	if (!e->deflate || e->coding != KF_IDENTITY)
		return KF_OK;
	if (kf_accepts(rq, KF_CODING(KF_GZIP), &odd))
		return rq->range.p ? KF_R_RANGE : KF_R_ENCODING;
	return odd ? KF_R_ENCODING : KF_OK;
}

static bool kf_is_conditional(const struct kf_request *rq)
{
	return rq->if_none_match.p || rq->if_modified_since.p || rq->if_match.p ||
	       rq->if_unmodified_since.p;
}

/* Is there nothing to decide? */
static bool kf_is_plain(const struct kf_request *rq, const struct kf_entity *e)
{
	return e->coding == KF_IDENTITY && !e->deflate && !rq->range.p &&
	       !kf_is_conditional(rq);
}

static noinline enum kf_reason kf_decide(const struct kf_request *rq, const struct kf_entity *e,
					 s64 now_sec, struct kf_answer *a)
{
	bool not_modified = false;
	enum kf_reason why = KF_OK;

	if (kf_is_conditional(rq))
		why = kf_conditions(rq, e, now_sec, &not_modified);
	if (why)
		return why;
	if (not_modified) {
		a->status = 304;
		a->body = false;
		a->length = 0;
		return KF_OK;
	}
	why = kf_answer_gzip(rq, e);
	if (why || !rq->range.p || !e->size || e->coding == KF_GZIP)
		return why;

	switch (kf_match_range(rq, e, now_sec)) {
	case KF_MATCH_ODD:
		return KF_R_RANGE;
	case KF_NO_MATCH:
		return KF_OK;
	default:
		break;
	}
	if (kf_range_parse(&rq->range, e->size, &a->first, &a->length) != KF_RANGE_PART)
		return KF_R_RANGE;	/* or 416 */
	a->status = 206;
	return KF_OK;
}

enum kf_reason kf_answer(const struct kf_request *rq, const struct kf_entity *e, s64 now_sec,
			 struct kf_answer *a)
{
	a->status = 200;
	a->body = !rq->head;
	a->first = 0;
	a->length = e->size;
	return kf_is_plain(rq, e) ? KF_OK : kf_decide(rq, e, now_sec, a);
}
