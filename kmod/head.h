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
#define KF_DATE_LEN	29	/* "Fri, 20 Nov 2026 09:59:44 GMT" */

/* What the head says about one version of one file; prepared once, immutable. */
struct kf_entity {
	u64 size;		/* bytes */
	s64 mtime_sec;
	u32 mtime_nsec;
	bool weak;		/* ETag W/: asked for within a second of mtime */
	bool deflate;		/* a type the backend compresses: Vary, and "encoding" hand-overs */
	/* ... prepared text, fixed size, private to head.c ... */
};

/* What to answer: decided by kf_answer(). */
struct kf_answer {
	int status;		/* 200 or 304 */
	bool body;		/* false for HEAD and 304 */
};

/* What a head says that is not about the file. */
struct kf_reply_env {
	const char *date;	/* KF_DATE_LEN characters */
	struct kf_str server;	/* value of the Server header; len 0: no such header */
	u32 keepalive_timeout;	/* seconds */
	u32 requests_left;	/* the N of Keep-Alive: max=N */
	bool keepalive;		/* the connection stays open after this answer */
};

/**
 * kf_entity_init() - prepare what the head says about a file
 * @now_sec: wall clock, seconds; decides @weak and refuses an mtime in the future
 * Return: KF_OK or KF_R_UNSTABLE (mtime in the future: Apache says something we do not imitate).
 */
enum kf_reason kf_entity_init(struct kf_entity *e, u64 size, s64 mtime_sec, u32 mtime_nsec,
			      const struct kf_type *type, s64 now_sec, u32 now_nsec);

/**
 * kf_answer() - which answer the backend would give to this request for this file
 * Return: KF_OK with @a filled in; KF_R_ENCODING or KF_R_CONDITIONAL: hand over.
 */
enum kf_reason kf_answer(const struct kf_request *rq, const struct kf_entity *e, struct kf_answer *a);

/* Write the head, blank line included; returns its length (<= KF_HEAD_MAX). */
u32 kf_head_write(char *buf, const struct kf_request *rq, const struct kf_entity *e,
		  const struct kf_answer *a, const struct kf_reply_env *env);

/* Complete small answers of our own (408, 503 with Retry-After): head and body, Connection: close.
 * @head_only: the request was HEAD. Returns the length (<= KF_HEAD_MAX). */
u32 kf_error_write(char *buf, int status, bool head_only, const struct kf_reply_env *env);

/* RFC 9110 IMF-fixdate of @sec (since 1970, UTC) into exactly KF_DATE_LEN bytes. */
void kf_date_write(char *buf, s64 sec);

#endif /* KFRONT_HEAD_H */
