// SPDX-License-Identifier: GPL-2.0-only
/* Whether heads equal Apache's is test_apache.c's question; here are limits and kfront's own rules. */
#include "unit.h"

static const struct kf_media html = { .type = { "text/html", 9 }, .deflate = true };

#define NOW	1795168784
#define DATE	"Fri, 20 Nov 2026 09:59:44 GMT"

static const struct kf_front *front(struct kf_str server)
{
	static struct kf_front f;

	memset(&f, 0xff, sizeof(f));
	kf_front_write(&f, NOW, &server);
	return &f;
}

static struct kf_reply_env environment(void)
{
	return (struct kf_reply_env) {
		.front = front(STR("Apache/2.4.71 (Debian)")),
		.keepalive_timeout = 5,
		.requests_left = 100,
		.keepalive = true,
	};
}

/* An html file as it is. */
static enum kf_reason init(struct kf_entity *e, u64 size, s64 sec, u32 nsec, s64 now_sec,
			   u32 now_nsec)
{
	struct kf_version v = { size, sec, nsec };

	return kf_entity_init(e, &v, &html, KF_IDENTITY, size, now_sec, now_nsec);
}

static void kf_entity_init__unstable(void **state)
{
	static const struct {
		s64 sec;
		u32 nsec;
		enum kf_reason want;
	} cases[] = {
		{ 1000, 0, KF_OK },
		{ 999, 999999999, KF_OK },
		{ 1000, 500, KF_OK },
		{ 1000, 501, KF_R_UNSTABLE },
		{ 1001, 0, KF_R_UNSTABLE },
		{ INT64_MAX, 0, KF_R_UNSTABLE },
		{ 0, 0, KF_R_UNSTABLE },
		{ -1, 0, KF_R_UNSTABLE },
		{ INT64_MIN, 0, KF_R_UNSTABLE },
		{ 1, 0, KF_OK },
	};
	struct kf_entity e;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(init(&e, 1, cases[i].sec, cases[i].nsec, 1000, 500),
				 cases[i].want);
}

/* Weak while less than 1,000,000 microseconds lie between the two times, each cut to microseconds. */
static void kf_entity_init__weak(void **state)
{
	static const struct {
		s64 sec;
		u32 nsec;
		bool weak;
	} cases[] = {
		{ 1000, 500, true },	   { 1000, 0, true },
		{ 999, 2000, true },	   { 999, 1000, false },
		{ 999, 1999, false },	   { 999, 999999999, true },
		{ 998, 999999999, false }, { 1, 0, false },
	};
	struct kf_entity e;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(init(&e, 1, cases[i].sec, cases[i].nsec, 1000, 1500), KF_OK);
		assert_int_equal(e.weak, cases[i].weak);
		assert_int_equal(!memcmp(e.text + e.etag - 2, "W/", 2), cases[i].weak);
	}
}

/* The longest of everything still fits, with ASan watching buffers of just the promised size. */
static void kf_head_write__longest(void **state)
{
	static const int statuses[] = { 200, 206, 304 };
	char media[KF_MEDIA_MAX], server[KF_SERVER_MAX], *buf = malloc(KF_HEAD_MAX);
	struct kf_version v = { UINT64_MAX, 253402300799LL, 999999999 };
	struct kf_media m = { { media, 80 }, { media, 16 }, { media, 7 }, true };
	struct kf_entity *e = malloc(sizeof(*e));
	struct kf_reply_env env = environment();
	struct kf_request rq = { .keepalive_token = true };
	int coding;
	size_t i;
	u32 len;

	(void)state;
	memset(media, 'm', sizeof(media));
	memset(server, 's', sizeof(server));
	env.front = front((struct kf_str){ server, sizeof(server) });
	env.keepalive_timeout = U32_MAX;
	env.requests_left = U32_MAX;
	for (coding = KF_IDENTITY; coding <= KF_PRE_BR; coding++) {
		assert_int_equal(kf_entity_init(e, &v, &m, coding, UINT64_MAX, v.mtime_sec,
						v.mtime_nsec), KF_OK);
		assert_true(e->weak);
		e->siblings = true;
		assert_true(e->full + e->type_len <= KF_ENTITY_TEXT);
		for (i = 0; i < ARRAY_SIZE(statuses); i++) {
			struct kf_answer a = { statuses[i], true, UINT64_MAX - 1, 1 };

			len = kf_head_write(buf, &rq, e, &a, &env);
			assert_true(len <= KF_HEAD_MAX);
			assert_non_null(memmem(buf, len, BYTES("timeout=4294967295, "
							       "max=4294967295\r\n")));
			if (a.status == 200)
				assert_non_null(memmem(buf, len, BYTES("Content-Length: "
								       "18446744073709551615\r\n")));
		}
	}
	assert_true(kf_error_write(buf, 408, false, &env) <= KF_HEAD_MAX);
	assert_true(kf_error_write(buf, 503, false, &env) <= KF_HEAD_MAX);
	assert_true(sizeof(*e) <= 384);
	free(buf);
	free(e);
}

/* Types that no head has room for are the backend's; the policy's bound alone is within. */
static void kf_entity_init__media_too_long(void **state)
{
	char media[KF_MEDIA_MAX + 1] = "";
	struct kf_version v = { 1, 1000, 0 };
	struct kf_entity *e = malloc(sizeof(*e));
	u32 i, k;

	(void)state;
	memset(media, 'm', sizeof(media));
	for (i = 0; i <= KF_MEDIA_MAX; i++)
		for (k = 0; k <= 1; k++) {
			struct kf_media m = { { media, i }, { media, KF_MEDIA_MAX - i },
					      { media, k }, false };

			assert_int_equal(kf_entity_init(e, &v, &m, KF_PRE_ZSTD, 1, 2000, 0),
					 k ? KF_R_TYPE : KF_OK);
		}
	assert_true(KF_MEDIA_MAX >= KF_MIME_MAX);
	free(e);
}

static void kf_head_write__no_server_no_limit(void **state)
{
	static const char want[] =
		"HTTP/1.1 200 OK\r\n"
		"Date: Fri, 20 Nov 2026 09:59:44 GMT\r\n"
		"Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT\r\n"
		"ETag: \"1388-60a2418202240\"\r\n"
		"Accept-Ranges: bytes\r\n"
		"Content-Length: 5000\r\n"
		"Vary: Accept-Encoding\r\n"
		"Keep-Alive: timeout=5\r\n"
		"Connection: Keep-Alive\r\n"
		"Content-Type: text/html\r\n\r\n";
	struct kf_reply_env env = environment();
	struct kf_request rq = { .keepalive_token = true };
	struct kf_answer a = { 200, true, 0, 5000 };
	char buf[KF_HEAD_MAX];
	struct kf_entity e;
	u32 len;

	(void)state;
	env.front = front(STR(""));
	env.requests_left = 0;
	assert_int_equal(init(&e, 5000, 1700000000, 123456789, 1800000000, 0), KF_OK);
	len = kf_head_write(buf, &rq, &e, &a, &env);
	assert_int_equal(len, sizeof(want) - 1);
	assert_memory_equal(buf, want, len);
}

/* What Apache never says: siblings, and files that might have had one. */
static void kf_head_write__siblings(void **state)
{
#define LINES "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT\r\nETag: "
#define RANGES "\r\nAccept-Ranges: bytes\r\n"
#define VARY "Vary: Accept-Encoding\r\n"
#define TYPE "Content-Type: text/plain; charset=utf-8\r\nContent-Language: en\r\n"
	static const struct {
		enum kf_coding coding;
		int status;
		bool head;
		u64 size;
		const char *want;
	} cases[] = {
		{ KF_PRE_BR, 200, false, 99,
		  "200 OK\r\n" LINES "\"63-60a2418202240-br\"" RANGES VARY
		  "Content-Encoding: br\r\nContent-Length: 99\r\n" TYPE },
		{ KF_PRE_ZSTD, 200, true, 99,
		  "200 OK\r\n" LINES "\"63-60a2418202240-zstd\"" RANGES VARY
		  "Content-Encoding: zstd\r\nContent-Length: 99\r\n" TYPE },
		{ KF_PRE_GZIP, 200, false, 0,
		  "200 OK\r\n" LINES "\"0-60a2418202240-gz\"" RANGES VARY
		  "Content-Encoding: gzip\r\nContent-Length: 0\r\n" TYPE },
		{ KF_PRE_BR, 206, false, 99,
		  "206 Partial Content\r\n" LINES "\"63-60a2418202240-br\"" RANGES VARY
		  "Content-Encoding: br\r\nContent-Range: bytes 1-2/99\r\n"
		  "Content-Length: 2\r\n" TYPE },
		{ KF_PRE_BR, 304, false, 99,
		  "304 Not Modified\r\n" LINES "\"63-60a2418202240-br\"" RANGES VARY },
		{ KF_IDENTITY, 200, false, 99,
		  "200 OK\r\n" LINES "\"63-60a2418202240\"" RANGES
		  "Content-Length: 99\r\n" VARY TYPE },
		{ KF_IDENTITY, 200, true, 0,
		  "200 OK\r\n" LINES "\"0-60a2418202240\"" RANGES VARY TYPE },
		{ KF_IDENTITY, 206, true, 99,
		  "206 Partial Content\r\n" LINES "\"63-60a2418202240\"" RANGES
		  "Content-Length: 2\r\n" VARY "Content-Range: bytes 1-2/99\r\n" TYPE },
		{ KF_IDENTITY, 304, false, 99,
		  "304 Not Modified\r\n" LINES "\"63-60a2418202240\"" RANGES VARY },
		{ KF_GZIP, 200, false, 99,
		  "200 OK\r\n" LINES "\"63-60a2418202240-gzip\"" RANGES VARY
		  "Content-Encoding: gzip\r\nContent-Length: 99\r\n" TYPE },
	};
	struct kf_media m = { STR("text/plain"), STR("utf-8"), STR("en"), false };
	struct kf_reply_env env = environment();
	char got[KF_HEAD_MAX + 1], want[KF_HEAD_MAX];
	struct kf_entity e;
	size_t i;

	(void)state;
	env.front = front(STR(""));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kf_version v = { cases[i].size, 1700000000, 123456789 };
		struct kf_request rq = { .head = cases[i].head };
		struct kf_answer a = { cases[i].status, false, 1, 2 };

		assert_int_equal(kf_entity_init(&e, &v, &m, cases[i].coding, cases[i].size,
						1800000000, 0), KF_OK);
		assert_int_equal(e.siblings, cases[i].coding >= KF_PRE_GZIP);
		e.siblings = true;
		got[kf_head_write(got, &rq, &e, &a, &env)] = '\0';
		sprintf(want, "HTTP/1.1 %.*sDate: %s\r\n%s\r\n",
			(int)(strchr(cases[i].want, '\n') + 1 - cases[i].want), cases[i].want,
			DATE, strchr(cases[i].want, '\n') + 1);
		assert_string_equal(got, want);
	}
}

static void kf_keepalive__counts_as_apache(void **state)
{
	struct kf_request rq = { .keepalive = true };
	u32 left = 7;

	(void)state;
	assert_true(kf_keepalive(&rq, 0, 100, &left));
	assert_int_equal(left, 100);
	assert_true(kf_keepalive(&rq, 99, 100, &left));
	assert_int_equal(left, 1);
	assert_false(kf_keepalive(&rq, 100, 100, &left));
	assert_int_equal(left, 0);
	assert_false(kf_keepalive(&rq, 101, 100,
				  &left)); /* the limit was lowered meanwhile */
	assert_false(kf_keepalive(&rq, U32_MAX, 100, &left));
	assert_true(kf_keepalive(&rq, U32_MAX, 0, &left));
	assert_int_equal(left, 0);
	rq.keepalive = false;
	assert_false(kf_keepalive(&rq, 0, 100, &left));
	assert_int_equal(left, 0);
}

/* What Apache sent when it was let wait (see scan.c), its signature taken out. */
static void kf_error_write__408(void **state)
{
	static const char head[] =
		"HTTP/1.1 408 Request Timeout\r\n"
		"Date: Fri, 20 Nov 2026 09:59:44 GMT\r\n"
		"Server: Apache/2.4.71 (Debian)\r\n";
	static const char rest[] =
		"Connection: close\r\n"
		"Content-Type: text/html; charset=iso-8859-1\r\n\r\n";
	static const char body[] =
		"<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\" \"http://www.w3.org/TR/html4/strict.dtd\">\n"
		"<html><head>\n"
		"<title>408 Request Timeout</title>\n"
		"</head><body>\n"
		"<h1>Request Timeout</h1>\n"
		"<p>Server timeout waiting for the HTTP request from the client.</p>\n"
		"</body></html>\n";
	struct kf_reply_env env = environment();
	char buf[KF_HEAD_MAX], want[KF_HEAD_MAX];

	(void)state;
	sprintf(want, "%sContent-Length: %zu\r\n%s%s", head, strlen(body), rest, body);
	assert_int_equal(kf_error_write(buf, 408, false, &env), strlen(want));
	assert_memory_equal(buf, want, strlen(want));
	sprintf(want, "%s%s", head, rest);
	assert_int_equal(kf_error_write(buf, 408, true, &env), strlen(want));
	assert_memory_equal(buf, want, strlen(want));
}

static void kf_error_write__503(void **state)
{
	struct kf_reply_env env = environment();
	char buf[KF_HEAD_MAX + 1];
	const char *body;
	u32 len, said;

	(void)state;
	len = kf_error_write(buf, 503, false, &env);
	buf[len] = '\0';
	assert_int_equal(strlen(buf), len);
	assert_int_equal(strncmp(buf, "HTTP/1.1 503 Service Unavailable\r\n", 34), 0);
	assert_non_null(strstr(buf, "\r\nRetry-After: 1\r\n"));
	assert_non_null(strstr(buf, "\r\nConnection: close\r\n"));
	body = strstr(buf, "\r\n\r\n") + 4;
	assert_int_equal(sscanf(strstr(buf, "Content-Length: "),
				"Content-Length: %u\r\n", &said),
			 1);
	assert_int_equal(strlen(body), said);
	len = kf_error_write(buf, 503, true, &env);
	buf[len] = '\0';
	assert_string_equal(strstr(buf, "\r\n\r\n"), "\r\n\r\n");
}

KF_GROUP(head,
	 cmocka_unit_test(kf_entity_init__unstable),
	 cmocka_unit_test(kf_entity_init__weak),
	 cmocka_unit_test(kf_entity_init__media_too_long),
	 cmocka_unit_test(kf_head_write__longest),
	 cmocka_unit_test(kf_head_write__no_server_no_limit),
	 cmocka_unit_test(kf_head_write__siblings),
	 cmocka_unit_test(kf_keepalive__counts_as_apache),
	 cmocka_unit_test(kf_error_write__408),
	 cmocka_unit_test(kf_error_write__503));
