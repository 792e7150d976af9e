/* SPDX-License-Identifier: GPL-2.0-only */
/* A list as an administrator writes it: items separated by commas or white space. */
#ifndef KFRONT_LIST_H
#define KFRONT_LIST_H

#include "parse.h"

struct kf_list {
	char *text;		/* copy; the items lie in it, NUL-terminated */
	struct kf_str *item;
	u32 n;
};

bool kf_is_separator(char c);

/**
 * kf_list_build() - split @text (NULL is empty) in a copy of it
 * @l: zeroed; kf_list_free() it, also after a failure
 * @max_bytes: longer texts are refused
 * @max_items: so are more items
 *
 * Context: process (allocates). Return: 0, -ENOMEM, or -EINVAL: too long, too many,
 * or a control character in an item.
 */
int kf_list_build(struct kf_list *l, const char *text, size_t max_bytes, u32 max_items);
void kf_list_free(struct kf_list *l);

/* Have an item (or a piece of one) in lower case. */
void kf_list_fold(struct kf_list *l, const struct kf_str *s);

#endif /* KFRONT_LIST_H */
