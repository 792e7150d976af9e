/* SPDX-License-Identifier: GPL-2.0-only */
/* Answers into TCP, by reference: see send.c. All hold: slock, not owned. */
#ifndef KFRONT_SEND_H
#define KFRONT_SEND_H

#include <linux/bvec.h>
#include "conn.h"

/* An answer, or what is left of one: a head on a page of ours, then a body. */
struct kf_out {
	struct page *head_page;
	u32 head_off;
	u32 head_len;
	const struct bio_vec *body;
	u32 nr_body;
	u32 body_off;		/* bytes at the beginning of body[] that are not wanted */
	u32 body_len;		/* bytes wanted */
	bool whole;		/* they are all that body[] has */
	u32 done;		/* bytes of head + body already queued */
	bool shared;		/* body is page cache, not immutable pages of ours */
	bool last;		/* a FIN follows at once: keep the last segment back for it */
};

/**
 * kf_send() - queue what is left of @out
 * Return: bytes queued by this call; short means no room (or no memory); or a
 * negative errno when none was.
 */
int kf_send(struct kf_conn *c, struct kf_out *out);

/* Nothing (more) could be queued: arrange to be called again, or end it. Returns false. */
bool kf_send_blocked(struct kf_conn *c, int err);

bool kf_send_more(struct kf_conn *c);	/* KF_SENDING */
bool kf_settle(struct kf_conn *c);	/* KF_SETTLING */
void kf_settle_begin(struct kf_conn *c);

/* Have the worker fetch the stream's next chunk. */
void kf_stream_ask(struct kf_conn *c);
/* A chunk (or the head alone) is queued: fetch the next, settle for the last byte, or be done. */
bool kf_stream_advance(struct kf_conn *c);

/* The whole answer is queued. Returns true: there is more to look at. */
bool kf_answer_done(struct kf_conn *c);

#endif /* KFRONT_SEND_H */
