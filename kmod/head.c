// SPDX-License-Identifier: GPL-2.0-only
/*
 * The heads of answers, and the few complete answers that are kfront's own.
 *
 * What concerns the file is put into text once, when the object is built
 * (kf_entity_init()); a request then costs some copies and no formatting
 * (kf_head_write()). Everything is as Debian's Apache 2.4 says it, the order of
 * the headers included; tests/unit/apache has the answers it was held against.
 *
 * Pure; kf_entity_init() in process context, the others in softirq.
 */
#include <linux/math64.h>
#include "head.h"
#include "text.h"

/*
 * mod_deflate leaves alone, Vary and all, what is not longer than its own
 * overhead: 10 bytes of gzip header, 8 of trailer, 50 for headers.
 */
#define KF_DEFLATE_MIN	69

#define KF_PUT(p, constant) kf_put(p, constant, sizeof(constant) - 1)

static char *kf_put(char *p, const char *text, u32 len)
{
	memcpy(p, text, len);
	return p + len;
}

static char *kf_put_number(char *p, u64 n)
{
	char digits[20];
	u32 i = sizeof(digits);

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

enum kf_reason kf_entity_init(struct kf_entity *e, u64 size, s64 mtime_sec, u32 mtime_nsec,
			      const struct kf_type *type, s64 now_sec, u32 now_nsec)
{
	char *p = e->text, *tag;
	s64 age_usec;

	if (mtime_sec <= 0 || mtime_sec > now_sec ||
	    (mtime_sec == now_sec && mtime_nsec > now_nsec))
		return KF_R_UNSTABLE;

	e->size = size;
	e->mtime_sec = mtime_sec;
	e->mtime_nsec = mtime_nsec;
	e->deflate = type->deflate && size >= KF_DEFLATE_MIN;
	/* Apache's clock has microseconds; both times are cut, then compared */
	age_usec = now_sec - mtime_sec > 1 ? 2000000 :
		   (now_sec - mtime_sec) * 1000000 +
		   (s64)(now_nsec / 1000) - (s64)(mtime_nsec / 1000);
	e->weak = age_usec < 1000000;

	p = KF_PUT(p, "Last-Modified: ");
	kf_date_write(p, mtime_sec);
	p = KF_PUT(p + KF_DATE_LEN, "\r\nETag: ");
	if (e->weak)
		p = KF_PUT(p, "W/");
	tag = p;
	*p++ = '"';
	p = kf_put_hex(p, size);
	*p++ = '-';
	p = kf_put_hex(p, (u64)mtime_sec * 1000000 + mtime_nsec / 1000);
	*p++ = '"';
	e->etag = tag - e->text;
	e->etag_len = p - tag;
	p = KF_PUT(p, "\r\nAccept-Ranges: bytes\r\n");
	e->common = p - e->text;

	p = KF_PUT(p, "Content-Length: ");
	p = kf_put_number(p, size);
	p = KF_PUT(p, "\r\n");
	if (e->deflate)
		p = KF_PUT(p, "Vary: Accept-Encoding\r\n");
	e->full = p - e->text;

	p = KF_PUT(p, "Content-Type: ");
	p = kf_put(p, type->mime.p, type->mime.len);
	p = KF_PUT(p, "\r\n");
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

/* Date and Server: what every answer has after its status line. */
static char *kf_put_env(char *p, const struct kf_reply_env *env)
{
	p = KF_PUT(p, "Date: ");
	p = kf_put(p, env->date, KF_DATE_LEN);
	p = KF_PUT(p, "\r\n");
	if (env->server.len) {
		p = KF_PUT(p, "Server: ");
		p = kf_put(p, env->server.p, env->server.len);
		p = KF_PUT(p, "\r\n");
	}
	return p;
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

u32 kf_head_write(char *buf, const struct kf_request *rq, const struct kf_entity *e,
		  const struct kf_answer *a, const struct kf_reply_env *env)
{
	char *p = buf;

	/* always HTTP/1.1, also to a client that speaks 1.0 */
	if (a->status == 304)
		p = KF_PUT(p, "HTTP/1.1 304 Not Modified\r\n");
	else
		p = KF_PUT(p, "HTTP/1.1 200 OK\r\n");
	p = kf_put_env(p, env);

	/* Apache drops "Content-Length: 0" in the answer to a HEAD; an empty file has no Vary */
	if (a->status == 304 || (rq->head && !e->size))
		p = kf_put(p, e->text, e->common);
	else
		p = kf_put(p, e->text, e->full);
	p = kf_put_connection(p, rq, env);
	if (a->status != 304)
		p = kf_put(p, e->text + e->full, e->type_len);
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
