/* SPDX-License-Identifier: GPL-2.0-only */
/* Our own listening sockets: see listener.c. */
#ifndef KFRONT_LISTENER_H
#define KFRONT_LISTENER_H

#include "server.h"

int kf_listeners_start(struct kf_server *srv);	/* one line in the log on failure; may sleep */
void kf_listeners_stop(struct kf_server *srv);	/* process context; waits for RCU */
void kf_listeners_free(struct kf_server *srv);	/* after the last connection */

/* How many listening sockets of ours there are now. */
int kf_listeners_count(struct kf_server *srv);

/* The backend was not where our listeners expected it: look again soon. BH. */
void kf_backend_suspect(struct kf_server *srv);

/* sk_data_ready of a listener of ours. */
void kf_listener_data_ready(struct sock *sk);

/* Whose listener @sk is; NULL: nobody's (any more). Under rcu_read_lock(). */
struct kf_server *kf_listener_server(struct sock *sk);

#endif /* KFRONT_LISTENER_H */
