// SPDX-License-Identifier: GPL-2.0-only
/*
 * Understanding a complete request head.
 *
 * In: the bytes that scan.c found to be one head. Out: struct kf_request, whose
 * strings point into those bytes, or the reason why the backend must answer.
 * Repeats scan.c's checks where it costs nothing, so that it stands alone.
 *
 * The headers fall into three sorts. Those that decide the answer are kept
 * (Host, Connection, the conditions, Range, Accept-Encoding). Those that could
 * make a stock Apache answer otherwise than "here is the file" hand over. All
 * others (Cookie, Accept, Referer, Cache-Control, Sec-..., X-...) do not change
 * what Apache's default handler says about a file and are ignored. A header of
 * the first two sorts that comes twice hands over: which one counts is a
 * question that servers have answered differently.
 *
 * Pure; called in softirq under the socket's lock.
 */
#include <linux/kernel.h>
#include "host.h"
#include "text.h"

/* "Connection" has been seen; kept apart from what its tokens said. */
struct kf_parse_state {
	bool connection;
	bool close;
	bool user_agent;
};

/* Two hex digits behind a percent sign. What they mean is route.c's question. */
static bool kf_is_escape(const char *p, const char *end)
{
	return end - p >= 3 && kf_is(p[1], KF_CC_HEX) && kf_is(p[2], KF_CC_HEX);
}

static const char *kf_parse_path(const char *p, const char *end, struct kf_str *path,
				 enum kf_reason *why)
{
	const char *start = p;

	*why = KF_R_TARGET;
	for (; p < end && kf_is(*p, KF_CC_PATH); p++) {
		if (*p == '%' && !kf_is_escape(p, end))
			return NULL;
		if (*p == '.' && p > start && p[-1] == '/') {
			*why = KF_R_DOTFILE;	/* "." and ".." too */
			return NULL;
		}
		if (*p == '/' && p > start && p[-1] == '/')
			return NULL;	/* the backend merges slashes, or does not */
	}
	if (p == start || *start != '/')
		return NULL;
	path->p = start;
	path->len = p - start;
	return p;
}

/*
 * A query changes nothing about a file. Apache does not look into it, and refuses
 * only '#' and what is not printable; here it also has to be what a browser can
 * send: escapes are whole, and nothing is in it that browsers escape.
 */
static const char *kf_parse_query(const char *p, const char *end)
{
	for (; p < end && kf_is(*p, KF_CC_QUERY); p++)
		if (*p == '%' && !kf_is_escape(p, end))
			return NULL;
	return p;
}

static enum kf_reason kf_parse_request_line(const char **at, const char *end,
					    struct kf_request *rq)
{
	static const char version[] = "HTTP/1.";
	const u32 len = sizeof(version) - 1;
	const char *p = *at;
	enum kf_reason why;

	if (end - p >= 4 && !memcmp(p, "GET ", 4)) {
		p += 4;
	} else if (end - p >= 5 && !memcmp(p, "HEAD ", 5)) {
		rq->head = true;
		p += 5;
	} else {
		return KF_R_METHOD;
	}

	p = kf_parse_path(p, end, &rq->path, &why);
	if (!p)
		return why;
	if (p < end && *p == '?')
		p = kf_parse_query(p + 1, end);
	if (!p || p == end || *p++ != ' ')
		return KF_R_TARGET;

	if (end - p < len + 3 || memcmp(p, version, len) || (p[len] != '0' && p[len] != '1') ||
	    p[len + 1] != '\r' || p[len + 2] != '\n')
		return KF_R_VERSION;
	rq->http11 = p[len] == '1';
	*at = p + len + 3;
	return KF_OK;
}

/* The value of Connection: "close" and "keep-alive" in a comma list without empty elements. */
static enum kf_reason kf_parse_connection(const struct kf_str *v, struct kf_request *rq,
					  struct kf_parse_state *st)
{
	const char *p = v->p, *end = p + v->len;

	if (st->connection)
		return KF_R_HEADER;
	st->connection = true;

	for (;;) {
		const char *token = p;
		u32 len;

		while (p < end && kf_is(*p, KF_CC_TOKEN))
			p++;
		len = p - token;
		if (kf_is_nocase(token, len, "close"))
			st->close = true;
		else if (kf_is_nocase(token, len, "keep-alive"))
			rq->keepalive_token = true;
		else if (kf_is_nocase(token, len, "upgrade") ||
			 kf_is_nocase(token, len, "http2-settings"))
			return KF_R_UPGRADE;
		else
			return KF_R_HEADER;

		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		if (p == end)
			return KF_OK;
		if (*p++ != ',')
			return KF_R_HEADER;
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
	}
}

/*
 * The clients to which Debian's setenvif.conf gives another answer: no
 * keep-alive, or HTTP/1.0. BrowserMatch looks for them anywhere in the value,
 * case counts. (Its other lines concern redirects, which are never ours.)
 */
static bool kf_agent_is_special(const struct kf_str *v)
{
	static const struct kf_str special[] = {
		{ "Mozilla/2", 9 }, { "MSIE 4.0b2;", 11 }, { "RealPlayer 4.0", 14 },
		{ "Java/1.0", 8 }, { "JDK/1.0", 7 },
	};
	const char *p = v->p, *end = p + v->len;
	const struct kf_str *s;

	for (; end - p >= 7; p++) {
		if (*p < 'J' || *p > 'R')	/* where each of them begins */
			continue;
		/* The second letter says which, and the third whether: values may be all M. */
		switch (p[1]) {
		case 'o':
			s = &special[0];
			break;
		case 'S':
			s = &special[1];
			break;
		case 'e':
			s = &special[2];
			break;
		case 'a':
			s = &special[3];
			break;
		case 'D':
			s = &special[4];
			break;
		default:
			continue;
		}
		if (p[2] == s->p[2] && end - p >= s->len && !memcmp(p, s->p, s->len))
			return true;
	}
	return false;
}

/* Keep the value of a header that may come once. */
static enum kf_reason kf_keep(struct kf_str *slot, const struct kf_str *v, enum kf_reason twice)
{
	if (slot->p)
		return twice;
	*slot = *v;
	return KF_OK;
}

static enum kf_reason kf_parse_host(struct kf_request *rq, const struct kf_str *v)
{
	struct kf_str name;

	if (rq->host.p || !kf_host_name(v, &name))
		return KF_R_HOST;
	rq->host = *v;
	return KF_OK;
}

static enum kf_reason kf_parse_agent(struct kf_parse_state *st, const struct kf_str *v)
{
	if (st->user_agent || kf_agent_is_special(v))
		return KF_R_USER_AGENT;
	st->user_agent = true;
	return KF_OK;
}

/* One header: @name is a token, @v its value without the white space around it (never NULL). */
static enum kf_reason kf_parse_field(const char *name, u32 len, const struct kf_str *v,
				     struct kf_request *rq, struct kf_parse_state *st)
{
#define IS(constant) kf_same_nocase(name, constant, sizeof(constant) - 1)
	switch (len) {
	case sizeof("te") - 1:
		return IS("te") ? KF_R_UPGRADE : KF_OK;
	case sizeof("host") - 1:
		return IS("host") ? kf_parse_host(rq, v) : KF_OK;
	case sizeof("range") - 1:
		return IS("range") ? kf_keep(&rq->range, v, KF_R_RANGE) : KF_OK;
	case sizeof("expect") - 1:
		return IS("expect") ? KF_R_BODY : KF_OK;
	case sizeof("upgrade") - 1:
		return IS("upgrade") ? KF_R_UPGRADE : IS("trailer") ? KF_R_BODY : KF_OK;
	case sizeof("if-match") - 1:
		if (IS("if-match"))
			return kf_keep(&rq->if_match, v, KF_R_CONDITIONAL);
		return IS("if-range") ? kf_keep(&rq->if_range, v, KF_R_RANGE) : KF_OK;
	case sizeof("connection") - 1:
		if (IS("user-agent"))
			return kf_parse_agent(st, v);
		return IS("connection") ? kf_parse_connection(v, rq, st) : KF_OK;
	case sizeof("authorization") - 1:
		if (IS("if-none-match"))
			return kf_keep(&rq->if_none_match, v, KF_R_CONDITIONAL);
		if (IS("request-range"))
			return KF_R_RANGE;
		return IS("authorization") ? KF_R_AUTHORIZATION : KF_OK;
	case sizeof("content-length") - 1:
		if (IS("http2-settings"))
			return KF_R_UPGRADE;
		return IS("content-length") ? KF_R_BODY : KF_OK;
	case sizeof("accept-encoding") - 1:
		return IS("accept-encoding") ?
		       kf_keep(&rq->accept_encoding, v, KF_R_ENCODING) : KF_OK;
	case sizeof("if-modified-since") - 1:
		if (IS("if-modified-since"))
			return kf_keep(&rq->if_modified_since, v, KF_R_CONDITIONAL);
		return IS("transfer-encoding") ? KF_R_BODY : KF_OK;
	case sizeof("if-unmodified-since") - 1:
		if (IS("if-unmodified-since"))
			return kf_keep(&rq->if_unmodified_since, v, KF_R_CONDITIONAL);
		return IS("proxy-authorization") ? KF_R_AUTHORIZATION : KF_OK;
	}
	return KF_OK;
#undef IS
}

/* One header line, CRLF included. On success *@at stands behind it. */
static enum kf_reason kf_parse_line(const char **at, const char *end, struct kf_request *rq,
				    struct kf_parse_state *st)
{
	const char *name = *at, *p = name, *value, *tail;
	struct kf_str v;
	u32 len;

	while (p < end && kf_is(*p, KF_CC_TOKEN))
		p++;
	len = p - name;
	if (!len || p == end || *p != ':')
		return KF_R_HEADER;
	p++;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	value = p;
	for (;;) {
		p += kf_text_run(p, end - p);
		if (p == end || *p != '\t')
			break;
		p++;
	}
	if (end - p < 2 || p[0] != '\r' || p[1] != '\n')
		return KF_R_HEADER;
	tail = p;
	while (tail > value && (tail[-1] == ' ' || tail[-1] == '\t'))
		tail--;
	v.p = value;
	v.len = tail - value;
	*at = p + 2;
	return kf_parse_field(name, len, &v, rq, st);
}

enum kf_reason kf_parse(const char *head, u32 len, struct kf_request *rq)
{
	struct kf_parse_state st = { };
	const char *end = head + len;
	const char *p = head;
	enum kf_reason why;

	memset(rq, 0, sizeof(*rq));
	why = kf_parse_request_line(&p, end, rq);
	if (why != KF_OK)
		return why;
	while (p < end && *p != '\r') {
		why = kf_parse_line(&p, end, rq, &st);
		if (why != KF_OK)
			return why;
	}
	if (end - p != 2 || p[0] != '\r' || p[1] != '\n')
		return KF_R_HEADER;
	if (rq->http11 && !rq->host.p)
		return KF_R_HOST;
	rq->keepalive = !st.close && (rq->http11 || rq->keepalive_token);
	return KF_OK;
}
