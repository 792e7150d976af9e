// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waits and their bounds. A connection waits for at most one thing, and each
 * kind of wait has one bound for all, so a FIFO list per kind is in order of
 * expiry: (re)arming is a list move, with no timer per connection. One coarse
 * timer per poll ticks while anything waits. The begin is stored, not the end,
 * so a changed sysctl applies to waits already begun.
 *
 * Runs in the poll, except kf_tick(), which only tells the poll.
 */
#include <linux/jiffies.h>
#include "compat/net.h"
#include "park.h"
#include "poll.h"

#define KF_PARK_TICK (HZ / 50 ?: 1) /* while anything waits for the backend */
#define KF_EXPIRE_MAX 64	/* expiries handled in one round of the poll */

static const int kf_linger_ms = 2000;

static u32 kf_bound(struct kf_server *srv, enum kf_timeout which)
{
	switch (which) {
	case KF_T_HEADER:
		return msecs_to_jiffies(READ_ONCE(srv->set.header_timeout_ms));
	case KF_T_KEEPALIVE:
		return msecs_to_jiffies(READ_ONCE(srv->set.keepalive_timeout_ms));
	case KF_T_SEND:
		return msecs_to_jiffies(READ_ONCE(srv->set.send_timeout_ms));
	case KF_T_BACKEND:
		if (READ_ONCE(srv->stopping))	/* kf_polls_drain() says how long */
			return U32_MAX;
		return msecs_to_jiffies(READ_ONCE(srv->set.backend_wait_ms));
	case KF_T_LINGER:
	case KF_T_NONE:
		break;
	}
	return msecs_to_jiffies(kf_linger_ms);
}

void kf_wait_begin(struct kf_conn *c, enum kf_timeout which)
{
	struct kf_poll *p = c->poll;

	c->since = (u32)jiffies;
	c->timeout = which;
	list_move_tail(&c->wait, &p->waits[which]);
	kf_tick_arm(p);
}

void kf_wait_end(struct kf_conn *c)
{
	if (c->timeout == KF_T_NONE)
		return;
	c->timeout = KF_T_NONE;
	list_del_init(&c->wait);
}

/* The timer is left alone while it runs: no mod_timer() per request. */
void kf_tick_arm(struct kf_poll *p)
{
	unsigned long at = jiffies;

	if (!llist_empty(&p->retry))
		at += 1;
	else
		at += list_empty(&p->waits[KF_T_BACKEND]) ? KF_TICK : KF_PARK_TICK;
	if (!timer_pending(&p->timer) || time_before(at, p->timer.expires))
		timer_reduce(&p->timer, at);
}

void kf_tick(struct timer_list *t)
{
	struct kf_poll *p = timer_container_of(p, t, timer);

	set_bit(KF_EV_TICK, &p->events);
	kf_poll_schedule(p);
}

/* Returns false when there is more to do than one round should. */
static bool kf_expire_list(struct kf_poll *p, enum kf_timeout which, int *left)
{
	struct list_head *list = &p->waits[which];
	u32 late = which == KF_T_KEEPALIVE ? KF_TICK : 0;	/* kf_wait_keepalive() */
	u32 bound = kf_bound(p->srv, which);
	struct kf_conn *c;

	while (!list_empty(list)) {
		c = list_first_entry(list, struct kf_conn, wait);
		if ((u32)jiffies - c->since < bound + late)
			return true;
		if (--*left < 0)
			return false;
		if (!kf_conn_timed_out(c))
			return true;	/* owned: at the next tick */
	}
	return true;
}

void kf_waits_expire(struct kf_poll *p)
{
	int which, left = KF_EXPIRE_MAX;
	bool waiting = false;

	kf_parked_retry(p);
	for (which = 0; which < KF_T_COUNT; which++) {
		if (!kf_expire_list(p, which, &left)) {
			set_bit(KF_EV_TICK, &p->events);
			kf_poll_schedule(p);
		}
		waiting |= !list_empty(&p->waits[which]);
	}
	if (waiting || !llist_empty(&p->retry))
		kf_tick_arm(p);
}
