/* SPDX-License-Identifier: GPL-2.0-only */
/* From bytes in the receive queue to an answer: see request.c. Hold: slock, not owned. */
#ifndef KFRONT_REQUEST_H
#define KFRONT_REQUEST_H

#include "conn.h"

bool kf_request(struct kf_conn *c);	/* KF_REQUEST; false: nothing more to do now */

/* No (further) request came in time: close in silence. */
void kf_request_close(struct kf_conn *c);

/* A small answer of our own (408, 503), then close. */
void kf_reply_error(struct kf_conn *c, int status);

bool kf_peek_is_head(struct sock *sk);	/* does a HEAD request lie in the receive queue? */
u32 kf_discard(struct sock *sk);	/* consume all that was received; returns bytes */

#endif /* KFRONT_REQUEST_H */
