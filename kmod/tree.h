/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything below some directories, and whether any of it has changed: for arm.c,
 * which arms on the server's configuration being as it was audited.
 */
#ifndef KFRONT_TREE_H
#define KFRONT_TREE_H

#include <linux/types.h>

struct kf_tree;
struct qstr;

/*
 * The first change; called at most once, in the task that makes it, with file systems'
 * locks held: must not sleep. @name: of what changed in the directory @path; or NULL.
 */
typedef void (*kf_tree_changed_t)(void *arg, const char *path, const struct qstr *name);

/* Is this a list of absolute paths? Commas, spaces, tabs or newlines between them. */
bool kf_tree_paths_ok(const char *paths);

/*
 * The functions below sleep, and resolve names from the root of the process that calls
 * them: call them in a worker. One at a time for each tree.
 */

/**
 * kf_tree_watch() - be told of whatever changes below these paths from now on
 *
 * Return: a tree, or an ERR_PTR() and a line in the log: -ENOENT a path is not
 * there; -E2BIG too much below them; -EOPNOTSUPP on a file system that changes without
 * this kernel; others as looking at a file gives them.
 */
struct kf_tree *kf_tree_watch(const char *paths, kf_tree_changed_t changed, void *arg);

/*
 * Walk again: do all names still lead to what is watched? For what sends no event, a mount,
 * a directory above that is renamed. What is found is told to changed(), as an event is.
 */
void kf_tree_check(struct kf_tree *tree);

/* Has anything? Of any context. What has changed does not become unchanged. */
bool kf_tree_has_changed(const struct kf_tree *tree);

/* changed() is not called any more. NULL will do. */
void kf_tree_free(struct kf_tree *tree);

#endif /* KFRONT_TREE_H */
