// SPDX-License-Identifier: GPL-2.0-only
/* Whether heads equal Apache's is test_apache.c's question; here are limits and kfront's own rules. */
#include "unit.h"

static const struct kf_type html = { .ext = { "html", 4 },
				     .mime = { "text/html", 9 },
				     .deflate = true };

static struct kf_reply_env environment(void)
{
	return (struct kf_reply_env) {
		.date = "Fri, 20 Nov 2026 09:59:44 GMT",
		.server = STR("Apache/2.4.71 (Debian)"),
		.keepalive_timeout = 5,
		.requests_left = 100,
		.keepalive = true,
	};
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
		assert_int_equal(kf_entity_init(&e, 1, cases[i].sec,
						cases[i].nsec, &html, 1000,
						500),
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
		assert_int_equal(kf_entity_init(&e, 1, cases[i].sec,
						cases[i].nsec, &html, 1000,
						1500),
				 KF_OK);
		assert_int_equal(e.weak, cases[i].weak);
		assert_int_equal(!memcmp(e.text + e.etag - 2, "W/", 2), cases[i].weak);
	}
}

/* The longest of everything still fits, with ASan watching buffers of just the promised size. */
static void kf_head_write__longest(void **state)
{
	char mime[KF_MIME_MAX], server[KF_SERVER_MAX], *buf = malloc(KF_HEAD_MAX);
	struct kf_type type = { .mime = { mime, KF_MIME_MAX }, .deflate = true };
	struct kf_entity *e = malloc(sizeof(*e));
	struct kf_answer a = { 200, true };
	struct kf_reply_env env = environment();
	struct kf_request rq = { .keepalive_token = true };
	u32 len;

	(void)state;
	memset(mime, 'm', sizeof(mime));
	memset(server, 's', sizeof(server));
	env.server = (struct kf_str){ server, sizeof(server) };
	env.keepalive_timeout = U32_MAX;
	env.requests_left = U32_MAX;
	assert_int_equal(kf_entity_init(e, UINT64_MAX, 253402300799LL,
					999999999, &type, 253402300799LL,
					999999999),
			 KF_OK);
	assert_true(e->weak);
	assert_true(e->full + e->type_len <= KF_ENTITY_TEXT);
	len = kf_head_write(buf, &rq, e, &a, &env);
	assert_true(len <= KF_HEAD_MAX);
	assert_non_null(memmem(buf, len, "Content-Length: 18446744073709551615\r\n", 38));
	assert_non_null(memmem(buf, len, "timeout=4294967295, max=4294967295\r\n", 36));
	assert_true(kf_error_write(buf, 408, false, &env) <= KF_HEAD_MAX);
	assert_true(kf_error_write(buf, 503, false, &env) <= KF_HEAD_MAX);
	assert_true(sizeof(*e) <= 320);
	free(buf);
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
	struct kf_answer a = { 200, true };
	char buf[KF_HEAD_MAX];
	struct kf_entity e;
	u32 len;

	(void)state;
	env.server.len = 0;
	env.requests_left = 0;
	assert_int_equal(kf_entity_init(&e, 5000, 1700000000, 123456789, &html,
					1800000000, 0),
			 KF_OK);
	len = kf_head_write(buf, &rq, &e, &a, &env);
	assert_int_equal(len, sizeof(want) - 1);
	assert_memory_equal(buf, want, len);
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
	 cmocka_unit_test(kf_head_write__longest),
	 cmocka_unit_test(kf_head_write__no_server_no_limit),
	 cmocka_unit_test(kf_keepalive__counts_as_apache),
	 cmocka_unit_test(kf_error_write__408),
	 cmocka_unit_test(kf_error_write__503));
