// SPDX-License-Identifier: GPL-2.0-only
/*
 * At load time: can the document root be reached with the rights that files will be
 * opened with? If not, one line says which directory is in the way.
 */
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "file.h"
#include "server.h"
#include "walk.h"

struct kf_docroot_work {
	struct work_struct work;
	struct kf_server *srv;
	int err;
};

static void kf_docroot_work(struct work_struct *work)
{
	struct kf_docroot_work *check = container_of(work, struct kf_docroot_work, work);
	struct kf_server *srv = check->srv;
	struct kf_walk w = { .srv = srv, .top = srv->docroot };
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
		pr_err(KBUILD_MODNAME ": docroot %s: there is no directory %.*s\n",
		       srv->docroot, w.wanted, srv->docroot);
		break;
	case KF_R_NOT_A_FILE:
		check->err = -ENOTDIR;
		pr_err(KBUILD_MODNAME ": docroot %s is not a directory\n", srv->docroot);
		break;
	case KF_R_PERMISSION:
		check->err = -EACCES;
		pr_err(KBUILD_MODNAME ": docroot %s: uid %u may not search %.*s\n",
		       srv->docroot, from_kuid(&init_user_ns, srv->cred->fsuid),
		       w.searched, srv->docroot);
		break;
	case KF_R_NO_MEMORY:
		check->err = -ENOMEM;
		break;
	default:
		check->err = -EIO;
		pr_err(KBUILD_MODNAME ": docroot %s: cannot look up %.*s\n",
		       srv->docroot, w.wanted, srv->docroot);
	}
	kf_walk_end(&w);
}

int kf_docroot_check(struct kf_server *srv)
{
	struct kf_docroot_work check = { .srv = srv };

	/* In a worker, whose root is the one that requests are looked up from. */
	INIT_WORK_ONSTACK(&check.work, kf_docroot_work);
	schedule_work(&check.work);
	flush_work(&check.work);
	destroy_work_on_stack(&check.work);
	return check.err;
}
