// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections that wait for the backend. In: one that cannot be handed over now,
 * because nobody listens or the accept queue is full. Out: the same one, handed
 * over when there is room, or answered 503 when it has waited too long. A restart
 * of the backend is a pause to its clients, not a failure.
 *
 * A parked connection keeps our callbacks: a reset ends it, bytes and a FIN stay
 * for the backend. Nobody tells us that a server listens again or has accepted,
 * so the tick asks, a bounded number of times. Room goes to the oldest, but one
 * listener may have some while that of the oldest has none (IPv4 and IPv6,
 * SO_REUSEPORT): each tick therefore also goes on where the last one stopped.
 *
 * Runs in the poll.
 */
#include "handover.h"
#include "hook.h"
#include "park.h"
#include "poll.h"

#define KF_PARK_OLDEST	8	/* refusals, after which the oldest are left alone */
#define KF_PARK_OTHERS	56	/* and the others, until the next tick */
#define KF_PARK_TRIES	128	/* in one round of the poll, hand-overs included */

bool kf_park(struct kf_conn *c, enum kf_reason why)
{
	struct kf_server *srv = c->poll->srv;
	bool stopping = READ_ONCE(srv->stopping);

	if (READ_ONCE(srv->aborting) || !(stopping || READ_ONCE(srv->set.backend_wait_ms)))
		return false;
	/* Unloading is bounded otherwise, and turns nobody away before its time. */
	if (atomic_inc_return(&srv->parked) > READ_ONCE(srv->set.max_parked) && !stopping) {
		atomic_dec(&srv->parked);
		return false;
	}
	kf_count(srv, PARKED);
	kf_want(c, KF_WANT_NOTHING);
	c->reason = why;
	c->state = KF_PARKED;
	kf_wait_begin(c, KF_T_BACKEND);
	return true;
}

void kf_unpark(struct kf_conn *c)
{
	struct kf_poll *p = c->poll;

	if (c->state != KF_PARKED)
		return;
	if (p->park_at == &c->wait)
		p->park_at = c->wait.next;
	kf_wait_end(c);
	atomic_dec(&p->srv->parked);
	c->state = KF_REQUEST;
}

bool kf_park_behind(struct kf_conn *c, const struct sock *backend)
{
	struct kf_poll *p = c->poll;
	struct kf_server *srv = p->srv;

	if (list_empty(&p->waits[KF_T_BACKEND]) || p->refused != backend)
		return false;
	if (c->state == KF_PARKED || c->state == KF_NEWBORN || READ_ONCE(srv->aborting))
		return false;
	if (atomic_read(&srv->parked) >= READ_ONCE(srv->set.max_parked) ||
	    !READ_ONCE(srv->set.backend_wait_ms))
		return false;	/* it could not wait: better it than nobody */
	set_bit(KF_EV_TICK, &p->events);	/* there is room: do not wait for the timer */
	kf_poll_schedule(p);
	return true;
}

/* Try from @at on until @refusals; returns where to go on. */
static struct list_head *kf_parked_try(struct kf_poll *p, struct list_head *at,
				       int refusals, int *tries)
{
	struct list_head *next;

	for (; at != &p->waits[KF_T_BACKEND] && refusals > 0 && *tries > 0; at = next) {
		next = at->next;
		--*tries;
		if (!kf_conn_retry(list_entry(at, struct kf_conn, wait)))
			refusals--;
	}
	return at;
}

void kf_parked_retry(struct kf_poll *p)
{
	struct list_head *list = &p->waits[KF_T_BACKEND], *at;
	int tries = KF_PARK_TRIES;

	p->refused = NULL;	/* one that is still full will be found to be */
	if (list_empty(list))
		return;
	at = kf_parked_try(p, list->next, KF_PARK_OLDEST, &tries);
	if (p->park_at != list)
		at = p->park_at;
	p->park_at = kf_parked_try(p, at, KF_PARK_OTHERS, &tries);
	if (!tries) {	/* it was not refusals that stopped us */
		set_bit(KF_EV_TICK, &p->events);
		kf_poll_schedule(p);
	}
}
