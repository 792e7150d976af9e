// SPDX-License-Identifier: GPL-2.0-only
/*
 * One name in a directory, to where it finally leads: symlinks are followed by
 * hand, component by component, so that each directory and each name on the way is
 * watched before it is looked at. What is found here decides nothing about access;
 * walk.c asks the kernel's own path walk for that.
 *
 * Worker, under the credentials of the server, nothing locked. No file is opened.
 */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include "cache.h"
#include "compat/vfs.h"
#include "walk.h"

#define KF_SYMLINKS_MAX	40	/* as the kernel's own */

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

static void kf_walk_move(struct kf_walk *w, struct path *to)
{
	path_put(&w->at);
	w->at = *to;
	if (!kf_trusted(to->dentry))
		w->trusted = false;
}

int kf_walk_start(struct kf_walk *w)
{
	struct path root;
	int err;

	err = kern_path("/", LOOKUP_DIRECTORY, &w->root);
	if (err)
		return err;
	root = w->root;
	path_get(&root);
	kf_walk_move(w, &root);
	return 0;
}

/* An object that would need too many links is not kept. */
static int kf_walk_watch_inode(struct kf_walk *w, struct inode *inode, const char *name, u32 len)
{
	int err;

	if (!w->trusted)
		return 0;
	err = kf_watch(w->obj, inode, name, len);
	if (err == -E2BIG) {
		w->trusted = false;
		err = 0;
	}
	return err;
}

/* Before the look: whatever happens from now on is told to the object. */
int kf_walk_watch(struct kf_walk *w, const char *name, u32 len)
{
	return kf_walk_watch_inode(w, d_inode(w->at.dentry), name, len);
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

/* w->at goes to where @name, seen from w->at, finally leads. */
int kf_walk_name(struct kf_walk *w, const char *name, u32 len)
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

int kf_walk_sibling(struct kf_walk *w, const char *suffix, struct path *sibling)
{
	struct dentry *dir = dget_parent(w->file.dentry);
	struct name_snapshot snapshot;
	char name[NAME_MAX + 1];
	struct inode *inode;
	int err, len;

	take_dentry_name_snapshot(&snapshot, w->file.dentry);
	len = snprintf(name, sizeof(name), "%s%s", snapshot.name.name, suffix);
	release_dentry_name_snapshot(&snapshot);
	/* A file that is mounted (docker's -v FILE:FILE) has its directory elsewhere. */
	err = len < sizeof(name) && w->file.dentry != w->file.mnt->mnt_root ? 0 : -ENOENT;
	if (!err)
		err = kf_walk_watch_inode(w, d_inode(dir), name, len);
	if (!err)
		err = vfs_path_lookup(dir, w->file.mnt, name, 0, sibling);
	/* Renamed away meanwhile: that directory may be anywhere. */
	if (!err && READ_ONCE(w->file.dentry->d_parent) != dir) {
		path_put(sibling);
		err = -ESTALE;
	}
	dput(dir);
	if (err)
		return err;

	inode = d_inode(sibling->dentry);
	err = d_is_reg(sibling->dentry) ? 0 : -ENOENT;
	if (!err && !kf_trusted(sibling->dentry))
		w->trusted = false;
	/* Before the look at its permissions, which may be given later. */
	if (!err)
		err = kf_walk_watch_inode(w, inode, KF_WATCH_SELF, 0);
	if (!err && (inode->i_mode & 0111 || path_permission(sibling, MAY_READ | MAY_OPEN)))
		err = -ENOENT;
	if (err)
		path_put(sibling);
	return err;
}
