// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walk from "/" through the document root to a file. Worker, under the
 * credentials of the server (srv->cred), nothing locked.
 *
 * It is done twice. First by hand, one component after the other, symlinks
 * included: so each directory and each name on the way is known, is watched before
 * it is looked at, and guard files are looked for where the backend looks for them:
 * in each directory by name, from "/" to that of the file. Then once by the
 * kernel's own path walk, beneath the document root, and that one decides what may
 * be reached; it must end where the first ended.
 *
 * No file is opened here, so a FIFO or a device cannot be touched by a request.
 */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include "cache.h"
#include "compat/vfs.h"
#include "file.h"
#include "route.h"
#include "server.h"
#include "walk.h"

#define KF_SYMLINKS_MAX	40	/* as the kernel's own */
#define KF_SCOPED_TRIES	4	/* LOOKUP_BENEATH gives up when something is renamed meanwhile */

enum kf_reason kf_walk_reason(int err)
{
	switch (err) {
	case 0:
		return KF_OK;
	case -ENOENT:
	case -ENOTDIR:
	case -ENAMETOOLONG:
		return KF_R_MISSING;
	case -EACCES:
	case -EPERM:
		return KF_R_PERMISSION;
	case -EXDEV:
	case -ELOOP:
		return KF_R_SYMLINK;
	case -ENOMEM:
		return KF_R_NO_MEMORY;
	case -EAGAIN:
	case -ESTALE:
		return KF_R_UNSTABLE;
	default:
		return KF_R_IO_ERROR;
	}
}

/*
 * File systems whose inodes say at any time, without asking anybody, what the file
 * is, and on which nothing changes without an event in this kernel. Any other
 * (network, FUSE, made up by the kernel) is read for each request. Overlayfs
 * passes for directories only: the attributes of its files are copies, and it
 * does not see writable mappings, which are the lower file's.
 */
static bool kf_trusted(const struct dentry *dentry)
{
	const struct inode *inode = d_inode(dentry);

	if (IS_NOCMTIME(inode) || IS_CASEFOLDED(inode) || IS_ENCRYPTED(inode))
		return false;
	switch (inode->i_sb->s_magic) {
	case EXT4_SUPER_MAGIC:	/* and ext2, ext3 */
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
	case TMPFS_MAGIC:
	case RAMFS_MAGIC:
	case SQUASHFS_MAGIC:
	case EROFS_SUPER_MAGIC_V1:
		return true;
	case OVERLAYFS_SUPER_MAGIC:
		return !S_ISREG(inode->i_mode) &&
		       !(dentry->d_flags & (DCACHE_OP_REVALIDATE | DCACHE_OP_WEAK_REVALIDATE));
	default:
		return false;
	}
}

/* Before the look: whatever happens from now on is told to the object. */
static int kf_walk_watch(struct kf_walk *w, const char *name, u32 len)
{
	int err;

	if (!w->trusted)
		return 0;
	err = kf_watch(w->obj, d_inode(w->at.dentry), name, len);
	if (err == -E2BIG) {
		w->trusted = false;
		err = 0;
	}
	return err;
}

static void kf_walk_move(struct kf_walk *w, struct path *to)
{
	path_put(&w->at);
	w->at = *to;
	if (!kf_trusted(to->dentry))
		w->trusted = false;
}

/* ".." as the kernel does it, up to the root and across mounts. */
static int kf_walk_up(struct kf_walk *w)
{
	struct path up = w->at;
	int err = kf_walk_watch(w, "..", 2); /* hears of the directory being moved */

	if (!err)
		err = path_permission(&w->at, MAY_EXEC);
	if (err)
		return err;
	path_get(&up);
	while (!path_equal(&up, &w->root) && up.dentry == up.mnt->mnt_root)
		if (!follow_up(&up))
			break;
	if (!path_equal(&up, &w->root)) {
		struct dentry *parent = dget_parent(up.dentry);

		dput(up.dentry);
		up.dentry = parent;
	}
	kf_walk_move(w, &up);
	return 0;
}

/* Put what the symlink says in front of what is still to be walked. */
static int kf_walk_symlink(struct kf_walk *w, struct path *link, char **rest)
{
	struct inode *inode = d_inode(link->dentry);
	DEFINE_DELAYED_CALL(done);
	const char *target;
	size_t len;
	int err = 0;

	if (++w->symlinks > KF_SYMLINKS_MAX)
		return -ELOOP;
	/* /proc/self/fd/3 and its like jump; they cannot be followed by name. */
	if (inode->i_op->readlink)
		return -ELOOP;
	if (!kf_trusted(link->dentry))
		w->trusted = false;

	target = vfs_get_link(link->dentry, &done);
	if (IS_ERR(target))
		return PTR_ERR(target);
	len = target ? strlen(target) : 0;
	if (!len) {
		err = -ENOENT;
	} else if (len + 1 > *rest - w->names) {
		err = -ENAMETOOLONG;
	} else {
		*--*rest = '/';
		*rest -= len;
		memcpy(*rest, target, len);
	}
	do_delayed_call(&done);
	if (!err && **rest == '/') {
		path_get(&w->root);
		kf_walk_move(w, &(struct path){ .mnt = w->root.mnt, .dentry = w->root.dentry });
	}
	return err;
}

/* One component in w->at, which must be a directory. */
static int kf_walk_component(struct kf_walk *w, const char *name, u32 len, char **rest)
{
	struct path child;
	int err;

	if (!d_is_dir(w->at.dentry))
		return -ENOTDIR;
	if (len == 1 && *name == '.')
		return path_permission(&w->at, MAY_EXEC);
	if (len == 2 && name[0] == '.' && name[1] == '.')
		return kf_walk_up(w);

	err = kf_walk_watch(w, name, len);
	if (err)
		return err;
	err = vfs_path_lookup(w->at.dentry, w->at.mnt, name, 0, &child);
	if (err)
		return err;
	if (d_is_symlink(child.dentry)) {
		err = kf_walk_symlink(w, &child, rest);
		path_put(&child);
		return err;
	}
	if (d_is_negative(child.dentry)) {
		path_put(&child);
		return -ENOENT;
	}
	kf_walk_move(w, &child);
	return 0;
}

/* To where @name in w->at finally leads. */
static int kf_walk_name(struct kf_walk *w, const char *name, u32 len)
{
	char *rest = w->names + PATH_MAX - 1 - len;
	char part[NAME_MAX + 1];
	int err;

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(rest, name, len);
	w->names[PATH_MAX - 1] = '\0';
	for (;;) {
		size_t n;

		rest += strspn(rest, "/");
		if (!*rest)
			return 0;
		n = strcspn(rest, "/");
		if (n > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(part, rest, n);
		part[n] = '\0';
		rest += n;
		err = kf_walk_component(w, part, n, &rest);
		if (err)
			return err;
	}
}

/* The backend reads its rules from these: existence counts, whatever is in them. */
static enum kf_reason kf_walk_guards(struct kf_walk *w)
{
	const struct kf_str *guards;
	struct path guard;
	u32 i, n = 0;
	int err;

	if (!w->policy)
		return KF_OK;
	guards = kf_policy_guards(w->policy, &n);
	for (i = 0; i < n; i++) {
		err = vfs_path_lookup(w->at.dentry, w->at.mnt, guards[i].p, 0, &guard);
		if (!err) {
			path_put(&guard);
			return KF_R_GUARD;
		}
		if (err != -ENOENT)
			return kf_walk_reason(err);
	}
	return KF_OK;
}

/* From a directory that the name leads through to what is next in the name. */
static enum kf_reason kf_walk_by_name(struct kf_walk *w, const char *name, u32 len)
{
	enum kf_reason reason;
	int err;

	if (!d_is_dir(w->at.dentry))
		return KF_R_MISSING;
	/* An edge in this directory first: with it come the events of its guard files. */
	err = kf_walk_watch(w, name, len);
	if (err)
		return kf_walk_reason(err);
	reason = kf_walk_guards(w);
	if (reason)
		return reason;
	return kf_walk_reason(kf_walk_name(w, name, len));
}

static enum kf_reason kf_walk_docroot(struct kf_walk *w)
{
	const char *p = w->srv->docroot;
	enum kf_reason reason;
	struct path path;
	int err;

	w->searched = 1;
	w->wanted = 1;
	err = kern_path("/", LOOKUP_DIRECTORY, &w->root);
	if (err)
		return kf_walk_reason(err);
	path_get(&w->root);
	w->at = w->root;
	if (!kf_trusted(w->at.dentry))
		w->trusted = false;

	while (*(p += strspn(p, "/"))) {
		u32 len = strcspn(p, "/");

		w->wanted = p + len - w->srv->docroot;
		reason = kf_walk_by_name(w, p, len);
		if (reason)
			return reason;
		p += len;
		w->searched = w->wanted;
	}
	if (!d_is_dir(w->at.dentry))
		return KF_R_NOT_A_FILE;
	err = path_permission(&w->at, MAY_EXEC);
	if (!err)
		err = kern_path(w->srv->docroot, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
	if (err)
		return kf_walk_reason(err);
	if (!path_equal(&path, &w->at))
		err = -ESTALE;
	w->docroot = path;
	return kf_walk_reason(err);
}

/*
 * Like mod_dir: the first index name that exists decides. Those before it are
 * watched, too: they may appear. A name with a slash could lead anywhere.
 */
static enum kf_reason kf_walk_index(struct kf_walk *w, const struct kf_str **index)
{
	struct path dir = w->at;
	enum kf_reason reason = KF_R_NOT_A_FILE;
	const struct kf_str *names;
	u32 i, n = 0;

	names = kf_policy_index(w->policy, &n);
	path_get(&dir);
	for (i = 0; i < n; i++) {
		reason = KF_R_NOT_A_FILE;
		if (!names[i].len || memchr(names[i].p, '/', names[i].len))
			break;
		reason = kf_walk_by_name(w, names[i].p, names[i].len);
		if (reason != KF_R_MISSING) {
			*index = &names[i];
			break;
		}
		path_get(&dir);
		kf_walk_move(w, &dir);
		reason = KF_R_NOT_A_FILE;
	}
	path_put(&dir);
	return reason;
}

/* The kernel's own walk decides what may be reached from the document root. */
static int kf_walk_scoped(struct kf_walk *w, const char *path, const struct kf_str *index)
{
	unsigned int tries = KF_SCOPED_TRIES;
	int err;

	if (snprintf(w->names, PATH_MAX, "%s%s", path + 1, index ? index->p : "") >= PATH_MAX)
		return -ENAMETOOLONG;
	do {
		err = vfs_path_lookup(w->docroot.dentry, w->docroot.mnt, w->names,
				      LOOKUP_FOLLOW | LOOKUP_BENEATH | LOOKUP_NO_MAGICLINKS,
				      &w->file);
	} while (err == -EAGAIN && --tries);
	if (err)
		return err;
	return path_equal(&w->file, &w->at) ? 0 : -ESTALE;
}

/* What the name leads to in the end, not only the name asked for. */
static enum kf_reason kf_walk_check_file(struct kf_walk *w)
{
	struct inode *inode = d_backing_inode(w->file.dentry);
	const struct kf_type *type;
	struct name_snapshot name;
	enum kf_reason reason;
	int err;

	if (!S_ISREG(inode->i_mode))
		return KF_R_NOT_A_FILE;
	take_dentry_name_snapshot(&name, w->file.dentry);
	reason = kf_name_check(w->policy, name.name.name, name.name.len, &type);
	release_dentry_name_snapshot(&name);
	if (reason)
		return reason;
	if (inode->i_mode & 0111)
		return KF_R_EXECUTABLE;
	err = path_permission(&w->file, MAY_READ | MAY_OPEN);
	if (err)
		return kf_walk_reason(err);
	/* Before the caller captures its attributes. */
	err = kf_walk_watch(w, KF_WATCH_SELF, 0);
	return kf_walk_reason(err);
}

static enum kf_reason kf_walk_url(struct kf_walk *w, const char *path)
{
	const struct kf_str *index = NULL;
	const char *p = path, *last = NULL;
	enum kf_reason reason;
	u32 len = 0;
	int err;

	if (*p != '/')
		return KF_R_TARGET;
	while (*p++ == '/' && *p) {
		len = strcspn(p, "/");
		/* kf_route() has normalised it; whatever is odd here is not ours. */
		if (!len || *p == '.')
			return KF_R_TARGET;
		reason = kf_walk_by_name(w, p, len);
		if (reason)
			return reason;
		last = p;
		p += len;
	}
	if (p[-1] == '/') {
		if (!d_is_dir(w->at.dentry))
			return KF_R_MISSING;
		reason = kf_walk_index(w, &index);
		if (reason)
			return reason;
		last = index->p;
		len = index->len;
	}
	if (!d_is_reg(w->at.dentry))
		return KF_R_NOT_A_FILE;
	reason = kf_name_check(w->policy, last, len, &w->type);
	if (reason)
		return reason;
	err = kf_walk_scoped(w, path, index);
	return kf_walk_reason(err);
}

enum kf_reason kf_walk(struct kf_walk *w, const char *path)
{
	enum kf_reason reason;

	might_sleep();
	w->trusted = !!w->obj;
	w->names = kmalloc(PATH_MAX, GFP_KERNEL | __GFP_NOWARN);
	if (!w->names)
		return KF_R_NO_MEMORY;
	reason = kf_walk_docroot(w);
	if (!reason)
		reason = kf_walk_url(w, path);
	if (!reason)
		reason = kf_walk_check_file(w);
	return reason;
}

void kf_walk_end(struct kf_walk *w)
{
	path_put(&w->file);
	path_put(&w->docroot);
	path_put(&w->at);
	path_put(&w->root);
	kfree(w->names);
}

struct kf_docroot_work {
	struct work_struct work;
	struct kf_server *srv;
	int err;
};

static void kf_docroot_work(struct work_struct *work)
{
	struct kf_docroot_work *check = container_of(work, struct kf_docroot_work, work);
	struct kf_server *srv = check->srv;
	struct kf_walk w = { .srv = srv };
	const struct cred *cred;
	enum kf_reason reason;

	w.names = kmalloc(PATH_MAX, GFP_KERNEL | __GFP_NOWARN);
	cred = override_creds(srv->cred);
	reason = w.names ? kf_walk_docroot(&w) : KF_R_NO_MEMORY;
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
