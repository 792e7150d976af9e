// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include "unit.h"

static struct kf_request parsed(const char *head)
{
	struct kf_request rq;

	assert_reason(kf_parse(head, strlen(head), &rq), KF_OK, head);
	return rq;
}

static void assert_str(const struct kf_str *s, const char *want)
{
	assert_non_null(s->p);
	assert_int_equal(s->len, strlen(want));
	assert_memory_equal(s->p, want, s->len);
}

static void kf_parse__everything_it_keeps(void **state)
{
	struct kf_request rq = parsed("HEAD /a/b.html HTTP/1.1\r\n"
				      "host:  Example.org:8080\t\r\n"
				      "IF-NONE-MATCH:\"x\" \r\n"
				      "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT\r\n"
				      "Accept-Encoding: gzip, br\r\n"
				      "if-match: \"y\"\r\n"
				      "If-Unmodified-since:Tue\r\n"
				      "RANGE: bytes=1-2\r\n"
				      "If-Range: \"z\" \r\n\r\n");

	(void)state;
	assert_true(rq.head);
	assert_true(rq.http11);
	assert_true(rq.keepalive);
	assert_false(rq.keepalive_token);
	assert_str(&rq.path, "/a/b.html");
	assert_str(&rq.host, "Example.org");
	assert_str(&rq.if_none_match, "\"x\"");
	assert_str(&rq.if_modified_since, "Tue, 14 Nov 2023 22:13:20 GMT");
	assert_str(&rq.accept_encoding, "gzip, br");
	assert_str(&rq.if_match, "\"y\"");
	assert_str(&rq.if_unmodified_since, "Tue");
	assert_str(&rq.range, "bytes=1-2");
	assert_str(&rq.if_range, "\"z\"");
}

/* The path is as sent, the query nowhere. */
static void kf_parse__path_without_query(void **state)
{
	static const struct {
		const char *target, *path;
	} cases[] = {
		{ "/", "/" },
		{ "/?", "/" },
		{ "/a.css?v=1", "/a.css" },
		{ "/a%41/?%20?//", "/a%41/" },
		{ "/%3f?x", "/%3f" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kf_request rq;
		char head[200];

		snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", cases[i].target);
		rq = parsed(head);
		assert_str(&rq.path, cases[i].path);
	}
}

/* Which byte may stand where: what Apache serves, and not all of that. */
static void kf_parse__bytes_of_targets(void **state)
{
	static const char path[] = "!$&'()*+,-./:;=@_~", query[] = "?[\\]^`{|}";
	struct kf_request rq;
	int c;

	(void)state;
	for (c = 0; c < 256; c++) {
		bool text = c < 0x80 && (isalnum(c) || (c && strchr(path, c)));
		char head[64];
		size_t len;

		len = sprintf(head, "GET /x%cx HTTP/1.0\r\n\r\n", c);
		if (kf_parse(head, len, &rq) != (text || c == '?' ? KF_OK : c == ' ' ? KF_R_VERSION : KF_R_TARGET))
			fail_msg("%#x in the path", c);
		len = sprintf(head, "GET /x?x%cx HTTP/1.0\r\n\r\n", c);
		if (kf_parse(head, len, &rq) !=
		    (text || (c && strchr(query, c)) ? KF_OK : c == ' ' ? KF_R_VERSION : KF_R_TARGET))
			fail_msg("%#x in the query", c);
	}
}

static void kf_parse__absent_is_null_and_empty_is_not(void **state)
{
	struct kf_request rq = parsed("GET / HTTP/1.0\r\nAccept-Encoding: \r\n\r\n");

	(void)state;
	assert_false(rq.head);
	assert_false(rq.http11);
	assert_null(rq.host.p);
	assert_null(rq.if_none_match.p);
	assert_null(rq.if_modified_since.p);
	assert_str(&rq.accept_encoding, "");
}

/* CVE-2022-21907 was a reused object that nobody initialised. */
static void kf_parse__starts_afresh(void **state)
{
	static const char head[] = "GET / HTTP/1.0\r\n\r\n";
	struct kf_request rq;

	(void)state;
	memset(&rq, 0xff, sizeof(rq));
	assert_int_equal(kf_parse(BYTES(head), &rq), KF_OK);
	assert_false(rq.head);
	assert_false(rq.keepalive);
	assert_false(rq.keepalive_token);
	assert_null(rq.host.p);
	assert_null(rq.if_none_match.p);
	assert_null(rq.range.p);
	assert_null(rq.if_range.p);
	assert_null(rq.if_match.p);
	assert_null(rq.if_unmodified_since.p);
}

static void kf_parse__keepalive(void **state)
{
	static const struct {
		const char *version, *connection;
		bool keepalive, token;
	} cases[] = {
		{ "1.1", "", true, false },
		{ "1.1", "Connection: keep-alive\r\n", true, true },
		{ "1.1", "Connection: close\r\n", false, false },
		{ "1.1", "Connection: keep-alive, close\r\n", false, true },
		{ "1.0", "", false, false },
		{ "1.0", "Connection: Keep-Alive\r\n", true, true },
		{ "1.0", "Connection: close\r\n", false, false },
		{ "1.0", "Connection: close, keep-alive\r\n", false, true },
		{ "1.0", "Keep-Alive: 300\r\n", false, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kf_request rq;
		char head[200];

		snprintf(head, sizeof(head), "GET / HTTP/%s\r\nHost: a\r\n%s\r\n", cases[i].version,
			 cases[i].connection);
		rq = parsed(head);
		assert_int_equal(rq.keepalive, cases[i].keepalive);
		assert_int_equal(rq.keepalive_token, cases[i].token);
	}
}

/* kf_parse() alone, on bytes that scan.c would never have let through, in buffers of just that size. */
static void kf_parse__stands_alone_on_every_truncation(void **state)
{
	struct kf_request rq;
	size_t i, n;

	(void)state;
	for (i = 0; i < curated_n; i++)
		for (n = 0; n < curated[i].len; n++) {
			char *p = malloc(n ? n : 1);

			memcpy(p, curated[i].bytes, n);
			if (kf_parse(n ? p : p + 1, n, &rq) == KF_OK)
				assert_true(strict_accepts(p, n));
			free(p);
		}
}

static bool same_str(const struct kf_str *a, const struct kf_str *b)
{
	return a->p == b->p && (!a->p || a->len == b->len);
}

/* In one piece, of every length: what scan.c and kf_parse() say of it, or nothing. */
static void kf_parse_whole__agrees(void **state)
{
	struct kf_host_memo memo = { };
	size_t i, n;

	(void)state;
	for (i = 0; i < curated_n; i++)
		for (n = 1; n <= curated[i].len; n++) {
			struct kf_scan whole = { }, s = { };
			struct kf_request rq, rq2;
			char *p = exact(curated[i].bytes, n);
			enum kf_reason why = KF_R_COUNT, taken;

			taken = kf_parse_whole(&whole, p, n, 20, &rq, &memo);
			if (kf_scan_head(&s, p, n, n, 20, &why) == KF_SCAN_COMPLETE)
				why = kf_parse(p, s.scanned, &rq2);
			assert_false(taken == KF_OK && why != KF_OK);
			assert_false(taken != KF_OK && why == KF_OK && p[n - 1] == '\n');
			if (taken == KF_OK) {
				assert_int_equal(whole.scanned, s.scanned);
				assert_int_equal(whole.lines, s.lines);
				assert_true(same_str(&rq.path, &rq2.path));
				assert_true(same_str(&rq.host, &rq2.host));
				assert_true(same_str(&rq.range, &rq2.range));
				assert_int_equal(rq.name_at, rq2.name_at);
				assert_int_equal(rq.keepalive, rq2.keepalive);
			} else {
				assert_int_equal(whole.scanned, 0);
			}
			free(p);
		}
}

/* What is remembered is the value and what was made of it, not more. */
static void kf_parse_whole__remembers_a_host(void **state)
{
	static const struct {
		const char *value, *name;
	} cases[] = {
		{ "a.example:80", "a.example" }, { "a.example:80", "a.example" },
		{ "a.example:8", "a.example" }, { "a.example:81", "a.example" },
		{ "a.example", "a.example" }, { "b.example", "b.example" }, { "b.example.", "b.example" },
		{ "b..example", NULL }, { "b.example.", "b.example" }, { "", NULL }, { "1", NULL },
		{ "b", "b" }, { "c", "c" }, { "C", "C" },
		{ "a23456789.b23456789.c23456789.d23456789.e23456789.f23456789.g234",
		  "a23456789.b23456789.c23456789.d23456789.e23456789.f23456789.g234" },
		{ "a23456789.b23456789.c23456789.d23456789.e23456789.f23456789.g2345",
		  "a23456789.b23456789.c23456789.d23456789.e23456789.f23456789.g2345" },
		{ "C", "C" },
	};
	struct kf_host_memo memo = { };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		const char *value = cases[i / 2].value, *name = cases[i / 2].name;
		struct kf_scan s = { };
		struct kf_request rq;
		char head[200];

		snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", value);
		assert_int_equal(kf_parse_whole(&s, head, strlen(head), 100, &rq, &memo),
				 name ? KF_OK : KF_R_HOST);
		if (name)
			assert_str(&rq.host, name);
	}
}

static void curated__strict_reading_agrees(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < curated_n; i++) {
		const struct curated *c = &curated[i];
		const char *end = memmem(c->bytes, c->len, "\r\n\r\n", 4);

		if (c->want == VERDICT_INCOMPLETE || !end)
			continue;
		if (strict_accepts(c->bytes, end + 4 - c->bytes) != (c->want == KF_OK))
			fail_msg("the strict reading disagrees about %s", c->bytes);
	}
}

/* Curated heads, damaged: whatever is ours must also be so by the strict reading. */
static void damaged__ours_only_what_the_strict_reading_accepts(void **state)
{
	static const char alphabet[] = "\r\n\t :,/.%?#\0\x7f\x80\xff" "aZ0-\"GETHOST";
	u32 round, ours = 0;

	(void)state;
	random_seed(20261120);
	for (round = 0; round < 60000; round++) {
		const struct curated *c = &curated[random_below(curated_n)];
		size_t len = c->len, head_len = 0;
		struct kf_request rq;
		char bytes[4096], *head = NULL;
		u32 edits = 1 + random_below(3);

		memcpy(bytes, c->bytes, len);
		while (edits--) {
			size_t at = random_below(len);

			switch (random_below(3)) {
			case 0:
				bytes[at] = alphabet[random_below(sizeof(alphabet) - 1)];
				break;
			case 1:
				memmove(bytes + at, bytes + at + 1, len - at - 1);
				len -= len > 1;
				break;
			default:
				memmove(bytes + at + 1, bytes + at, len - at);
				bytes[at] = alphabet[random_below(sizeof(alphabet) - 1)];
				len++;
			}
		}
		if (verdict_in_pieces(bytes, len, NULL, NULL, &rq, &head, &head_len) == KF_OK) {
			ours++;
			if (!strict_accepts(head, head_len))
				fail_msg(
					"ours, but not by the strict reading: %.*s",
					(int)head_len, head);
		}
		free(head);
		if (verdict(bytes, len) != verdict_bytewise(bytes, len))
			fail_msg("the cuts matter: %.*s", (int)len, bytes);
	}
	assert_true(ours > 1000);	/* else the test looks at nothing */
}

KF_GROUP(parse,
	 cmocka_unit_test(kf_parse__everything_it_keeps),
	 cmocka_unit_test(kf_parse__absent_is_null_and_empty_is_not),
	 cmocka_unit_test(kf_parse__path_without_query),
	 cmocka_unit_test(kf_parse__bytes_of_targets),
	 cmocka_unit_test(kf_parse__starts_afresh),
	 cmocka_unit_test(kf_parse__keepalive),
	 cmocka_unit_test(kf_parse__stands_alone_on_every_truncation),
	 cmocka_unit_test(kf_parse_whole__agrees),
	 cmocka_unit_test(kf_parse_whole__remembers_a_host),
	 cmocka_unit_test(curated__strict_reading_agrees),
	 cmocka_unit_test(damaged__ours_only_what_the_strict_reading_accepts));
