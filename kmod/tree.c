// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tree of files that must not change unnoticed: an fsnotify mark on every directory and
 * every regular file below some paths, in a group of its own.
 *
 * In: paths. Out: one call when anything was changed. Everything here runs in one worker
 * at a time, but for the three functions that fsnotify calls: they only set a bit, and the
 * one that sets it calls changed().
 *
 * A directory is marked before it is read, so what comes into it is either read or told.
 * Files have marks of their own, since a directory is not told when a file is written
 * through another name of it (a hard link). Symlinks are followed wherever they lead, and
 * what is there is watched like all the rest.
 *
 * Some changes of what a name leads to send no event: mounts, the renaming of a directory
 * above the paths, or on the way of a symlink that leads elsewhere. kf_tree_check() walks
 * again and compares inodes; those that are marked cannot go and come back as others
 * without the mark being taken off, which counts as a change.
 *
 * What is kept is a mark, with the name by which it was found, and through it the inode;
 * no mount is kept, so nothing here is in the way of an unmount (which is a change).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitops.h>
#include <linux/completion.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/hash.h>
#include <linux/magic.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "compat/vfs.h"
#include "tree.h"
#include "watch.h"

#define KF_TREE_DIRS_MAX	4096
#define KF_TREE_FILES_MAX	32768	/* each mark pins an inode: some 40 MiB */
#define KF_TREE_DEPTH_MAX	32
#define KF_TREE_BITS		10	/* buckets, log2 */
#define KF_TREE_SEPARATORS	", \t\n"

struct kf_tree {
	struct fsnotify_group *group;
	struct completion group_gone;	/* the last mark was freed */
	struct hlist_head nodes[1 << KF_TREE_BITS];
	u32 dirs, files;
	u32 walks;			/* how often it was walked */
	unsigned long changed_bit;	/* bit 0, set once */
	kf_tree_changed_t changed;
	void *arg;
	char paths[];
};

/* One inode. Ours until kf_tree_free(), also when its mark was taken off before. */
struct kf_tree_node {
	struct fsnotify_mark mark;
	struct hlist_node in_tree;
	struct list_head todo;		/* a directory still to be read in this walk */
	struct inode *inode;		/* held by the mark; compared only, once that is off */
	struct kf_tree *tree;
	u32 walk;			/* the last that came here */
	u32 depth;
	char path[];			/* by which it was found */
};

/* A walk: the first one marks what it finds, later ones compare. */
struct kf_walk_tree {
	struct kf_tree *tree;
	struct list_head todo;
	bool check;
	u32 dirs, files;
};

/* What a directory holds: read under its lock, looked at afterwards. */
struct kf_tree_name {
	struct list_head list;
	char name[];
};

struct kf_tree_reader {
	struct dir_context ctx;
	struct list_head names;
	u32 nr;
	int err;
};

/* Each time: whoever makes the second change must not go on before the first is told. */
static void kf_tree_change(struct kf_tree *tree, const char *path, const struct qstr *name)
{
	set_bit(0, &tree->changed_bit);
	tree->changed(tree->arg, path, name);
}

static int kf_tree_event(struct fsnotify_mark *mark, u32 mask, struct inode *inode,
			 struct inode *dir, const struct qstr *name, u32 cookie)
{
	struct kf_tree_node *node = container_of(mark, struct kf_tree_node, mark);

	kf_tree_change(node->tree, node->path, name);
	return 0;
}

/* By kf_tree_free(), which has set the bit before, or because the inode goes. */
static void kf_tree_freeing_mark(struct fsnotify_mark *mark, struct fsnotify_group *group)
{
	struct kf_tree_node *node = container_of(mark, struct kf_tree_node, mark);

	kf_tree_change(node->tree, node->path, NULL);
}

static void kf_tree_free_mark(struct fsnotify_mark *mark)
{
	kfree(container_of(mark, struct kf_tree_node, mark));
}

static void kf_tree_group_gone(struct fsnotify_group *group)
{
	struct kf_tree *tree = group->private;

	complete(&tree->group_gone);
}

static const struct fsnotify_ops kf_tree_ops = {
	.handle_inode_event = kf_tree_event,
	.freeing_mark = kf_tree_freeing_mark,
	.free_mark = kf_tree_free_mark,
	.free_group_priv = kf_tree_group_gone,
};

bool kf_tree_paths_ok(const char *paths)
{
	while (*(paths += strspn(paths, KF_TREE_SEPARATORS))) {
		if (*paths != '/')
			return false;
		paths += strcspn(paths, KF_TREE_SEPARATORS);
	}
	return true;
}

bool kf_tree_has_changed(const struct kf_tree *tree)
{
	return test_bit(0, &tree->changed_bit);
}

static struct hlist_head *kf_tree_bucket(struct kf_tree *tree, const struct inode *inode)
{
	return &tree->nodes[hash_ptr(inode, KF_TREE_BITS)];
}

static struct kf_tree_node *kf_tree_find(struct kf_tree *tree, const struct inode *inode)
{
	struct kf_tree_node *node;

	hlist_for_each_entry(node, kf_tree_bucket(tree, inode), in_tree)
		if (node->inode == inode)
			return node;
	return NULL;
}

/* Does it change only through this kernel, and are we told then? */
static bool kf_tree_local(const struct dentry *dentry)
{
	return !(dentry->d_flags & (DCACHE_OP_REVALIDATE | DCACHE_OP_WEAK_REVALIDATE)) &&
	       dentry->d_sb->s_magic != V9FS_MAGIC;
}

static struct kf_tree_node *kf_tree_mark(struct kf_tree *tree, struct inode *inode,
					 const char *path)
{
	size_t size = strlen(path) + 1;
	struct kf_tree_node *node = kzalloc(struct_size(node, path, size), GFP_KERNEL);
	int err;

	if (!node)
		return ERR_PTR(-ENOMEM);
	memcpy(node->path, path, size);
	node->inode = inode;
	node->tree = tree;
	fsnotify_init_mark(&node->mark, tree->group);
	node->mark.mask = S_ISDIR(inode->i_mode) ? KF_DIR_EVENTS : KF_FILE_EVENTS;
	err = fsnotify_add_inode_mark(&node->mark, inode, 0);
	if (err) {
		fsnotify_put_mark(&node->mark);
		return ERR_PTR(err);
	}
	hlist_add_head(&node->in_tree, kf_tree_bucket(tree, inode));
	return node;
}

/* Something that a name leads to, symlinks followed. */
static int kf_tree_visit_inode(struct kf_walk_tree *w, struct dentry *dentry, const char *path,
			       u32 depth)
{
	struct inode *inode = d_inode(dentry);
	struct kf_tree *tree = w->tree;
	struct kf_tree_node *node;

	/* A FIFO or a socket holds nothing that it could be read for. */
	if (!S_ISDIR(inode->i_mode) && !S_ISREG(inode->i_mode))
		return 0;
	node = kf_tree_find(tree, inode);
	if (node && node->walk == tree->walks)
		return 0;	/* by another name */
	if (!node) {
		if (w->check)
			return -ESTALE;
		if (!kf_tree_local(dentry))
			return -EOPNOTSUPP;
		if (depth > KF_TREE_DEPTH_MAX || w->dirs >= KF_TREE_DIRS_MAX ||
		    w->files >= KF_TREE_FILES_MAX)
			return -E2BIG;
		node = kf_tree_mark(tree, inode, path);
		if (IS_ERR(node))
			return PTR_ERR(node);
		node->depth = depth;
	}
	node->walk = tree->walks;
	if (S_ISDIR(inode->i_mode)) {
		w->dirs++;
		list_add_tail(&node->todo, &w->todo);
	} else {
		w->files++;
	}
	return 0;
}

static int kf_tree_visit(struct kf_walk_tree *w, const char *path, u32 depth)
{
	struct path found;
	int err;

	err = kern_path(path, LOOKUP_FOLLOW, &found);
	/* A link to nothing is nothing, and a walk will find what comes there. */
	if (depth && (err == -ENOENT || err == -ENOTDIR || err == -ELOOP))
		return 0;
	if (!err) {
		err = kf_tree_visit_inode(w, found.dentry, path, depth);
		path_put(&found);
	}
	if (err && !w->check)
		pr_err("armed: %s cannot be watched: error %d\n", path, err);
	return err;
}

/* Under the directory's lock. */
static bool kf_tree_collect(struct dir_context *ctx, const char *name, int len, loff_t offset,
			    u64 ino, unsigned int type)
{
	struct kf_tree_reader *reader = container_of(ctx, struct kf_tree_reader, ctx);
	struct kf_tree_name *entry;

	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
		return true;
	if (++reader->nr > KF_TREE_FILES_MAX + KF_TREE_DIRS_MAX) {
		reader->err = -E2BIG;
		return false;
	}
	entry = kmalloc(struct_size(entry, name, len + 1), GFP_KERNEL);
	if (!entry) {
		reader->err = -ENOMEM;
		return false;
	}
	memcpy(entry->name, name, len);
	entry->name[len] = '\0';
	list_add_tail(&entry->list, &reader->names);
	return true;
}

static int kf_tree_read(struct kf_tree_node *dir, struct kf_tree_reader *reader)
{
	struct file *file = filp_open(dir->path, O_RDONLY | O_DIRECTORY | O_NOATIME, 0);
	int err;

	if (IS_ERR(file))
		return PTR_ERR(file);
	err = -ESTALE;	/* the name leads elsewhere by now */
	if (file_inode(file) == dir->inode)
		err = iterate_dir(file, &reader->ctx);
	__fput_sync(file);
	return err ?: reader->err;
}

static int kf_tree_walk_dir(struct kf_walk_tree *w, struct kf_tree_node *dir, char *path)
{
	struct kf_tree_reader reader = { .ctx.actor = kf_tree_collect };
	struct kf_tree_name *entry, *next;
	int err;

	INIT_LIST_HEAD(&reader.names);
	err = kf_tree_read(dir, &reader);
	if (err && !w->check)
		pr_err("armed: %s cannot be read: error %d\n", dir->path, err);
	list_for_each_entry_safe(entry, next, &reader.names, list) {
		if (!err && snprintf(path, PATH_MAX, "%s/%s", dir->path, entry->name) >= PATH_MAX)
			err = -ENAMETOOLONG;
		if (!err)
			err = kf_tree_visit(w, path, dir->depth + 1);
		kfree(entry);
	}
	return err;
}

static int kf_tree_walk(struct kf_walk_tree *w)
{
	char *path = kmalloc(PATH_MAX, GFP_KERNEL);
	const char *p = w->tree->paths;
	struct kf_tree_node *dir;
	int err = path ? 0 : -ENOMEM;

	w->tree->walks++;
	while (!err && *(p += strspn(p, KF_TREE_SEPARATORS))) {
		size_t len = strcspn(p, KF_TREE_SEPARATORS);

		if (len >= PATH_MAX)
			err = -ENAMETOOLONG;
		else
			snprintf(path, PATH_MAX, "%.*s", (int)len, p);
		if (!err)
			err = kf_tree_visit(w, path, 0);
		p += len;
	}
	while ((dir = list_first_entry_or_null(&w->todo, struct kf_tree_node, todo))) {
		list_del(&dir->todo);
		if (!err && !kf_tree_has_changed(w->tree))
			err = kf_tree_walk_dir(w, dir, path);
		cond_resched();
	}
	kfree(path);
	return err;
}

struct kf_tree *kf_tree_watch(const char *paths, kf_tree_changed_t changed, void *arg)
{
	struct kf_walk_tree w = { };
	struct kf_tree *tree;
	size_t size = strlen(paths) + 1;
	int err;

	might_sleep();
	tree = kvzalloc(struct_size(tree, paths, size), GFP_KERNEL);
	if (!tree)
		return ERR_PTR(-ENOMEM);
	memcpy(tree->paths, paths, size);
	init_completion(&tree->group_gone);
	tree->changed = changed;
	tree->arg = arg;
	tree->group = fsnotify_alloc_group(&kf_tree_ops, FSNOTIFY_GROUP_NOFS);
	if (IS_ERR(tree->group)) {
		err = PTR_ERR(tree->group);
		kvfree(tree);
		return ERR_PTR(err);
	}
	tree->group->private = tree;

	w.tree = tree;
	INIT_LIST_HEAD(&w.todo);
	err = kf_tree_walk(&w);
	if (err) {
		kf_tree_free(tree);
		return ERR_PTR(err);
	}
	tree->dirs = w.dirs;
	tree->files = w.files;
	return tree;
}

void kf_tree_check(struct kf_tree *tree)
{
	struct kf_walk_tree w = { .tree = tree, .check = true };
	int err;

	might_sleep();
	INIT_LIST_HEAD(&w.todo);
	err = kf_tree_walk(&w);
	/* As many as at first, each of them one of those: the same. */
	if (err || w.dirs != tree->dirs || w.files != tree->files)
		kf_tree_change(tree, tree->paths, NULL);
}

void kf_tree_free(struct kf_tree *tree)
{
	struct kf_tree_node *node;
	struct hlist_node *next;
	u32 i;

	might_sleep();
	if (!tree)
		return;
	set_bit(0, &tree->changed_bit);
	for (i = 0; i < ARRAY_SIZE(tree->nodes); i++) {
		hlist_for_each_entry_safe(node, next, &tree->nodes[i], in_tree) {
			fsnotify_destroy_mark(&node->mark, tree->group);
			fsnotify_put_mark(&node->mark);
		}
	}
	fsnotify_put_group(tree->group);
	/* As in kf_watch_exit(): an unmount may still have some marks in hand. */
	fsnotify_wait_marks_destroyed();
	wait_for_completion(&tree->group_gone);
	fsnotify_wait_marks_destroyed();
	kvfree(tree);
}
