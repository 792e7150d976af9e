/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Characters and pieces of text, as HTTP sorts them. No locale, no allocation,
 * nothing that looks behind the length it was given.
 */
#ifndef KFRONT_TEXT_H
#define KFRONT_TEXT_H

#include <linux/bitops.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/byteorder.h>
#include "parse.h"

#define KF_CC_TOKEN	0x01	/* RFC 9110 tchar: header names, methods, media types */
#define KF_CC_PATH	0x02	/* may stand in a URL path that can be ours; '/' and '%' included */
#define KF_CC_HOST	0x04	/* letters, digits, '-', '.', '_' */
#define KF_CC_CTL	0x08	/* 0x00-0x1f and 0x7f */
#define KF_CC_QUERY	0x10	/* may stand in a query: RFC 3986's, and [\]^`{|}: browsers do so */
#define KF_CC_HEX	0x20

extern const u8 kf_cclass[256];

static inline bool kf_is(char c, u8 class)
{
	return kf_cclass[(u8)c] & class;
}

static inline char kf_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/**
 * kf_path_char() - the next character of a URL path, an escape decoded
 * @at: moved behind it; stands before @end
 *
 * Return: -1 for an escape that is not one, or that means what is in no file's name: a
 * slash, NUL, another control character.
 */
int kf_path_char(const char **at, const char *end);

static inline const char *kf_skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* Is @p, case folded, the lower-case text @lower of the same length? */
static inline bool kf_same_nocase(const char *p, const char *lower, u32 len)
{
	while (len--)
		if (kf_lower(*p++) != *lower++)
			return false;
	return true;
}

/* The same for a piece of text and a string constant. */
#define kf_is_nocase(p, len, constant)					\
	((len) == sizeof(constant) - 1 && kf_same_nocase(p, constant, sizeof(constant) - 1))

/**
 * kf_text_run() - how many bytes at @p are text: no control character, HTAB included
 *
 * Eight at a time: this is what most bytes of a request head cost. The sums find
 * bytes less than 0x20 or equal to 0x7f; a borrow can make them see one too many,
 * but only behind a true one, and the first is all that is asked for.
 */
static inline u32 kf_text_run(const char *p, u32 len)
{
	const u64 ones = 0x0101010101010101ULL;
	u64 word, del, found;
	__le64 raw;
	u32 i = 0;

	for (; len - i >= sizeof(raw); i += sizeof(raw)) {
		memcpy(&raw, p + i, sizeof(raw));
		word = le64_to_cpu(raw);
		del = word ^ (ones * 0x7f);
		found = (((word - ones * 0x20) & ~word) | ((del - ones) & ~del)) & (ones * 0x80);
		if (found)
			return i + __ffs64(found) / 8;
	}
	while (i < len && !kf_is(p[i], KF_CC_CTL))
		i++;
	return i;
}

#endif /* KFRONT_TEXT_H */
