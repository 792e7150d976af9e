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
#include <linux/slab.h>
#include "cache.h"
#include "compat/vfs.h"
#include "route.h"
#include "server.h"
#include "walk.h"

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

enum kf_reason kf_walk_to_docroot(struct kf_walk *w)
{
	const char *p = w->top;
	enum kf_reason reason;
	struct path path;
	int err;

	w->searched = 1;
	w->wanted = 1;
	err = kf_walk_start(w);
	if (err)
		return kf_walk_reason(err);
	while (*(p += strspn(p, "/"))) {
		u32 len = strcspn(p, "/");

		w->wanted = p + len - w->top;
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
		err = kern_path(w->top, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
	if (err)
		return kf_walk_reason(err);
	if (!path_equal(&path, &w->at))
		err = -ESTALE;
	w->docroot = path;
	return kf_walk_reason(err);
}

/*
 * Is there a rule for the index file's own URL? mod_dir asks for that inwardly, and what
 * is said to it counts, whether or not there is such a file. Exclusion is by URL path:
 * with mass_hosts what is walked here begins with /HOST instead.
 */
static bool kf_walk_index_excluded(struct kf_walk *w, const char *path, const struct kf_str *index)
{
	struct kf_str url = { .p = w->names };

	if (w->top == w->srv->docroot && kf_policy_mass_hosts(w->policy))
		path += 1 + strcspn(path + 1, "/");
	url.len = scnprintf(w->names, PATH_MAX, "%s%s", path, index->p);
	return kf_policy_excluded(w->policy, url);
}

/*
 * Like mod_dir: the first index name that exists decides. Those before it are
 * watched, too: they may appear. A name with a slash could lead anywhere.
 */
static enum kf_reason kf_walk_index(struct kf_walk *w, const char *path,
				    const struct kf_str **index)
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
		reason = KF_R_EXCLUDED;
		if (kf_walk_index_excluded(w, path, &names[i]))
			break;
		reason = kf_walk_by_name(w, names[i].p, names[i].len);
		if (reason != KF_R_MISSING) {
			*index = &names[i];
			break;
		}
		/* A symlink may have led away. */
		path_get(&dir);
		path_put(&w->at);
		w->at = dir;
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
	struct name_snapshot name;
	struct kf_media media;
	enum kf_reason reason;
	int err;

	if (!S_ISREG(inode->i_mode))
		return KF_R_NOT_A_FILE;
	take_dentry_name_snapshot(&name, w->file.dentry);
	reason = kf_name_check(w->policy, name.name.name, name.name.len, &media);
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
		reason = kf_walk_index(w, path, &index);
		if (reason)
			return reason;
		last = index->p;
		len = index->len;
	}
	if (!d_is_reg(w->at.dentry))
		return KF_R_NOT_A_FILE;
	reason = kf_name_check(w->policy, last, len, &w->media);
	if (reason)
		return reason;
	err = kf_walk_scoped(w, path, index);
	return kf_walk_reason(err);
}

enum kf_reason kf_walk(struct kf_walk *w, const struct kf_key *key)
{
	enum kf_reason reason;

	might_sleep();
	w->trusted = !!w->obj;
	w->top = key->root_len ? key->name : w->srv->docroot;
	w->names = kmalloc(PATH_MAX, GFP_KERNEL | __GFP_NOWARN);
	if (!w->names)
		return KF_R_NO_MEMORY;
	reason = kf_walk_to_docroot(w);
	if (!reason)
		reason = kf_walk_url(w, key->root_len ? key->name + key->root_len + 1 : key->name);
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
