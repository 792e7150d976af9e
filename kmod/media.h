/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a file is to HTTP: its media type and what goes with it, the codings its
 * bytes can have, and the version the file system says it is. Pure.
 */
#ifndef KFRONT_MEDIA_H
#define KFRONT_MEDIA_H

#include "parse.h"

/* What a file's name says about its content, as mod_mime sees it. Points into the policy. */
struct kf_media {
	struct kf_str type;	/* media type; at most KF_MIME_MAX bytes */
	struct kf_str charset;	/* len 0: none */
	struct kf_str language;	/* of Content-Language; len 0: none */
	bool deflate;		/* Debian's deflate.conf compresses this type */
};

/* Content-Encoding of the bytes that a kf_entity is about. */
enum kf_coding {
	KF_IDENTITY,
	KF_GZIP,		/* made by us, as mod_deflate would */
	KF_PRE_GZIP,		/* the file's sibling NAME.gz */
	KF_PRE_ZSTD,		/* NAME.zst */
	KF_PRE_BR,		/* NAME.br */
};

/* A set of them. */
#define KF_CODING(coding)	(1U << (coding))

/* One version of a file, as the file system tells it: what Apache's ETag is made of. */
struct kf_version {
	u64 size;		/* bytes */
	s64 mtime_sec;
	u32 mtime_nsec;
};

#endif /* KFRONT_MEDIA_H */
