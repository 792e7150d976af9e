// SPDX-License-Identifier: GPL-2.0-only
/*
 * What Apache does is in apache/replies.txt; here are RFC 9110's cases, those of which
 * Apache makes something else (each marked), and what no Apache can be asked for easily.
 */
#include "unit.h"

static const s64 MTIME = 1700000000;	/* Tue, 14 Nov 2023 22:13:20 GMT */

#define TAG "\"1388-60a2418202240\""
#define SAME "Tue, 14 Nov 2023 22:13:20 GMT"
#define BEFORE "Tue, 14 Nov 2023 22:13:19 GMT"
#define AFTER "Tue, 14 Nov 2023 22:13:21 GMT"

static struct kf_entity entity(const char *type, bool deflate, enum kf_coding coding, u64 size)
{
	struct kf_media m = { .type = STR(type), .deflate = deflate };
	struct kf_version v = { size, MTIME, 123456789 };
	struct kf_entity e;

	assert_int_equal(kf_entity_init(&e, &v, &m, coding, size, MTIME + 100, 0), KF_OK);
	return e;
}

static enum kf_reason answer(const struct kf_entity *e, const char *etags, const char *date,
			     const char *encoding, struct kf_answer *a)
{
	struct kf_request rq = { .http11 = true };

	if (etags)
		rq.if_none_match = STR(etags);
	if (date)
		rq.if_modified_since = STR(date);
	if (encoding)
		rq.accept_encoding = STR(encoding);
	return kf_answer(&rq, e, MTIME + 100, a);
}

/* A request in words: "if-match: ...\nrange: ..."; each value in a buffer of just its size. */
struct spoken {
	struct kf_request rq;
	char *copies[8];
	size_t n;
};

static void speak(struct spoken *s, const char *words)
{
	struct {
		const char *name;
		struct kf_str *slot;
	} slots[] = {
		{ "if-match", &s->rq.if_match },
		{ "if-unmodified-since", &s->rq.if_unmodified_since },
		{ "if-none-match", &s->rq.if_none_match },
		{ "if-modified-since", &s->rq.if_modified_since },
		{ "if-range", &s->rq.if_range },
		{ "range", &s->rq.range },
		{ "accept-encoding", &s->rq.accept_encoding },
	};
	size_t i, len;

	memset(s, 0, sizeof(*s));
	s->rq.http11 = true;
	for (; *words; words += len + (words[len] == '\n')) {
		const char *value = strchr(words, ':') + 2;

		len = strcspn(words, "\n");
		for (i = 0; strncmp(words, slots[i].name, value - 2 - words) ||
		     slots[i].name[value - 2 - words]; i++)
			assert_true(i + 1 < ARRAY_SIZE(slots));
		slots[i].slot->len = words + len - value;
		s->copies[s->n] = malloc(slots[i].slot->len + 1);
		memcpy(s->copies[s->n] + 1, value, slots[i].slot->len);
		slots[i].slot->p = s->copies[s->n++] + 1;
	}
}

static void hush(struct spoken *s)
{
	while (s->n)
		free(s->copies[--s->n]);
}

/* No status: handed over. */
#define OVER	(-1)

static int status_of(const char *words, const struct kf_entity *e, s64 now, struct kf_answer *a)
{
	enum kf_reason why;
	struct spoken s;

	speak(&s, words);
	why = kf_answer(&s.rq, e, now, a);
	hush(&s);
	assert_true(why == KF_OK || why == KF_R_CONDITIONAL || why == KF_R_RANGE ||
		    why == KF_R_ENCODING);
	return why == KF_OK ? a->status : OVER;
}

/* A 412 is always handed over; 13.2.2 in its order, then what each field alone means. */
static void kf_answer__rfc(void **state)
{
	static const struct {
		const char *words;
		int rfc, apache;
	} cases[] = {
		{ "", 200, 200 },
		/* step 1: If-Match, strong */
		{ "if-match: *", 200, 200 },
		{ "if-match: " TAG, 200, 200 },
		{ "if-match: \"x\", " TAG, 200, 200 },
		{ "if-match: \"x\"", OVER, OVER },
		{ "if-match: W/" TAG, OVER, OVER },
		{ "if-match: W/" TAG ", " TAG, OVER, OVER },	/* odd: Apache says 412 */
		{ "if-match: " TAG ", W/\"x\"", OVER, OVER },	/* odd */
		{ "if-match: ", OVER, OVER },
		{ "if-match: x", OVER, OVER },
		{ "if-match: *, *", OVER, OVER },
		/* step 2: If-Unmodified-Since, only without If-Match; Apache: always */
		{ "if-unmodified-since: " SAME, 200, 200 },
		{ "if-unmodified-since: " AFTER, 200, 200 },
		{ "if-unmodified-since: " BEFORE, OVER, OVER },
		{ "if-unmodified-since: Thu, 01 Jan 1970 00:00:00 GMT", OVER, OVER }, /* Apache: 200 */
		{ "if-unmodified-since: x", OVER, OVER },
		{ "if-match: " TAG "\nif-unmodified-since: " BEFORE, 200, OVER },	/* differs */
		{ "if-match: " TAG "\nif-unmodified-since: " SAME, 200, 200 },
		{ "if-match: \"x\"\nif-unmodified-since: " SAME, OVER, OVER },
		/* step 3: If-None-Match, weak */
		{ "if-none-match: *", 304, 304 },
		{ "if-none-match: " TAG, 304, 304 },
		{ "if-none-match: W/" TAG, 304, 304 },
		{ "if-none-match: \"x\",W/" TAG, 304, 304 },
		{ "if-none-match: \"x\"", 200, 200 },
		{ "if-none-match: x", OVER, OVER },
		{ "if-none-match: \"x y\", " TAG, OVER, OVER },
		{ "if-none-match: \"\x7f\", " TAG, OVER, OVER },
		{ "if-none-match: \"\xe9\", " TAG, OVER, OVER },
		{ "if-match: " TAG "\nif-none-match: " TAG, 304, 304 },
		{ "if-match: " TAG "\nif-none-match: \"x\"", 200, 200 },
		{ "if-match: \"x\"\nif-none-match: " TAG, OVER, OVER },
		{ "if-unmodified-since: " SAME "\nif-none-match: " TAG, 304, 200 },	/* differs */
		{ "if-unmodified-since: " BEFORE "\nif-none-match: " TAG, OVER, OVER },
		/* step 4: If-Modified-Since, only without If-None-Match; Apache: both must match */
		{ "if-modified-since: " SAME, 304, 304 },
		{ "if-modified-since: " AFTER, 304, 304 },
		{ "if-modified-since: " BEFORE, 200, 200 },
		{ "if-modified-since: Tuesday, 14-Nov-23 22:13:20 GMT", 304, 304 },
		{ "if-modified-since: Tue Nov 14 22:13:20 2023", 304, 304 },
		{ "if-modified-since: Tuesday, 14-Nov-23 22:13:19 GMT", 200, 200 },
		{ "if-modified-since: Tue Nov 14 22:13:19 2023", 200, 200 },
		{ "if-modified-since: x", OVER, OVER },		/* RFC and Apache: 200 */
		{ "if-none-match: " TAG "\nif-modified-since: " SAME, 304, 304 },
		{ "if-none-match: " TAG "\nif-modified-since: " BEFORE, 304, 200 },	/* differs */
		{ "if-none-match: \"x\"\nif-modified-since: " SAME, 200, 200 },
		{ "if-unmodified-since: " SAME "\nif-modified-since: " SAME, 304, 200 }, /* differs */
		{ "if-match: *\nif-modified-since: " SAME, 304, 304 },
		/* step 5: Range and If-Range */
		{ "range: bytes=0-1", 206, 206 },
		{ "range: bytes=-1", 206, 206 },
		{ "range: bytes=0-", 206, 206 },
		{ "range: bytes=5000-", OVER, OVER },		/* 416 */
		{ "range: bytes=0-1,4-5", OVER, OVER },
		{ "range: lines=1-2", OVER, OVER },
		{ "range: bytes=0-1\nif-range: " TAG, 206, 206 },
		{ "range: bytes=0-1\nif-range: \"x\"", 200, 200 },
		{ "range: bytes=0-1\nif-range: W/" TAG, 200, 200 },
		{ "range: bytes=0-1\nif-range: " TAG ", " TAG, 200, 200 },
		{ "range: bytes=0-1\nif-range: \"", 200, 200 },
		{ "range: bytes=0-1\nif-range: " SAME, 206, 206 },
		{ "range: bytes=0-1\nif-range: Tuesday, 14-Nov-23 22:13:20 GMT", 206, 206 },
		{ "range: bytes=0-1\nif-range: " BEFORE, 200, 200 },
		{ "range: bytes=0-1\nif-range: " AFTER, 200, 200 },
		{ "range: bytes=0-1\nif-range: ", OVER, OVER },
		{ "range: bytes=0-1\nif-range: x", OVER, OVER },
		{ "range: bytes=0-1\nif-range: *", OVER, OVER },
		{ "range: bytes=0-1,4-5\nif-range: \"x\"", 200, 200 },
		{ "range: bytes=9999-\nif-range: \"x\"", 200, 200 },
		{ "range: bytes=9999-\nif-range: " TAG, OVER, OVER },
		{ "if-range: " TAG, 200, 200 },
		{ "if-range: x", 200, 200 },			/* without Range it is nothing */
		{ "if-none-match: " TAG "\nif-range: " TAG, 304, 304 },
		{ "if-match: " TAG "\nrange: bytes=0-1", 206, 206 },
		{ "if-match: \"x\"\nrange: bytes=0-1", OVER, OVER },
		{ "if-unmodified-since: " SAME "\nrange: bytes=0-1", 206, 206 },
		{ "if-unmodified-since: " BEFORE "\nrange: bytes=0-1", OVER, OVER },
		{ "if-none-match: " TAG "\nrange: bytes=0-1", 304, 304 },
		{ "if-none-match: " TAG "\nrange: x", 304, 304 },
		{ "if-none-match: W/" TAG "\nrange: bytes=0-1", 304, 206 },		/* differs */
		{ "if-none-match: \"x\"\nrange: bytes=0-1", 206, 206 },
		{ "if-modified-since: " SAME "\nrange: bytes=0-1", 304, 304 },
		{ "if-modified-since: " BEFORE "\nrange: bytes=0-1", 206, 206 },
		{ "if-none-match: " TAG "\nrange: bytes=0-1\nif-range: " TAG, 304, 206 }, /* differs */
		{ "if-none-match: " TAG "\nrange: bytes=0-1\nif-range: \"x\"", 304, 200 }, /* differs */
	};
	struct kf_answer a;
	int coding, got;
	size_t i;

	(void)state;
	for (coding = KF_IDENTITY; coding <= KF_PRE_BR; coding++) {
		struct kf_entity e = entity("image/png", false, coding, 0x1388);
		bool sibling = coding >= KF_PRE_GZIP;

		if (coding == KF_GZIP)	/* has no parts, see below */
			continue;
		/* siblings under the same tag, so that the words are the same */
		memcpy(e.text + e.etag, TAG, sizeof(TAG) - 1);
		e.etag_len = sizeof(TAG) - 2;
		for (i = 0; i < ARRAY_SIZE(cases); i++) {
			got = status_of(cases[i].words, &e, MTIME + 1000, &a);
			if (got != (sibling ? cases[i].rfc : cases[i].apache))
				fail_msg("coding %d\n%s\n%d", coding, cases[i].words, got);
		}
	}
}

/* Within a minute of the file's date that date proves nothing beside Range. */
static void kf_answer__young_dates(void **state)
{
	static const struct {
		const char *words;
		int young, old;
	} cases[] = {
		{ "if-modified-since: " SAME, 304, 304 },
		{ "if-modified-since: " SAME "\nrange: bytes=0-1", 206, 304 },
		{ "range: bytes=0-1\nif-range: " SAME, 200, 206 },
		{ "range: bytes=0-1\nif-range: " TAG, 206, 206 },
		{ "if-unmodified-since: " BEFORE, OVER, OVER },
		{ "if-unmodified-since: " BEFORE "\nrange: bytes=0-1", 206, OVER },
		{ "if-none-match: " TAG "\nif-modified-since: " SAME "\nrange: bytes=0-1", 206, 304 },
	};
	struct kf_entity e = entity("image/png", false, KF_IDENTITY, 0x1388);
	struct kf_answer a;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(status_of(cases[i].words, &e, MTIME + 2, &a), cases[i].young);
		assert_int_equal(status_of(cases[i].words, &e, MTIME + 59, &a), cases[i].young);
		assert_int_equal(status_of(cases[i].words, &e, MTIME + 60, &a), cases[i].old);
	}
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
	struct kf_entity e = entity("text/html", true, KF_IDENTITY, 100);
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

/* What is sent of the body, and whether any. */
static void kf_answer__body(void **state)
{
	static const struct {
		const char *words;
		bool body;
		u64 first, length;
	} cases[] = {
		{ "", true, 0, 100 },
		{ "range: bytes=10-19", true, 10, 10 },
		{ "range: bytes=-10", true, 90, 10 },
		{ "range: bytes=0-", true, 0, 100 },
		{ "range: bytes=10-19\nif-range: \"x\"", true, 0, 100 },
		{ "if-none-match: *", false, 0, 0 },
	};
	struct kf_entity e = entity("text/html", true, KF_IDENTITY, 100);
	struct kf_entity empty = entity("text/html", true, KF_IDENTITY, 0);
	struct spoken s;
	struct kf_answer a;
	size_t i;
	int head;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		for (head = 0; head < 2; head++) {
			speak(&s, cases[i].words);
			s.rq.head = head;
			assert_int_equal(kf_answer(&s.rq, &e, MTIME + 100, &a), KF_OK);
			assert_int_equal(a.body, cases[i].body && !head);
			assert_int_equal(a.first, cases[i].first);
			assert_int_equal(a.length, cases[i].length);
			hush(&s);
		}
	/* an empty body has no ranges, whatever is said */
	assert_int_equal(status_of("range: bytes=5-1,x", &empty, MTIME + 100, &a), 200);
	assert_int_equal(a.length, 0);
}

/* A young file has a weak tag; only If-None-Match without Range can match it. */
static void kf_answer__weak_entity(void **state)
{
	struct kf_media m = { .type = STR("text/html") };
	struct kf_version v = { 10, MTIME, 0 };
	struct kf_entity e;
	struct kf_answer a;

	(void)state;
	assert_int_equal(kf_entity_init(&e, &v, &m, KF_IDENTITY, 10, MTIME, 5), KF_OK);
	assert_true(e.weak);
	e.text[e.etag + e.etag_len + 1] = '\0';
	assert_string_equal(e.text + e.etag, "\"a-60a24181e4000\"");
#define YOUNG "\"a-60a24181e4000\""
	assert_int_equal(status_of("if-none-match: " YOUNG, &e, MTIME, &a), 304);
	assert_int_equal(status_of("if-none-match: W/" YOUNG, &e, MTIME, &a), 304);
	assert_int_equal(status_of("if-none-match: " YOUNG "\nrange: bytes=0-1", &e, MTIME, &a), 206);
	assert_int_equal(status_of("if-none-match: *\nrange: bytes=0-1", &e, MTIME, &a), 304);
	assert_int_equal(status_of("if-match: " YOUNG, &e, MTIME, &a), OVER);
	assert_int_equal(status_of("if-match: W/" YOUNG, &e, MTIME, &a), OVER);
	assert_int_equal(status_of("if-match: *", &e, MTIME, &a), 200);
	assert_int_equal(status_of("range: bytes=0-1\nif-range: " YOUNG, &e, MTIME, &a), 200);
	assert_int_equal(status_of("range: bytes=0-1\nif-range: W/" YOUNG, &e, MTIME, &a), 200);
}

static void kf_answer__encoding(void **state)
{
	static const struct {
		const char *type;
		bool deflate;
		u64 size;
		const char *encoding;
		enum kf_reason want;
	} cases[] = {
		{ "text/html", true, 69, "gzip", KF_R_ENCODING },
		{ "text/html", true, 68, "gzip", KF_OK },
		{ "text/html", true, 68, "gzip,", KF_OK },
		{ "text/html", true, 0, "gzip", KF_OK },
		{ "text/html", true, 1ULL << 40, "gzip", KF_R_ENCODING },
		{ "image/png", false, 1000, "gzip", KF_OK },
		{ "text/html", true, 1000, "identity", KF_OK },
		{ "text/html", true, 1000, "gzip;q=0", KF_OK },
		{ "text/html", true, 1000, "br", KF_OK },
		{ "text/html", true, 1000, "*", KF_OK },
		{ "text/html", true, 1000, "", KF_OK },
		{ "text/html", true, 1000, NULL, KF_OK },
		{ "text/html", true, 1000, " identity", KF_R_ENCODING },
		{ "text/html", true, 1000, "br,", KF_R_ENCODING },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kf_entity e = entity(cases[i].type, cases[i].deflate, KF_IDENTITY,
					    cases[i].size);
		struct kf_answer a;

		assert_reason(answer(&e, NULL, NULL, cases[i].encoding, &a),
			      cases[i].want, cases[i].type);
		/* a condition that matches comes first */
		assert_int_equal(answer(&e, "*", NULL, cases[i].encoding, &a), KF_OK);
		assert_int_equal(a.status, 304);
	}
}

/* Our own compressed body: the plain file's tag decides, and no part of it is ever sent. */
static void kf_answer__gzip(void **state)
{
	static const struct {
		const char *words;
		bool head, http10;
		int want;
	} cases[] = {
		{ "", false, false, 200 },
		{ "", true, false, OVER },
		{ "", false, true, OVER },
		{ "if-none-match: " TAG, false, false, 304 },
		{ "if-none-match: " TAG, true, true, 304 },
		{ "if-none-match: \"1388-60a2418202240-gzip\"", false, false, 200 },
		{ "if-match: " TAG, false, false, 200 },
		{ "if-match: \"1388-60a2418202240-gzip\"", false, false, OVER },
		{ "if-modified-since: " SAME, false, false, 304 },
		{ "range: bytes=0-1", false, false, 200 },
		{ "range: bytes=0-1\nif-range: " TAG, false, false, 200 },
		{ "range: bytes=0-1\nif-range: \"1388-60a2418202240-gzip\"", false, false, 200 },
		{ "range: bytes=0-1\nif-range: " SAME, false, false, 200 },
		{ "range: bytes=0-1\nif-range: " SAME, true, false, OVER },
		{ "range: bytes=0-1\nif-none-match: " TAG, false, false, 304 },
	};
	struct kf_media m = { .type = STR("text/html"), .deflate = true };
	struct kf_version v = { 0x1388, MTIME, 123456789 };
	struct kf_entity e;
	struct kf_answer a;
	struct spoken s;
	size_t i;

	(void)state;
	assert_int_equal(kf_entity_init(&e, &v, &m, KF_GZIP, 77, MTIME + 100, 0), KF_OK);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		speak(&s, cases[i].words);
		s.rq.head = cases[i].head;
		s.rq.http11 = !cases[i].http10;
		assert_int_equal(kf_answer(&s.rq, &e, MTIME + 100, &a) ? OVER : a.status,
				 cases[i].want);
		if (cases[i].want == 200)
			assert_true(a.body && !a.first && a.length == 77);
		hush(&s);
	}
}

/* A sibling has a tag of its own, which ends in its coding; also HEAD, parts and 1.0. */
static void kf_answer__siblings(void **state)
{
	static const struct {
		enum kf_coding coding;
		const char *tag;
	} cases[] = {
		{ KF_PRE_BR, "\"63-60a2418202240-br\"" },
		{ KF_PRE_ZSTD, "\"63-60a2418202240-zstd\"" },
		{ KF_PRE_GZIP, "\"63-60a2418202240-gz\"" },
	};
	char words[200];
	struct kf_answer a;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kf_entity e = entity("text/html", true, cases[i].coding, 99);
		struct kf_request plain = { .head = true };

		sprintf(words, "if-none-match: %s", cases[i].tag);
		assert_int_equal(status_of(words, &e, MTIME + 100, &a), 304);
		sprintf(words, "if-match: %s\nrange: bytes=98-\nif-range: %s", cases[i].tag,
			cases[i].tag);
		assert_int_equal(status_of(words, &e, MTIME + 100, &a), 206);
		assert_int_equal(a.first, 98);
		assert_int_equal(status_of("if-none-match: \"63-60a2418202240\"", &e, MTIME + 100, &a),
				 200);
		assert_int_equal(kf_answer(&plain, &e, MTIME + 100, &a), KF_OK);
		assert_int_equal(a.status, 200);
	}
}

/* Every truncation and every damaged byte of a list, in a buffer of just its size. */
static void kf_answer__no_byte_beyond_the_list(void **state)
{
	static const char list[] = "\"x\" , W/" TAG "\t,\"y\"";
	struct kf_entity e = entity("image/png", false, KF_IDENTITY, 0x1388);
	struct kf_answer a;
	size_t len, at;
	int c;

	(void)state;
	for (len = 0; len <= sizeof(list) - 1; len++) {
		char *copy = exact(list, len);
		struct kf_str s = { copy, len };
		struct kf_request each[] = {
			{ .if_none_match = s },
			{ .if_match = s },
			{ .range = STR("bytes=0-"), .if_range = s },
			{ .range = STR("bytes=0-"), .if_range = { copy + len / 2, len - len / 2 } },
			{ .if_modified_since = s },
			{ .if_unmodified_since = s },
		};
		size_t i;

		for (i = 0; i < ARRAY_SIZE(each); i++) {
			kf_answer(&each[i], &e, MTIME + 100, &a);
			for (at = 0; at < len; at++)
				for (c = 0; c < 256; c += 7) {
					copy[at] = c;
					kf_answer(&each[i], &e, MTIME + 100, &a);
					copy[at] = list[at];
				}
		}
		free(len ? copy : copy - 1);
	}
	assert_int_equal(answer(&e, list, NULL, NULL, &a), KF_OK);
	assert_int_equal(a.status, 304);
}

/* A match does not make up for what is odd behind it. */
static void kf_answer__odd_after_a_match(void **state)
{
	static const char * const odd[] = {
		TAG ", x", TAG ",", TAG " \"x\"", TAG ", *", TAG ", \"x", TAG ", w/\"x\"",
	};
	struct kf_entity e = entity("image/png", false, KF_IDENTITY, 0x1388);
	struct kf_answer a;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(odd); i++)
		assert_reason(answer(&e, odd[i], NULL, NULL, &a), KF_R_CONDITIONAL, odd[i]);
	assert_reason(answer(&e, TAG, "yesterday", NULL, &a), KF_R_CONDITIONAL, "date");
}

KF_GROUP(condition,
	 cmocka_unit_test(kf_answer__rfc),
	 cmocka_unit_test(kf_answer__young_dates),
	 cmocka_unit_test(kf_answer__dates_up_to_now),
	 cmocka_unit_test(kf_answer__body),
	 cmocka_unit_test(kf_answer__weak_entity),
	 cmocka_unit_test(kf_answer__encoding),
	 cmocka_unit_test(kf_answer__gzip),
	 cmocka_unit_test(kf_answer__siblings),
	 cmocka_unit_test(kf_answer__no_byte_beyond_the_list),
	 cmocka_unit_test(kf_answer__odd_after_a_match));
