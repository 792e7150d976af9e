// SPDX-License-Identifier: GPL-2.0-only
#include "mimetypes.h"
#include "unit.h"

static void kf_mime_next__pairs_in_order(void **state)
{
	static const char text[] = "# x y\n\n  text/a  b\tc  #d\r\ntext/e\ntext/f g";
	static const char *const want[] = { "text/a", "b",  "text/a", "c",
					    "text/a", "#d", "text/f", "g" };
	struct kf_str mime = { }, ext;
	char *copy = malloc(sizeof(text) - 1);
	size_t pos = 0, i = 0;

	(void)state;
	memcpy(copy, text, sizeof(text) - 1);
	while (kf_mime_next(copy, sizeof(text) - 1, &pos, &mime, &ext)) {
		assert_true(i + 1 < ARRAY_SIZE(want));
		assert_int_equal(mime.len, strlen(want[i]));
		assert_memory_equal(mime.p, want[i], mime.len);
		assert_int_equal(ext.len, strlen(want[i + 1]));
		assert_memory_equal(ext.p, want[i + 1], ext.len);
		i += 2;
	}
	assert_int_equal(i, ARRAY_SIZE(want));
	assert_false(kf_mime_next(copy, sizeof(text) - 1, &pos, &mime, &ext));
	free(copy);
}

static void kf_mime_check__what_apache_reads_otherwise(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} cases[] = {
		{ "", true },
		{ "text/a b\n", true },
		{ "# it's \"x\" \\ y\ntext/a b", true },
		{ " # it's\n", true },
		{ "text/a b\r\n", true },
		{ "text/a \"b c\"\n", false },
		{ "text/a b\\\nc\n", false },
		{ "text/a 'b'", false },
		{ "# comment \\\ntext/a b\n", false },
		{ "# comment \\ \n", false },
		{ "# comment \\", false },
		{ "text/a b\x01", false },
		{ "\x7f"
		  "ELF",
		  false },
		{ "# \x1b", false },
	};
	size_t i;
	char *longest;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (kf_mime_check(cases[i].text, strlen(cases[i].text)) != cases[i].ok)
			fail_msg("%s", cases[i].text);
	assert_false(kf_mime_check(BYTES("text/a b\0")));

	longest = malloc(8002);
	memset(longest, 'x', 8002);
	assert_true(kf_mime_check(longest, 8000));
	assert_false(kf_mime_check(longest, 8001));
	longest[4000] = '\n';
	assert_true(kf_mime_check(longest, 8002));
	free(longest);
}

static void kf_mime_is_plain__no_handlers(void **state)
{
	static const struct {
		const char *mime;
		bool plain;
	} cases[] = {
		{ "text/html", true },
		{ "image/svg+xml", true },
		{ "application/vnd.ms-fontobject", true },
		{ "application/x-httpd-php", false },
		{ "application/x-httpd-cgi", false },
		{ "text/x-server-parsed-html", false },
		{ "application/x-type-map", false },
		{ "httpd/unix-directory", false },
		{ "text/html;charset=x", false },
		{ "Text/html", false },
		{ "text", false },
		{ "text/", false },
		{ "/html", false },
		{ "a/b/c", false },
		{ "", false },
		{ "a/b\xe9", false },
	};
	char text[KF_MIME_MAX + 2] = "a/";
	struct kf_str s = { text, KF_MIME_MAX };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kf_str mime = STR(cases[i].mime);

		if (kf_mime_is_plain(&mime) != cases[i].plain)
			fail_msg("%s", cases[i].mime);
	}
	memset(text + 2, 'x', sizeof(text) - 2);
	assert_true(kf_mime_is_plain(&s));
	s.len++;
	assert_false(kf_mime_is_plain(&s));
}

/* The list against Debian's own deflate.conf. */
static void kf_mime_is_deflated__as_deflate_conf(void **state)
{
	static const char *const others[] = {
		"text/markdown", "image/svg+xml", "application/json",
		"text/htm",	 "text/htmlx",	  "image/png",
	};
	size_t len, i, n = 0;
	char *text = read_file("apache/deflate.conf", &len), *line, *save;
	struct kf_str mime;

	(void)state;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *words, *word = strtok_r(line, " \t", &words);

		if (!word || strcmp(word, "AddOutputFilterByType"))
			continue;
		assert_string_equal(strtok_r(NULL, " \t", &words), "DEFLATE");
		while ((word = strtok_r(NULL, " \t", &words))) {
			mime = STR(word);
			if (!kf_mime_is_deflated(&mime))
				fail_msg("%s is compressed", word);
			n++;
		}
	}
	free(text);
	assert_int_equal(n, 11);	/* and kfront's list is no longer than that */
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		mime = STR(others[i]);
		assert_false(kf_mime_is_deflated(&mime));
	}
}

static const char *entry(const struct kf_mimeconf *conf, const char *directive)
{
	if (!strcmp(directive, "AddType"))
		return conf->type;
	if (!strcmp(directive, "AddLanguage"))
		return conf->language;
	if (!strcmp(directive, "AddCharset"))
		return conf->charset;
	if (!strcmp(directive, "RemoveType"))
		return conf->type && !conf->type[0] ? "" : NULL;
	if (!strncmp(directive, "Add", 3))	/* Handler, OutputFilter, Encoding, ... */
		return conf->claimed ? "claimed" : NULL;
	fail_msg("what is %s?", directive);
	return NULL;
}

/* Read Debian's mime.conf itself: the table has what it says, in order, and nothing else. */
static void kf_mimeconf__is_debians_mime_conf(void **state)
{
	size_t len, said = 0, have = 0, i;
	char *text = read_file("apache/mime.conf", &len), *line, *save;

	(void)state;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *words, *directive = strtok_r(line, " \t", &words), *word, *value = "";

		if (!directive || *directive == '#')
			continue;
		if (strcmp(directive, "RemoveType"))
			value = strtok_r(NULL, " \t", &words);
		while ((word = strtok_r(NULL, " \t", &words))) {
			const struct kf_mimeconf *conf;
			const char *got;

			word += *word == '.';
			conf = kf_mimeconf_find(word, strlen(word));
			got = conf ? entry(conf, directive) : NULL;
			if (!got || (strcmp(got, "claimed") && strcasecmp(got, value)))
				fail_msg("%s %s .%s: %s", directive, value, word, got ? got : "?");
			said++;
		}
	}
	free(text);
	for (i = 0; i < kf_mimeconf_n; i++) {
		const struct kf_mimeconf *conf = &kf_mimeconf[i];

		have += !!conf->type + !!conf->language + !!conf->charset + conf->claimed;
		assert_true(!i || strcmp(kf_mimeconf[i - 1].ext, conf->ext) < 0);
		assert_ptr_equal(kf_mimeconf_find(conf->ext, strlen(conf->ext)), conf);
		assert_true(strlen(conf->ext) <= KF_EXT_MAX);	/* kf_name_check() counts on it */
	}
	/* Big5 stands there twice, in two cases */
	assert_int_equal(said, have + 1);
	assert_true(have > 150);
}

static void kf_mimeconf_find__not_there(void **state)
{
	static const char * const others[] = { "", "e", "enx", "html", "zzz", "0", "\xff", "utf-8" };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(others); i++)
		assert_null(kf_mimeconf_find(others[i], strlen(others[i])));
	assert_null(kf_mimeconf_find(BYTES("en\0")));
	assert_non_null(kf_mimeconf_find(BYTES("ZH-cn")));
}

KF_GROUP(mimetypes,
	 cmocka_unit_test(kf_mime_next__pairs_in_order),
	 cmocka_unit_test(kf_mime_check__what_apache_reads_otherwise),
	 cmocka_unit_test(kf_mime_is_plain__no_handlers),
	 cmocka_unit_test(kf_mime_is_deflated__as_deflate_conf),
	 cmocka_unit_test(kf_mimeconf__is_debians_mime_conf),
	 cmocka_unit_test(kf_mimeconf_find__not_there));
