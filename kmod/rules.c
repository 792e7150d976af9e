// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy in use. In: lists as text (parameters, sysctls, mime.types). Out:
 * srv->policy, immutable, replaced as a whole: softirq reads it under RCU, the
 * worker holds a reference while it sleeps.
 *
 * Process context. srv->policy_mutex covers srv->text and the change of policies, and
 * nothing that may wait for others: files are read before it is taken.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kernel_read_file.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "arm.h"
#include "file.h"
#include "object.h"
#include "policy.h"
#include "rules.h"

#define KF_MIME_TYPES_MAX	(1024 * 1024)

struct kf_policy_ref *kf_policy_get(struct kf_server *srv)
{
	struct kf_policy_ref *ref;

	rcu_read_lock();
	do {
		ref = rcu_dereference(srv->policy);
	} while (!refcount_inc_not_zero(&ref->refs));
	rcu_read_unlock();
	return ref;
}

static void kf_policy_ref_free(struct rcu_head *rcu)
{
	struct kf_policy_ref *ref = container_of(rcu, struct kf_policy_ref, rcu);

	kf_policy_free(ref->policy);
	kfree(ref);
}

void kf_policy_put(struct kf_policy_ref *ref)
{
	if (refcount_dec_and_test(&ref->refs))
		call_rcu(&ref->rcu, kf_policy_ref_free);
}

static const char **kf_rule_text(struct kf_policy_text *text, enum kf_rule which)
{
	switch (which) {
	case KF_RULE_TYPES:
		return &text->types;
	case KF_RULE_EXCLUDE:
		return &text->exclude;
	case KF_RULE_GUARD_FILES:
		return &text->guard_files;
	case KF_RULE_INDEX:
		return &text->index;
	case KF_RULE_HOSTS:
		return &text->hosts;
	case KF_RULE_MASS_HOSTS:
		return &text->mass_hosts;
	case KF_RULE_DEFAULT_HOST:
		return &text->default_host;
	case KF_RULE_MIME_TYPES:
		return &text->mime_path;
	case KF_RULE_SERVER_HEADER:
	case KF_RULE_COUNT:
		break;
	}
	return &text->server_header;
}

static void kf_rules_tell_unserved(const struct kf_policy *policy)
{
	const struct kf_str *ext;
	u32 nr, i;

	ext = kf_policy_unserved(policy, &nr);
	for (i = 0; i < nr; i++)
		pr_info("types: .%.*s has no entry in mime_types and is left to the backend\n",
			ext[i].len, ext[i].p);
}

/* Build from @text and put into use. */
static int kf_rules_build(struct kf_server *srv, const struct kf_policy_text *text)
{
	struct kf_policy_ref *ref, *old;
	const char *item = NULL;
	int err;

	ref = kzalloc(sizeof(*ref), GFP_KERNEL);
	if (!ref)
		return -ENOMEM;
	err = kf_policy_build(text, &ref->policy, &item);
	if (err) {
		if (err != -ENOMEM)
			pr_err("not understood, nothing changed: %s\n", item ?: "?");
		kfree(ref);
		return err;
	}
	kf_rules_tell_unserved(ref->policy);
	refcount_set(&ref->refs, 1);
	old = rcu_dereference_protected(srv->policy, lockdep_is_held(&srv->policy_mutex));
	ref->number = old ? old->number + 1 : 1;
	old = rcu_replace_pointer(srv->policy, ref, lockdep_is_held(&srv->policy_mutex));
	if (old)
		kf_policy_put(old);
	return 0;
}

/*
 * Read the file that @text->mime_path names; what was there before stays the caller's.
 * Nothing but a regular file: kernel_read_file() sees to that, once it is open, and
 * without O_NONBLOCK a FIFO would not be before somebody writes to it.
 */
static int kf_mime_types_read(struct kf_policy_text *text)
{
	struct file *file;
	void *buf = NULL;
	ssize_t len;

	file = filp_open(text->mime_path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	len = PTR_ERR_OR_ZERO(file);
	if (!len) {
		len = kernel_read_file(file, 0, &buf, KF_MIME_TYPES_MAX, NULL, READING_POLICY);
		fput(file);
	}
	if (len < 0) {
		pr_err("mime_types=%s cannot be read: error %zd\n", text->mime_path, len);
		return len;
	}
	text->mime_types = buf;
	text->mime_types_len = len;
	return 0;
}

static int kf_rules_defaults(struct kf_policy_text *t, const struct kf_rules_params *params)
{
	const char *text[KF_RULE_COUNT] = {
		[KF_RULE_TYPES] = KF_DEFAULT_TYPES,
		[KF_RULE_EXCLUDE] = KF_DEFAULT_EXCLUDE,
		[KF_RULE_GUARD_FILES] = KF_DEFAULT_GUARD_FILES,
		[KF_RULE_INDEX] = KF_DEFAULT_INDEX,
		[KF_RULE_SERVER_HEADER] = KF_DEFAULT_SERVER_HEADER,
		[KF_RULE_HOSTS] = params->hosts,
		[KF_RULE_MASS_HOSTS] = params->mass_hosts ? "1" : "0",
		[KF_RULE_DEFAULT_HOST] = params->default_host,
		[KF_RULE_MIME_TYPES] = params->mime_types,
	};
	enum kf_rule which;

	for (which = 0; which < KF_RULE_COUNT; which++) {
		*kf_rule_text(t, which) = kstrdup(text[which], GFP_KERNEL);
		if (!*kf_rule_text(t, which))
			return -ENOMEM;
	}
	return 0;
}

int kf_rules_init(struct kf_server *srv, const struct kf_rules_params *params)
{
	int err;

	/* A root of hosts= is as long as docroot may be. */
	BUILD_BUG_ON(KF_ROOT_MAX != KF_DOCROOT_MAX);
	mutex_init(&srv->policy_mutex);
	err = kf_rules_defaults(&srv->text, params);
	if (!err)
		err = kf_mime_types_read(&srv->text);
	if (!err) {
		mutex_lock(&srv->policy_mutex);
		err = kf_rules_build(srv, &srv->text);
		mutex_unlock(&srv->policy_mutex);
	}
	if (err)
		kf_rules_exit(srv);
	return err;
}

void kf_rules_exit(struct kf_server *srv)
{
	struct kf_policy_text *t = &srv->text;
	struct kf_policy_ref *ref = rcu_dereference_protected(srv->policy, true);
	enum kf_rule which;

	RCU_INIT_POINTER(srv->policy, NULL);
	if (ref)
		kf_policy_put(ref);
	rcu_barrier();
	for (which = 0; which < KF_RULE_COUNT; which++)
		kfree(*kf_rule_text(t, which));
	vfree(t->mime_types);
	memset(t, 0, sizeof(*t));
}

void kf_rules_get(struct kf_server *srv, enum kf_rule which, char *buf, size_t size)
{
	mutex_lock(&srv->policy_mutex);
	strscpy(buf, *kf_rule_text(&srv->text, which), size);
	mutex_unlock(&srv->policy_mutex);
}

/* Of several writers of one list the last to take the mutex wins. */
int kf_rules_set(struct kf_server *srv, enum kf_rule which, const char *value)
{
	struct kf_policy_text fresh = { }, text, spent;
	const char *copy;
	bool changed, disarm;
	int err = 0;

	copy = kstrdup(value, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	fresh.mime_path = copy;
	if (which == KF_RULE_MIME_TYPES)
		err = kf_mime_types_read(&fresh);
	if (err)
		goto out;

	mutex_lock(&srv->policy_mutex);
	text = srv->text;
	changed = which == KF_RULE_MIME_TYPES || strcmp(*kf_rule_text(&text, which), copy);
	*kf_rule_text(&text, which) = copy;
	if (which == KF_RULE_MIME_TYPES) {
		text.mime_types = fresh.mime_types;
		text.mime_types_len = fresh.mime_types_len;
	}
	err = kf_rules_build(srv, &text);
	spent = err ? text : srv->text;		/* what differs in it is not needed any more */
	if (!err)
		srv->text = text;
	/*
	 * At once, and once more when nothing of the old policy is left, which an audit that
	 * has begun meanwhile may have met. What we call ourselves decides nothing.
	 */
	disarm = !err && changed && which != KF_RULE_SERVER_HEADER;
	if (disarm)
		kf_arm_disarm(srv, "a list was changed");
	mutex_unlock(&srv->policy_mutex);

	copy = *kf_rule_text(&spent, which);
	if (which == KF_RULE_MIME_TYPES)
		vfree(spent.mime_types);
	if (!err)
		kf_cache_flush(srv);
	if (disarm)
		kf_arm_disarm(srv, "a list was changed");
	if (!err && which == KF_RULE_HOSTS)
		kf_roots_check(srv);
out:
	kfree(copy);
	return err;
}
