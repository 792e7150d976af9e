// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bodies: a file's bytes in pages of ours, and the account of those pages.
 *
 * Sockets hold references to the pages they are still sending, long after the
 * object is gone, so a byte once written is never written again: whole pages are
 * one body's own, and the tails and small bodies that share a page are put into
 * it one behind the other, never into a gap. A shared page is freed when the last
 * body in it is; until then all of it counts.
 *
 * Pages come from the page allocator: the network refuses slab pages.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include "cache.h"
#include "server.h"

#define KF_PACK_MAX	(PAGE_SIZE / 2)	/* larger tails have a page to themselves */
#define KF_PACK_ALIGN	16

struct kf_body {
	struct kf_cache *cache;
	refcount_t refs;	/* one for each object: a name looked up again keeps its body */
	u32 nr;
	u32 whole;		/* of bv[], pages of our own; at most one more is shared */
	u64 charged;		/* whole pages and this struct */
	struct bio_vec bv[];
};

static bool kf_charge(struct kf_cache *cache, u64 bytes)
{
	if (atomic_long_add_return(bytes, &cache->bytes) <= kf_cache_limit(cache))
		return true;
	atomic_long_sub(bytes, &cache->bytes);
	return false;
}

static struct page *kf_page_alloc(void)
{
	return alloc_page(GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
}

/* The filling page's own hold on itself ends: under pack_lock. */
static struct page *kf_pack_close(struct kf_cache *cache)
{
	struct page *page = cache->pack;

	lockdep_assert_held(&cache->pack_lock);
	cache->pack = NULL;
	if (!page)
		return NULL;
	set_page_private(page, page_private(page) - 1);
	return page_private(page) ? NULL : page;
}

static void kf_pack_free(struct kf_cache *cache, struct page *page)
{
	if (!page)
		return;
	put_page(page);
	atomic_long_sub(PAGE_SIZE, &cache->bytes);
}

/* Room for @len bytes in a shared page; page_private() counts its users. */
static bool kf_pack(struct kf_cache *cache, u32 len, struct bio_vec *bv)
{
	struct page *fresh = NULL, *full = NULL;
	u32 room = ALIGN(len, KF_PACK_ALIGN);

	for (;;) {
		spin_lock(&cache->pack_lock);
		if (cache->pack && cache->pack_used + room <= PAGE_SIZE)
			break;
		if (fresh) {
			full = kf_pack_close(cache);
			set_page_private(fresh, 1);
			cache->pack = fresh;
			cache->pack_used = 0;
			fresh = NULL;
			break;
		}
		spin_unlock(&cache->pack_lock);
		if (!kf_charge(cache, PAGE_SIZE))
			return false;
		fresh = kf_page_alloc();
		if (!fresh) {
			atomic_long_sub(PAGE_SIZE, &cache->bytes);
			return false;
		}
	}
	bv->bv_page = cache->pack;
	bv->bv_offset = cache->pack_used;
	bv->bv_len = len;
	cache->pack_used += room;
	set_page_private(cache->pack, page_private(cache->pack) + 1);
	spin_unlock(&cache->pack_lock);
	kf_pack_free(cache, fresh);
	kf_pack_free(cache, full);
	return true;
}

static void kf_unpack(struct kf_cache *cache, struct page *page)
{
	bool last;

	spin_lock(&cache->pack_lock);
	set_page_private(page, page_private(page) - 1);
	last = !page_private(page);
	spin_unlock(&cache->pack_lock);
	if (last)
		kf_pack_free(cache, page);
}

static void kf_body_free(struct kf_body *body)
{
	struct kf_cache *cache = body->cache;
	u32 i;

	for (i = 0; i < body->whole; i++)
		put_page(body->bv[i].bv_page);
	if (body->nr > body->whole)
		kf_unpack(cache, body->bv[body->whole].bv_page);
	atomic_long_sub(body->charged, &cache->bytes);
	kvfree(body);
}

static struct kf_body *kf_body_try(struct kf_cache *cache, u64 size)
{
	u32 whole = size >> PAGE_SHIFT, tail = size & ~PAGE_MASK;
	struct kf_body *body;
	size_t self;
	u64 charge;

	if (tail > KF_PACK_MAX) {
		whole++;
		tail = 0;
	}
	self = struct_size(body, bv, whole + !!tail);
	charge = (u64)whole * PAGE_SIZE + self;
	if (!kf_charge(cache, charge))
		return NULL;
	body = kvzalloc(self, GFP_KERNEL | __GFP_NOWARN);
	if (!body) {
		atomic_long_sub(charge, &cache->bytes);
		return NULL;
	}
	body->cache = cache;
	body->charged = charge;
	refcount_set(&body->refs, 1);

	while (body->whole < whole) {
		struct bio_vec *bv = &body->bv[body->whole];

		bv->bv_page = kf_page_alloc();
		if (!bv->bv_page)
			goto fail;
		bv->bv_len = min_t(u64, size - (u64)body->whole * PAGE_SIZE, PAGE_SIZE);
		body->nr = ++body->whole;
	}
	if (tail) {
		if (!kf_pack(cache, tail, &body->bv[whole]))
			goto fail;
		body->nr++;
	}
	return body;
fail:
	kf_body_free(body);
	return NULL;
}

struct kf_body *kf_body_new(struct kf_cache *cache, u64 size)
{
	struct kf_body *body;

	might_sleep();
	/* Larger ones are streams; this only keeps the arithmetic honest. */
	if (size > kf_cache_limit(cache) || size >> PAGE_SHIFT >= U32_MAX / 2)
		return NULL;
	body = kf_body_try(cache, size);
	if (!body) {
		kf_cache_make_room(cache, size + PAGE_SIZE);
		body = kf_body_try(cache, size);
	}
	return body;
}

struct kf_body *kf_body_get(struct kf_body *body)
{
	refcount_inc(&body->refs);
	return body;
}

void kf_body_put(struct kf_body *body)
{
	if (refcount_dec_and_test(&body->refs))
		kf_body_free(body);
}

struct bio_vec *kf_body_vecs(struct kf_body *body, u32 *nr)
{
	*nr = body->nr;
	return body->bv;
}

void kf_pack_exit(struct kf_cache *cache)
{
	struct page *page;

	spin_lock(&cache->pack_lock);
	page = kf_pack_close(cache);
	spin_unlock(&cache->pack_lock);
	kf_pack_free(cache, page);
}
