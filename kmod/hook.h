/* SPDX-License-Identifier: GPL-2.0-only */
/* Callbacks in and out of a child's socket: see hook.c. */
#ifndef KFRONT_HOOK_H
#define KFRONT_HOOK_H

#include "conn.h"
#include "server.h"

void kf_hook_learn_defaults(const struct sock *sk);
void kf_default_data_ready(struct sock *sk);
bool kf_default_listener(const struct sock *sk);
void kf_unhook_listener(struct sock *sk);

bool kf_hookable(struct sock *sk);
void kf_hook(struct kf_conn *c);
void kf_unhook(struct sock *sk);
/* No answer of ours comes soon that could carry the ACK: as if kf_hook() had never been. */
void kf_ack_now(struct sock *sk);
void kf_want(struct kf_conn *c, enum kf_want want);

int kf_lent_sockets_create(struct kf_server *srv);
void kf_lent_sockets_destroy(struct kf_server *srv);

#endif /* KFRONT_HOOK_H */
