// SPDX-License-Identifier: GPL-2.0-only
/*
 * The per-CPU poll. In: connections that were kicked, ticks. Out: each of them
 * brought as far as it can go (conn.c), within the budget.
 *
 * Runs as NAPI in softirq or ksoftirqd, on any CPU but never twice at once;
 * under rcu_read_lock(), which is what objects, policy and the backend's
 * listeners are found under.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include "close.h"
#include "compat/net.h"
#include "poll.h"
#include "tap.h"

#define KF_POLL_WEIGHT	64	/* what a network device has, so neither outruns the other */
#define KF_SWEEP_ROUNDS	5	/* of waiting, before every connection is looked at again */

static struct kf_conn *kf_poll_next(struct kf_poll *p)
{
	struct llist_node *node = p->todo;

	if (!node) {
		node = llist_del_all(&p->inbox);
		if (!node)
			return NULL;
		node = llist_reverse_order(node);
	}
	p->todo = node->next;
	return llist_entry(node, struct kf_conn, queue);
}

/* What waited for a tick goes back in line, its KF_CONN_QUEUED still set. */
static void kf_poll_requeue(struct kf_poll *p)
{
	struct llist_node *node, *next;

	for (node = llist_del_all(&p->retry); node; node = next) {
		next = node->next;
		llist_add(node, &p->inbox);
	}
}

static int kf_poll(struct napi_struct *napi, int budget)
{
	struct kf_poll *p = container_of(napi, struct kf_poll, napi);
	struct kf_conn *c;
	int work = 0;

	rcu_read_lock();
	if (test_and_clear_bit(KF_EV_TICK, &p->events)) {
		kf_poll_requeue(p);
		kf_waits_expire(p);
	}
	if (test_and_clear_bit(KF_EV_SWEEP, &p->events))
		list_for_each_entry(c, &p->conns, all)
			kf_conn_kick(c);

	kf_taps_take(p);
	while (work < budget && (c = kf_poll_next(p))) {
		clear_bit(KF_CONN_QUEUED, &c->flags);
		/* Pairs with test_and_set_bit() in kf_conn_kick(): from here on it kicks anew. */
		smp_mb__after_atomic();
		work += kf_conn_run(c);
	}
	rcu_read_unlock();

	if (work >= budget)
		return budget;
	napi_complete_done(napi, work);
	return work;
}

/* BH off. */
void kf_poll_schedule(struct kf_poll *p)
{
	napi_schedule(&p->napi);
}

bool kf_poll_try(struct kf_poll *p)
{
	return napi_schedule_prep(&p->napi);
}

void kf_poll_leave(struct kf_poll *p)
{
	napi_complete_done(&p->napi, 0);
}

struct kf_poll *kf_poll_here(struct kf_server *srv)
{
	return srv->polls[smp_processor_id()];
}

void kf_poll_retry(struct kf_poll *p, struct kf_conn *c)
{
	if (!test_and_set_bit(KF_CONN_QUEUED, &c->flags)) {
		llist_add(&c->queue, &p->retry);
		kf_tick_arm(p);
	}
	/* else a kick came meanwhile: it is in the inbox already */
}

static void kf_poll_free(struct kf_poll *p)
{
	int i;

	for (i = 0; i < KF_HEAD_PAGES; i++)
		if (p->heads[i])
			put_page(p->heads[i]);
	if (p->frag.page)
		put_page(p->frag.page);
	kf_conn_free_spares(p);
	kfree(p->name);
	kfree(p->buf);
	kfree(p);
}

static struct kf_poll *kf_poll_alloc(struct kf_server *srv, int node)
{
	struct kf_poll *p;
	int i;

	p = kzalloc_node(sizeof(*p), GFP_KERNEL, node);
	if (!p)
		return NULL;
	p->buf = kmalloc_node(KF_HEAD_BUF, GFP_KERNEL, node);
	p->name = kmalloc_node(KF_KEY_MAX, GFP_KERNEL, node);
	if (!p->buf || !p->name) {
		kf_poll_free(p);
		return NULL;
	}
	p->srv = srv;
	init_llist_head(&p->inbox);
	init_llist_head(&p->retry);
	init_llist_head(&p->accepting);
	init_llist_head(&p->closing);
	INIT_LIST_HEAD(&p->conns);
	for (i = 0; i < KF_T_COUNT; i++)
		INIT_LIST_HEAD(&p->waits[i]);
	p->park_at = &p->waits[KF_T_BACKEND];
	kf_missed_init(&p->missed);
	timer_setup(&p->timer, kf_tick, 0);
	INIT_WORK(&p->close_work, kf_close_work);
	return p;
}

/* Process context. On failure nothing is left behind. */
int kf_polls_start(struct kf_server *srv)
{
	struct kf_poll *p;
	int cpu;

	srv->napi_dev = kf_alloc_napi_dev();
	srv->polls = kcalloc(nr_cpu_ids, sizeof(*srv->polls), GFP_KERNEL);
	if (!srv->napi_dev || !srv->polls)
		goto nomem;
	for_each_possible_cpu(cpu) {
		p = kf_poll_alloc(srv, cpu_to_node(cpu));
		if (!p)
			goto nomem;
		srv->polls[cpu] = p;
		netif_napi_add_weight(srv->napi_dev, &p->napi, kf_poll, KF_POLL_WEIGHT);
		napi_enable(&p->napi);
	}
	return 0;

nomem:
	kf_polls_stop(srv);
	return -ENOMEM;
}

void kf_polls_sweep(struct kf_server *srv)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		set_bit(KF_EV_SWEEP, &srv->polls[cpu]->events);
		local_bh_disable();
		kf_poll_schedule(srv->polls[cpu]);
		local_bh_enable();
	}
}

/* Waits for each connection to be closed or handed over; false: not within the bound. */
static bool kf_polls_empty(struct kf_server *srv, bool bounded)
{
	unsigned long begin = jiffies, bound;
	unsigned int rounds = 0;

	while (percpu_counter_sum(&srv->open)) {
		/* Read each time: whoever waits for rmmod may lose patience. */
		bound = msecs_to_jiffies(READ_ONCE(srv->set.drain_timeout_ms));
		if (bounded && jiffies - begin > bound)
			return false;
		if (!(rounds++ % KF_SWEEP_ROUNDS))
			kf_polls_sweep(srv);
		schedule_timeout_uninterruptible(HZ / 50 ?: 1);
	}
	return true;
}

/*
 * Process context; the listeners are gone, so no connection comes any more. Idle
 * ones go to the backend, answers on their way and connections that wait for the
 * backend get drain_timeout_ms, then everything is closed. What remains to wait for
 * after that is the worker's open questions.
 */
void kf_polls_drain(struct kf_server *srv)
{
	WRITE_ONCE(srv->stopping, true);
	if (kf_polls_empty(srv, true))
		return;
	WRITE_ONCE(srv->aborting, true);
	kf_polls_empty(srv, false);
}

/* After kf_polls_drain(), or after a failed start. */
void kf_polls_stop(struct kf_server *srv)
{
	struct kf_poll *p;
	int cpu;

	if (srv->polls) {
		/* Workers with the last answers may still be in kf_conn_answer(), BH off. */
		synchronize_rcu();
		for_each_possible_cpu(cpu) {
			p = srv->polls[cpu];
			if (!p)
				continue;
			timer_delete_sync(&p->timer);
			napi_disable(&p->napi);
			timer_delete_sync(&p->timer);
			netif_napi_del(&p->napi);
			flush_work(&p->close_work);
			kf_poll_free(p);
		}
		kfree(srv->polls);
		srv->polls = NULL;
	}
	if (srv->napi_dev)
		kf_free_napi_dev(srv->napi_dev);
	srv->napi_dev = NULL;
}
