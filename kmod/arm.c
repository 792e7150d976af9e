// SPDX-License-Identifier: GPL-2.0-only
/*
 * Armed or not. In: what an administrator or scripts/audit writes to strict, armed and
 * watch, and the changes that tree.c hears of. Out: srv->gate, one int, all that a request
 * looks at.
 *
 *	0 disarmed --2--> 2 being audited --1--> 1 armed
 *	    ^                  |                    |
 *	    +------------------+--------------------+  0 is written, something below watch
 *	                                               changes, or what is served is
 *	                                               changed here: a list, strict, watch,
 *	                                               gzip, precompressed
 *
 * Writing 2 first watches everything below the paths, then says 2; writing 1 succeeds only
 * if nothing has changed since. So whoever audits between the two has audited what is
 * armed. While that is under way, only clients at documentation addresses are served: an
 * audit asks from such a one, and nobody else has one, since they are not routed.
 *
 * When a change is seen: the event comes after the file was changed and before the system
 * call that did it returns, so whoever has changed the configuration finds kfront disarmed.
 * In between, it may still be armed, or even become so: the server cannot have been told to
 * read its new configuration by somebody who is still writing it. (One that was written
 * before the audit, and is read by the server after it, is no change in the meantime:
 * scripts/audit refuses to arm when the configuration is younger than the server's
 * processes.) What was being answered at that moment is answered.
 *
 * Paths are resolved in a worker: its root is the first process's, and not that of whoever
 * writes the sysctl.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include "arm.h"
#include "tree.h"

#define KF_ARM_CHECK_MS		1000
#define KF_ARM_CHECK_SHARE	64	/* walking takes at most one part in so many of a CPU; */
#define KF_ARM_CHECK_MAX_MS	30000	/* but is done at least so often */

struct kf_arm {
	struct kf_server *srv;
	struct mutex mutex;		/* held for as long as walking @tree takes */
	struct mutex watch_mutex;	/* srv->watch */
	spinlock_t lock;		/* strict, armed, srv->gate, @stop. Taken by events */
	struct kf_tree *tree;		/* watched while it is not disarmed, and a little longer */
	bool stop;			/* an audit that is just beginning must not */
	struct delayed_work tick;	/* looks for what sends no event; lets go of the tree */
};

/* One sysctl write, on the stack of the writer. */
struct kf_arm_write {
	struct work_struct work;
	struct kf_arm *arm;
	int armed;
	int err;
};

/* 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 (RFC 5737), 2001:db8::/32 (RFC 3849) */
static bool kf_is_documentation(const struct sock *sk)
{
	__be32 v4 = sk->sk_daddr;

#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6) {
		if (!ipv6_addr_v4mapped(&sk->sk_v6_daddr))
			return sk->sk_v6_daddr.s6_addr32[0] == htonl(0x20010db8);
		v4 = sk->sk_v6_daddr.s6_addr32[3];
	}
#endif
	v4 &= htonl(0xffffff00);
	return v4 == htonl(0xc0000200) || v4 == htonl(0xc6336400) || v4 == htonl(0xcb007100);
}

bool kf_gate_admits(enum kf_gate gate, const struct sock *sk)
{
	return gate == KF_GATE_AUDIT && kf_is_documentation(sk);
}

/* What holds from now on; returns what held. */
static int kf_arm_state(struct kf_arm *arm, int armed)
{
	struct kf_server *srv = arm->srv;
	int was = srv->set.armed, gate = KF_GATE_OPEN;

	lockdep_assert_held(&arm->lock);
	if (srv->set.strict && armed != KF_ARMED)
		gate = armed == KF_AUDIT ? KF_GATE_AUDIT : KF_GATE_SHUT;
	WRITE_ONCE(srv->set.armed, armed);
	WRITE_ONCE(srv->gate, gate);
	return was;
}

/* tree.c: in whatever task makes the change. A tree that is not armed yet only remembers it. */
static void kf_arm_changed(void *data, const char *path, const struct qstr *name)
{
	struct kf_arm *arm = data;
	int was;

	spin_lock(&arm->lock);
	was = kf_arm_state(arm, KF_DISARMED);
	if (was)
		mod_delayed_work(system_unbound_wq, &arm->tick, 0);
	spin_unlock(&arm->lock);
	if (was && name)
		pr_info("disarmed: something changed below %*pE: %*pE\n", (int)strlen(path), path,
			(int)name->len, name->name);
	else if (was)
		pr_info("disarmed: something changed below %*pE\n", (int)strlen(path), path);
}

void kf_arm_disarm(struct kf_server *srv, const char *why)
{
	struct kf_arm *arm = srv->arm;
	int was;

	spin_lock(&arm->lock);
	was = kf_arm_state(arm, KF_DISARMED);
	arm->stop = true;
	mod_delayed_work(system_unbound_wq, &arm->tick, 0);
	spin_unlock(&arm->lock);
	if (was)
		pr_info("disarmed: %s\n", why);
}

/* In one step only if nothing has changed: an event comes before it, or undoes it. */
static int kf_arm_advance(struct kf_arm *arm, int from, int to)
{
	int err = -EAGAIN;

	spin_lock(&arm->lock);
	if (arm->tree && !kf_tree_has_changed(arm->tree) && !arm->stop &&
	    arm->srv->set.armed == from) {
		kf_arm_state(arm, to);
		err = 0;
	}
	spin_unlock(&arm->lock);
	return err;
}

/* Until all is as after loading. */
static void kf_arm_end(struct kf_arm *arm, const char *why)
{
	int was;

	lockdep_assert_held(&arm->mutex);
	spin_lock(&arm->lock);
	was = kf_arm_state(arm, KF_DISARMED);
	arm->stop = false;
	spin_unlock(&arm->lock);
	kf_tree_free(arm->tree);
	arm->tree = NULL;
	if (was && why)
		pr_info("disarmed: %s\n", why);
}

static int kf_arm_begin(struct kf_arm *arm, const char *watch)
{
	struct kf_tree *tree;

	if (!READ_ONCE(arm->srv->set.strict)) {
		pr_err("armed: means nothing while strict=0\n");
		return -EINVAL;
	}
	if (!watch[strspn(watch, ", \t\n")]) {
		pr_err("armed: watch is empty, a change would not be seen\n");
		return -EINVAL;
	}
	tree = kf_tree_watch(watch, kf_arm_changed, arm);
	if (IS_ERR(tree))
		return PTR_ERR(tree);
	/* A name may have come to lead elsewhere between the look and the mark. */
	kf_tree_check(tree);
	arm->tree = tree;
	if (kf_arm_advance(arm, KF_DISARMED, KF_AUDIT)) {
		pr_err("armed: %s or a setting was changed just now: try again\n", watch);
		kf_arm_end(arm, NULL);
		return -EAGAIN;
	}
	mod_delayed_work(system_unbound_wq, &arm->tick, msecs_to_jiffies(KF_ARM_CHECK_MS));
	return 0;
}

static int kf_arm_begin_audit(struct kf_arm *arm)
{
	char *watch;
	int err;

	/* First: whatever is changed from here on stops us. */
	kf_arm_end(arm, "another audit begins");
	mutex_lock(&arm->watch_mutex);
	watch = kstrdup(arm->srv->watch, GFP_KERNEL);
	mutex_unlock(&arm->watch_mutex);
	if (!watch)
		return -ENOMEM;
	err = kf_arm_begin(arm, watch);
	kfree(watch);
	return err;
}

static int kf_arm_end_audit(struct kf_arm *arm)
{
	if (READ_ONCE(arm->srv->set.armed) == KF_ARMED)
		return 0;
	if (arm->tree)
		kf_tree_check(arm->tree);
	if (kf_arm_advance(arm, KF_AUDIT, KF_ARMED)) {
		pr_err("armed: no audit is under way, or something changed meanwhile: audit again\n");
		return -EAGAIN;
	}
	pr_info("armed\n");
	return 0;
}

static void kf_arm_work(struct work_struct *work)
{
	struct kf_arm_write *write = container_of(work, struct kf_arm_write, work);
	struct kf_arm *arm = write->arm;

	mutex_lock(&arm->mutex);
	write->err = write->armed == KF_AUDIT ? kf_arm_begin_audit(arm) : kf_arm_end_audit(arm);
	mutex_unlock(&arm->mutex);
}

static void kf_arm_tick(struct work_struct *work)
{
	struct kf_arm *arm = container_of(to_delayed_work(work), struct kf_arm, tick);
	unsigned long began, pause;

	mutex_lock(&arm->mutex);
	began = jiffies;
	if (arm->tree && !kf_tree_has_changed(arm->tree))
		kf_tree_check(arm->tree);
	/* Whoever disarmed has said so. */
	if (arm->tree && READ_ONCE(arm->srv->set.armed) == KF_DISARMED)
		kf_arm_end(arm, NULL);
	if (arm->tree) {
		pause = clamp((jiffies - began) * KF_ARM_CHECK_SHARE,
			      msecs_to_jiffies(KF_ARM_CHECK_MS),
			      msecs_to_jiffies(KF_ARM_CHECK_MAX_MS));
		mod_delayed_work(system_unbound_wq, &arm->tick, pause);
	}
	mutex_unlock(&arm->mutex);
}

int kf_arm_set_armed(struct kf_server *srv, int armed)
{
	struct kf_arm_write write = { .arm = srv->arm, .armed = armed };

	if (armed == KF_DISARMED) {	/* waits for nobody */
		kf_arm_disarm(srv, "armed=0 was written");
		return 0;
	}
	/* Not on srv->wq, which a file system that hangs can fill. */
	INIT_WORK_ONSTACK(&write.work, kf_arm_work);
	queue_work(system_unbound_wq, &write.work);
	flush_work(&write.work);
	destroy_work_on_stack(&write.work);
	return write.err;
}

int kf_arm_set_strict(struct kf_server *srv, int strict)
{
	struct kf_arm *arm = srv->arm;
	bool same;

	spin_lock(&arm->lock);
	same = strict == srv->set.strict;
	WRITE_ONCE(srv->set.strict, strict);
	kf_arm_state(arm, srv->set.armed);	/* at once the gate that goes with it */
	spin_unlock(&arm->lock);
	if (!same)
		kf_arm_disarm(srv, "strict was changed");
	return 0;
}

int kf_arm_set_watch(struct kf_server *srv, const char *paths)
{
	struct kf_arm *arm = srv->arm;
	char *copy;
	bool same;

	if (!kf_tree_paths_ok(paths)) {
		pr_err("watch: not a list of absolute paths, nothing changed: %s\n", paths);
		return -EINVAL;
	}
	copy = kstrdup(paths, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	mutex_lock(&arm->watch_mutex);
	same = !strcmp(copy, srv->watch);
	swap(copy, srv->watch);
	mutex_unlock(&arm->watch_mutex);
	kfree(copy);
	if (!same)
		kf_arm_disarm(srv, "watch was changed");
	return 0;
}

void kf_arm_get_watch(struct kf_server *srv, char *buf, size_t size)
{
	mutex_lock(&srv->arm->watch_mutex);
	strscpy(buf, srv->watch, size);
	mutex_unlock(&srv->arm->watch_mutex);
}

int kf_arm_init(struct kf_server *srv)
{
	struct kf_arm *arm = kzalloc(sizeof(*arm), GFP_KERNEL);

	if (!arm)
		return -ENOMEM;
	arm->srv = srv;
	mutex_init(&arm->mutex);
	mutex_init(&arm->watch_mutex);
	spin_lock_init(&arm->lock);
	INIT_DELAYED_WORK(&arm->tick, kf_arm_tick);
	srv->arm = arm;
	spin_lock(&arm->lock);
	kf_arm_state(arm, KF_DISARMED);
	spin_unlock(&arm->lock);
	return 0;
}

void kf_arm_exit(struct kf_server *srv)
{
	struct kf_arm *arm = srv->arm;

	/* First the tree: an event would queue the tick again. */
	mutex_lock(&arm->mutex);
	kf_arm_end(arm, NULL);
	mutex_unlock(&arm->mutex);
	cancel_delayed_work_sync(&arm->tick);
	kfree(arm);
	srv->arm = NULL;
}
