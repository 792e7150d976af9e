// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which answer a request gets for a file: 200 or 304, or one that only the
 * backend can give (compressed, or to a condition that is written oddly).
 *
 * Apache's rules, found by asking it and reading ap_meets_conditions():
 * - If-None-Match compares weakly; "*" matches any file.
 * - If-Modified-Since matches from the file's own date up to now: an equal date
 *   does, one in the future does not.
 * - With both, both must match (RFC 9110 would have the date ignored).
 * - A 304 is decided before compression is thought of and is never touched by
 *   it: no Vary, the plain file's ETag. So "x-gzip", which clients have from a
 *   compressed 200, never matches.
 *
 * Pure; softirq, per request.
 */
#include "head.h"
#include "text.h"

enum kf_match { KF_MATCH, KF_NO_MATCH, KF_MATCH_ODD };

static const char *kf_skip_blank(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* "*", or a comma list of ["W/"] and a quoted tag without backslashes, commas allowed. */
static enum kf_match kf_match_etag(const struct kf_str *list, const struct kf_entity *e)
{
	const char *p = list->p, *end = p + list->len;
	enum kf_match ret = KF_NO_MATCH;

	if (list->len == 1 && *p == '*')
		return KF_MATCH;
	for (;;) {
		const char *tag;

		if (end - p >= 2 && p[0] == 'W' && p[1] == '/')
			p += 2;
		tag = p;
		if (p == end || *p++ != '"')
			return KF_MATCH_ODD;
		while (p < end && *p > 0x20 && *p < 0x7f && *p != '"' && *p != '\\')
			p++;
		if (p == end || *p++ != '"')
			return KF_MATCH_ODD;
		if (p - tag == e->etag_len && !memcmp(tag, e->text + e->etag, e->etag_len))
			ret = KF_MATCH;	/* the rest must still be well-formed */

		p = kf_skip_blank(p, end);
		if (p == end)
			return ret;
		if (*p++ != ',')
			return KF_MATCH_ODD;
		p = kf_skip_blank(p, end);
	}
}

static enum kf_match kf_match_date(const struct kf_str *date, const struct kf_entity *e,
				   s64 now_sec)
{
	s64 since;

	if (!kf_date_parse(date, &since))
		return KF_MATCH_ODD;
	return since >= e->mtime_sec && since <= now_sec ? KF_MATCH : KF_NO_MATCH;
}

/*
 * mod_deflate looks for the token "gzip" only. Other codings could be known to
 * modules that Debian has at hand (mod_brotli), so nothing but no header, an
 * empty one and "identity" (wget's) count as "does not compress".
 */
bool kf_encoding_is_plain(const struct kf_request *rq)
{
	const struct kf_str *v = &rq->accept_encoding;

	return !v->len || kf_is_nocase(v->p, v->len, "identity");
}

enum kf_reason kf_answer(const struct kf_request *rq, const struct kf_entity *e, s64 now_sec,
			 struct kf_answer *a)
{
	bool conditional = false;
	enum kf_match match = KF_MATCH;
	enum kf_match m;

	if (rq->if_none_match.p) {
		conditional = true;
		m = kf_match_etag(&rq->if_none_match, e);
		if (m == KF_MATCH_ODD)
			return KF_R_CONDITIONAL;
		match = m;
	}
	if (rq->if_modified_since.p) {
		conditional = true;
		m = kf_match_date(&rq->if_modified_since, e, now_sec);
		if (m == KF_MATCH_ODD)
			return KF_R_CONDITIONAL;
		if (m == KF_NO_MATCH)
			match = m;
	}

	if (conditional && match == KF_MATCH) {
		a->status = 304;
		a->body = false;
		return KF_OK;
	}
	if (e->deflate && !kf_encoding_is_plain(rq))
		return KF_R_ENCODING;
	a->status = 200;
	a->body = !rq->head;
	return KF_OK;
}
