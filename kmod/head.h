/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a response head says, byte for byte as stock Debian's Apache says it for
 * the same file. Pure: builds in user space too.
 */
#ifndef KFRONT_HEAD_H
#define KFRONT_HEAD_H

#include <linux/types.h>
#include "parse.h"
#include "policy.h"

#define KF_HEAD_MAX	1024	/* room that kf_head_write() may need, bytes */
#define KF_ENTITY_TEXT	288	/* Last-Modified 46, ETag 45, Accept-Ranges 22, */
				/* Content-Length 38, Vary 23, Content-Type 16 + KF_MIME_MAX */
#define KF_DATE_LEN	29	/* "Fri, 20 Nov 2026 09:59:44 GMT" */

/* What the head says about one version of one file; prepared once, immutable. */
struct kf_entity {
	u64 size;		/* bytes */
	s64 mtime_sec;
	u32 mtime_nsec;
	bool weak;		/* ETag W/: asked for within a second of mtime */
	bool deflate;		/* the backend may compress it: Vary, and "encoding" hand-overs */
	/* prepared text, private to head.c and condition.c: offsets into text[] */
	u8 etag;		/* the quoted tag without W/: begin, ... */
	u8 etag_len;
	u8 common;		/* text[0..common): in every answer */
	u8 full;		/* text[common..full): in 200 only */
	u8 type_len;		/* text[full..full + type_len): in 200 only, last of all */
	char text[KF_ENTITY_TEXT];
};

/* What to answer: decided by kf_answer(). */
struct kf_answer {
	int status;		/* 200 or 304 */
	bool body;		/* false for HEAD and 304 */
};

/* What a head says that is not about the file. */
struct kf_reply_env {
	const char *date;	/* KF_DATE_LEN characters */
	struct kf_str server;	/* of the Server header, at most KF_SERVER_MAX; len 0: no header */
	u32 keepalive_timeout;	/* seconds */
	u32 requests_left;	/* the N of Keep-Alive: max=N; 0: no limit, no max= */
	bool keepalive;		/* the connection stays open after this answer */
};

/**
 * kf_entity_init() - prepare what the head says about a file
 * @now_sec: wall clock, seconds; decides @weak and refuses an mtime in the future
 * @now_nsec: its nanoseconds
 *
 * Return: KF_OK or KF_R_UNSTABLE (mtime in the future, or not after 1970: Apache
 * says something we do not imitate). Refers to nothing of @type afterwards.
 */
enum kf_reason kf_entity_init(struct kf_entity *e, u64 size, s64 mtime_sec, u32 mtime_nsec,
			      const struct kf_type *type, s64 now_sec, u32 now_nsec);

/**
 * kf_encoding_is_plain() - is it certain that the backend would not compress for this request?
 */
bool kf_encoding_is_plain(const struct kf_request *rq);

/**
 * kf_answer() - which answer the backend would give to this request for this file
 * @now_sec: wall clock, seconds: Apache does not heed an If-Modified-Since in the future
 *
 * Return: KF_OK with @a filled in; KF_R_ENCODING or KF_R_CONDITIONAL: hand over.
 */
enum kf_reason kf_answer(const struct kf_request *rq, const struct kf_entity *e, s64 now_sec,
			 struct kf_answer *a);

/**
 * kf_keepalive() - does the connection stay open after the answer to this request?
 * @requests_done: answers this connection has had before this one
 * @keepalive_requests: net.kfront.keepalive_requests; 0: no limit
 * @left: set to what kf_reply_env.requests_left wants
 *
 * Apache's rule: with a limit of 100 the first answer says max=100, the hundredth
 * max=1, and it is the hundred-and-first that closes.
 */
bool kf_keepalive(const struct kf_request *rq, u32 requests_done, u32 keepalive_requests,
		  u32 *left);

/* Write the head, blank line included; returns its length (<= KF_HEAD_MAX). */
u32 kf_head_write(char *buf, const struct kf_request *rq, const struct kf_entity *e,
		  const struct kf_answer *a, const struct kf_reply_env *env);

/**
 * kf_error_write() - a complete small answer of our own: head and body, Connection: close
 * @status: 408, as Apache says it, or 503 (anything else), with Retry-After
 * @head_only: the request was HEAD
 *
 * Return: its length (<= KF_HEAD_MAX).
 */
u32 kf_error_write(char *buf, int status, bool head_only, const struct kf_reply_env *env);

/* RFC 9110 IMF-fixdate of @sec (1970 to 9999, UTC): exactly KF_DATE_LEN bytes. (httpdate.c) */
void kf_date_write(char *buf, s64 sec);

/* The reverse: that one format, dates that exist. Return: false if odd. (httpdate.c) */
bool kf_date_parse(const struct kf_str *s, s64 *sec);

#endif /* KFRONT_HEAD_H */
