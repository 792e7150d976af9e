// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include "unit.h"

static struct kf_policy *policy;

static int setup(void **state)
{
	struct kf_policy_text text = policy_text();

	(void)state;
	policy = policy_new(&text);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kf_policy_free(policy);
	return 0;
}

static void check(const char *name, size_t len, enum kf_reason want, const char *mime)
{
	const struct kf_type *type = NULL;
	char *copy = malloc(len ? len : 1);

	memcpy(copy, name, len);
	assert_reason(kf_name_check(policy, copy, len, &type), want, name);
	if (want == KF_OK) {
		assert_int_equal(type->mime.len, strlen(mime));
		assert_memory_equal(type->mime.p, mime, type->mime.len);
	}
	free(copy);
}

static void kf_name_check__last_part_decides(void **state)
{
	(void)state;
	check(BYTES("a.html"), KF_OK, "text/html");
	check(BYTES("a.HTML"), KF_OK, "text/html");
	check(BYTES("a.js"), KF_OK, "text/javascript");	/* the later line of mime.types */
	check(BYTES("a.bz2"), KF_OK, "application/x-bzip2");	/* AddType in mime.conf */
	check(BYTES("a b?.html"), KF_OK, "text/html");
	check(BYTES("\xff.html"), KF_OK, "text/html");
	check(BYTES(""), KF_R_TYPE, NULL);
	check(BYTES("html"), KF_R_TYPE, NULL);
	check(BYTES("a."), KF_R_TYPE, NULL);
	check(BYTES("a.html."), KF_R_TYPE, NULL);
	check(BYTES("a.html~"), KF_R_TYPE, NULL);
	check(BYTES("a.htmlx"), KF_R_TYPE, NULL);
	check(BYTES("a.html\0"), KF_R_TYPE, NULL);
	check(BYTES("a.ht"), KF_R_TYPE, NULL);
	check(BYTES("a.php"), KF_R_TYPE, NULL);
	check(BYTES("x.php.bak"), KF_R_TYPE, NULL);
	check(BYTES("info.inc"), KF_R_TYPE, NULL);
	check(BYTES("m.var"), KF_R_TYPE, NULL);
	check(BYTES("run.cgi"), KF_R_TYPE, NULL);
	check(BYTES("a.shtml"), KF_R_TYPE, NULL);
	check(BYTES("index.html.en"), KF_R_TYPE, NULL);
	check(BYTES("a.pngpngpngpngpngpngpng"), KF_R_TYPE, NULL);
}

static void kf_name_check__dotfiles(void **state)
{
	(void)state;
	check(BYTES("."), KF_R_DOTFILE, NULL);
	check(BYTES(".."), KF_R_DOTFILE, NULL);
	check(BYTES(".html"), KF_R_DOTFILE, NULL);
	check(BYTES(".a.html"), KF_R_DOTFILE, NULL);
}

/* What stands before the first dot is the base name: mod_mime does not look at it. */
static void kf_name_check__base_name_means_nothing(void **state)
{
	(void)state;
	check(BYTES("php.html"), KF_OK, "text/html");
	check(BYTES("en.html"), KF_OK, "text/html");
	check(BYTES("cgi-bin.html"), KF_OK, "text/html");
}

static void kf_name_check__harmless_parts(void **state)
{
	(void)state;
	check(BYTES("jquery.min.js"), KF_OK, "text/javascript");
	check(BYTES("jquery-3.7.1.min.js"), KF_OK, "text/javascript");
	check(BYTES("a..html"), KF_OK, "text/html");
	check(BYTES("a.bak.html"), KF_OK, "text/html");
	check(BYTES("a.tar.html"), KF_OK, "text/html");
	check(BYTES("a.html.png"), KF_OK, "image/png");
	check(BYTES("a.unknownunknownunknownunknown.html"), KF_OK, "text/html");
	check(BYTES("a.e.n.html"), KF_OK, "text/html");
	check(BYTES("a.enx.html"), KF_OK, "text/html");
	check(BYTES("a.xphp.html"), KF_OK, "text/html");
}

static void kf_name_check__claimed_parts(void **state)
{
	/* every kind the issue names; any case, any place but the first and the last */
	static const char *const parts[] = {
		"php",	  "php3", "php8",  "phps",	"php-s",
		"phtml",  "phar", "pht",   "PHP",	"pHp5",
		"pl",	  "pm",	  "py",	   "cgi",	"fcgi",
		"rb",	  "lua",  "asp",   "aspx",	"ashx",
		"jsp",	  "jspx", "shtml", "var",	"asis",
		"inc",	  "en",	  "de",	   "fr",	"pt-br",
		"zh-CN",  "utf8", "UTF8",  "iso8859-1", "iso-10646-ucs-2",
		"gb2312", "ua",	  "gz",	   "GZ",	"Z",
		"tgz",	  "bz2",  "br",	   "zst",	"xz",
		"es",	  "tr",	  "map",   "sh",	"dll",
		"exe",	  "tcl",
	};
	const struct kf_type *type;
	char name[100];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		static const char *const shapes[] = { "a.%s.html",
						      "a.x.%s.html",
						      "a.%s.x.html",
						      "a..%s.min.html" };
		size_t k;

		for (k = 0; k < ARRAY_SIZE(shapes); k++) {
			snprintf(name, sizeof(name), shapes[k], parts[i]);
			assert_reason(kf_name_check(policy, name, strlen(name),
						    &type),
				      KF_R_HANDLER, name);
		}
	}
}

/* Read Debian's mime.conf itself: what it gives a language, charset, handler or filter is claimed. */
static void kf_part_is_claimed__all_of_mime_conf(void **state)
{
	static const char *const directives[] = {
		"AddLanguage",	   "AddCharset",     "AddHandler",
		"AddOutputFilter", "AddInputFilter", "RemoveType",
	};
	size_t len, i, found = 0;
	char *text = read_file("apache/mime.conf", &len), *line, *save;

	(void)state;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *words, *word = strtok_r(line, " \t", &words);
		bool skip_first;

		for (i = 0; i < ARRAY_SIZE(directives); i++)
			if (word && !strcmp(word, directives[i]))
				break;
		if (i == ARRAY_SIZE(directives))
			continue;
		skip_first = strcmp(word, "RemoveType");
		while ((word = strtok_r(NULL, " \t", &words))) {
			if (skip_first) {
				skip_first = false;
				continue;
			}
			word += *word == '.';
			if (!kf_part_is_claimed(word, strlen(word)))
				fail_msg("mime.conf gives .%s a meaning", word);
			found++;
		}
	}
	free(text);
	assert_true(found > 150);
}

static void kf_part_is_claimed__default_types_are_not(void **state)
{
	char text[] = KF_DEFAULT_TYPES, *word, *save;

	(void)state;
	for (word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save))
		assert_false(kf_part_is_claimed(word, strlen(word)));
	assert_false(kf_part_is_claimed("", 0));
	assert_false(kf_part_is_claimed("e", 1));
	assert_false(kf_part_is_claimed("en\0", 3));
	assert_false(kf_part_is_claimed("\xff", 1));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
KF_GROUP(name,
	 T(kf_name_check__last_part_decides),
	 T(kf_name_check__dotfiles),
	 T(kf_name_check__base_name_means_nothing),
	 T(kf_name_check__harmless_parts),
	 T(kf_name_check__claimed_parts),
	 T(kf_part_is_claimed__all_of_mime_conf),
	 T(kf_part_is_claimed__default_types_are_not));
