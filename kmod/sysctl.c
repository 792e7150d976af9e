// SPDX-License-Identifier: GPL-2.0-only
/*
 * net.kfront.*: the live view of what an administrator may change. Numbers are
 * read where they are used (READ_ONCE) and refuse what is out of range; lists
 * are compiled into a new policy (rules.c) or refused with a line in the log.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sysctl.h>
#include "arm.h"
#include "compat/net.h"
#include "object.h"
#include "poll.h"
#include "rules.h"
#include "sysctl.h"

#define KF_DAY_MS	(24 * 60 * 60 * 1000)
#define KF_NO_RULE	KF_RULE_COUNT	/* a list that no policy is made of */

static int zero;
static int one = 1;
static int two = 2;
static int max_connections_max = 10 * 1000 * 1000;
static int timeout_min = 100;		/* the timers tick ten times a second */
static int timeout_max = KF_DAY_MS;
static int requests_max = 1000 * 1000;
static int header_bytes_min = 256;
static int header_bytes_max = KF_HEAD_BUF - 1;
static int header_lines_max = 1000;
static int object_bytes_max = 16 * 1024 * 1024;
static int revalidate_min = 10;
static int revalidate_max = 60 * 1000;
static int parked_max = 1000 * 1000;
static unsigned long cache_bytes_min = 64 * 1024;

void kf_settings_defaults(struct kf_settings *set)
{
	*set = (struct kf_settings) {
		.enabled = 1,
		.max_connections = 100000,
		.header_timeout_ms = 20000,
		.keepalive_timeout_ms = 5000,
		.keepalive_requests = 100,
		.send_timeout_ms = 300000,
		.max_header_bytes = 8190,
		.max_header_lines = 100,
		.max_object_bytes = 1024 * 1024,
		.gzip = 1,
		.precompressed = 0,
		.cache_bytes = (totalram_pages() << PAGE_SHIFT) / 16,
		.revalidate_ms = 1000,
		.backend_wait_ms = 3000,
		.max_parked = 4096,
		.drain_timeout_ms = 10000,
		.strict = 0,
		.armed = 0,
	};
}

/*
 * Lists say which part of the file system is published, as docroot does: for that
 * CAP_NET_ADMIN is not enough, as it is for numbers. Who may load us may do it.
 */
static bool kf_may_publish(void)
{
	return capable(CAP_SYS_MODULE) || capable(CAP_SYS_ADMIN);
}

/*
 * Shells write what is long in pieces of a multiple of 1024 bytes, each a write of its
 * own. A piece of a list is another list: a root cut short is another directory.
 */
static bool kf_sysctl_whole(const char *name, const char *buffer, size_t len, loff_t pos)
{
	if (!pos && (!len || len % 1024 || buffer[len - 1] == '\n'))
		return true;
	pr_err("%s: must be written at once (sysctl -w does), not in pieces; nothing changed\n",
	       name);
	return false;
}

/* A list: shown as it was written; a write that is not understood changes nothing. */
static int kf_sysctl_rule(kf_ctl_table *ctl, int write, void *buffer, size_t *lenp, loff_t *ppos)
{
	struct ctl_table tmp = { .maxlen = ctl->maxlen };
	struct kf_server *srv = ctl->data;
	enum kf_rule which = (unsigned long)ctl->extra1;
	int err;

	if (write && !kf_may_publish())
		return -EPERM;
	if (write && !kf_sysctl_whole(ctl->procname, buffer, *lenp, *ppos))
		return -EINVAL;
	tmp.data = kmalloc(tmp.maxlen, GFP_KERNEL);
	if (!tmp.data)
		return -ENOMEM;
	if (which == KF_NO_RULE)
		kf_arm_get_watch(srv, tmp.data, tmp.maxlen);
	else
		kf_rules_get(srv, which, tmp.data, tmp.maxlen);
	if (write && *lenp >= tmp.maxlen)
		err = -E2BIG;
	else
		err = proc_dostring(&tmp, write, buffer, lenp, ppos);
	if (!err && write && which == KF_NO_RULE)
		err = kf_arm_set_watch(srv, tmp.data);
	else if (!err && write)
		err = kf_rules_set(srv, which, tmp.data);
	kfree(tmp.data);
	return err;
}

/* Numbers with which something has to be done when they are written, and may fail. */
static int kf_sysctl_state(kf_ctl_table *ctl, int write, void *buffer, size_t *lenp, loff_t *ppos,
			   int *state, int (*set)(struct kf_server *srv, int value))
{
	int value = write ? -1 : READ_ONCE(*state), err;
	struct ctl_table tmp = *ctl;

	if (write && !kf_may_publish())
		return -EPERM;
	tmp.data = &value;
	err = proc_dointvec_minmax(&tmp, write, buffer, lenp, ppos);
	if (!err && value >= 0 && write)	/* else nothing was written, only blanks */
		err = set(ctl->data, value);
	return err;
}

static int kf_sysctl_strict(kf_ctl_table *ctl, int write, void *buffer, size_t *lenp,
			    loff_t *ppos)
{
	struct kf_server *srv = ctl->data;

	return kf_sysctl_state(ctl, write, buffer, lenp, ppos, &srv->set.strict,
			       kf_arm_set_strict);
}

static int kf_sysctl_armed(kf_ctl_table *ctl, int write, void *buffer, size_t *lenp, loff_t *ppos)
{
	struct kf_server *srv = ctl->data;

	return kf_sysctl_state(ctl, write, buffer, lenp, ppos, &srv->set.armed, kf_arm_set_armed);
}

/* What the cache holds depends on it; an audit has seen the other value, or both. */
static int kf_set_precompressed(struct kf_server *srv, int value)
{
	if (xchg(&srv->set.precompressed, value) == value)
		return 0;
	kf_arm_disarm(srv, "precompressed was changed");
	kf_cache_flush(srv);
	kf_arm_disarm(srv, "precompressed was changed");
	return 0;
}

static int kf_sysctl_precompressed(kf_ctl_table *ctl, int write, void *buffer, size_t *lenp,
				   loff_t *ppos)
{
	struct kf_server *srv = ctl->data;

	return kf_sysctl_state(ctl, write, buffer, lenp, ppos, &srv->set.precompressed,
			       kf_set_precompressed);
}

static int kf_set_gzip(struct kf_server *srv, int value)
{
	if (xchg(&srv->set.gzip, value) != value)
		kf_arm_disarm(srv, "gzip was changed");
	return 0;
}

static int kf_sysctl_gzip(kf_ctl_table *ctl, int write, void *buffer, size_t *lenp, loff_t *ppos)
{
	struct kf_server *srv = ctl->data;

	return kf_sysctl_state(ctl, write, buffer, lenp, ppos, &srv->set.gzip, kf_set_gzip);
}

/* .data holds the offset in struct kf_settings until it is made a pointer. */
#define KF_INT(name, min, max) {					\
	.procname = #name,						\
	.data = (void *)offsetof(struct kf_settings, name),		\
	.maxlen = sizeof(int),						\
	.mode = 0644,							\
	.proc_handler = proc_dointvec_minmax,				\
	.extra1 = &(min),						\
	.extra2 = &(max),						\
}

#define KF_STATE(name, min, max) {					\
	.procname = #name,						\
	.maxlen = sizeof(int),						\
	.mode = 0644,							\
	.proc_handler = kf_sysctl_##name,				\
	.extra1 = &(min),						\
	.extra2 = &(max),						\
}

#define KF_LIST(name, rule, max) {					\
	.procname = #name,						\
	.maxlen = (max),						\
	.mode = 0644,							\
	.proc_handler = kf_sysctl_rule,					\
	.extra1 = (void *)(unsigned long)(rule),			\
}

static const struct ctl_table kf_template[] = {
	KF_INT(enabled, zero, one),
	KF_INT(max_connections, zero, max_connections_max),
	KF_INT(header_timeout_ms, timeout_min, timeout_max),
	KF_INT(keepalive_timeout_ms, timeout_min, timeout_max),
	KF_INT(keepalive_requests, zero, requests_max),
	KF_INT(send_timeout_ms, timeout_min, timeout_max),
	KF_INT(max_header_bytes, header_bytes_min, header_bytes_max),
	KF_INT(max_header_lines, one, header_lines_max),
	KF_INT(max_object_bytes, zero, object_bytes_max),
	KF_STATE(gzip, zero, one),
	KF_STATE(precompressed, zero, one),
	KF_INT(revalidate_ms, revalidate_min, revalidate_max),
	KF_INT(backend_wait_ms, zero, timeout_max),
	KF_INT(max_parked, zero, parked_max),
	KF_INT(drain_timeout_ms, zero, timeout_max),
	KF_STATE(strict, zero, one),
	KF_STATE(armed, zero, two),
	{
		.procname = "cache_bytes",
		.data = (void *)offsetof(struct kf_settings, cache_bytes),
		.maxlen = sizeof(unsigned long),
		.mode = 0644,
		.proc_handler = proc_doulongvec_minmax,
		.extra1 = &cache_bytes_min,
	},
	KF_LIST(types, KF_RULE_TYPES, KF_RULE_MAX),
	KF_LIST(exclude, KF_RULE_EXCLUDE, KF_RULE_MAX),
	KF_LIST(guard_files, KF_RULE_GUARD_FILES, KF_RULE_MAX),
	KF_LIST(index, KF_RULE_INDEX, KF_RULE_MAX),
	KF_LIST(server_header, KF_RULE_SERVER_HEADER, KF_RULE_MAX),
	KF_LIST(hosts, KF_RULE_HOSTS, KF_HOSTS_RULE_MAX),
	KF_LIST(mass_hosts, KF_RULE_MASS_HOSTS, KF_RULE_MAX),
	KF_LIST(default_host, KF_RULE_DEFAULT_HOST, KF_RULE_MAX),
	KF_LIST(mime_types, KF_RULE_MIME_TYPES, KF_RULE_MAX),
	KF_LIST(watch, KF_NO_RULE, KF_RULE_MAX),
};

int kf_sysctl_init(struct kf_server *srv)
{
	size_t nr = ARRAY_SIZE(kf_template), i;
	struct ctl_table *t;

	/* One entry more: the end mark that 6.1 wants. */
	t = kcalloc(nr + 1, sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		t[i] = kf_template[i];
		if (t[i].proc_handler == proc_dointvec_minmax ||
		    t[i].proc_handler == proc_doulongvec_minmax)
			t[i].data = (char *)&srv->set + (unsigned long)t[i].data;
		else
			t[i].data = srv;
	}
	srv->sysctl = kf_register_net_sysctl(srv->net, "net/kfront", t, nr);
	if (!srv->sysctl) {
		kfree(t);
		return -ENOMEM;
	}
	srv->sysctl_table = t;
	return 0;
}

void kf_sysctl_exit(struct kf_server *srv)
{
	if (!srv->sysctl)
		return;
	unregister_net_sysctl_table(srv->sysctl);
	kfree(srv->sysctl_table);
	srv->sysctl = NULL;
}
