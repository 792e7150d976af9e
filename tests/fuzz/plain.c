// SPDX-License-Identifier: GPL-2.0-only
/*
 * kf_parse() and kf_name_check() as they were before words were compared: byte by byte,
 * nothing remembered, nothing looked up in one place. The reference for fuzz_plain.c.
 */
#include <linux/kernel.h>
#include "host.h"
#include "mimetypes.h"
#include "part.h"
#include "plain.h"
#include "text.h"

static bool same_nocase(const char *p, const char *lower, u32 len)
{
	while (len--)
		if (kf_lower(*p++) != *lower++)
			return false;
	return true;
}

#define is_nocase(p, len, constant)					\
	((len) == sizeof(constant) - 1 && same_nocase(p, constant, sizeof(constant) - 1))

/*
 * A name whose labels are letters, digits, '-', '_', none of them empty; a
 * trailing dot counts as part of it. Apache refuses some of those, see below.
 * Return: the length, 0 if odd.
 */
static u32 dns_len(const char *p, u32 len)
{
	u32 i;

	for (i = 0; i < len && kf_is(p[i], KF_CC_HOST); i++)
		if (p[i] == '.' && (!i || p[i - 1] == '.'))
			return 0;
	return i;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	c = kf_lower(c);
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

/*
 * Apache says 400 to what only looks like an address: digits and dots must be
 * four numbers without leading zeros, and the last label of any other name with
 * dots must begin with a letter.
 */
static bool dns_ok(const char *p, u32 len)
{
	bool name = false, zeros = false;
	u32 i, dots = 0, label = 0;

	for (i = 0; i < len; i++) {
		if (p[i] == '.') {
			dots++;
			label = i + 1;
		} else if (!is_digit(p[i])) {
			name = true;
		} else if (i > label && p[label] == '0') {
			zeros = true;
		}
	}
	if (!name)
		return dots == 3 && !zeros;
	return !dots || (kf_lower(p[label]) >= 'a' && kf_lower(p[label]) <= 'z');
}

/*
 * "[" an IPv6 address "]": groups of one to four hex digits, eight or, with one
 * "::" in it, fewer. No zone, no embedded IPv4. Return: the length, 0 if odd.
 */
static u32 v6_len(const char *p, u32 len)
{
	u32 i = 1, digits, groups = 0;
	bool gap = false;

	if (len > 2 && p[1] == ':' && p[2] == ':') {
		gap = true;
		i = 3;
	}
	while (i < len && p[i] != ']') {
		for (digits = 0; i < len && is_hex(p[i]); i++)
			digits++;
		if (!digits || digits > 4)
			return 0;
		groups++;
		if (i == len || p[i] == ']')
			break;
		if (p[i++] != ':' || i == len || p[i] == ']')
			return 0;
		if (p[i] == ':') {
			if (gap)
				return 0;
			gap = true;
			i++;
		}
	}
	if (i == len || (gap ? groups > 7 : groups != 8))
		return 0;
	return i + 1;
}

/* Empty, or ":" and a number from 1 to 65535. */
static bool port_ok(const char *p, u32 len)
{
	u32 port = 0;
	u32 i;

	if (!len)
		return true;
	if (p[0] != ':' || len < 2 || len > 6)
		return false;
	for (i = 1; i < len; i++) {
		if (!is_digit(p[i]))
			return false;
		port = port * 10 + (p[i] - '0');
	}
	return port >= 1 && port <= 65535;
}

bool plain_host_name(const struct kf_str *value, struct kf_str *name)
{
	const char *p = value->p;
	u32 len = value->len;
	u32 n;

	if (!len)
		return false;
	n = p[0] == '[' ? v6_len(p, len) : dns_len(p, len);
	if (!n || !port_ok(p + n, len - n))
		return false;
	if (p[n - 1] == '.')
		n--;
	if (!n || n > KF_HOST_MAX || (p[0] != '[' && !dns_ok(p, n)))
		return false;
	name->p = p;
	name->len = n;
	return true;
}

/* "Connection" has been seen; kept apart from what its tokens said. */
struct parse_state {
	bool connection;
	bool close;
	bool user_agent;
};

/* Two hex digits behind a percent sign. What they mean is route.c's question. */
static bool is_escape(const char *p, const char *end)
{
	return end - p >= 3 && kf_is(p[1], KF_CC_HEX) && kf_is(p[2], KF_CC_HEX);
}

static const char *parse_path(const char *p, const char *end, struct kf_str *path,
			      enum kf_reason *why)
{
	const char *start = p;

	*why = KF_R_TARGET;
	for (; p < end && kf_is(*p, KF_CC_PATH); p++) {
		if (*p == '%' && !is_escape(p, end))
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
static const char *parse_query(const char *p, const char *end)
{
	for (; p < end && kf_is(*p, KF_CC_QUERY); p++)
		if (*p == '%' && !is_escape(p, end))
			return NULL;
	return p;
}

static enum kf_reason parse_request_line(const char **at, const char *end,
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

	p = parse_path(p, end, &rq->path, &why);
	if (!p)
		return why;
	if (p < end && *p == '?')
		p = parse_query(p + 1, end);
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
static enum kf_reason parse_connection(const struct kf_str *v, struct kf_request *rq,
				       struct parse_state *st)
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
		if (is_nocase(token, len, "close"))
			st->close = true;
		else if (is_nocase(token, len, "keep-alive"))
			rq->keepalive_token = true;
		else if (is_nocase(token, len, "upgrade") ||
			 is_nocase(token, len, "http2-settings"))
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
static bool agent_is_special(const struct kf_str *v)
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
static enum kf_reason keep(struct kf_str *slot, const struct kf_str *v, enum kf_reason twice)
{
	if (slot->p)
		return twice;
	*slot = *v;
	return KF_OK;
}

static enum kf_reason parse_host(struct kf_request *rq, const struct kf_str *v)
{
	return rq->host.p || !plain_host_name(v, &rq->host) ? KF_R_HOST : KF_OK;
}

static enum kf_reason parse_agent(struct parse_state *st, const struct kf_str *v)
{
	if (st->user_agent || agent_is_special(v))
		return KF_R_USER_AGENT;
	st->user_agent = true;
	return KF_OK;
}

/* One header: @name is a token, @v its value without the white space around it (never NULL). */
static enum kf_reason parse_field(const char *name, u32 len, const struct kf_str *v,
				  struct kf_request *rq, struct parse_state *st)
{
#define IS(constant) same_nocase(name, constant, sizeof(constant) - 1)
	switch (len) {
	case sizeof("te") - 1:
		return IS("te") ? KF_R_UPGRADE : KF_OK;
	case sizeof("host") - 1:
		return IS("host") ? parse_host(rq, v) : KF_OK;
	case sizeof("range") - 1:
		return IS("range") ? keep(&rq->range, v, KF_R_RANGE) : KF_OK;
	case sizeof("expect") - 1:
		return IS("expect") ? KF_R_BODY : KF_OK;
	case sizeof("upgrade") - 1:
		return IS("upgrade") ? KF_R_UPGRADE : IS("trailer") ? KF_R_BODY : KF_OK;
	case sizeof("if-match") - 1:
		if (IS("if-match"))
			return keep(&rq->if_match, v, KF_R_CONDITIONAL);
		return IS("if-range") ? keep(&rq->if_range, v, KF_R_RANGE) : KF_OK;
	case sizeof("connection") - 1:
		if (IS("user-agent"))
			return parse_agent(st, v);
		return IS("connection") ? parse_connection(v, rq, st) : KF_OK;
	case sizeof("authorization") - 1:
		if (IS("if-none-match"))
			return keep(&rq->if_none_match, v, KF_R_CONDITIONAL);
		if (IS("request-range"))
			return KF_R_RANGE;
		return IS("authorization") ? KF_R_AUTHORIZATION : KF_OK;
	case sizeof("content-length") - 1:
		if (IS("http2-settings"))
			return KF_R_UPGRADE;
		return IS("content-length") ? KF_R_BODY : KF_OK;
	case sizeof("accept-encoding") - 1:
		return IS("accept-encoding") ?
		       keep(&rq->accept_encoding, v, KF_R_ENCODING) : KF_OK;
	case sizeof("if-modified-since") - 1:
		if (IS("if-modified-since"))
			return keep(&rq->if_modified_since, v, KF_R_CONDITIONAL);
		return IS("transfer-encoding") ? KF_R_BODY : KF_OK;
	case sizeof("if-unmodified-since") - 1:
		if (IS("if-unmodified-since"))
			return keep(&rq->if_unmodified_since, v, KF_R_CONDITIONAL);
		return IS("proxy-authorization") ? KF_R_AUTHORIZATION : KF_OK;
	}
	return KF_OK;
#undef IS
}

/* One header line, CRLF included. On success *@at stands behind it. */
static enum kf_reason parse_line(const char **at, const char *end, struct kf_request *rq,
				 struct parse_state *st)
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
		while (p < end && !kf_is(*p, KF_CC_CTL))
			p++;
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
	return parse_field(name, len, &v, rq, st);
}

enum kf_reason plain_parse(const char *head, u32 len, struct kf_request *rq)
{
	struct parse_state st = { };
	const char *end = head + len;
	const char *p = head;
	enum kf_reason why;

	memset(rq, 0, sizeof(*rq));
	why = parse_request_line(&p, end, rq);
	if (why != KF_OK)
		return why;
	while (p < end && *p != '\r') {
		why = parse_line(&p, end, rq, &st);
		if (why != KF_OK)
			return why;
	}
	if (end - p != 2 || p[0] != '\r' || p[1] != '\n')
		return KF_R_HEADER;
	if (rq->http11 && !rq->host.p)
		return KF_R_HOST;
	rq->keepalive = !st.close && (rq->http11 || rq->keepalive_token);
	rq->escaped = memchr(rq->path.p, '%', rq->path.len);
	rq->name_at = (char *)memrchr(rq->path.p, '/', rq->path.len) + 1 - rq->path.p;
	return KF_OK;
}

static void name_part(const struct kf_policy *p, const char *part, u32 len, bool last,
		      bool *typed, bool *claimed, struct kf_media *media)
{
	const struct kf_type *type = kf_policy_type(p, part, len);
	const struct kf_mimeconf *conf = kf_mimeconf_find(part, len);
	bool encoding = kf_part_is_encoding(part, len);

	if ((!type && kf_part_is_claimed(part, len)) ||
	    (len <= KF_EXT_MAX && !(type && last) && encoding)) {
		*claimed = true;
		*typed = false;
		return;
	}
	if (type) {
		*typed = true;
		media->type = type->mime;
		media->deflate = type->deflate;
	}
	if (len > KF_EXT_MAX)
		conf = NULL;
	if (!type && !(conf && (conf->language || conf->charset) && !kf_policy_typed(p, conf)))
		*typed = false;
	if (conf && conf->language) {
		*claimed |= media->language.len > 0;
		media->language = (struct kf_str){ conf->language, strlen(conf->language) };
	}
	if (conf && conf->charset)
		media->charset = (struct kf_str){ conf->charset, strlen(conf->charset) };
}

enum kf_reason plain_name_check(const struct kf_policy *p, const char *name, u32 len,
				struct kf_media *media)
{
	bool typed = false, claimed = false;
	u32 start, end;

	memset(media, 0, sizeof(*media));
	if (!len || len > KF_NAME_MAX)
		return KF_R_TYPE;
	if (name[0] == '.')
		return KF_R_DOTFILE;
	if (name[len - 1] == '.')
		return KF_R_TYPE;
	for (start = 0; start < len && name[start] != '.'; start++)
		;
	for (; start < len; start = end) {
		start++;
		for (end = start; end < len && name[end] != '.'; end++)
			;
		if (end > start)
			name_part(p, name + start, end - start, end == len, &typed, &claimed,
				  media);
	}
	if (!typed)
		return KF_R_TYPE;
	return claimed ? KF_R_HANDLER : KF_OK;
}
