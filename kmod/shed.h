/* SPDX-License-Identifier: GPL-2.0-only */
/* Under overload: which SYNs are not even answered. See shed.c. */
#ifndef KFRONT_SHED_H
#define KFRONT_SHED_H

#include <linux/types.h>

struct kf_conn;
struct kf_poll;
struct kf_server;
struct sock;
struct task_struct;

/* Of one CPU, and touched there only, BH off: by who handles its SYNs. */
struct kf_shed {
	const struct task_struct *ksoftirqd;	/* this CPU's, once seen at work; they never end */
	unsigned long sleeps;	/* how often it had gone to sleep when ... */
	unsigned long since;	/* jiffies: ... it was first seen at work after that, ... */
	unsigned long seen;	/* ... and last */
	unsigned long window;	/* jiffies: when ... */
	u32 served;		/* ... so many connections had been served */
	u32 rate;		/* served per second in the window before */
	u32 turn;		/* of those that were to be dropped */
};

/*
 * Shall this SYN be dropped? Its client sends it again a second later.
 * @listener: ours, or tapped; under rcu_read_lock(), BH off
 */
bool kf_shed_syn(struct kf_server *srv, const struct sock *listener);

/* Inline: connections were left to the server, and how many it serves is not known. Its poll's. */
void kf_shed_left(struct kf_poll *p);

/*
 * A connection has to wait for its first answer; it has not any more. From its poll, the
 * latter only if @c->unserved.
 */
void kf_unserved_begin(struct kf_conn *c);
void kf_unserved_end(struct kf_conn *c);

#endif /* KFRONT_SHED_H */
