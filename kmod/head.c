// SPDX-License-Identifier: GPL-2.0-only
/*
 * The heads of answers, and the few complete answers that are kfront's own.
 *
 * What concerns the file is put into text once, when the object is built
 * (kf_entity_init()); a request then costs some copies and no formatting
 * (kf_head_write()). Everything is as Debian's Apache 2.4 says it, the order of
 * the headers included; tests/unit/apache has the answers it was held against.
 * One thing is not: Apache knows the length of a body that it compresses only if
 * all of it comes at once, and else sends chunks; ours is always known and told.
 *
 * Pure; kf_entity_init() in process context, the others in softirq.
 */
#include <linux/compiler.h>
#include <linux/math64.h>
#include "head.h"
#include "text.h"

/*
 * mod_deflate leaves alone, Vary and all, what is not longer than its own
 * overhead: 10 bytes of gzip header, 8 of trailer, 50 for headers.
 */
#define KF_DEFLATE_MIN	69

#define KF_VARY		"Vary: Accept-Encoding\r\n"
#define KF_ETAG_END	"\"\r\nAccept-Ranges: bytes\r\n"

#define KF_PUT(p, constant) kf_put(p, constant, sizeof(constant) - 1)

/* Inline: most of what is put is a constant, a word or two. */
static __always_inline char *kf_put(char *p, const char *text, u32 len)
{
	memcpy(p, text, len);
	return p + len;
}

static noinline char *kf_put_number(char *p, u64 n)
{
	char digits[20];
	u32 i = sizeof(digits);

	if (n < 10) {
		*p++ = '0' + n;
		return p;
	}
	do {
		u32 digit;

		n = div_u64_rem(n, 10, &digit);
		digits[--i] = '0' + digit;
	} while (n);
	return kf_put(p, digits + i, sizeof(digits) - i);
}

static char *kf_put_hex(char *p, u64 n)
{
	int shift = 60;

	while (shift && !(n >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*p++ = "0123456789abcdef"[(n >> shift) & 0xf];
	return p;
}

/* How the coding is told, and what keeps its ETag apart from those of the others. */
static const struct {
	struct kf_str name, suffix;
} kf_codings[] = {
	[KF_IDENTITY] = { { "", 0 }, { "", 0 } },
	[KF_GZIP] = { { "gzip", 4 }, { "-gzip", 5 } },
	[KF_PRE_GZIP] = { { "gzip", 4 }, { "-gz", 3 } },
	[KF_PRE_ZSTD] = { { "zstd", 4 }, { "-zstd", 5 } },
	[KF_PRE_BR] = { { "br", 2 }, { "-br", 3 } },
};

static bool kf_is_weak(const struct kf_version *v, s64 now_sec, u32 now_nsec)
{
	/* Apache's clock has microseconds; both times are cut, then compared */
	if (now_sec - v->mtime_sec > 1)
		return false;
	return (now_sec - v->mtime_sec) * 1000000 +
	       (s64)(now_nsec / 1000) - (s64)(v->mtime_nsec / 1000) < 1000000;
}

/* The tag's quotes are there in the end, its closing one is not counted: see head.h. */
static char *kf_put_etag(char *p, struct kf_entity *e, const struct kf_version *v)
{
	const struct kf_str *suffix = &kf_codings[e->coding].suffix;
	char *tag;

	p = KF_PUT(p, "ETag: ");
	if (e->weak)
		p = KF_PUT(p, "W/");
	tag = p;
	*p++ = '"';
	p = kf_put_hex(p, v->size);
	*p++ = '-';
	p = kf_put_hex(p, (u64)v->mtime_sec * 1000000 + v->mtime_nsec / 1000);
	e->etag = tag - e->text;
	e->etag_len = p - tag;
	p = kf_put(p, suffix->p, suffix->len);
	if (e->coding != KF_GZIP)	/* conditions ask for the plain file's */
		e->etag_len = p - tag;
	return p;
}

/* Content-Type and Content-Language. */
static char *kf_put_media(char *p, const struct kf_media *m)
{
	p = KF_PUT(p, "Content-Type: ");
	p = kf_put(p, m->type.p, m->type.len);
	if (m->charset.len) {
		p = KF_PUT(p, "; charset=");
		p = kf_put(p, m->charset.p, m->charset.len);
	}
	p = KF_PUT(p, "\r\n");
	if (m->language.len) {
		p = KF_PUT(p, "Content-Language: ");
		p = kf_put(p, m->language.p, m->language.len);
		p = KF_PUT(p, "\r\n");
	}
	return p;
}

static char *kf_put_length(char *p, u64 length)
{
	p = KF_PUT(p, "Content-Length: ");
	p = kf_put_number(p, length);
	return KF_PUT(p, "\r\n");
}

/* For a body that is encoded: mod_deflate says these two first, and the length afterwards. */
static char *kf_put_coding(char *p, const struct kf_entity *e)
{
	const struct kf_str *name = &kf_codings[e->coding].name;

	p = KF_PUT(p, KF_VARY "Content-Encoding: ");
	p = kf_put(p, name->p, name->len);
	return KF_PUT(p, "\r\n");
}

bool kf_is_deflated(const struct kf_media *m, u64 size)
{
	return m->deflate && size >= KF_DEFLATE_MIN;
}

enum kf_reason kf_entity_init(struct kf_entity *e, const struct kf_version *v,
			      const struct kf_media *m, enum kf_coding coding, u64 length,
			      s64 now_sec, u32 now_nsec)
{
	char *p = e->text;

	if (v->mtime_sec <= 0 || v->mtime_sec > now_sec ||
	    (v->mtime_sec == now_sec && v->mtime_nsec > now_nsec))
		return KF_R_UNSTABLE;
	if ((u64)m->type.len + m->charset.len + m->language.len > KF_MEDIA_MAX)
		return KF_R_TYPE;

	e->size = length;
	e->mtime_sec = v->mtime_sec;
	e->coding = coding;
	e->weak = kf_is_weak(v, now_sec, now_nsec);
	e->deflate = coding == KF_IDENTITY && kf_is_deflated(m, length);
	e->siblings = coding >= KF_PRE_GZIP;

	p = KF_PUT(p, "Last-Modified: ");
	kf_date_write(p, v->mtime_sec);
	p = KF_PUT(p + KF_DATE_LEN, "\r\n");
	p = kf_put_etag(p, e, v);
	p = KF_PUT(p, KF_ETAG_END);
	e->common = p - e->text;

	if (coding != KF_IDENTITY)
		p = kf_put_coding(p, e);
	p = kf_put_length(p, length);
	e->full = p - e->text;

	p = kf_put_media(p, m);
	e->type_len = p - e->text - e->full;
	return KF_OK;
}

bool kf_keepalive(const struct kf_request *rq, u32 requests_done, u32 keepalive_requests,
		  u32 *left)
{
	*left = 0;
	if (!rq->keepalive)
		return false;
	if (!keepalive_requests)
		return true;
	if (requests_done >= keepalive_requests)
		return false;
	*left = keepalive_requests - requests_done;
	return true;
}

#define KF_STATUS_200	"HTTP/1.1 200 OK\r\n"	/* always 1.1, also to a client that speaks 1.0 */

void kf_front_write(struct kf_front *front, s64 now_sec, const struct kf_str *server)
{
	char *p = front->text;

	p = KF_PUT(p, KF_STATUS_200 "Date: ");
	kf_date_write(p, now_sec);
	p = KF_PUT(p + KF_DATE_LEN, "\r\n");
	if (server->len) {
		p = KF_PUT(p, "Server: ");
		p = kf_put(p, server->p, server->len);
		p = KF_PUT(p, "\r\n");
	}
	front->len = p - front->text;
}

/* Date and Server, behind another status line. */
static char *kf_put_env(char *p, const struct kf_reply_env *env)
{
	const u32 skip = sizeof(KF_STATUS_200) - 1;

	return kf_put(p, env->front->text + skip, env->front->len - skip);
}

/* Silent on 1.1 unless the client spoke of it or the connection ends. */
static char *kf_put_connection(char *p, const struct kf_request *rq,
			       const struct kf_reply_env *env)
{
	if (!env->keepalive)
		return KF_PUT(p, "Connection: close\r\n");
	if (!rq->keepalive_token)
		return p;
	p = KF_PUT(p, "Keep-Alive: timeout=");
	p = kf_put_number(p, env->keepalive_timeout);
	if (env->requests_left) {
		p = KF_PUT(p, ", max=");
		p = kf_put_number(p, env->requests_left);
	}
	return KF_PUT(p, "\r\nConnection: Keep-Alive\r\n");
}

/* A 304 has the tag that was compared: mod_deflate never sees it, nor says Vary. */
static char *kf_put_not_modified(char *p, const struct kf_entity *e)
{
	if (e->coding == KF_GZIP) {
		p = kf_put(p, e->text, e->etag + e->etag_len);
		p = KF_PUT(p, KF_ETAG_END);
	} else {
		p = kf_put(p, e->text, e->common);
	}
	return e->siblings ? KF_PUT(p, KF_VARY) : p;
}

/* Apache sets the part's length where the whole one's stood, if that was known by then. */
static char *kf_put_part(char *p, const struct kf_entity *e, const struct kf_answer *a)
{
	p = kf_put(p, e->text, e->common);
	if (e->coding != KF_IDENTITY) {
		p = kf_put_coding(p, e);
	} else {
		p = kf_put_length(p, a->length);
		if (e->deflate || e->siblings)
			p = KF_PUT(p, KF_VARY);
	}
	p = KF_PUT(p, "Content-Range: bytes ");
	p = kf_put_number(p, a->first);
	*p++ = '-';
	p = kf_put_number(p, a->first + a->length - 1);
	*p++ = '/';
	p = kf_put_number(p, e->size);
	p = KF_PUT(p, "\r\n");
	return e->coding != KF_IDENTITY ? kf_put_length(p, a->length) : p;
}

static char *kf_put_whole(char *p, const struct kf_request *rq, const struct kf_entity *e)
{
	/* Apache drops "Content-Length: 0" in the answer to a HEAD; an empty file has no Vary */
	p = kf_put(p, e->text, rq->head && !e->size && e->coding == KF_IDENTITY ?
			       e->common : e->full);
	if (e->deflate || (e->siblings && e->coding == KF_IDENTITY))
		p = KF_PUT(p, KF_VARY);
	return p;
}

static noinline u32 kf_head_compose(char *buf, const struct kf_request *rq,
				    const struct kf_entity *e, const struct kf_answer *a,
				    const struct kf_reply_env *env)
{
	char *p = buf;

	switch (a->status) {
	case 304:
		p = KF_PUT(p, "HTTP/1.1 304 Not Modified\r\n");
		p = kf_put_env(p, env);
		p = kf_put_not_modified(p, e);
		break;
	case 206:
		p = KF_PUT(p, "HTTP/1.1 206 Partial Content\r\n");
		p = kf_put_env(p, env);
		p = kf_put_part(p, e, a);
		break;
	default:
		p = kf_put(p, env->front->text, env->front->len);
		p = kf_put_whole(p, rq, e);
	}
	p = kf_put_connection(p, rq, env);
	if (a->status != 304)
		p = kf_put(p, e->text + e->full, e->type_len);
	return KF_PUT(p, "\r\n") - buf;
}

/* Is what is said of the entity in a 200 just its text, but for the end of the connection? */
static bool kf_is_seamless(const struct kf_request *rq, const struct kf_entity *e,
			   const struct kf_reply_env *env)
{
	return (!env->keepalive || !rq->keepalive_token) && !e->deflate && !e->siblings && e->size;
}

u32 kf_head_write(char *buf, const struct kf_request *rq, const struct kf_entity *e,
		  const struct kf_answer *a, const struct kf_reply_env *env)
{
	char *p = buf;

	if (a->status != 200 || !kf_is_seamless(rq, e, env))
		return kf_head_compose(buf, rq, e, a, env);
	p = kf_put(p, env->front->text, env->front->len);
	if (env->keepalive) {
		p = kf_put(p, e->text, e->full + e->type_len);
	} else {
		p = kf_put(p, e->text, e->full);
		p = KF_PUT(p, "Connection: close\r\n");
		p = kf_put(p, e->text + e->full, e->type_len);
	}
	return KF_PUT(p, "\r\n") - buf;
}

static const char kf_body_408[] =
	"<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\" \"http://www.w3.org/TR/html4/strict.dtd\">\n"
	"<html><head>\n"
	"<title>408 Request Timeout</title>\n"
	"</head><body>\n"
	"<h1>Request Timeout</h1>\n"
	"<p>Server timeout waiting for the HTTP request from the client.</p>\n"
	"</body></html>\n";

static const char kf_body_503[] =
	"<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\" \"http://www.w3.org/TR/html4/strict.dtd\">\n"
	"<html><head>\n"
	"<title>503 Service Unavailable</title>\n"
	"</head><body>\n"
	"<h1>Service Unavailable</h1>\n"
	"<p>The server is temporarily unable to service your\n"
	"request due to maintenance downtime or capacity\n"
	"problems. Please try again later.</p>\n"
	"</body></html>\n";

/*
 * Apache's words with "ServerSignature Off": the signature names host and port
 * of a virtual host, which a module does not know.
 */
u32 kf_error_write(char *buf, int status, bool head_only, const struct kf_reply_env *env)
{
	const char *body = status == 408 ? kf_body_408 : kf_body_503;
	u32 len = status == 408 ? sizeof(kf_body_408) - 1 : sizeof(kf_body_503) - 1;
	char *p = buf;

	if (status == 408)
		p = KF_PUT(p, "HTTP/1.1 408 Request Timeout\r\n");
	else
		p = KF_PUT(p, "HTTP/1.1 503 Service Unavailable\r\n");
	p = kf_put_env(p, env);
	if (status != 408)
		p = KF_PUT(p, "Retry-After: 1\r\n");
	if (!head_only) {	/* Apache's 408 to a HEAD has none either */
		p = KF_PUT(p, "Content-Length: ");
		p = kf_put_number(p, len);
		p = KF_PUT(p, "\r\n");
	}
	p = KF_PUT(p, "Connection: close\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n");
	return (head_only ? p : kf_put(p, body, len)) - buf;
}
