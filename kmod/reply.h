/* SPDX-License-Identifier: GPL-2.0-only */
/* Heads, and the first push of an answer: see reply.c. */
#ifndef KFRONT_REPLY_H
#define KFRONT_REPLY_H

#include "conn.h"
#include "head.h"
#include "server.h"

/**
 * kf_reply() - answer a request, or hand it over
 * @e: what there is
 * @obj: its body, RCU-protected or referenced by c->lookup; NULL: c->stream
 * @hit: found in softirq, no worker was asked
 * Holds: slock, not owned. Return: true when the connection is ready for its next request.
 */
bool kf_reply(struct kf_conn *c, const struct kf_request *rq, const struct kf_entity *e,
	      struct kf_object *obj, bool hit);

void kf_request_done(struct kf_conn *c);	/* request.c: consume the head that was answered */

#endif /* KFRONT_REPLY_H */
