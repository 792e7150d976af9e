// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams: files too large for the cache, by reference from the page cache, a
 * window at a time, for one client. The worker fetches a chunk when the poll asks;
 * in between nothing runs here, so a slow reader costs an open file and a window.
 *
 * The pages are the file's own: a write shows in bytes that are queued already, as
 * it does with sendfile(). So before and after each fetch the file must look as it
 * did at the start, and the last byte is kept back until the poll says that all
 * others have arrived: a client never gets a whole file that changed on the way.
 * Size and mtime count, not ctime: chmod or a new link do not change the bytes.
 * What changes bytes without mtime (a hole punched into tmpfs) tells the witness.
 */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include "cache.h"
#include "compat/vfs.h"
#include "file.h"
#include "server.h"

#define KF_MEMORY_TRIES		10	/* to fetch a chunk */
#define KF_MEMORY_WAIT_MS	20	/* between them */

static void kf_stream_drop(struct kf_stream *st)
{
	u32 i;

	for (i = 0; i < st->nr_bv; i++)
		put_page(st->bv[i].bv_page);
	st->nr_bv = 0;
	st->bytes = 0;
}

static int kf_stream_valid(struct kf_stream *st)
{
	struct kf_attr now;
	int err;

	err = kf_attr_get(st->file, &now);
	if (err)
		return err;
	if (now.size != st->attr.size || now.mtime_sec != st->attr.mtime_sec ||
	    now.mtime_nsec != st->attr.mtime_nsec || kf_file_mapped(st->file) ||
	    (st->witness && READ_ONCE(st->witness->dead)))
		return -ESTALE;
	return 0;
}

/* A buffer may be a part of a large folio; each page of it becomes an entry. */
static int kf_stream_buf(struct pipe_inode_info *pipe, struct pipe_buffer *buf,
			 struct splice_desc *sd)
{
	struct kf_stream *st = sd->u.data;
	struct page *page = buf->page + buf->offset / PAGE_SIZE;
	u32 offset = offset_in_page(buf->offset);
	u32 len = min_t(u32, sd->len, PAGE_SIZE - offset);
	struct bio_vec *bv = &st->bv[st->nr_bv];

	if (st->nr_bv == KF_CHUNK_VECS)
		return 0; /* full: the rest is for the next chunk */
	get_page(page);
	bv->bv_page = page;
	bv->bv_offset = offset;
	bv->bv_len = len;
	st->nr_bv++;
	st->bytes += len;
	return len;
}

static int kf_stream_pipe(struct pipe_inode_info *pipe, struct splice_desc *sd)
{
	return __splice_from_pipe(pipe, sd, kf_stream_buf);
}

static int kf_stream_chunk(struct kf_stream *st)
{
	struct splice_desc sd = {
		.total_len = min_t(u64, KF_CHUNK_BYTES, st->end - 1 - st->pos),
		.pos = st->pos,
		.u.data = st,
	};
	ssize_t n = splice_direct_to_actor(st->file, &sd, kf_stream_pipe);

	return n > 0 ? 0 : n ?: -ESTALE;
}

static int kf_stream_last_byte(struct kf_stream *st)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_NOWARN);

	if (!page)
		return -ENOMEM;
	st->bv[0] = (struct bio_vec){ .bv_page = page, .bv_len = 1 };
	st->nr_bv = 1;
	st->bytes = 1;
	return kf_file_read(st->file, st->pos, st->bv, 1, 1);
}

static int kf_stream_fetch(struct kf_stream *st)
{
	int err = kf_stream_valid(st);

	if (err || st->pos >= st->end)
		return err;
	if (st->pos == st->end - 1)
		err = kf_stream_last_byte(st);
	else
		err = kf_stream_chunk(st);
	if (!err)
		err = kf_stream_valid(st);
	if (!err)
		st->pos += st->bytes;
	return err;
}

static void kf_stream_work(struct work_struct *work)
{
	struct kf_stream *st = container_of(work, struct kf_stream, work);
	unsigned int tries = KF_MEMORY_TRIES;
	const struct cred *cred;

	cred = override_creds(st->srv->cred);
	for (;;) {
		kf_stream_drop(st);
		st->error = kf_stream_fetch(st);
		if (st->error != -ENOMEM || !--tries)
			break;
		msleep(KF_MEMORY_WAIT_MS); /* an answer is under way: better late than cut */
	}
	revert_creds(cred);
	if (st->error) {
		kf_stream_drop(st);
		if (st->error == -ESTALE)
			kf_count(st->srv, STREAMS_ABORTED);
	}
	st->done(st);
}

static void kf_stream_close(struct work_struct *work)
{
	struct kf_stream *st = container_of(work, struct kf_stream, work);

	atomic_dec(&st->srv->streams);
	__fput_sync(st->file);
	if (st->witness)
		kf_object_drop(st->witness);
	kfree(st);
}

/* Takes over @file and @witness when it succeeds. */
struct kf_stream *kf_stream_new(struct kf_server *srv, struct file *file,
				const struct kf_attr *attr, struct kf_object *witness)
{
	struct kf_stream *st = kzalloc(sizeof(*st), GFP_KERNEL | __GFP_NOWARN);

	if (!st)
		return NULL;
	atomic_inc(&srv->streams);
	st->srv = srv;
	st->file = file;
	st->attr = *attr;
	st->end = attr->size;
	st->witness = witness;
	return st;
}

bool kf_stream_window(struct kf_stream *st, u64 first, u64 length)
{
	if (st->bytes && st->pos == first + st->bytes && st->end == first + length)
		return true;
	st->pos = first;
	st->end = first + length;
	return false;
}

void kf_stream_next(struct kf_stream *st, void (*done)(struct kf_stream *st), void *arg)
{
	st->done = done;
	st->arg = arg;
	INIT_WORK(&st->work, kf_stream_work);
	queue_work(st->srv->wq, &st->work);
}

void kf_stream_free(struct kf_stream *st)
{
	kf_stream_drop(st);
	INIT_WORK(&st->work, kf_stream_close);
	queue_work(st->srv->cache_wq, &st->work);
}
