/* SPDX-License-Identifier: GPL-2.0-only */
/* A body's gzip form, made by the kernel's zlib: see gzip.c. */
#ifndef KFRONT_GZIP_H
#define KFRONT_GZIP_H

#include <linux/types.h>

struct kf_body;
struct kf_server;

/**
 * kf_gzip() - the gzip form of a body
 * @plain: what is to be compressed; stays the caller's
 * @size: its bytes
 * @length: set to the bytes of the result
 *
 * Context: process, in a worker; waits for others who do the same.
 * Return: a body of its own, ERR_PTR(-ENOMEM), or ERR_PTR(-EBUSY): too many wait.
 */
struct kf_body *kf_gzip(struct kf_server *srv, struct kf_body *plain, u64 size, u64 *length);

#endif /* KFRONT_GZIP_H */
