// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

static enum kf_scan_verdict scan(struct kf_scan *s, const char *bytes, size_t len, u32 max_bytes,
				 u32 max_lines, enum kf_reason *why)
{
	char *p = malloc(len ? len : 1);
	enum kf_scan_verdict v;

	memcpy(p, bytes, len);
	v = kf_scan_head(s, p, len, max_bytes, max_lines, why);
	free(p);
	return v;
}

static const char plain[] = "GET /a HTTP/1.1\r\nHost: b\r\nX: y\r\n\r\n";

static void kf_scan_head__fits_the_connection(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct kf_scan), 8);
}

static void kf_scan_head__complete(void **state)
{
	struct kf_scan s = { };
	enum kf_reason why;

	(void)state;
	assert_int_equal(scan(&s, BYTES(plain), 8190, 100, &why), KF_SCAN_COMPLETE);
	assert_int_equal(s.scanned, sizeof(plain) - 1);
	assert_int_equal(s.lines, 3);
}

/* What follows the head belongs to the next request and is not looked at. */
static void kf_scan_head__stops_at_the_end(void **state)
{
	char two[] = "GET /a HTTP/1.0\r\n\r\n\0\0garbage";
	struct kf_scan s = { };
	enum kf_reason why;

	(void)state;
	assert_int_equal(scan(&s, BYTES(two), 8190, 100, &why), KF_SCAN_COMPLETE);
	assert_int_equal(s.scanned, 19);
}

static void kf_scan_head__no_bytes(void **state)
{
	struct kf_scan s = { };
	enum kf_reason why;

	(void)state;
	assert_int_equal(kf_scan_head(&s, NULL, 0, 8190, 100, &why), KF_SCAN_INCOMPLETE);
	assert_int_equal(s.scanned, 0);
}

static void kf_scan_head__max_bytes(void **state)
{
	const u32 len = sizeof(plain) - 1;
	enum kf_reason why;
	u32 max, cut;

	(void)state;
	for (max = 0; max < len + 2; max++)
		for (cut = 0; cut <= len; cut++) {
			struct kf_scan s = { };
			enum kf_scan_verdict v = scan(&s, plain, cut, max, 100, &why);

			if (v == KF_SCAN_INCOMPLETE)
				v = scan(&s, plain + cut, len - cut, max, 100, &why);
			if (max >= len) {
				assert_int_equal(v, KF_SCAN_COMPLETE);
			} else {
				assert_int_equal(v, KF_SCAN_NOT_MINE);
				assert_int_equal(why, KF_R_HEADER_TOO_LARGE);
				assert_true(s.scanned <= max);
			}
		}
}

/* The limit is no room for bytes behind it to change the reason. */
static void kf_scan_head__max_bytes_hides_the_rest(void **state)
{
	struct kf_scan s = { };
	enum kf_reason why;

	(void)state;
	assert_int_equal(scan(&s, BYTES("GET /a HTTP/1.1\r\nX: \0"), 20, 100,
			      &why),
			 KF_SCAN_NOT_MINE);
	assert_int_equal(why, KF_R_HEADER_TOO_LARGE);
}

static void kf_scan_head__max_lines(void **state)
{
	enum kf_reason why;
	u32 max;

	(void)state;
	for (max = 0; max < 5; max++) {
		struct kf_scan s = { };
		bool fits = max >= 2;

		assert_int_equal(scan(&s, BYTES(plain), 8190, max, &why),
				 fits ? KF_SCAN_COMPLETE : KF_SCAN_NOT_MINE);
		if (!fits)
			assert_int_equal(why, KF_R_HEADER_TOO_LARGE);
	}
}

/* More lines than the counter holds, whatever the limit is. */
static void kf_scan_head__lines_do_not_wrap(void **state)
{
	enum kf_scan_verdict v = KF_SCAN_INCOMPLETE;
	struct kf_scan s = { };
	enum kf_reason why;
	u32 n = 0;

	(void)state;
	v = scan(&s, BYTES("GET /a HTTP/1.1\r\n"), U32_MAX, U32_MAX, &why);
	while (v == KF_SCAN_INCOMPLETE && n < 100000) {
		v = scan(&s, BYTES("x\r\n"), U32_MAX, U32_MAX, &why);
		n++;
	}
	assert_int_equal(v, KF_SCAN_NOT_MINE);
	assert_int_equal(why, KF_R_HEADER_TOO_LARGE);
	assert_int_equal(s.lines, 65535);
}

static void kf_scan_head__never_ends(void **state)
{
	struct kf_scan s = { };
	enum kf_scan_verdict v;
	enum kf_reason why;
	u32 n = 16;

	(void)state;
	v = scan(&s, BYTES("GET /a HTTP/1.1\r\nX:"), 8190, 100, &why);
	while (v == KF_SCAN_INCOMPLETE && n++ < 100000)
		v = scan(&s, BYTES("y"), 8190, 100, &why);
	assert_int_equal(v, KF_SCAN_NOT_MINE);
	assert_int_equal(why, KF_R_HEADER_TOO_LARGE);
	assert_int_equal(s.scanned, 8190);
}

static void kf_scan_head__ten_thousand_headers(void **state)
{
	struct kf_scan s = { };
	enum kf_scan_verdict v;
	enum kf_reason why;
	u32 n = 0;

	(void)state;
	v = scan(&s, BYTES("GET /a HTTP/1.1\r\n"), 1 << 20, 100, &why);
	while (v == KF_SCAN_INCOMPLETE && n < 10000) {
		v = scan(&s, BYTES("X: y\r\n"), 1 << 20, 100, &why);
		n++;
	}
	assert_int_equal(v, KF_SCAN_NOT_MINE);
	assert_int_equal(why, KF_R_HEADER_TOO_LARGE);
	assert_int_equal(n, 101);
}

/* Heads one behind the other, arriving in pieces of any size: each ends where the next begins. */
static void kf_scan_head__a_thousand_pipelined(void **state)
{
	static const char * const heads[] = {
		"GET /a HTTP/1.1\r\nHost: b\r\n\r\n", "HEAD /c/d.html HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: b\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n\r\n",
	};
	char *all = malloc(1000 * 80);
	u32 i, len = 0, begin = 0, arrived = 0;

	(void)state;
	random_seed(1000);
	for (i = 0; i < 1000; i++)
		len += sprintf(all + len, "%s", heads[i % 3]);
	for (i = 0; i < 1000; i++) {
		struct kf_scan s = { };
		enum kf_scan_verdict v;
		enum kf_reason why;

		for (;;) {
			u32 seen = begin + s.scanned;

			v = scan(&s, all + seen, arrived - seen, 8190, 100, &why);
			if (v != KF_SCAN_INCOMPLETE)
				break;
			assert_true(arrived < len);
			arrived += 1 + random_below(i % 2 ? 5 : 200);
			if (arrived > len)
				arrived = len;
		}
		assert_int_equal(v, KF_SCAN_COMPLETE);
		assert_int_equal(s.scanned, strlen(heads[i % 3]));
		begin += s.scanned;
	}
	assert_int_equal(begin, len);
	free(all);
}

static void kf_scan_head__uri_of_64_kib(void **state)
{
	size_t len = 65536;
	struct kf_scan s = { };
	char *p = malloc(len);
	enum kf_reason why;

	(void)state;
	memset(p, 'a', len);
	memcpy(p, "GET /", 5);
	assert_int_equal(kf_scan_head(&s, p, len, 8190, 100, &why), KF_SCAN_NOT_MINE);
	assert_int_equal(why, KF_R_HEADER_TOO_LARGE);
	free(p);
}

static void curated__split_at_every_byte(void **state)
{
	size_t i, at;

	(void)state;
	for (i = 0; i < curated_n; i++) {
		const struct curated *c = &curated[i];

		assert_reason(verdict(c->bytes, c->len), c->want, c->bytes);
		assert_reason(verdict_bytewise(c->bytes, c->len), c->want, c->bytes);
		for (at = 1; at < c->len; at++)
			assert_reason(verdict_split_at(c->bytes, c->len, at), c->want, c->bytes);
	}
}

/*
 * A head that is cut off is incomplete or not mine for the same reason as the
 * whole (what follows may still add a reason, never take one back); one that is
 * ours is incomplete up to its last byte.
 */
static void curated__cut_off_at_every_byte(void **state)
{
	size_t i, n;

	(void)state;
	for (i = 0; i < curated_n; i++) {
		const struct curated *c = &curated[i];
		struct kf_scan s = { };
		enum kf_reason why;
		size_t head;

		if (scan(&s, c->bytes, c->len, 8190, 100, &why) != KF_SCAN_COMPLETE)
			continue;
		head = s.scanned;
		for (n = 0; n < head; n++) {
			memset(&s, 0, sizeof(s));
			assert_int_equal(scan(&s, c->bytes, n, 8190, 100, &why),
					 KF_SCAN_INCOMPLETE);
			assert_int_equal(s.scanned, n);
		}
	}
}

static void kf_timeout_answers__from_the_first_line_on(void **state)
{
	static const struct {
		const char *bytes;
		bool answers;
	} cases[] = {
		/* as Apache did when it was asked, see scan.c */
		{ "", false },
		{ "G", false },
		{ "GET /b.ht", false },
		{ "GET /b.html HTTP/1.1", false },
		{ "GET /b.html HTTP/1.1\r", false },
		{ "GET /b.html HTTP/1.1\r\n", true },
		{ "GET /b.html HTTP/1.1\r\nHos", true },
		{ "HEAD /b.html HTTP/1.1\r\nHost: x\r\n", true },
		{ "GET /b.html HTTP/1.0\r\nFoo: ba", true },
	};
	enum kf_reason why;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kf_scan s = { };

		assert_int_equal(scan(&s, cases[i].bytes, strlen(cases[i].bytes), 8190, 100, &why),
				 KF_SCAN_INCOMPLETE);
		assert_int_equal(kf_timeout_answers(&s), cases[i].answers);
	}
}

KF_GROUP(scan,
	 cmocka_unit_test(kf_scan_head__fits_the_connection),
	 cmocka_unit_test(kf_scan_head__complete),
	 cmocka_unit_test(kf_scan_head__stops_at_the_end),
	 cmocka_unit_test(kf_scan_head__no_bytes),
	 cmocka_unit_test(kf_scan_head__max_bytes),
	 cmocka_unit_test(kf_scan_head__max_bytes_hides_the_rest),
	 cmocka_unit_test(kf_scan_head__max_lines),
	 cmocka_unit_test(kf_scan_head__lines_do_not_wrap),
	 cmocka_unit_test(kf_scan_head__never_ends),
	 cmocka_unit_test(kf_scan_head__ten_thousand_headers),
	 cmocka_unit_test(kf_scan_head__a_thousand_pipelined),
	 cmocka_unit_test(kf_scan_head__uri_of_64_kib),
	 cmocka_unit_test(curated__split_at_every_byte),
	 cmocka_unit_test(curated__cut_off_at_every_byte),
	 cmocka_unit_test(kf_timeout_answers__from_the_first_line_on));
