// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parts of names that mean something, hashed. A part is compared by words: two
 * loads of eight bytes hold the longest, two of four the usual ones.
 */
#include <linux/errno.h>
#include <linux/slab.h>
#include "mimetypes.h"
#include "part.h"
#include "route.h"
#include "text.h"

/* The first eight bytes, ... */
static u64 kf_part_first(const char *text, u32 len)
{
	return len < 8 ? kf_word_short(text, len) : kf_word(text);
}

/* ... and the last eight. */
static u64 kf_part_second(const char *text, u32 len)
{
	return len < 8 ? 0 : kf_word(text + len - 8);
}

/* The same for both cases; what else it takes for the same is told apart by the words. */
static u32 kf_part_hash(u64 first, u64 second)
{
	const u64 fold = KF_ONES * 0x20;

	return ((first | fold) + (second | fold) * 3) * 0x9e3779b97f4a7c15ULL >> 40;
}

/* Where it is, or the empty bucket where it would be put. */
static __always_inline u32 kf_part_bucket(const struct kf_parts *parts, const char *text, u32 len)
{
	u64 first = kf_part_first(text, len), second = kf_part_second(text, len);
	const struct kf_part *part;
	u32 i;

	for (i = kf_part_hash(first, second) & parts->mask; parts->bucket[i];
	     i = (i + 1) & parts->mask) {
		part = &parts->part[parts->bucket[i] - 1];
		if ((first | part->fold[0]) == part->word[0] &&
		    (second | part->fold[1]) == part->word[1] && len == part->len)
			break;
	}
	return i;
}

const struct kf_part *kf_parts_find(const struct kf_parts *parts, const char *text, u32 len)
{
	u32 i = parts->bucket[kf_part_bucket(parts, text, len)];

	return i ? &parts->part[i - 1] : NULL;
}

static void kf_part_add(struct kf_parts *parts, const struct kf_policy *p, const char *text,
			u32 len)
{
	struct kf_part *part = &parts->part[parts->n];
	const struct kf_mimeconf *conf;
	u32 at;

	if (!len || len > KF_EXT_MAX)	/* nobody asks for it */
		return;
	at = kf_part_bucket(parts, text, len);
	if (parts->bucket[at])
		return;
	parts->bucket[at] = ++parts->n;
	part->word[0] = kf_part_first(text, len);
	part->word[1] = kf_part_second(text, len);
	part->fold[0] = kf_word_fold(part->word[0]);
	part->fold[1] = kf_word_fold(part->word[1]);
	part->len = len;
	conf = kf_mimeconf_find(text, len);
	part->type = kf_policy_type(p, text, len);
	part->conf = conf;
	part->claimed = kf_part_is_claimed(text, len);
	part->encoding = kf_part_is_encoding(text, len);
	part->neutral = conf && (conf->language || conf->charset) && !kf_policy_typed(p, conf);
}

int kf_parts_build(struct kf_parts *parts, const struct kf_str *exts, u32 n,
		   const struct kf_policy *p)
{
	u32 i, listed = 0, buckets = 2;

	while (kf_part_listed(listed))
		listed++;
	while (buckets < 2 * (n + kf_mimeconf_n + listed))
		buckets *= 2;
	parts->mask = buckets - 1;
	parts->bucket = kcalloc(buckets, sizeof(*parts->bucket), GFP_KERNEL);
	parts->part = kcalloc(n + kf_mimeconf_n + listed, sizeof(*parts->part), GFP_KERNEL);
	if (!parts->bucket || !parts->part)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		kf_part_add(parts, p, exts[i].p, exts[i].len);
	for (i = 0; i < kf_mimeconf_n; i++)
		kf_part_add(parts, p, kf_mimeconf[i].ext, strlen(kf_mimeconf[i].ext));
	for (i = 0; i < listed; i++)
		kf_part_add(parts, p, kf_part_listed(i), strlen(kf_part_listed(i)));
	return 0;
}

void kf_parts_free(struct kf_parts *parts)
{
	kfree(parts->part);
	kfree(parts->bucket);
}
