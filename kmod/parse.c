// SPDX-License-Identifier: GPL-2.0-only
/*
 * Understanding a complete request head.
 *
 * In: the bytes that scan.c found to be one head. Out: struct kf_request, whose
 * strings point into those bytes, or the reason why the backend must answer.
 * Makes all of scan.c's checks itself, so that a head which has come in one piece is
 * read once, by kf_parse_whole(), and never scanned.
 *
 * The last byte that may be read is always a LF (kf_parse_sound()). A loop that stops
 * at a LF needs to look for no other end, and behind a byte that is none there is one.
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
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include "host.h"
#include "text.h"

/* kf_request.seen: headers that leave no value behind. */
#define KF_SEEN_CONNECTION	0x01
#define KF_SEEN_CLOSE		0x02	/* and that it said so */
#define KF_SEEN_AGENT		0x04

/* Two hex digits behind a percent sign. What they mean is route.c's question. */
static bool kf_is_escape(const char *p)
{
	return kf_is(p[1], KF_CC_HEX) && kf_is(p[2], KF_CC_HEX);
}

/* Before the path stands the blank behind the method, so there is a byte to look back at. */
static const char *kf_parse_path(const char *p, struct kf_request *rq, enum kf_reason *why)
{
	const char *start = p--, *name = start;

	*why = KF_R_TARGET;
	rq->escaped = false;
	for (;;) {
		while (kf_is(*++p, KF_CC_PLAIN))
			;
		if (*p == '.') {
			if (p[-1] != '/')
				continue;
			*why = KF_R_DOTFILE;	/* "." and ".." too */
			return NULL;
		}
		if (*p == '/') {
			if (p[-1] == '/')
				return NULL;	/* the backend merges slashes, or does not */
			name = p + 1;
			continue;
		}
		if (*p != '%')
			break;
		if (!kf_is_escape(p))
			return NULL;
		rq->escaped = true;
	}
	if (*start != '/')
		return NULL;
	rq->path.p = start;
	rq->path.len = p - start;
	rq->name_at = name - start;
	return p;
}

/*
 * A query changes nothing about a file. Apache does not look into it, and refuses
 * only '#' and what is not printable; here it also has to be what a browser can
 * send: escapes are whole, and nothing is in it that browsers escape.
 */
static const char *kf_parse_query(const char *p)
{
	for (; kf_is(*p, KF_CC_QUERY); p++)
		if (*p == '%' && !kf_is_escape(p))
			return NULL;
	return p;
}

static enum kf_reason kf_parse_request_line(const char **at, const char *end,
					    struct kf_request *rq)
{
	const char *p = *at;
	enum kf_reason why;

	rq->head = false;
	if (!memcmp(p, "GET ", 4)) {
		p += 4;
	} else if (!memcmp(p, "HEAD ", 5)) {
		rq->head = true;
		p += 5;
	} else {
		return KF_R_METHOD;
	}

	p = kf_parse_path(p, rq, &why);
	if (!p)
		return why;
	if (*p == '?')
		p = kf_parse_query(p + 1);
	if (!p || *p++ != ' ')
		return KF_R_TARGET;

	/* The last of the eight differs in its lowest bit alone. */
	if (end - p < 10 || (kf_word(p) | 1ULL << 56) != kf_word("HTTP/1.1") ||
	    memcmp(p + 8, "\r\n", 2))
		return KF_R_VERSION;
	rq->http11 = p[7] == '1';
	*at = p + 10;
	return KF_OK;
}

static enum kf_reason kf_connection_token(const char *token, u32 len, struct kf_request *rq)
{
	if (kf_is_nocase(token, len, "keep-alive"))
		rq->keepalive_token = true;
	else if (kf_is_nocase(token, len, "close"))
		rq->seen |= KF_SEEN_CLOSE;
	else if (kf_is_nocase(token, len, "upgrade") || kf_is_nocase(token, len, "http2-settings"))
		return KF_R_UPGRADE;
	else
		return KF_R_HEADER;
	return KF_OK;
}

static noinline enum kf_reason kf_parse_connection(struct kf_str v, struct kf_request *rq)
{
	const char *p = v.p, *end = p + v.len, *token;
	enum kf_reason why;

	if (rq->seen & KF_SEEN_CONNECTION)
		return KF_R_HEADER;
	rq->seen |= KF_SEEN_CONNECTION;
	if (kf_connection_token(p, v.len, rq) == KF_OK)	/* nearly always one is all */
		return KF_OK;

	for (;;) {
		token = p;
		while (p < end && kf_is(*p, KF_CC_TOKEN))
			p++;
		why = kf_connection_token(token, p - token, rq);
		if (why != KF_OK)
			return why;
		p = kf_skip_blanks(p, end);
		if (p == end)
			return KF_OK;
		if (*p++ != ',')
			return KF_R_HEADER;
		p = kf_skip_blanks(p, end);
	}
}

/* One of them, here? It begins with a letter from J to R. */
static bool kf_agent_begins_special(const char *p, const char *end)
{
	static const struct kf_str special[] = {
		{ "Mozilla/2", 9 }, { "MSIE 4.0b2;", 11 }, { "RealPlayer 4.0", 14 },
		{ "Java/1.0", 8 }, { "JDK/1.0", 7 },
	};
	const struct kf_str *s;

	if (end - p < 7)
		return false;
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
		return false;
	}
	return p[2] == s->p[2] && end - p >= s->len && !memcmp(p, s->p, s->len);
}

/*
 * The clients to which Debian's setenvif.conf gives another answer: no
 * keep-alive, or HTTP/1.0. BrowserMatch looks for them anywhere in the value,
 * case counts. (Its other lines concern redirects, which are never ours.)
 */
static noinline bool kf_agent_is_special(struct kf_str v)
{
	const char *p = v.p, *end = p + v.len;
	u64 found;

	for (; end - p >= 8; p += 8)
		for (found = kf_word_between(kf_word(p), 'J', 'R'); found; found &= found - 1)
			if (kf_agent_begins_special(p + kf_word_first(found), end))
				return true;
	/* None is shorter than seven. */
	return end - p == 7 && kf_agent_begins_special(p, end);
}

/* Keep the value of a header that may come once. */
static enum kf_reason kf_keep(struct kf_str *slot, struct kf_str v, enum kf_reason twice)
{
	if (slot->p)
		return twice;
	*slot = v;
	return KF_OK;
}

static noinline enum kf_reason kf_learn_host(struct kf_request *rq, struct kf_str v,
					     struct kf_host_memo *memo)
{
	if (!kf_host_name(&v, &rq->host))
		return KF_R_HOST;
	if (v.len <= sizeof(memo->value)) {
		memcpy(memo->value, v.p, v.len);
		memo->len = v.len;
		memo->name_len = rq->host.len;
	}
	return KF_OK;
}

static enum kf_reason kf_parse_host(struct kf_request *rq, struct kf_str v,
				    struct kf_host_memo *memo)
{
	if (rq->host.p)
		return KF_R_HOST;
	if (v.len != memo->len || !v.len || !kf_same(v.p, memo->value, v.len))
		return kf_learn_host(rq, v, memo);
	rq->host.p = v.p;
	rq->host.len = memo->name_len;
	return KF_OK;
}

static enum kf_reason kf_parse_agent(struct kf_request *rq, struct kf_str v)
{
	if (rq->seen & KF_SEEN_AGENT || kf_agent_is_special(v))
		return KF_R_USER_AGENT;
	rq->seen |= KF_SEEN_AGENT;
	return KF_OK;
}

/* One header: @name is a token, @v its value without the white space around it (never NULL). */
static enum kf_reason kf_parse_field(const char *name, u32 len, struct kf_str v,
				     struct kf_request *rq, struct kf_host_memo *memo)
{
#define IS(constant) kf_same_nocase(name, constant, sizeof(constant) - 1)
	switch (len) {
	case sizeof("te") - 1:
		return IS("te") ? KF_R_UPGRADE : KF_OK;
	case sizeof("host") - 1:
		return IS("host") ? kf_parse_host(rq, v, memo) : KF_OK;
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
			return kf_parse_agent(rq, v);
		return IS("connection") ? kf_parse_connection(v, rq) : KF_OK;
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

/* Text and tabs up to something else; stops at a LF. */
static const char *kf_skip_text(const char *p, const char *end)
{
	const char *last = end - 8;	/* there are so many: kf_parse_sound() */
	u64 word, odd;

	for (;;) {
		for (odd = 0; p <= last; p += 8) {
			word = kf_word(p);
			if (!kf_word_is_plain(word)) {
				odd = kf_word_controls(word);
				if (odd)
					break;
			}
		}
		if (odd)
			p += kf_word_first(odd);
		else
			while (!kf_is(*p, KF_CC_CTL))
				p++;
		if (*p != '\t')
			return p;
		p++;
	}
}

/* One header line, CRLF included. On success *@at stands behind it. */
static __always_inline enum kf_reason kf_parse_line(const char **at, const char *end,
						    struct kf_request *rq,
						    struct kf_host_memo *memo)
{
	const char *name = *at, *p = name, *value, *tail;
	u32 len;

	while (kf_is(*p, KF_CC_TOKEN))
		p++;
	len = p - name;
	if (!len || *p != ':')
		return KF_R_HEADER;
	do
		p++;
	while (*p == ' ' || *p == '\t');
	value = p;
	p = kf_skip_text(p, end);
	if (p[0] != '\r' || p[1] != '\n')
		return KF_R_HEADER;
	tail = p;
	while (tail > value && (tail[-1] == ' ' || tail[-1] == '\t'))
		tail--;
	*at = p + 2;
	return kf_parse_field(name, len, (struct kf_str){ value, tail - value }, rq, memo);
}

/* A word at least, and ended as all that follows relies on. */
static bool kf_parse_sound(const char *head, u32 len)
{
	return len >= 8 && head[len - 1] == '\n';
}

/* What is not there is told by p alone. */
static void kf_request_clear(struct kf_request *rq)
{
	rq->seen = 0;
	rq->keepalive_token = false;
	rq->host.p = NULL;
	rq->if_match.p = NULL;
	rq->if_unmodified_since.p = NULL;
	rq->if_none_match.p = NULL;
	rq->if_modified_since.p = NULL;
	rq->range.p = NULL;
	rq->if_range.p = NULL;
	rq->accept_encoding.p = NULL;
}

enum kf_reason kf_parse_whole(struct kf_scan *s, const char *data, u32 len, u32 max_lines,
			      struct kf_request *rq, struct kf_host_memo *memo)
{
	const char *p = data, *end = data + len;
	enum kf_reason why;
	u32 lines = 0;

	max_lines = min(max_lines, U16_MAX - 1U);
	if (!kf_parse_sound(data, len))
		return KF_R_HEADER;
	kf_request_clear(rq);
	why = kf_parse_request_line(&p, end, rq);
	if (why != KF_OK)
		return why;
	while (p < end && *p != '\r') {
		if (lines++ == max_lines)
			return KF_R_HEADER_TOO_LARGE;
		why = kf_parse_line(&p, end, rq, memo);
		if (why != KF_OK)
			return why;
	}
	if (p == end || p[1] != '\n')
		return KF_R_HEADER;
	if (rq->http11 && !rq->host.p)
		return KF_R_HOST;
	rq->keepalive = !(rq->seen & KF_SEEN_CLOSE) && (rq->http11 || rq->keepalive_token);
	s->scanned = p + 2 - data;
	s->lines = lines + 1;
	return KF_OK;
}

enum kf_reason kf_parse(const char *head, u32 len, struct kf_request *rq)
{
	struct kf_host_memo memo = { };
	struct kf_scan s;
	enum kf_reason why = kf_parse_whole(&s, head, len, U32_MAX, rq, &memo);

	return why == KF_OK && s.scanned != len ? KF_R_HEADER : why;
}
