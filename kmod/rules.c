// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy in use. In: lists as text (parameters, sysctls, mime.types). Out:
 * srv->policy, immutable, replaced as a whole: softirq reads it under RCU, the
 * worker holds a reference while it sleeps.
 *
 * Process context, under srv->policy_mutex.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel_read_file.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
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
	old = rcu_replace_pointer(srv->policy, ref, lockdep_is_held(&srv->policy_mutex));
	if (old)
		kf_policy_put(old);
	return 0;
}

static int kf_mime_types_read(struct kf_server *srv, const char *path)
{
	void *buf = NULL;
	ssize_t len;

	len = kernel_read_file_from_path(path, 0, &buf, KF_MIME_TYPES_MAX, NULL,
					 READING_POLICY);
	if (len < 0) {
		pr_err("mime_types=%s cannot be read: error %zd\n", path, len);
		return len;
	}
	srv->text.mime_types = buf;
	srv->text.mime_types_len = len;
	return 0;
}

int kf_rules_init(struct kf_server *srv, const char *hosts, const char *mime_types)
{
	struct kf_policy_text *t = &srv->text;
	int err;

	mutex_init(&srv->policy_mutex);
	err = kf_mime_types_read(srv, mime_types);
	if (err)
		return err;
	t->hosts = kstrdup(hosts, GFP_KERNEL);
	t->types = kstrdup(KF_DEFAULT_TYPES, GFP_KERNEL);
	t->exclude = kstrdup(KF_DEFAULT_EXCLUDE, GFP_KERNEL);
	t->guard_files = kstrdup(KF_DEFAULT_GUARD_FILES, GFP_KERNEL);
	t->index = kstrdup(KF_DEFAULT_INDEX, GFP_KERNEL);
	t->server_header = kstrdup(KF_DEFAULT_SERVER_HEADER, GFP_KERNEL);
	if (!t->hosts || !t->types || !t->exclude || !t->guard_files || !t->index ||
	    !t->server_header) {
		kf_rules_exit(srv);
		return -ENOMEM;
	}
	mutex_lock(&srv->policy_mutex);
	err = kf_rules_build(srv, t);
	mutex_unlock(&srv->policy_mutex);
	if (err)
		kf_rules_exit(srv);
	return err;
}

void kf_rules_exit(struct kf_server *srv)
{
	struct kf_policy_text *t = &srv->text;
	struct kf_policy_ref *ref = rcu_dereference_protected(srv->policy, true);

	RCU_INIT_POINTER(srv->policy, NULL);
	if (ref)
		kf_policy_put(ref);
	rcu_barrier();
	kfree(t->hosts);
	kfree(t->types);
	kfree(t->exclude);
	kfree(t->guard_files);
	kfree(t->index);
	kfree(t->server_header);
	vfree(t->mime_types);
	memset(t, 0, sizeof(*t));
}

void kf_rules_get(struct kf_server *srv, enum kf_rule which, char *buf)
{
	mutex_lock(&srv->policy_mutex);
	strscpy(buf, *kf_rule_text(&srv->text, which), KF_RULE_MAX);
	mutex_unlock(&srv->policy_mutex);
}

int kf_rules_set(struct kf_server *srv, enum kf_rule which, const char *value)
{
	struct kf_policy_text text;
	const char **slot, *old;
	char *copy;
	int err;

	copy = kstrdup(value, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	mutex_lock(&srv->policy_mutex);
	text = srv->text;
	*kf_rule_text(&text, which) = copy;
	err = kf_rules_build(srv, &text);
	if (!err) {
		slot = kf_rule_text(&srv->text, which);
		old = *slot;
		*slot = copy;
		copy = (char *)old;
	}
	mutex_unlock(&srv->policy_mutex);
	kfree(copy);
	if (!err)
		kf_cache_flush(srv);
	return err;
}
