// SPDX-License-Identifier: GPL-2.0-only
/* What Apache does is in apache/replies.txt; here is what no Apache can be asked for easily. */
#include "unit.h"

static const s64 MTIME = 1700000000;	/* Tue, 14 Nov 2023 22:13:20 GMT */

static struct kf_entity entity(const char *mime, bool deflate, u64 size)
{
	struct kf_type type = { .mime = STR(mime), .deflate = deflate };
	struct kf_entity e;

	assert_int_equal(kf_entity_init(&e, size, MTIME, 123456789, &type, MTIME + 100, 0), KF_OK);
	return e;
}

static enum kf_reason answer(const struct kf_entity *e, const char *etags, const char *date,
			     const char *encoding, struct kf_answer *a)
{
	struct kf_request rq = { };

	if (etags)
		rq.if_none_match = STR(etags);
	if (date)
		rq.if_modified_since = STR(date);
	if (encoding)
		rq.accept_encoding = STR(encoding);
	return kf_answer(&rq, e, MTIME + 100, a);
}

static void kf_answer__dates_up_to_now(void **state)
{
	static const struct {
		s64 since;
		int status;
	} cases[] = {
		{ -1, 200 },  { 0, 304 },   { 1, 304 },	      { 99, 304 },
		{ 100, 304 }, { 101, 200 }, { 1000000, 200 },
	};
	struct kf_entity e = entity("text/html", true, 100);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		char date[KF_DATE_LEN + 1] = "";
		struct kf_answer a;

		kf_date_write(date, MTIME + cases[i].since);
		assert_int_equal(answer(&e, NULL, date, NULL, &a), KF_OK);
		assert_int_equal(a.status, cases[i].status);
	}
}

static void kf_answer__body(void **state)
{
	struct kf_entity e = entity("text/html", true, 100);
	struct kf_request rq = { };
	struct kf_answer a;

	(void)state;
	assert_int_equal(kf_answer(&rq, &e, MTIME + 100, &a), KF_OK);
	assert_true(a.body);
	rq.head = true;
	assert_int_equal(kf_answer(&rq, &e, MTIME + 100, &a), KF_OK);
	assert_false(a.body);
	rq.head = false;
	rq.if_none_match = STR("*");
	assert_int_equal(kf_answer(&rq, &e, MTIME + 100, &a), KF_OK);
	assert_int_equal(a.status, 304);
	assert_false(a.body);
}

/* A young file has a weak tag; it is compared weakly all the same. */
static void kf_answer__weak_entity(void **state)
{
	struct kf_type type = { .mime = STR("text/html") };
	struct kf_entity e;
	struct kf_answer a;

	(void)state;
	assert_int_equal(kf_entity_init(&e, 10, MTIME, 0, &type, MTIME, 5), KF_OK);
	assert_true(e.weak);
	assert_int_equal(answer(&e, "\"a-60a241800e400\"", NULL, NULL, &a), KF_OK);
	assert_int_equal(a.status, 200);
	assert_int_equal(answer(&e, "\"a-60a24180" "00000\"", NULL, NULL, &a), KF_OK);
	assert_int_equal(a.status, 200);
	e.text[e.etag + e.etag_len] = '\0';
	assert_int_equal(answer(&e, e.text + e.etag, NULL, NULL, &a), KF_OK);
	assert_int_equal(a.status, 304);
}

static void kf_answer__encoding(void **state)
{
	static const struct {
		const char *mime;
		bool deflate;
		u64 size;
		const char *encoding;
		enum kf_reason want;
	} cases[] = {
		{ "text/html", true, 69, "gzip", KF_R_ENCODING },
		{ "text/html", true, 68, "gzip", KF_OK },
		{ "text/html", true, 0, "gzip", KF_OK },
		{ "text/html", true, 1ULL << 40, "gzip", KF_R_ENCODING },
		{ "image/png", false, 1000, "gzip", KF_OK },
		{ "text/html", true, 1000, "identity", KF_OK },
		{ "text/html", true, 1000, "", KF_OK },
		{ "text/html", true, 1000, NULL, KF_OK },
		{ "text/html", true, 1000, " identity", KF_R_ENCODING },
		{ "text/html", true, 1000, "identit", KF_R_ENCODING },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kf_entity e = entity(cases[i].mime, cases[i].deflate, cases[i].size);
		struct kf_answer a;

		assert_reason(answer(&e, NULL, NULL, cases[i].encoding, &a),
			      cases[i].want, cases[i].mime);
		/* a condition that matches comes first */
		assert_int_equal(answer(&e, "*", NULL, cases[i].encoding, &a), KF_OK);
		assert_int_equal(a.status, 304);
	}
}

/* Every truncation and every damaged byte of a list, in a buffer of just its size. */
static void kf_answer__no_byte_beyond_the_list(void **state)
{
	static const char list[] = "\"x\" , W/\"1388-60a2418202240\"\t,\"y\"";
	struct kf_entity e = entity("image/png", false, 0x1388);
	struct kf_request rq = { };
	struct kf_answer a;
	size_t len, at;
	int c;

	(void)state;
	for (len = 0; len <= sizeof(list) - 1; len++) {
		char *copy = malloc(len ? len : 1);

		memcpy(copy, list, len);
		rq.if_none_match = (struct kf_str){ copy, len };
		kf_answer(&rq, &e, MTIME + 100, &a);
		for (at = 0; at < len; at++)
			for (c = 0; c < 256; c += 7) {
				copy[at] = c;
				kf_answer(&rq, &e, MTIME + 100, &a);
				copy[at] = list[at];
			}
		free(copy);
	}
	rq.if_none_match = (struct kf_str){ list, sizeof(list) - 1 };
	assert_int_equal(kf_answer(&rq, &e, MTIME + 100, &a), KF_OK);
	assert_int_equal(a.status, 304);
}

/* A match does not make up for what is odd behind it. */
static void kf_answer__odd_after_a_match(void **state)
{
	static const char * const odd[] = {
		"\"1388-60a2418202240\", x",
		"\"1388-60a2418202240\",",
		"\"1388-60a2418202240\" \"x\"",
		"\"1388-60a2418202240\", *",
		"\"1388-60a2418202240\", \"x",
		"\"1388-60a2418202240\", w/\"x\"",
	};
	struct kf_entity e = entity("image/png", false, 0x1388);
	struct kf_answer a;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(odd); i++)
		assert_reason(answer(&e, odd[i], NULL, NULL, &a), KF_R_CONDITIONAL, odd[i]);
	assert_reason(answer(&e, "\"1388-60a2418202240\"", "yesterday", NULL,
			     &a),
		      KF_R_CONDITIONAL, "date");
}

KF_GROUP(condition,
	 cmocka_unit_test(kf_answer__dates_up_to_now),
	 cmocka_unit_test(kf_answer__body),
	 cmocka_unit_test(kf_answer__weak_entity),
	 cmocka_unit_test(kf_answer__encoding),
	 cmocka_unit_test(kf_answer__no_byte_beyond_the_list),
	 cmocka_unit_test(kf_answer__odd_after_a_match));
