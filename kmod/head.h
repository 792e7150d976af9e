/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a response head says, byte for byte as stock Debian's Apache says it for
 * the same file. Pure: builds in user space too.
 */
#ifndef KFRONT_HEAD_H
#define KFRONT_HEAD_H

#include <linux/types.h>
#include "media.h"
#include "parse.h"
#include "policy.h"

#define KF_HEAD_MAX	1024	/* room that kf_head_write() may need, bytes */
#define KF_MEDIA_MAX	103	/* media type, charset and language together */
#define KF_ENTITY_TEXT	352	/* Last-Modified 46, ETag 50, Accept-Ranges 22, Vary 23, */
				/* Content-Encoding 24, Content-Length 38, Content-Type and */
				/* Content-Language 46 + KF_MEDIA_MAX */
#define KF_DATE_LEN	29	/* "Fri, 20 Nov 2026 09:59:44 GMT" */

/* What the head says about one version of one file in one coding; prepared once, immutable. */
struct kf_entity {
	u64 size;		/* bytes of the body, as @coding has them */
	s64 mtime_sec;
	u8 coding;		/* enum kf_coding */
	bool weak;		/* ETag W/: asked for within a second of mtime */
	bool deflate;		/* the backend would compress it: Vary, and "encoding" hand-overs */
	bool siblings;		/* the file's siblings are looked at: Vary on each answer. Set by */
				/* the caller after kf_entity_init(), which sets it for KF_PRE_* */
	/* prepared text, private to head.c and condition.c: offsets into text[] */
	u8 etag;		/* the tag that conditions compare, no W/: opening quote, ... */
	u8 etag_len;		/* ... closing one not included. In KF_GZIP "-gzip" follows */
	u8 common;		/* text[0..common): in every answer */
	u8 full;		/* text[common..full): in 200 only */
	u8 type_len;		/* text[full..full + type_len): in all but 304, last of all */
	char text[KF_ENTITY_TEXT];
};

/* What to answer: decided by kf_answer(). */
struct kf_answer {
	int status;		/* 200, 206 or 304 */
	bool body;		/* false for HEAD and 304 */
	u64 first;		/* of the body: where what is sent begins, ... */
	u64 length;		/* ... and how long it is: all of it in a 200, 0 in a 304 */
};

/* How all answers of one second begin, as a 200 has it: status line, Date, Server. */
#define KF_FRONT_MAX	(17 + 6 + KF_DATE_LEN + 2 + 8 + KF_SERVER_MAX + 2)
struct kf_front {
	u32 len;
	char text[KF_FRONT_MAX];
};

/* What a head says that is not about the file. */
struct kf_reply_env {
	const struct kf_front *front;
	u32 keepalive_timeout;	/* seconds */
	u32 requests_left;	/* the N of Keep-Alive: max=N; 0: no limit, no max= */
	bool keepalive;		/* the connection stays open after this answer */
};

/**
 * kf_entity_init() - prepare what the head says about a file
 * @v: of the file whose ETag it is; for KF_PRE_* the sibling's own
 * @m: what the file's name says, also when a sibling is sent in its place
 * @length: bytes of the body; for KF_GZIP the compressed one's
 * @now_sec: wall clock, seconds; decides @weak and refuses an mtime in the future
 * @now_nsec: its nanoseconds
 *
 * Return: KF_OK; KF_R_UNSTABLE (mtime in the future, or not after 1970: Apache
 * says something we do not imitate); KF_R_TYPE (@m has more than KF_MEDIA_MAX bytes).
 * Refers to nothing of @m afterwards.
 */
enum kf_reason kf_entity_init(struct kf_entity *e, const struct kf_version *v,
			      const struct kf_media *m, enum kf_coding coding, u64 length,
			      s64 now_sec, u32 now_nsec);

/* Would a stock Apache compress a file of @size bytes for a client that takes gzip? */
bool kf_is_deflated(const struct kf_media *m, u64 size);

/**
 * kf_answer() - which answer the backend would give to this request for this file
 * @e: of the variant that the request's kf_accepts() chose; this is not asked again
 * @now_sec: wall clock, seconds: Apache does not heed an If-Modified-Since in the
 *	future, and does not trust the date of a file younger than a minute in ranges
 *
 * Return: KF_OK with @a filled in. Hand over: KF_R_CONDITIONAL (oddly written, or
 * the answer is 412), KF_R_RANGE (oddly written, several, 416, or of what the
 * backend would compress), KF_R_ENCODING (the backend would compress what we
 * have as it is, or the length of what it compresses is in question).
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

/**
 * kf_front_write() - what the heads of one second have in common
 * @server: of the Server header, at most KF_SERVER_MAX; len 0: no header
 */
void kf_front_write(struct kf_front *front, s64 now_sec, const struct kf_str *server);

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

/**
 * kf_date_parse() - the reverse (httpdate.c)
 *
 * Of RFC 9110's three formats, two-digit years 70 to 99 are 19xx, others 20xx (as in
 * apr). Only dates that exist, from 1970 on; whether the day of the week is right is
 * not asked. Return: false if odd.
 */
bool kf_date_parse(const struct kf_str *s, s64 *sec);

#endif /* KFRONT_HEAD_H */
