// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list hosts, for lookups in softirq: names and patterns are in one hash, a pattern
 * under its text, which begins with a dot. A name is looked for whole, and from each of its
 * last dots on, as many as a pattern has. Pure.
 */
#include <linux/errno.h>
#include <linux/slab.h>
#include "host.h"
#include "text.h"
#include "vhost.h"

/* The same for both cases; at eight bytes a turn, the last turn overlaps the one before. */
static u32 kf_hosts_hash(const char *p, u32 len)
{
	const u64 fold = KF_ONES * 0x20, factor = 0x9e3779b97f4a7c15ULL;
	u64 hash = len;
	u32 i;

	if (len < 8)
		return (hash ^ (kf_word_short(p, len) | fold)) * factor >> 32;
	for (i = 0; i + 8 < len; i += 8) {
		hash = (hash ^ (kf_word(p + i) | fold)) * factor;
		hash ^= hash >> 32;
	}
	return (hash ^ (kf_word(p + len - 8) | fold)) * factor >> 32;
}

/* Where this text is in the hash, or the empty bucket where it would be put. */
static u32 kf_hosts_bucket(const struct kf_hosts *h, const char *p, u32 len)
{
	const struct kf_str *there;
	u32 i;

	for (i = kf_hosts_hash(p, len) & h->mask; h->bucket[i]; i = (i + 1) & h->mask) {
		there = &h->host[h->bucket[i] - 1].name;
		if (there->len == len && kf_same_nocase(p, there->p, len))
			break;
	}
	return i;
}

/*
 * "*.example.org" becomes ".example.org". A port is refused: none counts, and who wrote it
 * counted on it.
 */
static bool kf_host_pattern(struct kf_list *l, struct kf_str *s)
{
	bool any = s->len > 2 && s->p[0] == '*' && s->p[1] == '.';
	struct kf_str value = *s, name;

	if (any) {
		value.p += 2;
		value.len -= 2;
	}
	if (!kf_host_name(&value, &name) || (any && name.p[0] == '['))
		return false;
	if (memchr(name.p + name.len, ':', value.len - name.len))
		return false;
	s->p = any ? name.p - 1 : name.p;
	s->len = any ? name.len + 1 : name.len;
	kf_list_fold(l, s);
	return true;
}

/* Strips one slash from the end. */
static bool kf_root_ok(struct kf_str *root)
{
	const char *p = root->p, *end, *slash;

	if (root->len && p[root->len - 1] == '/')
		root->len--;
	if (!root->len || root->len >= KF_ROOT_MAX || *p != '/')
		return false;
	for (end = p + root->len; p < end; p = slash) {
		p++;
		slash = memchr(p, '/', end - p);
		if (!slash)
			slash = end;
		if (slash == p || (slash - p == 1 && p[0] == '.') ||
		    (slash - p == 2 && p[0] == '.' && p[1] == '.'))
			return false;
	}
	return true;
}

static int kf_vhost_build(struct kf_hosts *h, u32 i)
{
	const struct kf_str *item = &h->list.item[i];
	const char *equals = memchr(item->p, '=', item->len);
	struct kf_vhost *host = &h->host[i];
	u32 at, dots = 0;

	host->name = *item;
	if (equals) {
		host->name.len = equals - item->p;
		host->root.p = equals + 1;
		host->root.len = item->len - host->name.len - 1;
		if (!kf_root_ok(&host->root))
			return -EINVAL;
	}
	if (!kf_host_pattern(&h->list, &host->name))
		return -EINVAL;
	if (host->name.p[0] == '.') {
		for (at = 0; at < host->name.len; at++)
			dots += host->name.p[at] == '.';
		if (dots > h->dots)
			h->dots = dots;
	}
	at = kf_hosts_bucket(h, host->name.p, host->name.len);
	if (!h->bucket[at])	/* else named before, and the first one counts */
		h->bucket[at] = i + 1;
	return 0;
}

int kf_hosts_build(struct kf_hosts *h, const char *text)
{
	u32 i, buckets = 2;
	int err;

	err = kf_list_build(&h->list, text, KF_HOSTS_TEXT_MAX, KF_HOSTS_MAX);
	if (err || !h->list.n)
		return err;
	while (buckets < 2 * h->list.n)
		buckets *= 2;
	h->mask = buckets - 1;
	h->host = kcalloc(h->list.n, sizeof(*h->host), GFP_KERNEL);
	h->bucket = kcalloc(buckets, sizeof(*h->bucket), GFP_KERNEL);
	if (!h->host || !h->bucket)
		return -ENOMEM;
	for (i = 0; !err && i < h->list.n; i++)
		err = kf_vhost_build(h, i);
	return err;
}

void kf_hosts_free(struct kf_hosts *h)
{
	kfree(h->bucket);
	kfree(h->host);
	kf_list_free(&h->list);
}

const struct kf_vhost *kf_hosts_find(const struct kf_hosts *h, const struct kf_str *name)
{
	u32 first, found;	/* index + 1 */
	u32 i = name->len, dots = 0;

	if (!h->list.n)
		return NULL;
	first = h->bucket[kf_hosts_bucket(h, name->p, name->len)];
	while (dots < h->dots && i-- > 1) {
		if (name->p[i] != '.')
			continue;
		dots++;
		found = h->bucket[kf_hosts_bucket(h, name->p + i, name->len - i)];
		if (found && (!first || found < first))
			first = found;
	}
	return first ? &h->host[first - 1] : NULL;
}
