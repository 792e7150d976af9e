/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels for code that reads files. Each part can go when
 * the oldest kernel it names goes.
 */
#ifndef KFRONT_COMPAT_VFS_H
#define KFRONT_COMPAT_VFS_H

#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/namei.h>

/* Until 6.4 exported, but declared only inside fs/. */
int vfs_path_lookup(struct dentry *dentry, struct vfsmount *mnt, const char *name,
		    unsigned int flags, struct path *path);

/*
 * The accessor came with 6.7; the macro, the next one in the same header, with 6.10.
 * inode_get_ctime() is in Debian's 6.1, too.
 */
static inline struct timespec64 kf_inode_mtime(const struct inode *inode)
{
#ifdef FOP_MMAP_SYNC
	return inode_get_mtime(inode);
#else
	return inode->i_mtime;
#endif
}

/* Until 6.8 a group had to ask for what every group does now. */
#ifndef FSNOTIFY_GROUP_NOFS
#define FSNOTIFY_GROUP_NOFS	0
#endif

#endif /* KFRONT_COMPAT_VFS_H */
