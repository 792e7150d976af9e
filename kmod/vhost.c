// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list hosts, for lookups in softirq: names and patterns are in one hash, a pattern
 * under its text, which begins with a dot. A name is looked for whole, and from each of its
 * dots on. Pure.
 */
#include <linux/errno.h>
#include <linux/slab.h>
#include "host.h"
#include "text.h"
#include "vhost.h"

#define KF_HOSTS_HASH_BEGIN	2166136261U

/* Characters are put in from the last to the first: on the way all endings are hashed. */
static u32 kf_hosts_hash_char(u32 hash, char c)
{
	return (hash ^ (u8)kf_lower(c)) * 16777619U;
}

/*
 * Where this text is in the hash, or the empty bucket where it would be put. @hash is of all
 * its characters.
 */
static u32 kf_hosts_bucket(const struct kf_hosts *h, u32 hash, const char *p, u32 len)
{
	const struct kf_str *there;
	u32 i;

	for (i = (hash ^ hash >> 15) & h->mask; h->bucket[i]; i = (i + 1) & h->mask) {
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
	u32 hash = KF_HOSTS_HASH_BEGIN;
	u32 at;

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
	if (host->name.p[0] == '.')
		h->patterns = true;
	for (at = host->name.len; at; at--)
		hash = kf_hosts_hash_char(hash, host->name.p[at - 1]);
	at = kf_hosts_bucket(h, hash, host->name.p, host->name.len);
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
	u32 hash = KF_HOSTS_HASH_BEGIN;
	u32 first = 0, found;	/* index + 1 */
	u32 i = name->len;

	if (!h->list.n)
		return NULL;
	while (i--) {
		hash = kf_hosts_hash_char(hash, name->p[i]);
		/* The whole name; or what is behind a part of it, which only patterns match. */
		if (i && (name->p[i] != '.' || !h->patterns))
			continue;
		found = h->bucket[kf_hosts_bucket(h, hash, name->p + i, name->len - i)];
		if (found && (!first || found < first))
			first = found;
	}
	return first ? &h->host[first - 1] : NULL;
}
