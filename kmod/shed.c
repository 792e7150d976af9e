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
 * to do. (On 6.1, which leaves more to it, that may be so on a CPU that is merely busy:
 * one more reason why it is for the administrator to switch this on.)
 * And of the connections of the last second or two more wait for their first answer
 * than are served in a twentieth of one. Who has been silent for longer does not
 * count: clients may be so, and must not shut others out. One in 64 gets in all the
 * same, so that no flood that looks like many clients can shut out all others.
 *
 * What the server takes itself (inline, kf_shed_left()) we do not know: then nothing is shed.
 * Where another thread does a softirq's work (threaded NAPI, PREEMPT_RT) nothing is shed.
 */
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <net/inet_connection_sock.h>
#include "poll.h"
#include "shed.h"

#define KF_SHED_FLOOR	32U	/* so many may wait in any case */
#define KF_SHED_SHARE	20	/* ... and this part of those served in a second */
#define KF_SHED_PASS	64	/* one of so many gets in, whoever the others may be */
#define KF_SHED_WINDOW	(HZ / 10 ?: 1)
#define KF_SHED_FRESH	(HZ / 4)	/* since ksoftirqd was last seen at work; a slow guest needs it */

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

static bool kf_is_ksoftirqd(const struct task_struct *task)
{
	static const char name[] = "ksoftirqd/";

	return task->flags & PF_KTHREAD && !strncmp(task->comm, name, sizeof(name) - 1);
}

/* Something has begun that may last: from here on it is counted what is served. */
static void kf_shed_begin(struct kf_poll *p)
{
	struct kf_shed *s = &p->shed;

	s->ksoftirqd = current;
	s->sleeps = current->nvcsw;
	s->since = jiffies;
	s->window = jiffies;
	s->served = READ_ONCE(p->served);
}

/*
 * Has this CPU been behind for longer than @after ms? Only ksoftirqd at work tells: one that
 * is runnable may be waiting for the scheduler while interrupts' ends do all there is.
 */
static bool kf_shed_behind(struct kf_poll *p, u32 after)
{
	struct kf_shed *s = &p->shed;
	const struct task_struct *task = s->ksoftirqd;
	bool fresh = jiffies - s->seen <= KF_SHED_FRESH;

	if (kf_is_ksoftirqd(current)) {
		s->seen = jiffies;
		if (current != task || current->nvcsw != s->sleeps || !fresh) {
			kf_shed_begin(p);
			return false;
		}
	} else if (!fresh || !task || task->nvcsw != s->sleeps) {
		return false;
	}
	return time_after(jiffies, s->since + msecs_to_jiffies(after));
}

/* How many may wait for their first answer. */
static u32 kf_shed_limit(struct kf_poll *p, const struct sock *listener)
{
	u32 most = READ_ONCE(listener->sk_max_ack_backlog) / 2 / num_online_cpus();
	struct kf_shed *s = &p->shed;
	unsigned long took = jiffies - s->window;
	u32 served = READ_ONCE(p->served);

	if (took >= KF_SHED_WINDOW) {
		s->rate = div64_ul((u64)(served - s->served) * HZ, took);
		s->served = served;
		s->window = jiffies;
	}
	/* With more handshakes than half the backlog cookies are near: those nobody counts. */
	return clamp(KF_SHED_FLOOR + s->rate / KF_SHED_SHARE, KF_SHED_FLOOR,
		     max(most, KF_SHED_FLOOR));
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

void kf_shed_left(struct kf_poll *p)
{
	WRITE_ONCE(p->left, kf_second());
}

bool kf_shed_syn(struct kf_server *srv, const struct sock *listener)
{
	u32 after = READ_ONCE(srv->set.shed_after_ms);
	struct kf_poll *p = kf_poll_here(srv);

	if (likely(!after) || !kf_shed_behind(p, after))
		return false;
	if (!READ_ONCE(srv->set.enabled) || kf_second() - READ_ONCE(p->left) <= 1 ||
	    kf_shed_waiting(p, listener) < kf_shed_limit(p, listener) ||
	    !(++p->shed.turn % KF_SHED_PASS))
		return false;
	kf_count(srv, SYNS_SHED);
	return true;
}
