// SPDX-License-Identifier: GPL-2.0-only
/*
 * Can a document root be reached with the rights that files will be opened with? If not,
 * one line says which directory is in the way. docroot must be there at load time; the
 * roots in hosts may come later, it is only said that they are not there.
 */
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "file.h"
#include "policy.h"
#include "server.h"
#include "walk.h"

struct kf_docroot_work {
	struct work_struct work;
	struct kf_server *srv;
	const char *what, *top;		/* what the root is called, its path */
	int err;
};

static void kf_docroot_work(struct work_struct *work)
{
	struct kf_docroot_work *check = container_of(work, struct kf_docroot_work, work);
	struct kf_server *srv = check->srv;
	struct kf_walk w = { .srv = srv, .top = check->top };
	const struct cred *cred;
	enum kf_reason reason;

	w.names = kmalloc(PATH_MAX, GFP_KERNEL | __GFP_NOWARN);
	cred = override_creds(srv->cred);
	reason = w.names ? kf_walk_to_docroot(&w) : KF_R_NO_MEMORY;
	revert_creds(cred);

	switch (reason) {
	case KF_OK:
		check->err = 0;
		break;
	case KF_R_MISSING:
		check->err = w.at.dentry && !d_is_dir(w.at.dentry) ? -ENOTDIR : -ENOENT;
		pr_err(KBUILD_MODNAME ": %s %s: there is no directory %.*s\n",
		       check->what, w.top, w.wanted, w.top);
		break;
	case KF_R_NOT_A_FILE:
		check->err = -ENOTDIR;
		pr_err(KBUILD_MODNAME ": %s %s is not a directory\n", check->what, w.top);
		break;
	case KF_R_PERMISSION:
		check->err = -EACCES;
		pr_err(KBUILD_MODNAME ": %s %s: uid %u may not search %.*s\n",
		       check->what, w.top, from_kuid(&init_user_ns, srv->cred->fsuid),
		       w.searched, w.top);
		break;
	case KF_R_NO_MEMORY:
		check->err = -ENOMEM;
		break;
	default:
		check->err = -EIO;
		pr_err(KBUILD_MODNAME ": %s %s: cannot look up %.*s\n",
		       check->what, w.top, w.wanted, w.top);
	}
	kf_walk_end(&w);
}

static int kf_root_check(struct kf_server *srv, const char *what, const char *top)
{
	struct kf_docroot_work check = { .srv = srv, .what = what, .top = top };

	/* In a worker, whose root is the one that requests are looked up from. */
	INIT_WORK_ONSTACK(&check.work, kf_docroot_work);
	schedule_work(&check.work);
	flush_work(&check.work);
	destroy_work_on_stack(&check.work);
	return check.err;
}

int kf_docroot_check(struct kf_server *srv)
{
	return kf_root_check(srv, "docroot", srv->docroot);
}

/* Several names in a row often have the same one. */
static bool kf_root_is_that_before(const struct kf_hosts *hosts, u32 i)
{
	const struct kf_str *root = &hosts->host[i].root, *before;

	if (!i)
		return false;
	before = &hosts->host[i - 1].root;
	return before->len == root->len && !memcmp(before->p, root->p, root->len);
}

void kf_roots_check(struct kf_server *srv)
{
	struct kf_policy_ref *policy = kf_policy_get(srv);
	const struct kf_hosts *hosts = kf_policy_hosts(policy->policy);
	char *top;
	u32 i;

	for (i = 0; i < hosts->list.n; i++) {
		const struct kf_str *root = &hosts->host[i].root;

		if (!root->len || kf_root_is_that_before(hosts, i))
			continue;
		top = kstrndup(root->p, root->len, GFP_KERNEL);
		if (!top)
			break;
		kf_root_check(srv, "hosts: the root", top);
		kfree(top);
	}
	kf_policy_put(policy);
}
