// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include "unit.h"

static void assert_item(const struct kf_str *list, u32 i, const char *want)
{
	assert_int_equal(list[i].len, strlen(want));
	assert_string_equal(list[i].p, want);	/* NUL-terminated, as promised */
}

static void kf_policy_build__lists(void **state)
{
	struct kf_policy_text text = policy_text();
	const struct kf_str *list;
	struct kf_policy *p;
	struct kf_str server;
	u32 n;

	(void)state;
	text.guard_files = " .htaccess,,rules.conf\t\n";
	text.index = "index.html index.htm\n";
	text.server_header = "Apache/2.4.71 (Debian), ~really~ \n";
	p = policy_new(&text);
	list = kf_policy_guards(p, &n);
	assert_int_equal(n, 2);
	assert_item(list, 0, ".htaccess");
	assert_item(list, 1, "rules.conf");
	list = kf_policy_index(p, &n);
	assert_int_equal(n, 2);
	assert_item(list, 0, "index.html");
	assert_item(list, 1, "index.htm");
	server = kf_policy_server(p);
	assert_int_equal(server.len, strlen("Apache/2.4.71 (Debian), ~really~"));
	assert_memory_equal(server.p, "Apache/2.4.71 (Debian), ~really~", server.len);
	kf_policy_free(p);
}

static void kf_policy_build__nothing_at_all(void **state)
{
	struct kf_policy_text text = { };
	struct kf_policy *p = policy_new(&text);
	u32 n;

	(void)state;
	kf_policy_guards(p, &n);
	assert_int_equal(n, 0);
	kf_policy_index(p, &n);
	assert_int_equal(n, 0);
	assert_int_equal(kf_policy_server(p).len, 0);
	assert_null(kf_policy_type(p, BYTES("html")));
	kf_policy_free(p);
	kf_policy_free(NULL);
}

/* Nothing of the caller's strings is referenced later. */
static void kf_policy_build__copies(void **state)
{
	struct kf_policy_text text = policy_text();
	char *mime = strdup(test_mime_types), *types = strdup("html,PNG"), *hosts = strdup("a.b=/c");
	const struct kf_type *type;
	struct kf_policy *p;
	struct kf_str host = STR("A.b");
	struct kf_site site;

	(void)state;
	text.mime_types = mime;
	text.types = types;
	text.hosts = hosts;
	p = policy_new(&text);
	free(mime);
	free(types);
	free(hosts);
	type = kf_policy_type(p, BYTES("png"));
	assert_non_null(type);
	assert_memory_equal(type->mime.p, "image/png", 9);
	assert_memory_equal(type->ext.p, "png", 3);
	assert_true(kf_policy_host(p, &host, &site));
	assert_int_equal(site.root.len, 2);
	assert_memory_equal(site.root.p, "/c", 2);
	kf_policy_free(p);
}

static void kf_policy_type__lookup(void **state)
{
	struct kf_policy_text text = policy_text();
	const struct kf_type *type;
	struct kf_policy *p;

	(void)state;
	text.types = "html,png,HTML,js";
	p = policy_new(&text);
	type = kf_policy_type(p, BYTES("hTmL"));
	assert_non_null(type);
	assert_true(type->deflate);
	assert_ptr_equal(type, kf_policy_type(p, BYTES("html")));
	type = kf_policy_type(p, BYTES("PNG"));
	assert_non_null(type);
	assert_false(type->deflate);
	assert_null(kf_policy_type(p, BYTES("")));
	assert_null(kf_policy_type(p, BYTES("htm")));
	assert_null(kf_policy_type(p, BYTES("htmlx")));
	assert_null(kf_policy_type(p, BYTES("txt")));	/* known, not configured */
	assert_null(kf_policy_type(p, BYTES("12345678901234567")));
	kf_policy_free(p);
}

static void kf_policy_unserved__unknown_claimed_or_handlers(void **state)
{
	struct kf_policy_text text = policy_text();
	const struct kf_str *list;
	struct kf_policy *p;
	u32 n, i;

	(void)state;
	text.types = "html,qqq,es,shtml,phtm3,gateway,pl,odd1,odd2,odd3,odd4,odd5,png,gz,qqq";
	p = policy_new(&text);
	list = kf_policy_unserved(p, &n);
	assert_int_equal(n, 11);
	assert_item(list, 0, "qqq");
	assert_item(list, 1, "es");
	assert_item(list, 2, "shtml");
	assert_item(list, 3, "phtm3");
	assert_item(list, 4, "gateway");
	assert_item(list, 5, "pl");
	assert_item(list, 10, "odd5");
	for (i = 0; i < n; i++)
		assert_null(kf_policy_type(p, list[i].p, list[i].len));
	assert_non_null(kf_policy_type(p, BYTES("gz")));	/* AddType, without mime.types */
	kf_policy_free(p);
}

static void kf_policy_build__refuses(void **state)
{
	static const struct {
		size_t field;
		const char *value, *names;
	} cases[] = {
#define FIELD(f) offsetof(struct kf_policy_text, f)
		{ FIELD(index), "a/b", "index" },
		{ FIELD(index), "..", "index" },
		{ FIELD(index), ".", "index" },
		{ FIELD(index), "index.html,/x", "index" },
		{ FIELD(index), "a\x01", "index" },
		{ FIELD(guard_files), "/etc/passwd", "guard_files" },
		{ FIELD(guard_files), ". .htaccess", "guard_files" },
		{ FIELD(exclude), "icons/", "exclude" },
		{ FIELD(exclude), "/a,b", "exclude" },
		{ FIELD(exclude), "/a\x7f", "exclude" },
		{ FIELD(exclude), "%2fa", "exclude" },
		{ FIELD(exclude), "/a%", "exclude" },
		{ FIELD(exclude), "/a%4", "exclude" },
		{ FIELD(exclude), "/a%4,1", "exclude" },
		{ FIELD(exclude), "/a%zz/", "exclude" },
		{ FIELD(exclude), "/a%2fb", "exclude" },
		{ FIELD(exclude), "/a%2Fb", "exclude" },
		{ FIELD(exclude), "/a%00", "exclude" },
		{ FIELD(exclude), "/a%0ab", "exclude" },
		{ FIELD(exclude), "/a%7f", "exclude" },
		{ FIELD(exclude), "//", "exclude" },
		{ FIELD(exclude), "//a", "exclude" },
		{ FIELD(exclude), "/a//b", "exclude" },
		{ FIELD(exclude), "/a/./b", "exclude" },
		{ FIELD(exclude), "/a/.", "exclude" },
		{ FIELD(exclude), "/..", "exclude" },
		{ FIELD(exclude), "/a/../b", "exclude" },
		{ FIELD(exclude), "/%2e%2E/b", "exclude" },
		{ FIELD(exclude), "/fine /a%2", "exclude" },
		{ FIELD(server_header), "a\r\nSet-Cookie: x", "server_header" },
		{ FIELD(server_header), "a\tb", "server_header" },
		{ FIELD(server_header), "\xe9", "server_header" },
		{ FIELD(hosts), "a b:x", "hosts" },
		{ FIELD(hosts), "a:80", "hosts" },
		{ FIELD(hosts), "a.:80", "hosts" },
		{ FIELD(hosts), "b *.a:80=/r", "hosts" },
		{ FIELD(hosts), "192.0.2.1:80", "hosts" },
		{ FIELD(hosts), "[::1]:80", "hosts" },
		{ FIELD(hosts), "a:", "hosts" },
		{ FIELD(hosts), "*", "hosts" },
		{ FIELD(hosts), "*.", "hosts" },
		{ FIELD(hosts), "*.*.org", "hosts" },
		{ FIELD(hosts), "a*", "hosts" },
		{ FIELD(hosts), "http://a/", "hosts" },
		{ FIELD(hosts), "*.[::1]", "hosts" },
		{ FIELD(hosts), "a..b", "hosts" },
		{ FIELD(hosts), "a=", "hosts" },
		{ FIELD(hosts), "a=b", "hosts" },
		{ FIELD(hosts), "=/a", "hosts" },
		{ FIELD(hosts), "a=/", "hosts" },
		{ FIELD(hosts), "a=//", "hosts" },
		{ FIELD(hosts), "a=/b//", "hosts" },
		{ FIELD(hosts), "a=//b", "hosts" },
		{ FIELD(hosts), "a=/b//c", "hosts" },
		{ FIELD(hosts), "a=/b/../c", "hosts" },
		{ FIELD(hosts), "a=/b/..", "hosts" },
		{ FIELD(hosts), "a=/./b", "hosts" },
		{ FIELD(hosts), "a=/b/./", "hosts" },
		{ FIELD(hosts), "a=/b\x7f", "hosts" },
		{ FIELD(hosts), "/b=a", "hosts" },
		{ FIELD(mass_hosts), "2", "mass_hosts" },
		{ FIELD(mass_hosts), "11", "mass_hosts" },
		{ FIELD(mass_hosts), "1 0", "mass_hosts" },
		{ FIELD(mass_hosts), "yes", "mass_hosts" },
		{ FIELD(default_host), "a b", "default_host" },
		{ FIELD(default_host), "a:80", "default_host" },
		{ FIELD(default_host), "a.", "default_host" },
		{ FIELD(default_host), "..", "default_host" },
		{ FIELD(default_host), ".a", "default_host" },
		{ FIELD(default_host), "a/b", "default_host" },
		{ FIELD(default_host), "*.a", "default_host" },
		{ FIELD(default_host), "192.0.2.1", "default_host" },
		{ FIELD(default_host), "[::1]", "default_host" },
		{ FIELD(default_host), "\xe9", "default_host" },
		{ FIELD(types), ".html", "types" },
		{ FIELD(types), "tar.gz", "types" },
		{ FIELD(types), "a/b", "types" },
		{ FIELD(types), "*", "types" },
		{ FIELD(types), "12345678901234567", "types" },
		{ FIELD(types), "h\xe9", "types" },
#undef FIELD
	};
	struct kf_policy_text text;
	struct kf_policy *p = NULL;
	const char *err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		text = policy_text();
		*(const char **)((char *)&text + cases[i].field) = cases[i].value;
		err = NULL;
		if (kf_policy_build(&text, &p, &err) != -EINVAL)
			fail_msg("accepted: %s %s", cases[i].names, cases[i].value);
		assert_null(p);
		assert_non_null(err);
		assert_int_equal(strncmp(err, cases[i].names, strlen(cases[i].names)), 0);
	}
	text = policy_text();
	text.mime_types = "text/a \"b\"";
	text.mime_types_len = 10;
	assert_int_equal(kf_policy_build(&text, &p, &err), -EINVAL);
	assert_int_equal(strncmp(err, "mime_types", 10), 0);
}

/* Compared is what escapes mean, whoever wrote them. */
static void kf_policy_excluded__items_are_decoded(void **state)
{
	static const struct {
		const char *path;
		bool want;
	} cases[] = {
		{ "/my dir/a.html", true },
		{ "/my dir/", true },
		{ "/my%20dir/", false },	/* a path is decoded when it comes here */
		{ "/my dir", false },
		{ "/a,b", true },
		{ "/a,bc", true },
		{ "/a", false },
		{ "/100%41.html", true },
		{ "/100A.html", false },
		{ "/\xc3\xa4/x", true },
		{ "/\xc3\xb6/x", true },
		{ "/.git/config", true },
		{ "/..x", true },
		{ "/...", true },
		{ "/", false },
	};
	struct kf_policy_text text = policy_text();
	struct kf_policy *p;
	size_t i;

	(void)state;
	text.exclude = "/my%20dir/,/a%2cb,/100%2541,/%c3%A4/ /\xc3\xb6/,/.git/,/..x,/...";
	p = policy_new(&text);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kf_str path = STR(cases[i].path);

		if (kf_policy_excluded(p, path) != cases[i].want)
			fail_msg("%s", cases[i].path);
	}
	kf_policy_free(p);
}

/* The longest path that can be ours; one byte more would never be met. */
static void kf_policy_excluded__longest_item(void **state)
{
	struct kf_policy_text text = policy_text();
	char item[3 * KF_PATH_MAX + 2], name[KF_PATH_MAX];
	struct kf_str path = { .p = name, .len = sizeof(name) };
	struct kf_policy *p = NULL;
	const char *err;
	size_t i;

	(void)state;
	item[0] = '/';
	for (i = 1; i < KF_PATH_MAX; i++)
		memcpy(item + 3 * i - 2, "%61", 4);
	memset(name, 'a', sizeof(name));
	name[0] = '/';
	text.exclude = item;
	p = policy_new(&text);
	assert_true(kf_policy_excluded(p, path));
	path.len--;
	assert_false(kf_policy_excluded(p, path));
	kf_policy_free(p);
	p = NULL;
	strcat(item, "b");
	assert_int_equal(kf_policy_build(&text, &p, &err), -EINVAL);
	assert_null(p);
}

static void kf_policy_build__limits(void **state)
{
	struct kf_policy_text text = policy_text();
	char list[KF_LIST_MAX + 2], name[KF_NAME_MAX + 2], server[KF_SERVER_MAX + 2];
	struct kf_policy *p;
	const char *err;
	u32 i, n;

	(void)state;
	for (i = 0; i <= KF_ITEMS_MAX; i++)
		sprintf(list + 5 * i, "a%03u,", i);
	text.guard_files = list;
	assert_int_equal(kf_policy_build(&text, &p, &err), -EINVAL);
	list[5 * KF_ITEMS_MAX] = '\0';
	p = policy_new(&text);
	kf_policy_guards(p, &n);
	assert_int_equal(n, KF_ITEMS_MAX);
	kf_policy_free(p);

	text = policy_text();
	text.types = list;	/* the hash at its fullest */
	p = policy_new(&text);
	kf_policy_unserved(p, &n);
	assert_int_equal(n, KF_ITEMS_MAX);
	assert_null(kf_policy_type(p, BYTES("a000")));
	assert_null(kf_policy_type(p, BYTES("zzzz")));
	kf_policy_free(p);

	text = policy_text();
	text.exclude = list;
	memset(list, ' ', sizeof(list));
	list[KF_LIST_MAX + 1] = '\0';
	assert_int_equal(kf_policy_build(&text, &p, &err), -EINVAL);
	list[KF_LIST_MAX] = '\0';
	kf_policy_free(policy_new(&text));

	text = policy_text();
	text.index = name;
	memset(name, 'a', sizeof(name));
	name[KF_NAME_MAX + 1] = '\0';
	assert_int_equal(kf_policy_build(&text, &p, &err), -EINVAL);
	name[KF_NAME_MAX] = '\0';
	kf_policy_free(policy_new(&text));

	text = policy_text();
	text.server_header = server;
	memset(server, 'a', sizeof(server));
	server[KF_SERVER_MAX + 1] = '\0';
	assert_int_equal(kf_policy_build(&text, &p, &err), -EINVAL);
	server[KF_SERVER_MAX] = '\0';
	kf_policy_free(policy_new(&text));
}

/* Each allocation fails once; ASan sees what is lost. */
static void kf_policy_build__no_memory(void **state)
{
	struct kf_policy_text text = policy_text();
	struct kf_policy *p = NULL;
	const char *err;
	unsigned int n;
	int ret;

	(void)state;
	text.hosts = "a,*.b,c=/d";
	text.default_host = "a";
	text.mass_hosts = "1";
	for (n = 1; n < 100; n++) {
		kf_shim_fail = n;
		ret = kf_policy_build(&text, &p, &err);
		if (!ret)
			break;
		assert_int_equal(ret, -ENOMEM);
		assert_null(p);
	}
	kf_shim_fail = 0;
	assert_true(n > 10 && n < 100);
	kf_policy_free(p);
}

static void defaults__all_types_are_known_to_debian(void **state)
{
	struct kf_policy_text text = policy_text();
	char types[] = KF_DEFAULT_TYPES, *word, *save;
	struct kf_policy *p;
	size_t len;
	u32 n;
	char *mime = read_file("apache/mime.types", &len);

	(void)state;
	text.mime_types = mime;
	text.mime_types_len = len;
	p = policy_new(&text);
	kf_policy_unserved(p, &n);
	assert_int_equal(n, 0);
	for (word = strtok_r(types, ",", &save); word; word = strtok_r(NULL, ",", &save))
		assert_non_null(kf_policy_type(p, word, strlen(word)));
	kf_policy_free(p);
	free(mime);
}

KF_GROUP(policy,
	 cmocka_unit_test(kf_policy_build__lists),
	 cmocka_unit_test(kf_policy_build__nothing_at_all),
	 cmocka_unit_test(kf_policy_build__copies),
	 cmocka_unit_test(kf_policy_type__lookup),
	 cmocka_unit_test(kf_policy_unserved__unknown_claimed_or_handlers),
	 cmocka_unit_test(kf_policy_build__refuses),
	 cmocka_unit_test(kf_policy_excluded__items_are_decoded),
	 cmocka_unit_test(kf_policy_excluded__longest_item),
	 cmocka_unit_test(kf_policy_build__limits),
	 cmocka_unit_test(kf_policy_build__no_memory),
	 cmocka_unit_test(defaults__all_types_are_known_to_debian));
