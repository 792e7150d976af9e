// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include "unit.h"
#include "vhost.h"

static struct kf_hosts hosts_new(const char *text)
{
	struct kf_hosts h = { };

	assert_int_equal(kf_hosts_build(&h, text), 0);
	return h;
}

/* The root of the item that matches, "-" for docroot, "none" if no item does. */
static void check(const struct kf_hosts *h, const char *name, const char *want)
{
	struct kf_str s = STR(name);
	const struct kf_vhost *host = kf_hosts_find(h, &s);
	char got[KF_ROOT_MAX];

	snprintf(got, sizeof(got), "%.*s", host ? (int)host->root.len : 4,
		 host ? host->root.p ?: "" : "none");
	if (strcmp(got[0] ? got : "-", want))
		fail_msg("%s: %s, not %s", name, got, want);
}

static void kf_hosts_find__first_match_in_order(void **state)
{
	struct kf_hosts h = hosts_new("www.example.org=/srv/www/, Example.NET.,*.example.org=/srv/any\n"
				      "late.example.org=/srv/late early.example.net=/e "
				      "*.example.net=/srv/net,*.a.example.net=/never "
				      "www.example.org=/again [2001:DB8::1]=/v6 192.0.2.1=/v4");

	(void)state;
	check(&h, "www.example.org", "/srv/www");
	check(&h, "WWW.example.ORG", "/srv/www");
	check(&h, "example.net", "-");
	check(&h, "a.example.org", "/srv/any");
	check(&h, "a.b.example.org", "/srv/any");
	check(&h, "late.example.org", "/srv/any");	/* the pattern stands before it */
	check(&h, "early.example.net", "/e");		/* and here behind it */
	check(&h, "b.a.example.net", "/srv/net");
	check(&h, "[2001:db8::1]", "/v6");
	check(&h, "192.0.2.1", "/v4");
	check(&h, "192.0.2.2", "none");
	check(&h, "example.org", "none");
	check(&h, "xexample.net", "none");
	check(&h, "www.example.or", "none");
	kf_hosts_free(&h);
}

static void kf_hosts_find__empty(void **state)
{
	struct kf_hosts h = hosts_new(" ,\n");

	(void)state;
	check(&h, "a", "none");
	kf_hosts_free(&h);
	h = hosts_new(NULL);
	check(&h, "a", "none");
	kf_hosts_free(&h);
}

static void kf_hosts_find__patterns_only(void **state)
{
	struct kf_hosts h = hosts_new("*.a=/a *.b");

	(void)state;
	check(&h, "x.a", "/a");
	check(&h, "x.b", "-");
	check(&h, "a", "none");
	kf_hosts_free(&h);
}

/* Several patterns match: the first one listed counts, however long it is. */
static void kf_hosts_find__patterns_in_patterns(void **state)
{
	struct kf_hosts h = hosts_new("*.b.example=/1 *.example=/2 *.a.b.example=/3 c.b.example=/4 "
				      "*.x.y=/5 *.y=/6 *.X.Y=/7 z.z=/8 *.z=/9");
	char labels[256];
	int i;

	(void)state;
	check(&h, "c.b.example", "/1");
	check(&h, "d.a.b.example", "/1");
	check(&h, "b.example", "/2");
	check(&h, "a.example", "/2");
	check(&h, "xb.example", "/2");
	check(&h, "example", "none");
	check(&h, "a.X.y", "/5");
	check(&h, "x.y", "/6");
	check(&h, "z.z", "/8");
	check(&h, "y.z.z", "/9");
	check(&h, "y", "none");
	for (i = 0; i < 252; i += 2)
		memcpy(labels + i, "q.", 2);
	memcpy(labels + i, "z", 2);
	check(&h, labels, "/9");
	labels[i] = 'w';
	check(&h, labels, "none");
	kf_hosts_free(&h);
}

static void kf_hosts_find__as_many_as_can_be(void **state)
{
	static char text[KF_HOSTS_TEXT_MAX + 2];
	struct kf_hosts h;
	char name[32], root[32];
	size_t at = 0;
	int i;

	(void)state;
	for (i = 0; i < KF_HOSTS_MAX; i++)
		at += snprintf(text + at, sizeof(text) - at, "%s%d.example=/srv/%d ",
			       i % 100 == 7 ? "*." : "", i, i);
	assert_true(at < KF_HOSTS_TEXT_MAX);
	h = hosts_new(text);
	for (i = 0; i < KF_HOSTS_MAX; i++) {
		snprintf(name, sizeof(name), "%s%d.example", i % 100 == 7 ? "x." : "", i);
		snprintf(root, sizeof(root), "/srv/%d", i);
		check(&h, name, root);
	}
	check(&h, "1024.example", "none");
	kf_hosts_free(&h);

	memcpy(text + at, "b", 2);	/* one too many */
	memset(&h, 0, sizeof(h));
	assert_int_equal(kf_hosts_build(&h, text), -EINVAL);
	kf_hosts_free(&h);
	memset(text, ' ', sizeof(text) - 1);
	memset(&h, 0, sizeof(h));
	assert_int_equal(kf_hosts_build(&h, text), -EINVAL);	/* one byte too long */
	kf_hosts_free(&h);
	text[KF_HOSTS_TEXT_MAX] = '\0';
	h = hosts_new(text);
	kf_hosts_free(&h);
}

static void kf_hosts_build__root_lengths(void **state)
{
	char text[KF_ROOT_MAX + 8] = "a=";
	struct kf_hosts h;

	(void)state;
	memset(text + 2, 'x', KF_ROOT_MAX);
	text[2] = '/';
	text[2 + KF_ROOT_MAX - 1] = '\0';
	h = hosts_new(text);
	check(&h, "a", text + 2);
	kf_hosts_free(&h);
	strcat(text, "/");	/* is stripped */
	h = hosts_new(text);
	kf_hosts_free(&h);
	strcat(text, "x");
	memset(&h, 0, sizeof(h));
	assert_int_equal(kf_hosts_build(&h, text), -EINVAL);
	kf_hosts_free(&h);
}

KF_GROUP(vhost,
	 cmocka_unit_test(kf_hosts_find__first_match_in_order),
	 cmocka_unit_test(kf_hosts_find__empty),
	 cmocka_unit_test(kf_hosts_find__patterns_only),
	 cmocka_unit_test(kf_hosts_find__patterns_in_patterns),
	 cmocka_unit_test(kf_hosts_find__as_many_as_can_be),
	 cmocka_unit_test(kf_hosts_build__root_lengths));
