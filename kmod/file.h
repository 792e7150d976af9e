/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The worker's side: everything about files that sleeps. The poll asks with
 * kf_lookup_start() or kf_stream_next(), goes on with other connections, and is
 * told through the callback. Runs on srv->wq.
 */
#ifndef KFRONT_FILE_H
#define KFRONT_FILE_H

#include <linux/bvec.h>
#include <linux/workqueue.h>
#include "head.h"
#include "object.h"
#include "reason.h"

struct file;
struct kf_server;
struct kf_stream;
struct kf_walk;
struct path;

/*
 * One question to the worker. Owned by the connection that asked: it may be
 * freed (kf_lookup_free()) only after @done was called.
 */
struct kf_lookup {
	struct work_struct work;
	struct kf_server *srv;
	void (*done)(struct kf_lookup *lk);	/* worker, the last thing it does with @lk */
	void *arg;				/* the asker's */
	/* result, valid once done() was called: */
	enum kf_reason reason;		/* KF_OK, or why the backend must answer */
	struct kf_object *object;	/* KF_OK and small: a reference; hashed or one-shot */
	struct kf_stream *stream;	/* KF_OK and larger than max_object_bytes: owned */
	struct kf_key key;
	char name[];			/* copy of the key's, NUL-terminated */
};

/**
 * kf_lookup_start() - have the worker look up (and read) what a key names
 * @key: copied
 *
 * Context: BH. Return: NULL with *@reason: no memory (GFP_ATOMIC | __GFP_NOWARN), or
 * too many questions wait already.
 */
struct kf_lookup *kf_lookup_start(struct kf_server *srv, const struct kf_key *key,
				  void (*done)(struct kf_lookup *lk), void *arg,
				  enum kf_reason *reason);
void kf_lookup_free(struct kf_lookup *lk);	/* drops object/stream if still set; BH */

#define KF_CHUNK_BYTES	(256 * 1024)
#define KF_CHUNK_VECS	(KF_CHUNK_BYTES / PAGE_SIZE + 1)

/*
 * A file too large for the cache, on its way to one client. Holds the open file
 * (and so its mount) for the time of transmission. The pages in bv[] are
 * references into the page cache got through ->splice_read; the poll sends them
 * by reference and calls kf_stream_next() for more once they are queued.
 */
struct kf_stream {
	struct work_struct work;
	struct kf_server *srv;
	struct file *file;
	struct kf_entity entity;
	struct kf_attr attr;		/* as captured; size and mtime must stay */
	struct kf_object *witness;	/* dies when the file is written to; NULL: not watched */
	loff_t pos;			/* next byte the worker will read */
	loff_t end;			/* behind the last byte wanted */
	/* current chunk; the worker's between kf_stream_next() and done(), else the poll's */
	int error;			/* 0; -ESTALE: the file changed; -EIO ...: abort */
	u32 nr_bv;
	u32 bytes;			/* in this chunk; may be less than KF_CHUNK_BYTES */
	struct bio_vec bv[KF_CHUNK_VECS];
	void (*done)(struct kf_stream *st);
	void *arg;
};

/**
 * kf_stream_window() - which part of the file is wanted
 *
 * BH, no fetch under way, nothing sent yet. Return: true when the chunk at hand is the
 * beginning of that part; else it is still to be fetched.
 */
bool kf_stream_window(struct kf_stream *st, u64 first, u64 length);

/**
 * kf_stream_next() - release the current chunk and fetch the next
 *
 * Validity (size, mtime, still not mapped writable) is checked before and after
 * each read. The very last byte wanted is a chunk of its own, copied into a
 * page of ours: the poll asks for it only when everything before it has been
 * acknowledged, so a client that gets the last byte has a file that did not
 * change on the way.
 * Context: BH. Cannot fail; the result comes with done().
 */
void kf_stream_next(struct kf_stream *st, void (*done)(struct kf_stream *st), void *arg);
/* BH; never while a fetch is under way. The worker closes the file. */
void kf_stream_free(struct kf_stream *st);

/**
 * kf_docroot_check() - can the files be reached at all?
 *
 * At insmod: does every directory on the way to docroot let srv->cred search it, is
 * it a directory? Needs only srv->docroot and ->cred. Process context.
 * Return: 0, or errno after one clear line in the log naming the directory.
 */
int kf_docroot_check(struct kf_server *srv);

/* Roots in hosts that cannot be reached: a line in the log each, no error. Process context. */
void kf_roots_check(struct kf_server *srv);

/* Between file.c and stream.c, worker only. */
int kf_attr_get(struct file *file, struct kf_attr *attr);
bool kf_file_mapped(struct file *file);		/* somebody may store into it without telling */
int kf_file_read(struct file *file, u64 pos, struct bio_vec *bv, u32 nr, u64 bytes);
struct kf_stream *kf_stream_new(struct kf_server *srv, struct file *file,
				const struct kf_attr *attr, struct kf_object *witness);

/* sibling.c, worker only: see there. */
enum kf_reason kf_sibling_open(struct kf_walk *w, u8 accepts, struct file **file,
			       enum kf_coding *coding);
struct file *kf_file_open(const struct path *path);

#endif /* KFRONT_FILE_H */
