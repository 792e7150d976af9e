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
#define KF_CC_PLAIN	0x40	/* of a path, and no more to be asked: no '.', '/', '%' */
#define KF_CC_LABEL	0x80	/* of a host's name, the dot aside */

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

/*
 * Words: eight bytes as a number, the first one lowest. What is asked of all eight at
 * once is answered in the high bit of each.
 */
#define KF_ONES		0x0101010101010101ULL
#define KF_HIGH		(KF_ONES * 0x80)

static inline u64 kf_word(const char *p)
{
	__le64 raw;

	memcpy(&raw, p, sizeof(raw));
	return le64_to_cpu(raw);
}

static inline u32 kf_half_word(const char *p)
{
	__le32 raw;

	memcpy(&raw, p, sizeof(raw));
	return le32_to_cpu(raw);
}

/* One to seven bytes, all of them in it, some twice; with @len it says which they are. */
static inline u64 kf_word_short(const char *p, u32 len)
{
	if (len >= 4)
		return kf_half_word(p) | (u64)kf_half_word(p + len - 4) << 32;
	return (u8)p[0] | (u8)p[len / 2] << 8 | (u8)p[len - 1] << 16;
}

/* Which bytes lie between @low and @high, both below 0x80 and included? */
static inline u64 kf_word_between(u64 word, u8 low, u8 high)
{
	u64 rest = word & ~KF_HIGH;

	return (rest + KF_ONES * (0x80 - low)) & ~(rest + KF_ONES * (0x7f - high)) &
	       ~word & KF_HIGH;
}

/* The byte that the lowest of those bits belongs to. */
static inline u32 kf_word_first(u64 bits)
{
	return __ffs64(bits) / 8;
}

/* 0x20 where a lower-case text has a letter: what must be set in what is compared with it. */
static inline u64 kf_word_fold(u64 lower)
{
	return kf_word_between(lower, 'a', 'z') >> 2;
}

static __always_inline bool kf_same_word(const char *p, const char *lower)
{
	u64 want = kf_word(lower);

	return (kf_word(p) | kf_word_fold(want)) == want;
}

/*
 * Is @p, case folded, the lower-case text @lower of the same length? With constants all
 * that concerns @lower is done by the compiler.
 */
static __always_inline bool kf_same_nocase(const char *p, const char *lower, u32 len)
{
	u64 want;
	u32 i;

	if (len < 4) {
		while (len--)
			if (kf_lower(*p++) != *lower++)
				return false;
		return true;
	}
	if (len == 4)
		return (kf_half_word(p) | (u32)kf_word_fold(kf_half_word(lower))) ==
		       kf_half_word(lower);
	if (len < 8) {		/* two halves, which may overlap */
		want = kf_word_short(lower, len);
		return (kf_word_short(p, len) | kf_word_fold(want)) == want;
	}
	for (i = 0; i + 8 < len; i += 8)
		if (!kf_same_word(p + i, lower + i))
			return false;
	return kf_same_word(p + len - 8, lower + len - 8);	/* overlaps the one before */
}

/* Are @len bytes, one at least, the same? What is short is not worth memcmp()'s call. */
static inline bool kf_same(const char *a, const char *b, u32 len)
{
	u32 i;

	if (len < 8)
		return kf_word_short(a, len) == kf_word_short(b, len);
	for (i = 0; i + 8 < len; i += 8)
		if (kf_word(a + i) != kf_word(b + i))
			return false;
	return kf_word(a + len - 8) == kf_word(b + len - 8);	/* overlaps the one before */
}

/* kf_same_nocase() for a piece of text and a string constant. */
#define kf_is_nocase(p, len, constant)					\
	((len) == sizeof(constant) - 1 && kf_same_nocase(p, constant, sizeof(constant) - 1))

/* No control character in it, and nothing from 0x80 up? Nearly all words are so. */
static inline bool kf_word_is_plain(u64 word)
{
	return !(((word - KF_ONES * 0x20) | (word + KF_ONES)) & KF_HIGH);
}

/*
 * Which bytes are control characters, less than 0x20 or equal to 0x7f? A borrow can make
 * it one too many, but only behind a true one.
 */
static inline u64 kf_word_controls(u64 word)
{
	u64 del = word ^ KF_ONES * 0x7f;

	return (((word - KF_ONES * 0x20) & ~word) | ((del - KF_ONES) & ~del)) & KF_HIGH;
}

/* How many bytes at @p are text: no control character, HTAB included. */
static inline u32 kf_text_run(const char *p, u32 len)
{
	u64 odd;
	u32 i;

	for (i = 0; len - i >= 8; i += 8) {
		odd = kf_word_controls(kf_word(p + i));
		if (odd)
			return i + kf_word_first(odd);
	}
	while (i < len && !kf_is(p[i], KF_CC_CTL))
		i++;
	return i;
}

#endif /* KFRONT_TEXT_H */
