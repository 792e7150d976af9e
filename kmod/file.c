// SPDX-License-Identifier: GPL-2.0-only
/*
 * The worker that turns a URL path into an object or a stream: look the name up
 * (walk.c), open, capture the attributes, copy the bytes once into pages of ours,
 * compare the attributes, publish. On srv->wq; nothing locked but the turn to compress
 * (gzip.c); may sleep for as long as the file system does.
 *
 * Whether the result is kept: only if everything that could change it afterwards
 * either sends an event or shows in the inode (walk.c: "trusted"), and if the file
 * is old enough and nobody has it open for writing. Time stamps have the grain of a
 * clock tick, in places of a second: a file written to within the last second may be
 * written to again without showing it ("racily clean" in git). And a write stamps the
 * file when it begins, however long it takes. Such a file is read for one answer and
 * not kept; if it is to be streamed, the backend does it.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iversion.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/timekeeping.h>
#include <linux/uio.h>
#include "cache.h"
#include "compat/vfs.h"
#include "file.h"
#include "gzip.h"
#include "server.h"
#include "walk.h"

#define KF_LOOKUPS_WAITING	1024	/* questions that may wait for a worker at once */
#define KF_LOOKUP_TRIES		3	/* when something changes under our hands */
#define KF_OLD_ENOUGH_NS	NSEC_PER_SEC

/* What the file system says now, whoever it has to ask. */
int kf_attr_get(struct file *file, struct kf_attr *attr)
{
	struct inode *inode = file_inode(file);
	struct kstat stat;
	int err;

	err = vfs_getattr(&file->f_path, &stat, STATX_BASIC_STATS, AT_STATX_SYNC_AS_STAT);
	if (err)
		return err;
	attr->size = stat.size;
	attr->mtime_sec = stat.mtime.tv_sec;
	attr->mtime_nsec = stat.mtime.tv_nsec;
	attr->ctime_sec = stat.ctime.tv_sec;
	attr->ctime_nsec = stat.ctime.tv_nsec;
	/* To ask is what makes the next change count. */
	attr->iversion = IS_I_VERSION(inode) ? inode_query_iversion(inode) : 0;
	return 0;
}

bool kf_file_mapped(struct file *file)
{
	return mapping_writably_mapped(file->f_mapping) ||
	       mapping_writably_mapped(d_real_inode(file->f_path.dentry)->i_mapping);
}

static int kf_copy_buf(struct pipe_inode_info *pipe, struct pipe_buffer *buf,
		       struct splice_desc *sd)
{
	struct iov_iter *to = sd->u.data;

	return copy_page_to_iter(buf->page, buf->offset, sd->len, to);
}

static int kf_copy_pipe(struct pipe_inode_info *pipe, struct splice_desc *sd)
{
	return __splice_from_pipe(pipe, sd, kf_copy_buf);
}

/**
 * kf_file_read() - copy a part of a file into pages of ours
 * @file: has ->splice_read and is seekable
 * @pos: the first byte wanted; the caller has checked the range
 * @bv: where to
 * @nr: entries in @bv
 * @bytes: how many
 *
 * Return: 0, -ESTALE: the file ended before, or an errno.
 */
int kf_file_read(struct file *file, u64 pos, struct bio_vec *bv, u32 nr, u64 bytes)
{
	struct iov_iter to;

	iov_iter_bvec(&to, ITER_DEST, bv, nr, bytes);
	while (iov_iter_count(&to)) {
		struct splice_desc sd = {
			.total_len = min_t(u64, iov_iter_count(&to), SZ_1M),
			.pos = pos,
			.u.data = &to,
		};
		ssize_t n = splice_direct_to_actor(file, &sd, kf_copy_pipe);

		if (n <= 0)
			return n ?: -ESTALE;
		pos += n;
		cond_resched();
	}
	return 0;
}

/* With current_cred(). Return: the file or an ERR_PTR. */
struct file *kf_file_open(const struct path *path)
{
	int flags = O_RDONLY | O_NOATIME | O_NONBLOCK | O_LARGEFILE;
	struct file *file = dentry_open(path, flags, current_cred());

	/* Only path walks ask whose file it is before they grant O_NOATIME, but a
	 * security module may.
	 */
	if (file == ERR_PTR(-EPERM))
		file = dentry_open(path, flags & ~O_NOATIME, current_cred());
	return file;
}

/* An object in the table that another worker has put there, or is current again. */
static bool kf_lookup_hit(struct kf_lookup *lk)
{
	struct kf_object *obj;

	rcu_read_lock();
	obj = kf_object_current(lk->srv->cache, &lk->key);
	if (obj && !kf_object_tryget(obj))
		obj = NULL;
	rcu_read_unlock();
	lk->object = obj;
	return obj;
}

/*
 * The body of an object in the table, if it is of the same version of the same file:
 * an outdated one, of which only the name is in doubt, or the file's plain form.
 */
static struct kf_body *kf_body_known(struct kf_object *obj, const struct kf_key *key,
				     struct file *file, enum kf_coding coding, u64 *length)
{
	struct kf_object *old = kf_object_peek(obj->cache, key);
	struct kf_body *body = NULL;

	if (!old)
		return NULL;
	if (old->entity.coding == coding && kf_object_pinned(old, file_inode(file)) &&
	    kf_attr_equal(&old->attr, &obj->attr)) {
		body = kf_body_get(old->body);
		*length = old->entity.size;
	}
	kf_object_drop(old);
	return body;
}

/* The bytes as the file has them; @obj->attr must still be true of it afterwards. */
static struct kf_body *kf_body_read(struct kf_object *obj, struct file *file,
				    enum kf_reason *reason)
{
	struct kf_body *body;
	struct kf_attr after;
	struct bio_vec *bv;
	u32 nr;
	int err;

	*reason = KF_R_NO_MEMORY;
	body = kf_body_new(obj->cache, obj->attr.size);
	if (!body)
		return NULL;
	bv = kf_body_vecs(body, &nr);
	err = kf_file_read(file, 0, bv, nr, obj->attr.size);
	if (!err)
		err = kf_attr_get(file, &after);
	if (!err && (!kf_attr_equal(&obj->attr, &after) || kf_file_mapped(file)))
		err = -ESTALE;
	if (err) {
		*reason = kf_walk_reason(err);
		kf_body_put(body);
		return NULL;
	}
	return body;
}

/*
 * Another object may have them: the same file asked for by clients that take other
 * codings, of which the same one was chosen.
 */
static struct kf_body *kf_body_shared(struct kf_object *obj, struct file *file, u64 *length)
{
	struct kf_key key = obj->key;
	struct kf_body *body;

	body = kf_body_known(obj, &key, file, obj->entity.coding, length);
	key.accepts = obj->entity.coding == KF_IDENTITY ? 0 : KF_CODING(obj->entity.coding);
	if (!body && key.accepts != obj->key.accepts)
		body = kf_body_known(obj, &key, file, obj->entity.coding, length);
	return body;
}

/* Compressed by us. */
static struct kf_body *kf_lookup_gzip(struct kf_object *obj, struct file *file, u64 *length,
				      enum kf_reason *reason)
{
	struct kf_server *srv = obj->cache->srv;
	struct kf_body *body = NULL, *plain;
	struct kf_key key = obj->key;
	u64 size;

	*reason = KF_R_BUSY;
	if (!kf_gzip_begin(srv))
		return NULL;
	/* Whoever was before us may have done just this. */
	body = kf_body_shared(obj, file, length);
	if (!body) {
		key.accepts = 0;
		plain = kf_body_known(obj, &key, file, KF_IDENTITY, &size);
		if (!plain)
			plain = kf_body_read(obj, file, reason);
		if (plain) {
			*reason = KF_R_NO_MEMORY;
			body = kf_gzip(srv, plain, obj->attr.size, length);
			kf_body_put(plain);
		}
	}
	kf_gzip_end(srv);
	return body;
}

/* The bytes in the form that obj->entity.coding says; @length is set to how many. */
static struct kf_body *kf_lookup_body(struct kf_object *obj, struct file *file, u64 *length,
				      enum kf_reason *reason)
{
	struct kf_body *body = kf_body_shared(obj, file, length);

	if (body)
		return body;
	if (obj->entity.coding == KF_GZIP)
		return kf_lookup_gzip(obj, file, length, reason);
	*length = obj->attr.size;
	return kf_body_read(obj, file, reason);
}

static bool kf_old_enough(const struct kf_attr *attr, const struct timespec64 *now)
{
	struct timespec64 mtime = { attr->mtime_sec, attr->mtime_nsec };
	struct timespec64 ctime = { attr->ctime_sec, attr->ctime_nsec };

	/* timespec64_to_ns() saturates, so strange times are only "young" or "old". */
	return timespec64_to_ns(now) - KF_OLD_ENOUGH_NS >= timespec64_to_ns(&ctime) &&
	       timespec64_compare(&mtime, now) <= 0 &&
	       timespec64_to_ns(now) - KF_OLD_ENOUGH_NS >= timespec64_to_ns(&mtime);
}

/* Larger than this is streamed: one object must not sweep the whole cache. */
static u64 kf_object_max(struct kf_server *srv)
{
	return min_t(u64, max(READ_ONCE(srv->set.max_object_bytes), 0),
		     kf_cache_limit(srv->cache) / 4);
}

static enum kf_reason kf_lookup_stream(struct kf_lookup *lk, struct file **file,
				       struct kf_object *obj, bool trusted)
{
	struct kf_object *witness = NULL;
	struct kf_stream *st;
	int err;

	/* Windows are memory, too, and a slow reader keeps one for long. */
	if ((u64)atomic_read(&lk->srv->streams) * KF_CHUNK_BYTES > kf_cache_limit(lk->srv->cache))
		return KF_R_BUSY;
	if (trusted) {
		witness = kf_object_new(lk->srv->cache, &lk->key);
		if (!witness)
			return KF_R_NO_MEMORY;
		err = kf_watch(witness, file_inode(*file), KF_WATCH_CONTENT, 1);
		if (err) {
			kf_object_drop(witness);
			return kf_walk_reason(err);
		}
		/* Written to between the capture and the watch? */
		if (READ_ONCE(obj->dead)) {
			kf_object_drop(witness);
			return KF_R_UNSTABLE;
		}
	}
	st = kf_stream_new(lk->srv, *file, &obj->attr, witness);
	if (!st) {
		if (witness)
			kf_object_drop(witness);
		return KF_R_NO_MEMORY;
	}
	*file = NULL;
	st->entity = obj->entity;
	lk->stream = st;
	kf_count(lk->srv, STREAMS);
	return KF_OK;
}

/* What the head says of this file, with a body of @length bytes. */
static enum kf_reason kf_lookup_entity(struct kf_object *obj, const struct kf_walk *w, u64 length,
				       const struct timespec64 *now)
{
	struct kf_version version = {
		.size = obj->attr.size,
		.mtime_sec = obj->attr.mtime_sec,
		.mtime_nsec = obj->attr.mtime_nsec,
	};
	enum kf_reason reason;

	reason = kf_entity_init(&obj->entity, &version, &w->media, obj->entity.coding, length,
				now->tv_sec, now->tv_nsec);
	obj->entity.siblings |= READ_ONCE(w->srv->set.precompressed);
	return reason;
}

/* @file is open; its name and everything on the way are watched for @obj. */
static enum kf_reason kf_lookup_file(struct kf_lookup *lk, struct kf_object *obj,
				     struct file **file, const struct kf_walk *w)
{
	struct timespec64 coarse, now;
	enum kf_reason reason = KF_OK;
	struct kf_body *body;
	struct kf_attr peek;
	bool keep, writers;
	u64 length;
	int err;

	/* The clock that stamps files, read before the capture: a later change is
	 * stamped with this or later.
	 */
	ktime_get_coarse_real_ts64(&coarse);
	ktime_get_real_ts64(&now);
	writers = inode_is_open_for_write(file_inode(*file));
	if (kf_file_mapped(*file))
		return KF_R_UNSTABLE;
	err = kf_attr_get(*file, &obj->attr);
	if (err)
		return kf_walk_reason(err);
	keep = w->trusted && !writers && kf_old_enough(&obj->attr, &coarse);
	if (obj->entity.coding == KF_IDENTITY && lk->key.accepts & KF_CODING(KF_GZIP) &&
	    kf_is_deflated(&w->media, obj->attr.size)) {
		/* Compressed for one answer only: nothing is gained, let the backend do it. */
		if (!keep)
			return KF_R_ENCODING;
		obj->entity.coding = KF_GZIP;
	}
	reason = kf_lookup_entity(obj, w, obj->attr.size, &now);
	if (reason)
		return reason;
	if (obj->attr.size > kf_object_max(lk->srv)) {
		if (obj->entity.coding == KF_GZIP)
			return KF_R_ENCODING;
		/* It would not stay as it is until the end. The backend copes. */
		if (writers || !kf_old_enough(&obj->attr, &coarse))
			return KF_R_UNSTABLE;
		return kf_lookup_stream(lk, file, obj, w->trusted);
	}

	body = kf_lookup_body(obj, *file, &length, &reason);
	if (!body)
		return reason;
	kf_object_set_body(obj, body);
	if (length != obj->attr.size)	/* the same file at the same time: it cannot fail now */
		kf_lookup_entity(obj, w, length, &now);

	obj->inode = file_inode(*file);
	kf_attr_peek(obj->inode, &peek); /* what the softirq will see */
	keep = keep && kf_attr_equal(&peek, &obj->attr);
	if (keep && READ_ONCE(obj->cache->nr_objects) >= KF_OBJECTS_MAX)
		kf_cache_make_room(obj->cache, 0);
	if (!keep || !kf_object_insert(obj)) {
		kf_unwatch(obj);
		kf_count(lk->srv, CACHE_ONE_SHOT);
	}
	refcount_inc(&obj->refs);
	lk->object = obj;
	return KF_OK;
}

static enum kf_reason kf_lookup_once(struct kf_lookup *lk)
{
	struct kf_server *srv = lk->srv;
	enum kf_coding coding = KF_IDENTITY;
	struct kf_policy_ref *policy;
	const struct cred *cred;
	enum kf_reason reason;
	struct kf_object *obj;
	struct file *file;
	struct kf_walk w;

	obj = kf_object_new(srv->cache, &lk->key);
	if (!obj)
		return KF_R_NO_MEMORY;
	policy = kf_policy_get(srv);
	w = (struct kf_walk){ .srv = srv, .obj = obj, .policy = policy->policy };

	cred = override_creds(srv->cred);
	reason = kf_walk(&w, &lk->key);
	if (reason)
		goto out;
	file = kf_file_open(&w.file);
	if (IS_ERR(file)) {
		reason = kf_walk_reason(PTR_ERR(file));
		goto out;
	}
	reason = kf_sibling_open(&w, lk->key.accepts, &file, &coding);
	obj->entity.coding = coding;
	if (!reason && !(file->f_op->splice_read && (file->f_mode & FMODE_LSEEK)))
		reason = KF_R_IO_ERROR;
	if (!reason)
		reason = kf_lookup_file(lk, obj, &file, &w);
	/* Now, not when this worker idles: until then the mount would be busy. */
	if (file)
		__fput_sync(file);
out:
	kf_walk_end(&w);
	revert_creds(cred);
	kf_policy_put(policy);
	kf_object_drop(obj);
	return reason;
}

static void kf_lookup_work(struct work_struct *work)
{
	struct kf_lookup *lk = container_of(work, struct kf_lookup, work);
	unsigned int tries = KF_LOOKUP_TRIES;

	lk->reason = KF_OK;
	if (!kf_lookup_hit(lk)) {
		do {
			lk->reason = kf_lookup_once(lk);
		} while (lk->reason == KF_R_UNSTABLE && --tries);
	}
	atomic_dec(&lk->srv->lookups);
	lk->done(lk);
}

struct kf_lookup *kf_lookup_start(struct kf_server *srv, const struct kf_key *key,
				  void (*done)(struct kf_lookup *lk), void *arg,
				  enum kf_reason *reason)
{
	struct kf_lookup *lk;

	/* The backend answers sooner than so long a queue. */
	if (atomic_inc_return(&srv->lookups) > KF_LOOKUPS_WAITING) {
		*reason = KF_R_BUSY;
		goto refuse;
	}
	lk = kzalloc(struct_size(lk, name, key->len + 1), GFP_ATOMIC | __GFP_NOWARN);
	if (!lk) {
		*reason = KF_R_NO_MEMORY;
		goto refuse;
	}
	INIT_WORK(&lk->work, kf_lookup_work);
	lk->srv = srv;
	lk->done = done;
	lk->arg = arg;
	lk->key = *key;
	lk->key.name = lk->name;
	memcpy(lk->name, key->name, key->len);
	queue_work(srv->wq, &lk->work);
	return lk;
refuse:
	atomic_dec(&srv->lookups);
	return NULL;
}

void kf_lookup_free(struct kf_lookup *lk)
{
	if (lk->object)
		kf_object_put(lk->object);
	if (lk->stream)
		kf_stream_free(lk->stream);
	kfree(lk);
}
