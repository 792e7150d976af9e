/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections into the backend's accept queue: see handover.c. */
#ifndef KFRONT_HANDOVER_H
#define KFRONT_HANDOVER_H

#include "conn.h"

/**
 * kf_handover() - the backend shall have this connection, its bytes unread
 * @why: counted as handed_over_NAME
 *
 * At once, or when every answer we queued is acknowledged (KF_SETTLING), or when the
 * backend can take it (KF_PARKED). When it never can, the client gets a 503.
 * Holds: slock, not owned. Afterwards look at @c->state.
 */
void kf_handover(struct kf_conn *c, enum kf_reason why);

/* The same for a newborn that something else drives already: never hooked, never answered. */
void kf_handover_foreign(struct kf_conn *c);

/*
 * One that is parked tries again, for the reason it has; @last: if not now, then never.
 * Holds: slock, not owned. Afterwards look at @c->state.
 */
void kf_handover_parked(struct kf_conn *c, bool last);

/**
 * kf_enqueue() - a request with its child to the end of a listener's accept queue
 * @judged: it is not to be taken again (tap.h)
 * Holds: a slock, BH off. Return: false when the listener left TCP_LISTEN; nothing is changed.
 */
bool kf_enqueue(struct sock *backend, struct request_sock *req, struct sock *child, bool judged);

/* Wake the backend, once the child is unlocked; drops the reference. */
void kf_handover_wake(struct sock *backend);

#endif /* KFRONT_HANDOVER_H */
