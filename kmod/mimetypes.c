// SPDX-License-Identifier: GPL-2.0-only
/*
 * What suffixes mean.
 *
 * The mime.types file: a line is a media type and the suffixes it has, separated
 * by white space; a line that begins with '#' is a comment. A suffix that occurs
 * twice has the type that comes last. Apache's reader also knows quoting and
 * lines continued by a backslash: a file that uses them is refused rather than
 * read otherwise than Apache does.
 */
#include <linux/kernel.h>
#include "mimetypes.h"
#include "policy.h"
#include "text.h"

int kf_part_cmp(const char *part, u32 len, const char *text)
{
	u32 i;

	for (i = 0; i < len; i++) {
		int d = (u8)kf_lower(part[i]) - (u8)text[i];

		if (d)
			return d;	/* at the end of @text, too */
		if (!text[i])	/* a NUL in the name */
			return 1;
	}
	return text[len] ? -1 : 0;
}

const struct kf_mimeconf *kf_mimeconf_find(const char *part, u32 len)
{
	u32 low = 0, high = kf_mimeconf_n;

	while (low < high) {
		u32 mid = low + (high - low) / 2;
		int d = kf_part_cmp(part, len, kf_mimeconf[mid].ext);

		if (!d)
			return &kf_mimeconf[mid];
		if (d < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

static bool kf_mime_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* One line without its newline. A comment is not looked into, but it can be continued, too. */
static bool kf_mime_line_ok(const char *p, size_t len)
{
	bool comment = false, seen = false;
	size_t i;

	for (i = 0; i < len; i++) {
		if (kf_is(p[i], KF_CC_CTL) && p[i] != '\t' && p[i] != '\r')
			return false;
		if (!seen && !kf_mime_blank(p[i])) {
			seen = true;
			comment = p[i] == '#';
		}
		if (!comment && (p[i] == '\\' || p[i] == '"' || p[i] == '\''))
			return false;
	}
	while (len && kf_mime_blank(p[len - 1]))
		len--;
	return !len || p[len - 1] != '\\';
}

bool kf_mime_check(const char *text, size_t len)
{
	size_t start = 0;
	size_t i;

	for (i = 0; i <= len; i++) {
		if (i < len && text[i] != '\n')
			continue;
		/* Apache cuts longer lines (its MAX_STRING_LEN) */
		if (i - start > 8000 || !kf_mime_line_ok(text + start, i - start))
			return false;
		start = i + 1;
	}
	return true;
}

bool kf_mime_next(const char *text, size_t len, size_t *pos, struct kf_str *mime,
		  struct kf_str *ext)
{
	size_t i = *pos, start;

	while (i < len) {
		if (text[i] == '\n') {
			mime->p = NULL;
			i++;
			continue;
		}
		if (kf_mime_blank(text[i])) {
			i++;
			continue;
		}
		if (!mime->p && text[i] == '#') {
			while (i < len && text[i] != '\n')
				i++;
			continue;
		}
		start = i;
		while (i < len && text[i] != '\n' && !kf_mime_blank(text[i]))
			i++;
		if (!mime->p) {
			mime->p = text + start;
			mime->len = i - start;
			continue;
		}
		ext->p = text + start;
		ext->len = i - start;
		*pos = i;
		return true;
	}
	*pos = len;
	return false;
}

/*
 * A type with one slash and nothing but token characters, and none that Apache
 * takes for the name of a handler: where no handler is set it looks for one by
 * the media type (application/x-httpd-cgi, httpd/send-as-is, ...).
 */
bool kf_mime_is_plain(const struct kf_str *mime)
{
	static const struct kf_str handlers[] = {
		{ "application/x-httpd-", 20 }, { "application/x-type-map", 22 },
		{ "text/x-server-parsed-html", 25 }, { "httpd/", 6 }, { "magnus-internal/", 16 },
	};
	u32 slash = 0;
	u32 i;

	for (i = 0; i < mime->len; i++) {
		if (mime->p[i] == '/')
			slash = slash ? mime->len : i;	/* a second one: fails below */
		else if (!kf_is(mime->p[i], KF_CC_TOKEN) || kf_lower(mime->p[i]) != mime->p[i])
			return false;
	}
	if (!slash || slash + 1 >= mime->len || mime->len > KF_MIME_MAX)
		return false;
	for (i = 0; i < ARRAY_SIZE(handlers); i++)
		if (mime->len >= handlers[i].len &&
		    !memcmp(mime->p, handlers[i].p, handlers[i].len))
			return false;
	return true;
}

bool kf_mime_is_deflated(const struct kf_str *mime)
{
	static const char * const deflated[] = {
		"text/html", "text/plain", "text/xml", "text/css", "text/javascript",
		"application/x-javascript", "application/javascript", "application/ecmascript",
		"application/rss+xml", "application/wasm", "application/xml",
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(deflated); i++)
		if (strlen(deflated[i]) == mime->len && !memcmp(deflated[i], mime->p, mime->len))
			return true;
	return false;
}
