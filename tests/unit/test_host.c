// SPDX-License-Identifier: GPL-2.0-only
#include "host.h"
#include "unit.h"

static void kf_host_name__strips_port_and_dot(void **state)
{
	static const struct {
		const char *value, *name;
	} cases[] = {
		{ "a", "a" },
		{ "Example.org", "Example.org" },
		{ "example.org:8080", "example.org" },
		{ "example.org.", "example.org" },
		{ "example.org.:1", "example.org" },
		{ "a_b-c.d", "a_b-c.d" },
		{ "1a", "1a" },
		{ "1.a", "1.a" },
		{ "-", "-" },
		{ "127.0.0.1:65535", "127.0.0.1" },
		{ "10.0.0.0", "10.0.0.0" },
		{ "[::1]", "[::1]" },
		{ "[::]:80", "[::]" },
		{ "[1::]", "[1::]" },
		{ "[2001:DB8::1:0:ff]", "[2001:DB8::1:0:ff]" },
		{ "[1:2:3:4:5:6:7:8]:9", "[1:2:3:4:5:6:7:8]" },
		{ "[1:2:3::5:6:7:8]", "[1:2:3::5:6:7:8]" },
		/* none */
		{ "", NULL },
		{ ".", NULL },
		{ "..", NULL },
		{ ".a", NULL },
		{ "a..b", NULL },
		{ "a..", NULL },
		{ "a:", NULL },
		{ "a:0", NULL },
		{ "a:65536", NULL },
		{ "a:000080", NULL },
		{ "a:8x", NULL },
		{ "a:-1", NULL },
		{ "a:80:80", NULL },
		{ ":80", NULL },
		{ "a b", NULL },
		{ "a/b", NULL },
		{ "../a", NULL },
		{ "a\\b", NULL },
		{ "a,b", NULL },
		{ "a@b", NULL },
		{ "a%2e", NULL },
		{ "a\x80", NULL },
		{ "*", NULL },
		{ "*.a", NULL },
		{ "1", NULL },
		{ "1.2.3", NULL },
		{ "1.2.3.4.5", NULL },
		{ "01.2.3.4", NULL },
		{ "1.2.3.00", NULL },
		{ "a.1", NULL },
		{ "a.-b", NULL },
		{ "1.2.3.4a", NULL },
		{ "0x7f.1", NULL },
		{ "[", NULL }, { "[:", NULL }, { "[::", NULL },
		{ "[]", NULL },
		{ "[:]", NULL },
		{ "[::1", NULL },
		{ "[::1]x", NULL },
		{ "[::1]:", NULL },
		{ "[:::]", NULL },
		{ "[1:]", NULL },
		{ "[:1]", NULL },
		{ "[1:2]", NULL },
		{ "[12345::]", NULL },
		{ "[1::2::3]", NULL },
		{ "[1:2:3:4:5:6:7:8:9]", NULL },
		{ "[1:2:3:4:5:6:7:8::]", NULL },
		{ "[::1%eth0]", NULL },
		{ "[::ffff:1.2.3.4]", NULL },
		{ "[g::]", NULL },
		{ "[::1 ]", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		static const char behind[] = { '\0', '\r', ' ', '\t', '=' };
		size_t len = strlen(cases[i].value), k;

		for (k = 0; k < sizeof(behind); k++) {
			char *copy = malloc(len + 1);
			struct kf_str value = { copy, len }, name;

			memcpy(copy, cases[i].value, len);
			copy[len] = behind[k];
			if (kf_host_name(&value, &name) != !!cases[i].name)
				fail_msg("%s", cases[i].value);
			if (cases[i].name) {
				assert_int_equal(name.len, strlen(cases[i].name));
				assert_memory_equal(name.p, cases[i].name, name.len);
			}
			free(copy);
		}
	}
}

static void kf_host_name__length(void **state)
{
	char text[300];
	struct kf_str value = { text, KF_HOST_MAX }, name;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[KF_HOST_MAX] = '\0';
	assert_true(kf_host_name(&value, &name));
	text[KF_HOST_MAX] = 'a';
	text[++value.len] = '\0';
	assert_false(kf_host_name(&value, &name));
	text[KF_HOST_MAX] = '.';
	assert_true(kf_host_name(&value, &name));
}

static void kf_host_is_address__of_names(void **state)
{
	static const struct {
		const char *name;
		bool want;
	} cases[] = {
		{ "192.0.2.1", true }, { "0.0.0.0", true }, { "[::1]", true }, { "[2001:db8::1]", true },
		{ "a", false }, { "1a", false }, { "1.a", false }, { "1.2.3.a", false },
		{ "192.0.2.1.example.org", false }, { "1-2.3.4", false }, { "_", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kf_str name = STR(cases[i].name);

		if (kf_host_is_address(&name) != cases[i].want)
			fail_msg("%s", cases[i].name);
	}
}

KF_GROUP(host,
	 cmocka_unit_test(kf_host_name__strips_port_and_dot),
	 cmocka_unit_test(kf_host_name__length),
	 cmocka_unit_test(kf_host_is_address__of_names));
