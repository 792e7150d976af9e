// SPDX-License-Identifier: GPL-2.0-only
/*
 * What may be ours, said a second time and in another way: regular expressions
 * over the whole head. Slow, and written without looking at parse.c; where the
 * two disagree, one of them is wrong.
 */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "strict.h"

#define N(list) (sizeof(list) / sizeof((list)[0]))
#define PCT "%[0-9A-Fa-f][0-9A-Fa-f]"
#define SEG "([A-Za-z0-9~!$&'()*+,;=:@_-]|" PCT ")([A-Za-z0-9~!$&'()*+,;=:@._-]|" PCT ")*"
#define QUERY "(\\?([]A-Za-z0-9~!$&'()*+,;=:@._/?[\\^`{|}-]|" PCT ")*)?"
#define NAME "([A-Za-z0-9_-]+\\.)*[A-Za-z0-9_-]+\\.?"
#define V6 "\\[[0-9a-fA-F:]+\\]"
#define PORT "(:[0-9]{1,5})?"

static bool matches(const char *text, const char *pattern, int flags)
{
	regex_t re;
	bool ret;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB | flags))
		abort();
	ret = !regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return ret;
}

static regex_t shape, forbidden;
static bool compiled;

static void compile(void)
{
	if (compiled)
		return;
	compiled = true;
	if (regcomp(&shape,
		    "^(GET|HEAD) (/|(/" SEG ")+/?)" QUERY " HTTP/1\\.[01]\r\n"
		    "([]A-Za-z0-9!#$%&'*+.^_`|~-]+:[^\x01-\x08\x0a-\x1f\x7f]*\r\n)*\r\n$",
		    REG_EXTENDED | REG_NOSUB) ||
	    regcomp(&forbidden,
		    "\n(content-length|transfer-encoding|trailer|expect|upgrade|te|http2-settings|"
		    "(proxy-)?authorization|request-range):",
		    REG_EXTENDED | REG_NOSUB | REG_ICASE))
		abort();
}

/* How many lines have this name; the last one's value, trimmed, in @value. */
static int find(const char *head, const char *name, char *value, size_t room)
{
	const char *line = strstr(head, "\r\n");
	size_t n = strlen(name);
	int found = 0;

	for (; line && line[2]; line = strstr(line + 2, "\r\n")) {
		const char *p = line + 2, *end;

		if (strncasecmp(p, name, n) || p[n] != ':')
			continue;
		found++;
		p += n + 1;
		end = strstr(p, "\r\n");
		p += strspn(p, " \t");
		while (end > p && strchr(" \t", end[-1]))
			end--;
		snprintf(value, room, "%.*s", (int)(end > p ? end - p : 0), p);
	}
	return found;
}

bool strict_accepts(const char *head, size_t len)
{
	static const char * const once[] = {
		"host", "connection", "user-agent", "if-none-match", "if-modified-since",
		"accept-encoding", "if-match", "if-unmodified-since", "range", "if-range",
	};
	char text[8192], value[8192];
	size_t i;

	compile();
	if (len >= sizeof(text) || memchr(head, 0, len))
		return false;
	memcpy(text, head, len);
	text[len] = '\0';
	if (regexec(&shape, text, 0, NULL, 0) || !regexec(&forbidden, text, 0, NULL, 0))
		return false;
	for (i = 0; i < N(once); i++)
		if (find(text, once[i], value, sizeof(value)) > 1)
			return false;
	i = find(text, "host", value, sizeof(value));
	if (!i && !strncmp(strstr(text, "\r\n") - 3, "1.1", 3))
		return false;
	if (i && !matches(value, "^(" NAME "|" V6 ")" PORT "$", 0))
		return false;
	if (find(text, "connection", value, sizeof(value)) &&
	    !matches(value, "^(close|keep-alive)([ \t]*,[ \t]*(close|keep-alive))*$", REG_ICASE))
		return false;
	if (find(text, "user-agent", value, sizeof(value)) &&
	    matches(value, "Mozilla/2|MSIE 4\\.0b2;|RealPlayer 4\\.0|(Java|JDK)/1\\.0", 0))
		return false;
	return true;
}

bool strict_path(const char *path, size_t len, char *file)
{
	char raw[8192], text[8192], *out = text;
	const char *p = raw;
	unsigned int c;

	if (len >= sizeof(raw))
		return false;
	memcpy(raw, path, len);
	raw[len] = '\0';
	if (matches(raw, "%00|%2f", REG_ICASE))
		return false;
	while (*p) {
		c = (unsigned char)*p++;
		if (c == '%') {
			if (sscanf(p, "%2x", &c) != 1)
				return false;
			p += 2;
		}
		*out++ = c;
	}
	*out = '\0';
	if (out - text > 1024 || !matches(text, "^(/[^/.][^/]*)*/?$", 0) ||
	    matches(text, "[\x01-\x1f\x7f]", 0))
		return false;
	strcpy(file, text);
	return true;
}

/*
 * What a handler, filter or encoding of a usual configuration could claim, after
 * the first dot and before another; behind the type only what mime.conf has for
 * a language or charset, and of languages one.
 */
#define CLAIMED "\\.(ph(p|t|ar)[^.]*|aspx?|jspx?|pl|py|f?cgi|rb|lua|shtml|var|asis|inc|gz|z|tgz|bz2|br)\\."
#define LANGUAGES "(amh|ara|b[egns]|c[asyz]|d[aekz]|e[lnostu]|f[air]|ga|glg|gu|h[eiruy]|i[dst]|ja|" \
	"k[akmnou]|l[otv]|ltz|m[gklr]|msa|n[elno]|nob|p[aot]|pt-br|r[ou]|s[aekilqrv]|t[aehlr]|u[kr]|" \
	"vi|wo|xh|zh-(cn|tw))"
#define CHARSETS "((us-)?ascii|iso8859-[0-9]+|iso-(ru|10646-ucs-[24])|iso2022-(cn|jp|kr)|latin[0-9]+|cen|cyr|" \
	"arb|arabic|grk|greek|heb|hebrew|trk|jis|kis|cis|(cn-)?big5|b5|(cp|win)-1251|cp866|" \
	"koi8(-(e|r|ru|u|uk))?|ua|ucs-?[24]|utf(7|8|(16|32)(be|le)?)|euc-(cn|gb|jp|kr|tw)|gb|gb2312|" \
	"shift_jis|sjis|brf)"
#define TYPES                                                                                       \
	"html?|css|m?js|json|txt|xml|svg|png|jpe?g|gif|webp|avif|ico|bmp|tiff?|woff2?|ttf|otf|"     \
	"eot|pdf|epub|mp[34]|m4[av]|mov|webm|og[gav]|opus|flac|wav|zip|bz2|xz|7z|tar|wasm|csv|rss|" \
	"atom|webmanifest"

bool strict_accepts_name(const char *name, size_t len)
{
	const char *dot;
	char text[1100];

	if (len >= sizeof(text) || memchr(name, 0, len))
		return false;
	memcpy(text, name, len);
	text[len] = '\0';
	dot = strchr(text, '.');
	return text[0] != '.' && dot &&
	       matches(text, "\\.(" TYPES ")(\\.|\\." LANGUAGES "|\\." CHARSETS ")*$", REG_ICASE) &&
	       text[len - 1] != '.' && !matches(dot, CLAIMED, REG_ICASE) &&
	       !matches(dot, "\\." LANGUAGES "\\.(.*\\.)?" LANGUAGES "(\\.|$)", REG_ICASE);
}
