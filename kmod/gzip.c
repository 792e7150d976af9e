// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gzip form of a file, as mod_deflate would send it. In: a body. Out: another,
 * in pages of ours. Made once for each version of a file, in the worker that builds
 * the object; what it costs is bounded by max_object_bytes and by one at a time.
 *
 * Level and window are those of mod_deflate; the bytes differ, for the kernel's
 * zlib is another version. Both are the same file when decompressed.
 */
#include <linux/crc32.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/zlib.h>
#include <linux/zutil.h>
#include "cache.h"
#include "gzip.h"
#include "server.h"

/*
 * One at a time, and so many may wait for it: files that nobody has compressed yet must
 * not keep all workers from those that need no compression.
 */
#define KF_GZIP_WAITING	16

#define KF_GZIP_TRAILER	8	/* CRC-32 and size, little endian: RFC 1952 */

/* As mod_deflate writes it: no name, no time, Unix. */
static const u8 kf_gzip_header[] = { 0x1f, 0x8b, Z_DEFLATED, 0, 0, 0, 0, 0, 0, 3 };

/* More than zlib ever needs for @size bytes: stored blocks, and some. */
static size_t kf_gzip_bound(u64 size)
{
	return sizeof(kf_gzip_header) + size + (size >> 8) + 64 + KF_GZIP_TRAILER;
}

static int kf_deflate(z_stream *z, const struct bio_vec *bv, u32 nr, u32 *crc)
{
	u32 i;

	*crc = ~0;
	for (i = 0; i < nr; i++) {
		z->next_in = (u8 *)page_address(bv[i].bv_page) + bv[i].bv_offset;
		z->avail_in = bv[i].bv_len;
		*crc = crc32_le(*crc, z->next_in, z->avail_in);
		if (zlib_deflate(z, Z_NO_FLUSH) != Z_OK || z->avail_in)
			return -EIO;
		cond_resched();
	}
	*crc = ~*crc;
	return zlib_deflate(z, Z_FINISH) == Z_STREAM_END ? 0 : -EIO;
}

/* @out has room for kf_gzip_bound() bytes. Returns the length, 0 if it failed. */
static size_t kf_gzip_to(u8 *out, void *workspace, struct kf_body *plain, u64 size)
{
	z_stream z = { .workspace = workspace };
	struct bio_vec *bv;
	__le32 trailer[2];
	u32 crc, nr;
	int err;

	memcpy(out, kf_gzip_header, sizeof(kf_gzip_header));
	z.next_out = out + sizeof(kf_gzip_header);
	z.avail_out = kf_gzip_bound(size) - sizeof(kf_gzip_header) - KF_GZIP_TRAILER;
	/* Negative: no zlib header. */
	if (zlib_deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL,
			      Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	bv = kf_body_vecs(plain, &nr);
	err = kf_deflate(&z, bv, nr, &crc);
	zlib_deflateEnd(&z);
	if (err) {
		pr_warn_once(KBUILD_MODNAME ": zlib did not compress\n");
		return 0;
	}
	trailer[0] = cpu_to_le32(crc);
	trailer[1] = cpu_to_le32((u32)size);
	memcpy(z.next_out, trailer, sizeof(trailer));
	return z.next_out + sizeof(trailer) - out;
}

static void kf_body_fill(struct kf_body *body, const u8 *from)
{
	struct bio_vec *bv;
	u32 nr, i;

	bv = kf_body_vecs(body, &nr);
	for (i = 0; i < nr; i++) {
		memcpy(page_address(bv[i].bv_page) + bv[i].bv_offset, from, bv[i].bv_len);
		from += bv[i].bv_len;
	}
}

bool kf_gzip_begin(struct kf_server *srv)
{
	might_sleep();
	if (atomic_inc_return(&srv->gzips) > KF_GZIP_WAITING) {
		atomic_dec(&srv->gzips);
		return false;
	}
	mutex_lock(&srv->gzip_mutex);
	return true;
}

void kf_gzip_end(struct kf_server *srv)
{
	mutex_unlock(&srv->gzip_mutex);
	atomic_dec(&srv->gzips);
}

struct kf_body *kf_gzip(struct kf_server *srv, struct kf_body *plain, u64 size, u64 *length)
{
	struct kf_body *body = NULL;
	void *workspace;
	u8 *out;

	lockdep_assert_held(&srv->gzip_mutex);
	out = kvmalloc(kf_gzip_bound(size), GFP_KERNEL | __GFP_NOWARN);
	workspace = kvmalloc(zlib_deflate_workspacesize(MAX_WBITS, MAX_MEM_LEVEL),
			     GFP_KERNEL | __GFP_NOWARN);
	if (out && workspace) {
		*length = kf_gzip_to(out, workspace, plain, size);
		if (*length)
			body = kf_body_new(srv->cache, *length);
		if (body)
			kf_body_fill(body, out);
	}
	kvfree(workspace);
	kvfree(out);
	return body;
}
