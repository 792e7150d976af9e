/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What suffixes mean to Apache's mod_mime: the file mime.types, read as it reads
 * it, and Debian's mime.conf.
 */
#ifndef KFRONT_MIMETYPES_H
#define KFRONT_MIMETYPES_H

#include "parse.h"

/* What mime.conf says about one suffix; all in lower case, as mod_mime keeps it. */
struct kf_mimeconf {
	const char *ext;	/* no dot */
	const char *type;	/* AddType; "": RemoveType; NULL: mime.types decides */
	const char *language;	/* AddLanguage; NULL: none */
	const char *charset;	/* AddCharset; NULL: none */
	bool claimed;		/* a handler, filter or encoding: no plain file */
};

/* Debian's, sorted by suffix: mimeconf.c, made by scripts/mime-table. */
extern const struct kf_mimeconf kf_mimeconf[];
extern const u32 kf_mimeconf_n;

/* What mime.conf says about a part of a name; case does not count. NULL: nothing. */
const struct kf_mimeconf *kf_mimeconf_find(const char *part, u32 len);

/* Compare a part of a name with a lower-case text: <0, 0, >0 as strcmp() of the folded part. */
int kf_part_cmp(const char *part, u32 len, const char *text);

/* Can the text be read as Apache would read it? False: quoting, continued lines, not a text. */
bool kf_mime_check(const char *text, size_t len);

/**
 * kf_mime_next() - the next pair of type and suffix in the text
 * @pos: offset into @text, 0 at first; advanced
 * @mime: in and out: the type of the line that @pos stands in
 * @ext: set to a suffix of that type
 *
 * Return: false at the end of the text.
 */
bool kf_mime_next(const char *text, size_t len, size_t *pos, struct kf_str *mime,
		  struct kf_str *ext);

/* May a file of this media type be served as it is? Some are names of handlers. */
bool kf_mime_is_plain(const struct kf_str *mime);

/* Does Debian's deflate.conf have this type compressed? */
bool kf_mime_is_deflated(const struct kf_str *mime);

#endif /* KFRONT_MIMETYPES_H */
