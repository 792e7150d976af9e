// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conditions: a flag byte, the value of If-None-Match, a NUL, the value of
 * If-Modified-Since.
 * Must hold: 304 only if the tag stands in the list and the date is one that
 * kf_date_write() would write (the day of the week aside), not before mtime.
 */
#include "fuzz.h"

static const char tag[] = "\"1388-60a2418202240\"";

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const struct kf_type type = { .mime = { "image/png", 9 } };
	struct kf_request rq = { };
	char again[KF_DATE_LEN];
	struct kf_entity e;
	struct kf_answer a;
	char *etags, *date;
	size_t len;
	s64 sec = 0;

	if (!size)
		return 0;
	MUST(!kf_entity_init(&e, 0x1388, 1700000000, 123456789, &type, 1800000000, 0));
	MUST(e.etag_len == sizeof(tag) - 1 && !memcmp(e.text + e.etag, tag, e.etag_len));
	len = strnlen((const char *)data + 1, size - 1);
	etags = copy_of(data + 1, len);
	rq.if_none_match = (struct kf_str){ etags, len };
	len = size - 1 - len;
	date = copy_of(data + size - len, len);
	if (len)
		rq.if_modified_since = (struct kf_str){ date + 1, len - 1 };
	if (data[0] & 1)
		rq.if_none_match.p = NULL;

	if (rq.if_modified_since.p && kf_date_parse(&rq.if_modified_since, &sec)) {
		kf_date_write(again, sec);
		MUST(!memcmp(again + 3, rq.if_modified_since.p + 3, KF_DATE_LEN - 3));
	}
	if (kf_answer(&rq, &e, 1800000000, &a) == KF_OK && a.status == 304) {
		if (rq.if_none_match.p)
			MUST((rq.if_none_match.len == 1 && *etags == '*') ||
			     memmem(etags, rq.if_none_match.len, tag, sizeof(tag) - 1));
		if (rq.if_modified_since.p)
			MUST(sec >= 1700000000 && sec <= 1800000000);
		MUST(rq.if_none_match.p || rq.if_modified_since.p);
	}
	free(etags);
	free(date);
	return 0;
}
