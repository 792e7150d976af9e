/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * strict=1: nothing is served before an audit (scripts/audit) has found that the server
 * would say the same, and nothing after its configuration has changed. See arm.c.
 */
#ifndef KFRONT_ARM_H
#define KFRONT_ARM_H

#include "server.h"

struct sock;

/* net.kfront.armed */
enum kf_armed {
	KF_DISARMED,
	KF_ARMED,
	KF_AUDIT,	/* under way */
};

/* srv->gate: what follows from strict and armed for a request. */
enum kf_gate {
	KF_GATE_OPEN,
	KF_GATE_AUDIT,	/* open for the audit's addresses */
	KF_GATE_SHUT,
};

bool kf_gate_admits(enum kf_gate gate, const struct sock *sk);

/* Must this client's request go to the backend for want of an audit? Any context. */
static inline bool kf_unarmed(const struct kf_server *srv, const struct sock *sk)
{
	int gate = READ_ONCE(srv->gate);

	return unlikely(gate != KF_GATE_OPEN) && !kf_gate_admits(gate, sk);
}

/* srv->set.strict and srv->watch are as the parameters say. */
int kf_arm_init(struct kf_server *srv);
void kf_arm_exit(struct kf_server *srv);	/* nobody writes sysctls any more */

/*
 * What sysctls write. Process context. Return: 0, or an errno and a line in the log.
 */
int kf_arm_set_strict(struct kf_server *srv, int strict);
int kf_arm_set_armed(struct kf_server *srv, int armed);
int kf_arm_set_watch(struct kf_server *srv, const char *paths);
/* Something was changed here that decides what is served. Process context, waits for nobody. */
void kf_arm_disarm(struct kf_server *srv, const char *why);
void kf_arm_get_watch(struct kf_server *srv, char *buf, size_t size);

#endif /* KFRONT_ARM_H */
