// SPDX-License-Identifier: GPL-2.0-only
/*
 * Precompressed siblings: page.html.br, .zst and .gz beside page.html, made by whoever
 * deploys the site. One is sent in place of the file to clients that take its coding,
 * unless it is older than the file. (Apache does not do this: off by default.)
 *
 * Beside the file that is served in the end, wherever a symlink led: that directory
 * was reached by the kernel's own walk beneath the document root. Worker, under the
 * credentials of the server.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include "cache.h"
#include "file.h"
#include "walk.h"

/* In order of preference. */
static const struct {
	enum kf_coding coding;
	const char *suffix;
} kf_siblings[] = {
	{ KF_PRE_BR, ".br" }, { KF_PRE_ZSTD, ".zst" }, { KF_PRE_GZIP, ".gz" },
};

static bool kf_older(const struct kf_attr *a, const struct kf_attr *b)
{
	return a->mtime_sec < b->mtime_sec ||
	       (a->mtime_sec == b->mtime_sec && a->mtime_nsec < b->mtime_nsec);
}

/* Open the sibling with this suffix if there is one that may be sent. */
static struct file *kf_sibling_try(struct kf_walk *w, const char *suffix,
				   const struct kf_attr *original)
{
	struct kf_attr attr;
	struct path path;
	struct file *file;
	int err;

	err = kf_walk_sibling(w, suffix, &path);
	if (err)
		return ERR_PTR(err);
	file = kf_file_open(&path);
	path_put(&path);
	if (IS_ERR(file))
		return file;
	err = kf_attr_get(file, &attr);
	/* An old one, or one that is just being made. */
	if (!err && (kf_older(&attr, original) || inode_is_open_for_write(file_inode(file))))
		err = -ENOENT;
	if (err) {
		__fput_sync(file);
		return ERR_PTR(err);
	}
	return file;
}

/**
 * kf_sibling_open() - is there something better to send than the file?
 * @w: has found it
 * @accepts: KF_CODING() bits
 * @file: the file; exchanged for its sibling (and closed) if there is one
 * @coding: of the sibling, else untouched
 *
 * Each name looked at is watched for w->obj: one may appear.
 * Return: KF_OK in either case, or why the backend must answer.
 */
enum kf_reason kf_sibling_open(struct kf_walk *w, u8 accepts, struct file **file,
			       enum kf_coding *coding)
{
	struct kf_attr original;
	struct file *sibling;
	u32 i;
	int err;

	for (i = 0; i < ARRAY_SIZE(kf_siblings); i++) {
		if (!(accepts & KF_CODING(kf_siblings[i].coding)))
			continue;
		/* As long as the file itself may change, nothing is as new as it is. */
		if (inode_is_open_for_write(file_inode(*file)) || kf_file_mapped(*file))
			break;
		err = kf_attr_get(*file, &original);
		if (err)
			return kf_walk_reason(err);
		sibling = kf_sibling_try(w, kf_siblings[i].suffix, &original);
		if (sibling == ERR_PTR(-ENOENT))
			continue;
		if (IS_ERR(sibling))
			return kf_walk_reason(PTR_ERR(sibling));
		__fput_sync(*file);
		*file = sibling;
		*coding = kf_siblings[i].coding;
		break;
	}
	return KF_OK;
}
