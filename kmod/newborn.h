/* SPDX-License-Identifier: GPL-2.0-only */
/* A child of our own listener, from its birth until its first data: see newborn.c. */
#ifndef KFRONT_NEWBORN_H
#define KFRONT_NEWBORN_H

#include <net/request_sock.h>
#include <net/sock.h>

/* @sk is new and locked, @req will be in @listener's queue before the first data comes. */
void kf_newborn(const struct sock *listener, struct sock *sk, struct request_sock *req);

/* The stack's own callback back, if that is not so already. Holds: @sk's lock. */
void kf_newborn_forget(struct sock *sk);

#endif /* KFRONT_NEWBORN_H */
