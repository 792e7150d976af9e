/* SPDX-License-Identifier: GPL-2.0-only */
/* A body's gzip form, made by the kernel's zlib: see gzip.c. */
#ifndef KFRONT_GZIP_H
#define KFRONT_GZIP_H

#include <linux/types.h>

struct kf_body;
struct kf_server;

/**
 * kf_gzip_begin() - one worker at a time compresses
 *
 * Waits for the others. Return: false when too many do so already; else kf_gzip_end().
 */
bool kf_gzip_begin(struct kf_server *srv);
void kf_gzip_end(struct kf_server *srv);

/**
 * kf_gzip() - the gzip form of a body
 * @plain: what is to be compressed; stays the caller's
 * @size: its bytes
 * @length: set to the bytes of the result
 *
 * Between kf_gzip_begin() and kf_gzip_end(). Context: process, in a worker.
 * Return: a body of its own, or NULL: no memory.
 */
struct kf_body *kf_gzip(struct kf_server *srv, struct kf_body *plain, u64 size, u64 *length);

#endif /* KFRONT_GZIP_H */
