/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mime.types file, read as Apache's mod_mime reads it.
 */
#ifndef KFRONT_MIMETYPES_H
#define KFRONT_MIMETYPES_H

#include "parse.h"

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
