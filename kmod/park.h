/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections that wait for the backend: see park.c. From the poll only. */
#ifndef KFRONT_PARK_H
#define KFRONT_PARK_H

#include "conn.h"

struct kf_poll;

/**
 * kf_park() - the backend cannot take @c now: let it wait (KF_PARKED)
 * @why: the reason for the hand-over, counted when it succeeds
 *
 * Holds: slock, not owned, hooked. Return: false when there is no room for it, or
 * no waiting at all.
 */
bool kf_park(struct kf_conn *c, enum kf_reason why);

/* The wait of @c is over, however it ended. Nothing is done to one that is not parked. */
void kf_unpark(struct kf_conn *c);

/* @backend would take @c, but others wait for it: @c shall be parked behind them. */
bool kf_park_behind(struct kf_conn *c, const struct sock *backend);

/* The tick: hand over what can be handed over. */
void kf_parked_retry(struct kf_poll *p);

#endif /* KFRONT_PARK_H */
