// SPDX-License-Identifier: GPL-2.0-only
/*
 * Overload: more connections than this CPU can serve. In: a SYN, before anything was
 * done for it. Out: shall it be dropped?
 *
 * Without this the network device drops, and blindly: the packets of connections that
 * much was done for as well as those of new ones, so that less and less comes to an
 * end in time. A SYN is what costs least to drop.
 *
 * Two things must be so. The CPU is behind: its ksoftirqd, which gets what softirqs
 * could not finish, has been at it for shed_after_ms without once having found nothing
 * to do. (A CPU that is merely busy is not behind.) And of the connections of the last
 * second or two more wait for their first answer than are served in a fifth of one: who
 * comes in at the rate at which others are served is let in, however busy it is, and what
 * keeps the CPU busy may be something else altogether. Who has been silent for longer
 * does not count: clients may be so, and must not shut others out.
 *
 * Where another thread does a softirq's work (threaded NAPI, PREEMPT_RT) nothing is shed.
 */
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <net/inet_connection_sock.h>
#include "poll.h"
#include "shed.h"

#define KF_SHED_FLOOR	32	/* so many may wait in any case */
#define KF_SHED_SHARE	5	/* ... and this part of those served in a second */
#define KF_SHED_WINDOW	(HZ / 10 ?: 1)

static u32 kf_second(void)
{
	return jiffies / HZ;
}

/* Each of the two numbers is begun anew when its second is. */
void kf_unserved_begin(struct kf_conn *c)
{
	struct kf_poll *p = c->poll;
	u32 now = kf_second();

	if (p->second != now) {
		if (now - p->second > 1)
			WRITE_ONCE(p->unserved[~now & 1], 0);
		WRITE_ONCE(p->unserved[now & 1], 0);
		WRITE_ONCE(p->second, now);
	}
	c->unserved = true;
	c->born = now;
	WRITE_ONCE(p->unserved[now & 1], p->unserved[now & 1] + 1);
}

void kf_unserved_end(struct kf_conn *c)
{
	struct kf_poll *p = c->poll;
	u32 which = c->born & 1;

	c->unserved = false;
	if (p->second - c->born <= 1)
		WRITE_ONCE(p->unserved[which], p->unserved[which] - 1);
}

void kf_served(struct kf_conn *c)
{
	kf_unserved_end(c);
	WRITE_ONCE(c->poll->served, c->poll->served + 1);
}

static bool kf_is_ksoftirqd(const struct task_struct *task)
{
	static const char name[] = "ksoftirqd/";

	return task->flags & PF_KTHREAD && !strncmp(task->comm, name, sizeof(name) - 1);
}

/* Has this CPU been behind for longer than @after ms? */
static bool kf_shed_behind(struct kf_shed *s, u32 after)
{
	const struct task_struct *task = s->ksoftirqd;

	if (task != current) {
		if (kf_is_ksoftirqd(current)) {
			task = current;
		} else if (!task) {
			return false;
		} else if (!task_is_running(task)) {
			s->sleeps = task->nvcsw - 1;	/* its next work is another one */
			return false;
		}
	}
	if (task != s->ksoftirqd || task->nvcsw != s->sleeps) {
		s->ksoftirqd = task;
		s->sleeps = task->nvcsw;
		s->since = jiffies;
		return false;
	}
	return time_after(jiffies, s->since + msecs_to_jiffies(after));
}

/* How many may wait for their first answer. */
static u32 kf_shed_limit(struct kf_poll *p)
{
	struct kf_shed *s = &p->shed;
	unsigned long took = jiffies - s->window;
	u32 served = READ_ONCE(p->served);

	if (took >= KF_SHED_WINDOW) {
		s->rate = (u64)(served - s->served) * HZ / took;
		s->served = served;
		s->window = jiffies;
	}
	return KF_SHED_FLOOR + s->rate / KF_SHED_SHARE;
}

/* How many wait: connections of the last second or two, and handshakes of the last one. */
static u32 kf_shed_waiting(const struct kf_poll *p, const struct sock *listener)
{
	const struct request_sock_queue *queue = &inet_csk(listener)->icsk_accept_queue;

	u32 unserved = 0;

	if (kf_second() - READ_ONCE(p->second) <= 1)
		unserved = READ_ONCE(p->unserved[0]) + READ_ONCE(p->unserved[1]);
	return unserved + max(reqsk_queue_len_young(queue), 0) / num_online_cpus();
}

bool kf_shed_syn(struct kf_server *srv, const struct sock *listener)
{
	u32 after = READ_ONCE(srv->set.shed_after_ms);
	struct kf_poll *p = kf_poll_here(srv);
	u32 limit = kf_shed_limit(p);

	if (likely(!kf_shed_behind(&p->shed, after)) || !after ||
	    kf_shed_waiting(p, listener) < limit)
		return false;
	kf_count(srv, SYNS_SHED);
	return true;
}
