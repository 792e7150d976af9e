// SPDX-License-Identifier: GPL-2.0-only
#include "host.h"
#include "unit.h"

#define GZIP KF_CODING(KF_GZIP)
#define BR KF_CODING(KF_PRE_BR)

/* In buffers of just their size: what is written behind KF_KEY_MAX is seen. */
static char *buf;

static int setup(void **state)
{
	(void)state;
	buf = malloc(KF_KEY_MAX);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(buf);
	return 0;
}

/* What parse.c says of a path. */
static void set_path(struct kf_request *rq, const char *path, u32 len)
{
	const char *name = memrchr(path, '/', len);

	assert_non_null(name);
	rq->path = (struct kf_str){ path, len };
	rq->name_at = name + 1 - path;
	rq->escaped = memchr(path, '%', len);
}

static enum kf_reason route_coded(const struct kf_policy *p, const char *path, const char *host,
				  const char *encoding, u8 offers, struct kf_target *t)
{
	struct kf_str value = STR(host ?: "");
	struct kf_request rq = { };

	set_path(&rq, path, strlen(path));
	if (host && !kf_host_name(&value, &rq.host))
		return KF_R_HOST;	/* as parse.c says */
	if (encoding)
		rq.accept_encoding = STR(encoding);
	memset(t, 0xff, sizeof(*t));
	return kf_route(p, &rq, offers, buf, t);
}

static enum kf_reason route(const struct kf_policy *p, const char *path, const char *host,
			    struct kf_target *t)
{
	return route_coded(p, path, host, NULL, GZIP, t);
}

static void assert_key(const struct kf_target *t, const char *root, const char *path)
{
	size_t len = strlen(root), front = len ? len + 1 : 0;

	assert_int_equal(t->key.root_len, len);
	assert_int_equal(t->key.len, front + strlen(path));
	assert_memory_equal(t->key.name, root, front);	/* with its NUL */
	assert_memory_equal(t->key.name + front, path, strlen(path));
}

static void kf_route__file_directory_or_not(void **state)
{
	static const struct {
		const char *path;
		enum kf_reason want;
		bool directory;
	} cases[] = {
		{ "/", KF_OK, true },
		{ "/a/", KF_OK, true },
		{ "/a.b/", KF_OK, true },
		{ "/php.php/", KF_OK, true },
		{ "/a.html", KF_OK, false },
		{ "/a/b/c.png", KF_OK, false },
		{ "/x.php/a.html", KF_OK, false },
		{ "/a", KF_R_TYPE, false },
		{ "/a.html/b", KF_R_TYPE, false },
		{ "/a.b/c", KF_R_TYPE, false },
		{ "/a.php.html", KF_R_HANDLER, false },
		{ "/icons/a.png", KF_R_EXCLUDED, false },
		{ "/icons/", KF_R_EXCLUDED, false },
		{ "/cgi-bin/a.html", KF_R_EXCLUDED, false },
		{ "/icons.html", KF_OK, false },
		{ "/a/icons/b.png", KF_OK, false },
		{ "/Icons/b.png", KF_OK, false },
	};
	struct kf_policy_text text = policy_text();
	struct kf_policy *p = policy_new(&text);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kf_target t;

		assert_reason(route(p, cases[i].path, "a", &t), cases[i].want, cases[i].path);
		if (cases[i].want != KF_OK)
			continue;
		assert_ptr_equal(t.key.name, cases[i].path);	/* not copied */
		assert_key(&t, "", cases[i].path);
		assert_int_equal(t.directory, cases[i].directory);
		assert_int_equal(t.media.type.len > 0, !cases[i].directory);
	}
	kf_policy_free(p);
}

static void kf_route__decodes_once(void **state)
{
	static const struct {
		const char *path, *want;	/* NULL: by @reason not ours */
		enum kf_reason reason;
	} cases[] = {
		{ "/%61.html", "/a.html", KF_OK },
		{ "/a%2ehtml", "/a.html", KF_OK },
		{ "/a%2Ehtml", "/a.html", KF_OK },
		{ "/%c3%A4/%e2%82%ac.html", "/\xc3\xa4/\xe2\x82\xac.html", KF_OK },
		{ "/%c0%ae%c0%ae/a.html", "/\xc0\xae\xc0\xae/a.html", KF_OK },	/* overlong */
		{ "/%ff%fe.html", "/\xff\xfe.html", KF_OK },
		{ "/a%20b.html", "/a b.html", KF_OK },
		{ "/%20.html", "/ .html", KF_OK },
		{ "/a%25.html", "/a%.html", KF_OK },
		{ "/%252e%252e/a.html", "/%2e%2e/a.html", KF_OK },	/* once */
		{ "/%252fa.html", "/%2fa.html", KF_OK },
		{ "/a%3Fb.html", "/a?b.html", KF_OK },
		{ "/a%23b.html", "/a#b.html", KF_OK },
		{ "/a%5Cb.html", "/a\\b.html", KF_OK },
		{ "/..%5ca.html", NULL, KF_R_DOTFILE },
		{ "/a%3bb/", "/a;b/", KF_OK },
		{ "/a/%2a/", "/a/*/", KF_OK },
		{ "/a%2e%2e/b.html", "/a../b.html", KF_OK },
		{ "/a.html%65n", NULL, KF_R_TYPE },
		{ "/a.%70hp.html", NULL, KF_R_HANDLER },
		{ "/a.html%2een", "/a.html.en", KF_OK },
		{ "/%2e", NULL, KF_R_DOTFILE },
		{ "/%2e/a.html", NULL, KF_R_DOTFILE },
		{ "/%2e%2e/a.html", NULL, KF_R_DOTFILE },
		{ "/.%2e/a.html", NULL, KF_R_DOTFILE },
		{ "/a/%2E./b.html", NULL, KF_R_DOTFILE },
		{ "/a/%2ehtaccess", NULL, KF_R_DOTFILE },
		{ "/%2fa.html", NULL, KF_R_TARGET },
		{ "/a%2fb.html", NULL, KF_R_TARGET },
		{ "/a%2Fb.html", NULL, KF_R_TARGET },
		{ "/a.html%2f", NULL, KF_R_TARGET },
		{ "/%00", NULL, KF_R_TARGET },
		{ "/a%00.html", NULL, KF_R_TARGET },
		{ "/a.html%00", NULL, KF_R_TARGET },
		{ "/a%01.html", NULL, KF_R_TARGET },
		{ "/a%0a.html", NULL, KF_R_TARGET },
		{ "/a%1F.html", NULL, KF_R_TARGET },
		{ "/a%7f.html", NULL, KF_R_TARGET },
		{ "/a%80.html", "/a\x80.html", KF_OK },
		/* parse.c lets none of these through; kHTTPd read beyond the first */
		{ "/%", NULL, KF_R_TARGET },
		{ "/a.html%", NULL, KF_R_TARGET },
		{ "/a.html%4", NULL, KF_R_TARGET },
		{ "/%zz.html", NULL, KF_R_TARGET },
		{ "/%4z.html", NULL, KF_R_TARGET },
		{ "/%z4.html", NULL, KF_R_TARGET },
		{ "/%-1.html", NULL, KF_R_TARGET },
		{ "/% 1.html", NULL, KF_R_TARGET },
		{ "/%u0041.html", NULL, KF_R_TARGET },
		{ "/%61//b.html", NULL, KF_R_TARGET },
		{ "/%61/.b.html", NULL, KF_R_DOTFILE },
		/* excluded by what it means, not by how it is written */
		{ "/%69cons/a.png", NULL, KF_R_EXCLUDED },
		{ "/icons%2fa.png", NULL, KF_R_TARGET },
		{ "/cgi%2dbin/a.html", NULL, KF_R_EXCLUDED },
		{ "/%2569cons/a.png", "/%69cons/a.png", KF_OK },
	};
	struct kf_policy_text text = policy_text();
	struct kf_policy *p = policy_new(&text);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		u32 len = strlen(cases[i].path);
		char *copy = exact(cases[i].path, len);
		struct kf_request rq = { };
		struct kf_target t;

		set_path(&rq, copy, len);
		assert_reason(kf_route(p, &rq, GZIP, buf, &t), cases[i].reason, cases[i].path);
		assert_int_equal(!cases[i].want, cases[i].reason != KF_OK);
		if (cases[i].want)
			assert_key(&t, "", cases[i].want);
		free(copy);
	}
	kf_policy_free(p);
}

/* Every byte, escaped: ours unless the table above says why not. */
static void kf_route__each_byte(void **state)
{
	struct kf_policy_text text = policy_text();
	struct kf_policy *p = policy_new(&text);
	int c;

	(void)state;
	for (c = 0; c < 256; c++) {
		char path[16], want[8] = "/ac.html";
		struct kf_target t;

		snprintf(path, sizeof(path), c & 1 ? "/a%%%02x.html" : "/a%%%02X.html", c);
		want[2] = c;
		assert_reason(route(p, path, "a", &t),
			      c < 0x20 || c == 0x7f || c == '/' ? KF_R_TARGET : KF_OK, path);
		if (c >= 0x20 && c != 0x7f && c != '/') {
			assert_int_equal(t.key.len, sizeof(want));
			assert_memory_equal(t.key.name, want, sizeof(want));
		}
	}
	kf_policy_free(p);
}

static void kf_route__lengths(void **state)
{
	static char path[3 * KF_PATH_MAX + 20], root[KF_ROOT_MAX + 8] = "a=/";
	struct kf_policy_text text = policy_text();
	struct kf_target t;
	struct kf_policy *p;
	size_t i;

	(void)state;
	memset(root + 3, 'r', KF_ROOT_MAX - 2);	/* as long as it may be */
	text.hosts = root;
	p = policy_new(&text);
	/* "/xxx...xxx/a.png", one too long, then not */
	for (i = 0; i < 2; i++) {
		memset(path, 'x', sizeof(path) - 1);
		path[0] = '/';
		strcpy(path + KF_PATH_MAX - 5 - i, "/a.png");
		assert_int_equal(strlen(path), KF_PATH_MAX + 1 - i);
		assert_reason(route(p, path, "a", &t), i ? KF_OK : KF_R_TARGET, "plain");
	}
	assert_int_equal(t.key.len, KF_KEY_MAX);
	assert_key(&t, root + 2, path);
	for (i = 0; i < 2; i++) {
		size_t k, at = 1;

		for (k = 0; k < KF_PATH_MAX - 6 - i; k++)
			at += sprintf(path + at, "%%78");
		strcpy(path + at, "/a.png");
		assert_reason(route(p, path, "a", &t), i ? KF_OK : KF_R_TARGET, "escaped");
	}
	assert_int_equal(t.key.len, KF_KEY_MAX);
	kf_policy_free(p);

	text.hosts = "";	/* no root in front: the same bound */
	p = policy_new(&text);
	assert_reason(route(p, path, "a", &t), KF_OK, "beneath docroot");
	assert_int_equal(t.key.len, KF_PATH_MAX);
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	assert_reason(route(p, path, "a", &t), KF_R_TARGET, "far too long");
	memset(path, '/', sizeof(path) - 1);
	path[1] = '%';
	path[2] = '4';
	path[3] = '1';
	assert_reason(route(p, path, "a", &t), KF_R_TARGET, "nothing but slashes");
	kf_policy_free(p);
}

static void kf_route__hosts(void **state)
{
	static const struct {
		const char *host, *root;
		enum kf_reason want;
	} cases[] = {
		{ "example.org", "", KF_OK },
		{ "Example.ORG:8080", "", KF_OK },
		{ "example.org.", "", KF_OK },
		{ "a.example.net", "", KF_OK },
		{ "a.b.example.net:1", "", KF_OK },
		{ "example.net", NULL, KF_R_HOST },
		{ "[::1]:80", "", KF_OK },
		{ "[::2]", NULL, KF_R_HOST },
		{ "192.0.2.1", "/srv/four", KF_OK },
		{ "192.0.2.1.", "/srv/four", KF_OK },
		{ "www.example.org", NULL, KF_R_HOST },
		{ "WWW.example.com:80", "/srv/www", KF_OK },
		{ "any.example.com", "/srv/any/.x", KF_OK },
		{ "a", NULL, KF_R_HOST },
		{ NULL, NULL, KF_R_HOST },
	};
	struct kf_policy_text text = policy_text();
	struct kf_policy *p;
	size_t i;

	(void)state;
	text.hosts = "EXAMPLE.org., *.Example.NET [::1]\n192.0.2.1=/srv/four/,"
		     "www.example.com=/srv/www,*.example.com=/srv/any/.x";
	p = policy_new(&text);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *about = cases[i].host ? cases[i].host : "no host";
		struct kf_target t;

		assert_reason(route(p, "/a.html", cases[i].host, &t), cases[i].want, about);
		if (cases[i].want == KF_OK)
			assert_key(&t, cases[i].root, "/a.html");
		assert_reason(route(p, "/%61/", cases[i].host, &t), cases[i].want, about);
		if (cases[i].want == KF_OK)
			assert_key(&t, cases[i].root, "/a/");
		/* By the URL's path, wherever its files are. */
		assert_reason(route(p, "/icons/a.png", cases[i].host, &t),
			      cases[i].want == KF_OK ? KF_R_EXCLUDED : KF_R_HOST, about);
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
	text.default_host = "b";	/* means nothing without mass_hosts */
	p = policy_new(&text);
	assert_int_equal(route(p, "/a.html", NULL, &t), KF_OK);
	assert_int_equal(route(p, "/a.html", "whatever:1", &t), KF_OK);
	assert_key(&t, "", "/a.html");
	kf_policy_free(p);
}

static void kf_route__mass_hosts(void **state)
{
	static const struct {
		const char *host;
		const char *any, *fallback, *listed;	/* first part of the key; NULL: not ours */
	} cases[] = {
		{ "example.org", "/example.org", "/example.org", "/example.org" },
		{ "EXAMPLE.Org.:8080", "/example.org", "/example.org", "/example.org" },
		{ "www.example.org", "/www.example.org", "/www.example.org", NULL },
		{ "own.example.org:1", "/own.example.org", "/own.example.org", "=/srv/own" },
		{ "_a-b", "/_a-b", "/_a-b", NULL },
		{ "1.a", "/1.a", "/1.a", NULL },
		{ NULL, NULL, "/default", NULL },
		{ "192.0.2.1", NULL, "/default", "/default" },
		{ "[::1]:80", NULL, "/default", NULL },
		/* parse.c lets none of these through */
		{ ".", NULL, NULL, NULL },
		{ "..", NULL, NULL, NULL },
		{ ".a", NULL, NULL, NULL },
		{ "a/b", NULL, NULL, NULL },
		{ "../a", NULL, NULL, NULL },
		{ "", NULL, NULL, NULL },
	};
	struct kf_policy_text text = policy_text();
	struct kf_policy *p[3];
	size_t i, k;

	(void)state;
	text.mass_hosts = " 1\n";
	text.default_host = "";
	p[0] = policy_new(&text);
	text.default_host = "Default\n";
	p[1] = policy_new(&text);
	text.hosts = "example.org,own.example.org=/srv/own/,192.0.2.1";
	p[2] = policy_new(&text);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *want[3] = { cases[i].any, cases[i].fallback, cases[i].listed };

		for (k = 0; k < 3; k++) {
			const char *about = cases[i].host ? cases[i].host : "no host";
			bool own = want[k] && want[k][0] == '=';
			struct kf_target t;
			char path[100];

			assert_reason(route(p[k], "/x/%61.html", cases[i].host, &t),
				      want[k] ? KF_OK : KF_R_HOST, about);
			if (!want[k])
				continue;
			snprintf(path, sizeof(path), "%s/x/a.html", own ? "" : want[k]);
			assert_key(&t, own ? want[k] + 1 : "", path);
			assert_reason(route(p[k], "/", cases[i].host, &t), KF_OK, about);
			assert_true(t.directory);
			assert_reason(route(p[k], "/icons/a.png", cases[i].host, &t), KF_R_EXCLUDED,
				      about);
		}
	}
	for (k = 0; k < 3; k++)
		kf_policy_free(p[k]);
}

static void kf_route__longest_mass_host(void **state)
{
	static char host[KF_HOST_MAX + 7], path[KF_PATH_MAX + 1];
	struct kf_policy_text text = policy_text();
	struct kf_policy *p;
	struct kf_target t;

	(void)state;
	text.mass_hosts = "1";
	p = policy_new(&text);
	memset(host, 'H', KF_HOST_MAX);
	strcpy(host + KF_HOST_MAX, ".:80");
	memset(path, 'x', KF_PATH_MAX);
	path[0] = '/';
	path[KF_PATH_MAX - 1] = '/';
	assert_reason(route(p, path, host, &t), KF_OK, "longest");
	assert_int_equal(t.key.len, 1 + KF_HOST_MAX + KF_PATH_MAX);
	assert_memory_equal(t.key.name, "/hhh", 4);
	kf_policy_free(p);
}

static void kf_route__encoding(void **state)
{
	static const struct {
		const char *path, *encoding;
		u8 offers, accepts;
		enum kf_reason want;
	} cases[] = {
		{ "/a.html", NULL, GZIP, 0, KF_OK },
		{ "/a.html", "", GZIP, 0, KF_OK },
		{ "/a.html", "IDENTITY", GZIP, 0, KF_OK },
		{ "/a.html", "gzip", GZIP, GZIP, KF_OK },
		{ "/a.html", "gzip, deflate, br, zstd", GZIP, GZIP, KF_OK },
		{ "/a.html", "gzip;q=0", GZIP, 0, KF_OK },
		{ "/a.html", "gzip;;", GZIP, 0, KF_R_ENCODING },
		{ "/a.html", "br", GZIP, 0, KF_OK },
		{ "/a.html", "gzip, br", GZIP | BR, GZIP | BR, KF_OK },
		{ "/a.html", "br", GZIP | BR, BR, KF_OK },
		/* we do not, but the backend would */
		{ "/a.html", "gzip", 0, 0, KF_R_ENCODING },
		{ "/a.html", "gzip, br", BR, 0, KF_R_ENCODING },
		{ "/a.html", "gzip;;", 0, 0, KF_R_ENCODING },
		{ "/a.html", "br", BR, BR, KF_OK },
		{ "/a.html", "identity", 0, 0, KF_OK },
		{ "/a.html", NULL, 0, 0, KF_OK },
		/* nobody compresses that */
		{ "/a.png", "gzip", GZIP, 0, KF_OK },
		{ "/a.png", "gzip", 0, 0, KF_OK },
		{ "/a.png", "gzip;;", GZIP, 0, KF_OK },
		/* but somebody may have done it before */
		{ "/a.png", "gzip, br", GZIP | BR, BR, KF_OK },
		{ "/a.png", "gzip;;", GZIP | BR, 0, KF_R_ENCODING },
		/* who knows what the index is */
		{ "/a/", "gzip", GZIP, GZIP, KF_OK },
		{ "/a/", "gzip", 0, 0, KF_R_ENCODING },
		{ "/a/", "identity", 0, 0, KF_OK },
		{ "/a/", "gzip;;", GZIP, 0, KF_R_ENCODING },
		/* other reasons come first */
		{ "/a.php", "gzip;;", 0, 0, KF_R_TYPE },
	};
	struct kf_policy_text text = policy_text();
	struct kf_policy *p = policy_new(&text);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kf_target t;

		assert_reason(route_coded(p, cases[i].path, "a", cases[i].encoding, cases[i].offers, &t),
			      cases[i].want, cases[i].path);
		if (cases[i].want == KF_OK && t.key.accepts != cases[i].accepts)
			fail_msg("%s, %s: %#x", cases[i].path,
				 cases[i].encoding ? cases[i].encoding : "none", t.key.accepts);
	}
	kf_policy_free(p);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
KF_GROUP(route,
	 T(kf_route__file_directory_or_not),
	 T(kf_route__decodes_once),
	 T(kf_route__each_byte),
	 T(kf_route__lengths),
	 T(kf_route__hosts),
	 T(kf_route__empty_hosts_is_every_host),
	 T(kf_route__mass_hosts),
	 T(kf_route__longest_mass_host),
	 T(kf_route__encoding));
