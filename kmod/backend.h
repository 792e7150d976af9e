/* SPDX-License-Identifier: GPL-2.0-only */
/* Finding the backend's listening sockets: see backend.c. */
#ifndef KFRONT_BACKEND_H
#define KFRONT_BACKEND_H

#include <net/sock.h>
#include "server.h"

/* Which kinds of listening sockets there are on a port. */
#define KF_L_V4		1	/* AF_INET */
#define KF_L_V6ONLY	2	/* AF_INET6 with IPV6_V6ONLY */
#define KF_L_DUAL	4	/* AF_INET6 for both */

/**
 * kf_backend_find() - the backend's listener for a child of ours
 *
 * At the child's own address first, then at loopback of the same family.
 * Context: RCU read side. Return: the listener, referenced, or NULL.
 */
struct sock *kf_backend_find(struct kf_server *srv, const struct sock *child);

/*
 * The listeners on the backend's port but for those that @known knows, referenced; at
 * most @max. @roots: some on that port, known or not, are root's. Process context.
 */
int kf_backend_list(struct kf_server *srv, struct sock **socks, int max,
		    bool (*known)(const struct sock *sk), bool *roots);

/* All kinds of listeners on the backend's port: a mask of KF_L_*. Process context. */
unsigned int kf_backend_survey(struct kf_server *srv);

#endif /* KFRONT_BACKEND_H */
