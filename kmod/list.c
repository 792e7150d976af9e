// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists as parameters and sysctls have them, split once into items.
 */
#include <linux/errno.h>
#include <linux/slab.h>
#include "list.h"
#include "text.h"

bool kf_is_separator(char c)
{
	return c == ',' || c == ' ' || c == '\t' || c == '\n';
}

/* How many items @text has, or @max + 1. */
static u32 kf_list_count(const char *text, size_t len, u32 max)
{
	bool in_item = false;
	u32 n = 0;
	size_t i;

	for (i = 0; i < len && n <= max; i++) {
		if (!in_item && !kf_is_separator(text[i]))
			n++;
		in_item = !kf_is_separator(text[i]);
	}
	return n;
}

int kf_list_build(struct kf_list *l, const char *text, size_t max_bytes, u32 max_items)
{
	size_t len = text ? strlen(text) : 0;
	size_t i = 0, start;
	u32 n;

	if (len > max_bytes)
		return -EINVAL;
	n = kf_list_count(text, len, max_items);
	if (n > max_items)
		return -EINVAL;
	l->text = kmalloc(len + 1, GFP_KERNEL);
	l->item = kcalloc(n, sizeof(*l->item), GFP_KERNEL);
	if (!l->text || !l->item)
		return -ENOMEM;
	if (len)
		memcpy(l->text, text, len);
	l->text[len] = '\0';

	while (l->n < n) {
		while (kf_is_separator(l->text[i]))
			i++;
		start = i;
		while (i < len && !kf_is_separator(l->text[i])) {
			if (kf_is(l->text[i], KF_CC_CTL))
				return -EINVAL;
			i++;
		}
		l->text[i++] = '\0';	/* at the latest the NUL that is there already */
		l->item[l->n].p = l->text + start;
		l->item[l->n].len = i - 1 - start;
		l->n++;
	}
	return 0;
}

void kf_list_free(struct kf_list *l)
{
	kfree(l->item);
	kfree(l->text);
}

void kf_list_fold(struct kf_list *l, const struct kf_str *s)
{
	char *p = l->text + (s->p - l->text);
	u32 i;

	for (i = 0; i < s->len; i++)
		p[i] = kf_lower(p[i]);
}
