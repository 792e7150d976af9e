/* SPDX-License-Identifier: GPL-2.0-only */
/* Range: the one kind of it that is answered here. Pure: builds in user space too. */
#ifndef KFRONT_RANGE_H
#define KFRONT_RANGE_H

#include "parse.h"

enum kf_range {
	KF_RANGE_PART,
	KF_RANGE_UNSATISFIABLE,	/* begins behind the end: 416 */
	KF_RANGE_ODD,		/* several, another unit, no number, ...: the backend's */
};

/**
 * kf_range_parse() - the value of Range, for a body of @size bytes
 * @size: at least 1; an empty body has no ranges, the header means nothing then
 * @first: set with KF_RANGE_PART: where the part begins
 * @length: and its length, at least 1; first + length <= size
 */
enum kf_range kf_range_parse(const struct kf_str *v, u64 size, u64 *first, u64 *length);

#endif /* KFRONT_RANGE_H */
