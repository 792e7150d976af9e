// SPDX-License-Identifier: GPL-2.0-only
/*
 * May a file be served, as far as its name tells, and as what?
 *
 * mod_mime splits a name at its dots. What stands before the first dot is the
 * base name and means nothing; each later part is looked up, case folded, from
 * left to right, and may set the media type (the last one that knows a type
 * wins), a charset (likewise), add a language, an encoding, a handler or a
 * filter. Parts it does not know ("min", "1") change nothing, wherever they stand.
 *
 * So: the part that decides the type must be in the allow-list. Before it may
 * stand parts that are unknown to Apache or known as types (foo.tar.html is
 * text/html), around it languages and charsets of Debian's mime.conf, but nothing
 * that mime.conf or a usual configuration of a scripting language could have
 * given another meaning. What comes behind it and is neither language nor charset
 * leaves the file to the backend, known or not: nobody allow-listed a.html.old.
 */
#include <linux/kernel.h>
#include "mimetypes.h"
#include "part.h"
#include "route.h"
#include "text.h"

/*
 * Sorted, for the bisection: handlers and filters that are in use, beside those
 * of mime.conf itself.
 */
static const char * const kf_claimed[] = {
	"action", "asis", "bash", "cfc", "cfm", "cfml", "cgi", "csh", "dll", "do", "erb", "exe",
	"fcgi", "fpl", "imap", "inc", "jhtml", "ksh", "lua", "map", "meta", "pl", "plx", "pm",
	"psgi", "py", "pyc", "pyo", "rb", "rbw", "rhtml", "rpy", "sh", "sht", "shtm", "shtml",
	"ssi", "stm", "tcl", "wsgi",
};

/*
 * Encodings, sorted: media types in Debian's mime.conf, but its comments suggest
 * AddEncoding. As the last part they are served if configured; before another
 * they would mean "this HTML is compressed". br is Breton to mime.conf, and
 * Brotli to everybody else.
 */
static const char * const kf_encodings[] = {
	"b64", "base64", "br", "bz", "bz2", "deflate", "gz", "gzip", "lz", "lz4", "lzma", "svgz",
	"tbz", "tbz2", "tgz", "txz", "uu", "uue", "xz", "z", "zst", "zstd",
};

/* Whatever begins with these: php, php5, phps, phtml, aspx, jspx, ... */
static const struct kf_str kf_claimed_prefixes[] = {
	{ "php", 3 }, { "pht", 3 }, { "phar", 4 }, { "asp", 3 }, { "ashx", 4 }, { "asmx", 4 },
	{ "asax", 4 }, { "ascx", 4 }, { "jsp", 3 }, { "jsf", 3 }, { "jws", 3 },
};

static bool kf_part_in(const char *part, u32 len, const char * const *list, u32 n)
{
	u32 low = 0;

	while (low < n) {
		u32 mid = low + (n - low) / 2;
		int d = kf_part_cmp(part, len, list[mid]);

		if (!d)
			return true;
		if (d < 0)
			n = mid;
		else
			low = mid + 1;
	}
	return false;
}

static bool kf_part_begins_claimed(const char *part, u32 len)
{
	char first = kf_lower(part[0]);
	u32 i;

	if (first != 'p' && first != 'a' && first != 'j')
		return false;
	for (i = 0; i < ARRAY_SIZE(kf_claimed_prefixes); i++) {
		const struct kf_str *s = &kf_claimed_prefixes[i];

		if (len >= s->len && first == s->p[0] && kf_same_nocase(part, s->p, s->len))
			return true;
	}
	return false;
}

bool kf_part_is_claimed(const char *part, u32 len)
{
	const struct kf_mimeconf *conf;

	if (len && kf_lower(part[0]) <= '9')	/* a version number: none begins so */
		return false;
	if (kf_part_begins_claimed(part, len))
		return true;
	conf = kf_mimeconf_find(part, len);
	return (conf && conf->claimed) || kf_part_in(part, len, kf_claimed, ARRAY_SIZE(kf_claimed));
}

bool kf_part_is_encoding(const char *part, u32 len)
{
	return kf_part_in(part, len, kf_encodings, ARRAY_SIZE(kf_encodings));
}

const char *kf_part_listed(u32 i)
{
	if (i < ARRAY_SIZE(kf_claimed))
		return kf_claimed[i];
	i -= ARRAY_SIZE(kf_claimed);
	return i < ARRAY_SIZE(kf_encodings) ? kf_encodings[i] : NULL;
}

/* What the parts so far have said. */
struct kf_name_state {
	bool typed;	/* by the allow-list, and nothing behind it says otherwise */
	bool claimed;
};

static void kf_set(struct kf_str *s, const char *text)
{
	s->p = text;
	s->len = strlen(text);
}

/* The next part, not empty; @last: none follows. */
static void kf_name_part(const struct kf_policy *p, const char *part, u32 len, bool last,
			 struct kf_name_state *st, struct kf_media *media)
{
	const struct kf_part *known = NULL;

	if (len <= KF_EXT_MAX)		/* longer ones are in no list */
		known = kf_policy_part(p, part, len);
	if (!known) {			/* php... may go on for ever */
		st->claimed |= kf_part_begins_claimed(part, len);
		st->typed = false;
		return;
	}
	/* What is served is not claimed: kf_policy_build() has asked. */
	if (known->type ? known->encoding && !last : known->claimed || known->encoding) {
		st->claimed = true;
		st->typed = false;
		return;
	}
	if (known->type) {
		st->typed = true;
		media->type = known->type->mime;
		media->deflate = known->type->deflate;
	} else if (!known->neutral) {
		st->typed = false;
	}
	if (!known->conf)
		return;
	if (known->conf->language) {
		if (media->language.len)	/* several: their order is a list of its own */
			st->claimed = true;
		kf_set(&media->language, known->conf->language);
	}
	if (known->conf->charset)
		kf_set(&media->charset, known->conf->charset);
}

enum kf_reason kf_name_check(const struct kf_policy *p, const char *name, u32 len,
			     struct kf_media *media)
{
	const char *end = name + len, *part, *next;
	struct kf_name_state st = { };

	media->type.len = 0;	/* where len is 0, p means nothing */
	media->charset.len = 0;
	media->language.len = 0;
	media->deflate = false;
	if (!len || len > KF_NAME_MAX)		/* no file system has the latter */
		return KF_R_TYPE;
	if (name[0] == '.')
		return KF_R_DOTFILE;
	if (name[len - 1] == '.')	/* Apache overlooks it; nobody allow-listed that */
		return KF_R_TYPE;
	for (next = name; next < end && *next != '.'; next++)
		;
	while (next < end) {	/* at a dot, which is not the last byte */
		part = ++next;
		while (next < end && *next != '.')
			next++;
		if (next > part)	/* "a..html" is "a.html" */
			kf_name_part(p, part, next - part, next == end, &st, media);
	}
	if (!st.typed)
		return KF_R_TYPE;
	return st.claimed ? KF_R_HANDLER : KF_OK;
}
