// SPDX-License-Identifier: GPL-2.0-only
/*
 * "bytes=FIRST-LAST", "bytes=FIRST-" and "bytes=-SUFFIX": one range, no blanks.
 *
 * As Apache's byterange filter has it: the unit's case does not count, leading
 * zeros do not, a LAST behind the end is cut, a SUFFIX longer than the body is
 * all of it (and still a 206). Everything else Apache either ignores (reversed,
 * "-0", a number of 2^63 or more, blanks), or it has several ranges in it, which
 * would be merged, counted and limited: all of that is "odd" here.
 *
 * Pure; softirq, per request.
 */
#include "range.h"
#include "text.h"

#define KF_RANGE_DIGITS	19			/* so many cannot overflow 64 bits */
#define KF_OFFSET_MAX	((u64)S64_MAX)		/* the largest that Apache reads */

/* Digits up to something else. NULL: none, too many, or a number too large. */
static const char *kf_read_offset(const char *p, const char *end, u64 *n)
{
	const char *start = p;

	*n = 0;
	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		if (p - start == KF_RANGE_DIGITS)
			return NULL;
		*n = *n * 10 + (*p - '0');
	}
	return p > start && *n <= KF_OFFSET_MAX ? p : NULL;
}

enum kf_range kf_range_parse(const struct kf_str *v, u64 size, u64 *first, u64 *length)
{
	static const char unit[] = "bytes=";
	const char *p = v->p, *end = p + v->len;
	u64 last, suffix;

	if (v->len < sizeof(unit) - 1 || !kf_same_nocase(p, unit, sizeof(unit) - 1))
		return KF_RANGE_ODD;
	p += sizeof(unit) - 1;

	if (p < end && *p == '-') {
		p = kf_read_offset(p + 1, end, &suffix);
		if (p != end || !suffix)
			return KF_RANGE_ODD;
		*length = suffix < size ? suffix : size;
		*first = size - *length;
		return KF_RANGE_PART;
	}

	p = kf_read_offset(p, end, first);
	if (!p || p == end || *p++ != '-')
		return KF_RANGE_ODD;
	last = KF_OFFSET_MAX;
	if (p < end) {
		p = kf_read_offset(p, end, &last);
		if (p != end || last < *first)
			return KF_RANGE_ODD;
	}
	if (*first >= size)
		return KF_RANGE_UNSATISFIABLE;
	*length = last < size ? last - *first + 1 : size - *first;
	return KF_RANGE_PART;
}
