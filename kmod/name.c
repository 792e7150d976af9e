// SPDX-License-Identifier: GPL-2.0-only
/*
 * May a file be served, as far as its name tells?
 *
 * mod_mime splits a name at its dots. What stands before the first dot is the
 * base name and means nothing; each later part is looked up, case folded, and
 * may set the media type (the last one that knows a type wins), a language, a
 * charset, an encoding, a handler or a filter. Parts it does not know ("min",
 * "1", "bak") change nothing.
 *
 * So: the last part must be in the allow-list, which makes its type the type.
 * Parts in the middle may be unknown to Apache or known as types (foo.tar.html
 * is text/html), but nothing that Debian's mime.conf or a usual configuration
 * of a scripting language could have given another meaning.
 */
#include <linux/kernel.h>
#include "route.h"
#include "text.h"

/*
 * Sorted, for the bisection: handlers and filters that are in use, and every
 * AddLanguage and AddCharset of Debian's mime.conf (a unit test compares).
 */
static const char * const kf_claimed[] = {
	"action", "af", "amh", "ar", "ara", "arabic", "arb", "ascii", "asis", "az", "b5", "bash",
	"be", "bg", "big5", "bn", "br", "brf", "bs", "ca", "cen", "cfc", "cfm", "cfml", "cgi",
	"cis", "cn-big5", "cp-1251", "cp866", "cs", "csh", "cy", "cyr", "cz", "da", "de", "dk",
	"dll", "do", "dz", "el", "en", "eo", "erb", "es", "esp", "et", "eu", "euc-cn", "euc-gb",
	"euc-jp", "euc-kr", "euc-tw", "exe", "fa", "fcgi", "fi", "fpl", "fr", "ga", "gb",
	"gb2312", "glg", "greek", "grk", "gu", "he", "heb", "hebrew", "hi", "hr", "hu", "hy",
	"id", "imap", "inc", "is", "iso-10646-ucs-2", "iso-10646-ucs-4", "iso-ru", "iso2022-cn",
	"iso2022-jp", "iso2022-kr", "iso8859-1", "iso8859-10", "iso8859-13", "iso8859-14",
	"iso8859-15", "iso8859-16", "iso8859-2", "iso8859-3", "iso8859-4", "iso8859-5",
	"iso8859-6", "iso8859-7", "iso8859-8", "iso8859-9", "it", "ja", "jhtml", "jis", "ka",
	"kis", "kk", "km", "kn", "ko", "koi8", "koi8-e", "koi8-r", "koi8-ru", "koi8-u",
	"koi8-uk", "ksh", "ku", "latin1", "latin10", "latin2", "latin3", "latin4", "latin5",
	"latin6", "latin8", "latin9", "lo", "lt", "ltz", "lua", "lv", "map", "meta", "mg", "mk",
	"ml", "mr", "msa", "ne", "nl", "nn", "no", "nob", "pa", "pl", "plx", "pm", "po", "psgi",
	"pt", "pt-br", "py", "pyc", "pyo", "rb", "rbw", "rhtml", "ro", "rpy", "ru", "sa", "se",
	"sh", "shift_jis", "sht", "shtm", "shtml", "si", "sjis", "sk", "sl", "sq", "sr", "ssi",
	"stm", "sv", "ta", "tcl", "te", "th", "tl", "tr", "trk", "ua", "ucs-2", "ucs-4", "ucs2",
	"ucs4", "uk", "ur", "us-ascii", "utf16", "utf16be", "utf16le", "utf32", "utf32be",
	"utf32le", "utf7", "utf8", "var", "vi", "win-1251", "wo", "wsgi", "xh", "zh", "zh-cn",
	"zh-tw",
};

/*
 * Encodings, sorted: media types in Debian's mime.conf, but its comments suggest
 * AddEncoding. As the last part they are served if configured; in the middle
 * they would mean "this HTML is compressed".
 */
static const char * const kf_encodings[] = {
	"b64", "base64", "br", "bz", "bz2", "deflate", "gz", "gzip", "lz", "lz4", "lzma", "svgz",
	"tbz", "tbz2", "tgz", "txz", "uu", "uue", "xz", "z", "zst", "zstd",
};

/* Whatever begins with these: php, php5, phps, phtml, aspx, jspx, ... */
static const char * const kf_claimed_prefixes[] = {
	"php", "pht", "phar", "asp", "ashx", "asmx", "asax", "ascx", "jsp", "jsf", "jws",
};

/* Compare a part of a name with a lower-case text: <0, 0, >0 as strcmp() of the folded part. */
static int kf_part_cmp(const char *part, u32 len, const char *text)
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

bool kf_part_is_claimed(const char *part, u32 len)
{
	u32 i;

	if (len && kf_lower(part[0]) <= '9')	/* a version number: none begins so */
		return false;
	for (i = 0; i < ARRAY_SIZE(kf_claimed_prefixes); i++) {
		u32 n = strlen(kf_claimed_prefixes[i]);

		if (len >= n && kf_same_nocase(part, kf_claimed_prefixes[i], n))
			return true;
	}
	return kf_part_in(part, len, kf_claimed, ARRAY_SIZE(kf_claimed));
}

enum kf_reason kf_name_check(const struct kf_policy *p, const char *name, u32 len,
			     const struct kf_type **type)
{
	u32 i, start, first, last;

	if (!len)
		return KF_R_TYPE;
	if (name[0] == '.')
		return KF_R_DOTFILE;
	for (first = 0; first < len && name[first] != '.'; first++)
		;
	for (last = len; last > first && name[last - 1] != '.'; last--)
		;
	/* name[first] is the first dot, name[last - 1] the last one */
	if (first == len || last == len)
		return KF_R_TYPE;
	*type = kf_policy_type(p, name + last, len - last);
	if (!*type)
		return KF_R_TYPE;

	for (start = first + 1; start < last; start = i + 1) {
		for (i = start; name[i] != '.'; i++)
			;
		if (kf_part_is_claimed(name + start, i - start) ||
		    kf_part_in(name + start, i - start, kf_encodings, ARRAY_SIZE(kf_encodings)))
			return KF_R_HANDLER;
	}
	return KF_OK;
}
