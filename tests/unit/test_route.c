// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

static enum kf_reason route(const struct kf_policy *p, const char *path, const char *host,
			    const char *encoding, struct kf_target *t)
{
	struct kf_request rq = { .path = STR(path) };

	if (host)
		rq.host = STR(host);
	if (encoding)
		rq.accept_encoding = STR(encoding);
	return kf_route(p, &rq, t);
}

static void kf_route__file_directory_or_not(void **state)
{
	static const struct {
		const char *path;
		enum kf_reason want;
		bool type;
	} cases[] = {
		{ "/", KF_OK, false },
		{ "/a/", KF_OK, false },
		{ "/a.b/", KF_OK, false },
		{ "/php.php/", KF_OK, false },
		{ "/a.html", KF_OK, true },
		{ "/a/b/c.png", KF_OK, true },
		{ "/x.php/a.html", KF_OK, true },
		{ "/a", KF_R_TYPE, false },
		{ "/a.html/b", KF_R_TYPE, false },
		{ "/a.b/c", KF_R_TYPE, false },
		{ "/a.php.html", KF_R_HANDLER, false },
		{ "/icons/a.png", KF_R_EXCLUDED, false },
		{ "/icons/", KF_R_EXCLUDED, false },
		{ "/cgi-bin/a.html", KF_R_EXCLUDED, false },
		{ "/icons.html", KF_OK, true },
		{ "/a/icons/b.png", KF_OK, true },
		{ "/Icons/b.png", KF_OK, true },
	};
	struct kf_policy_text text = policy_text();
	struct kf_policy *p = policy_new(&text);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kf_target t;

		assert_reason(route(p, cases[i].path, "a", NULL, &t), cases[i].want, cases[i].path);
		if (cases[i].want != KF_OK)
			continue;
		assert_ptr_equal(t.path.p, cases[i].path);
		assert_int_equal(t.path.len, strlen(cases[i].path));
		assert_int_equal(!!t.type, cases[i].type);
	}
	kf_policy_free(p);
}

static void kf_route__hosts(void **state)
{
	static const struct {
		const char *host;
		enum kf_reason want;
	} cases[] = {
		{ "example.org", KF_OK },
		{ "Example.ORG:8080", KF_OK },
		{ "example.org.", KF_OK },
		{ "a.example.net", KF_OK },
		{ "a.b.example.net:1", KF_OK },
		{ "example.net", KF_R_HOST },
		{ "[::1]:80", KF_OK },
		{ "[::2]", KF_R_HOST },
		{ "192.0.2.1", KF_OK },
		{ "www.example.org", KF_R_HOST },
		{ "a", KF_R_HOST },
		{ NULL, KF_R_HOST },
	};
	struct kf_policy_text text = policy_text();
	struct kf_policy *p;
	size_t i;

	(void)state;
	text.hosts = "EXAMPLE.org., *.Example.NET [::1]:8080\n192.0.2.1";
	p = policy_new(&text);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kf_target t;

		assert_reason(route(p, "/a.html", cases[i].host, NULL, &t), cases[i].want,
			      cases[i].host ? cases[i].host : "no host");
	}
	kf_policy_free(p);
}

static void kf_route__empty_hosts_is_every_host(void **state)
{
	struct kf_policy_text text = policy_text();
	struct kf_target t;
	struct kf_policy *p;

	(void)state;
	text.hosts = NULL;
	p = policy_new(&text);
	assert_int_equal(route(p, "/a.html", NULL, NULL, &t), KF_OK);
	assert_int_equal(route(p, "/a.html", "whatever:1", NULL, &t), KF_OK);
	kf_policy_free(p);
}

static void kf_route__encoding(void **state)
{
	static const struct {
		const char *path, *encoding;
		enum kf_reason want;
	} cases[] = {
		{ "/a.html", NULL, KF_OK },
		{ "/a.html", "", KF_OK },
		{ "/a.html", "IDENTITY", KF_OK },
		{ "/a.html", "gzip", KF_R_ENCODING },
		{ "/a.html", "br", KF_R_ENCODING },
		{ "/a.html", "*", KF_R_ENCODING },
		{ "/a.html", "gzip;q=0", KF_R_ENCODING },
		{ "/a.html", "identity, gzip", KF_R_ENCODING },
		{ "/a.png", "gzip", KF_OK },
		{ "/a/", "gzip", KF_OK },
	};
	struct kf_policy_text text = policy_text();
	struct kf_policy *p = policy_new(&text);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kf_target t;

		assert_reason(route(p, cases[i].path, "a", cases[i].encoding, &t), cases[i].want,
			      cases[i].path);
	}
	kf_policy_free(p);
}

KF_GROUP(route,
	 cmocka_unit_test(kf_route__file_directory_or_not),
	 cmocka_unit_test(kf_route__hosts),
	 cmocka_unit_test(kf_route__empty_hosts_is_every_host),
	 cmocka_unit_test(kf_route__encoding));
