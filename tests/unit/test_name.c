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

static void assert_piece(const struct kf_str *s, const char *want, const char *about)
{
	if (s->len != strlen(want) || (s->len && memcmp(s->p, want, s->len)))
		fail_msg("%s: %.*s, not %s", about, (int)s->len, s->p, want);
}

static void check_media(const char *name, size_t len, enum kf_reason want, const char *mime,
			const char *language, const char *charset)
{
	char *copy = exact(name, len);
	struct kf_media media;

	memset(&media, 0xff, sizeof(media));
	assert_reason(kf_name_check(policy, copy, len, &media), want, name);
	free(len ? copy : copy - 1);
	if (want != KF_OK)
		return;
	assert_piece(&media.type, mime, name);
	assert_piece(&media.language, language, name);
	assert_piece(&media.charset, charset, name);
	assert_int_equal(media.deflate, !strncmp(mime, "text/", 5));
}

static void check(const char *name, size_t len, enum kf_reason want, const char *mime)
{
	check_media(name, len, want, mime, "", "");
}

static void kf_name_check__lengths(void **state)
{
	char name[KF_NAME_MAX + 1];

	(void)state;
	memset(name, 'a', sizeof(name));
	memcpy(name + sizeof(name) - 6, ".html", 5);
	check(name, KF_NAME_MAX, KF_OK, "text/html");
	memcpy(name + sizeof(name) - 6, "a.html", 6);
	check(name, KF_NAME_MAX + 1, KF_R_TYPE, NULL);	/* no file has such a name */
	/* parts of 16 characters, and of more than any that is known */
	check(BYTES("a.1234567890123456.html"), KF_OK, "text/html");
	check(BYTES("a.12345678901234567.html"), KF_OK, "text/html");
	check(BYTES("a.html.12345678901234567"), KF_R_TYPE, NULL);
	check(BYTES("a.php34567890123456.html"), KF_R_HANDLER, NULL);
	check(BYTES("a.PhP345678901234567.html"), KF_R_HANDLER, NULL);
	check(BYTES("a.phtml345678901234567.html"), KF_R_HANDLER, NULL);
	check(BYTES("a.html.php45678901234567"), KF_R_TYPE, NULL);
	check_media(BYTES("a.iso-10646-ucs-2.html"), KF_OK, "text/html", "", "iso-10646-ucs-2");
	check(BYTES("a.iso-10646-ucs-22222.html"), KF_OK, "text/html");
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
	check(BYTES("a.en"), KF_R_TYPE, NULL);
	check(BYTES("a.utf8"), KF_R_TYPE, NULL);
	check(BYTES("a.html.old"), KF_R_TYPE, NULL);
	check(BYTES("a.html.old.en"), KF_R_TYPE, NULL);
	check(BYTES("a.html.en.old"), KF_R_TYPE, NULL);
	check(BYTES("a.html.pot"), KF_R_TYPE, NULL);	/* a type, but not allow-listed */
	check(BYTES("a.html.pot.en"), KF_R_TYPE, NULL);
	check(BYTES("a.html.en."), KF_R_TYPE, NULL);
	check(BYTES("en.utf8"), KF_R_TYPE, NULL);
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

static void kf_name_check__languages_and_charsets(void **state)
{
	static const struct {
		const char *name, *mime, *language, *charset;
	} cases[] = {
		{ "index.html.en", "text/html", "en", "" },
		{ "index.en.html", "text/html", "en", "" },
		{ "a.HTML.EN", "text/html", "en", "" },
		{ "a.html.pt-BR", "text/html", "pt-br", "" },
		{ "a.zh-cn.html", "text/html", "zh-cn", "" },
		{ "a.html.es", "text/html", "es", "" },	/* RemoveType */
		{ "a.tr.html", "text/html", "tr", "" },
		{ "a.html.po", "text/html", "pl", "" },
		{ "a.html.utf8", "text/html", "", "utf-8" },
		{ "a.utf8.html", "text/html", "", "utf-8" },
		{ "a.html.Latin1", "text/html", "", "iso-8859-1" },
		{ "a.html.ua", "text/html", "", "koi8-ru" },
		{ "a.latin1.html.utf8", "text/html", "", "utf-8" },	/* the last one */
		{ "a.html.en.utf8", "text/html", "en", "utf-8" },
		{ "a.utf8.en.html", "text/html", "en", "utf-8" },
		{ "a.en.html.utf8", "text/html", "en", "utf-8" },
		{ "a.html..en", "text/html", "en", "" },
		{ "a.1.en.min.html", "text/html", "en", "" },	/* unknown: nothing */
		{ "a.png.en", "image/png", "en", "" },
		{ "a.html.png.en", "image/png", "en", "" },
		{ "a.html.en.png", "image/png", "en", "" },
		{ "a.zip.de", "application/zip", "de", "" },
		{ "en.html.de", "text/html", "de", "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		check_media(cases[i].name, strlen(cases[i].name), KF_OK, cases[i].mime,
			    cases[i].language, cases[i].charset);
	check(BYTES("a.html.en.de"), KF_R_HANDLER, NULL);
	check(BYTES("a.en.html.de"), KF_R_HANDLER, NULL);
	check(BYTES("a.en.en.html"), KF_R_HANDLER, NULL);
	check(BYTES("a.php.html.en"), KF_R_HANDLER, NULL);
	check(BYTES("a.gz.html.en"), KF_R_HANDLER, NULL);
	check(BYTES("a.zip.bz2.en"), KF_R_TYPE, NULL);	/* compressed, in a language */
	check(BYTES("a.html.en.php"), KF_R_TYPE, NULL);
	check(BYTES("a.html.br"), KF_R_TYPE, NULL);
}

/* A suffix that is both: mime.types knows a type, mime.conf a language or charset. */
static void kf_name_check__typed_languages_and_charsets(void **state)
{
	static const char mime[] = "text/html html\napplication/vnd.ascii-art ascii\napplication/wap SL\napplication/troff tr\n";
	struct kf_policy_text text = policy_text();
	struct kf_policy *saved = policy;

	(void)state;
	text.mime_types = mime;
	text.mime_types_len = sizeof(mime) - 1;
	policy = policy_new(&text);
	check(BYTES("a.html.ascii"), KF_R_TYPE, NULL);
	check(BYTES("a.html.sl"), KF_R_TYPE, NULL);
	check_media(BYTES("a.sl.html"), KF_OK, "text/html", "sl", "");
	check_media(BYTES("a.ascii.html"), KF_OK, "text/html", "", "us-ascii");
	check_media(BYTES("a.html.tr"), KF_OK, "text/html", "tr", "");
	kf_policy_free(policy);
	text.types = "html,sl,ascii,en,es";
	policy = policy_new(&text);
	check_media(BYTES("a.html.sl"), KF_OK, "application/wap", "sl", "");
	check_media(BYTES("a.sl"), KF_OK, "application/wap", "sl", "");
	check_media(BYTES("a.ascii"), KF_OK, "application/vnd.ascii-art", "", "us-ascii");
	check(BYTES("a.en"), KF_R_TYPE, NULL);
	check(BYTES("a.es"), KF_R_TYPE, NULL);
	kf_policy_free(policy);
	policy = saved;
}

/*
 * Several suffixes, against what a stock Debian Apache said (apache/record-names.py):
 * whatever is ours has its type, language, charset, and is compressed or not as there.
 */
static void kf_name_check__as_apache_says(void **state)
{
	static const char * const claimed[] = { ".var", ".shtml", ".pl", ".gz", ".tgz" };
	struct kf_policy_text text = policy_text();
	struct kf_policy *saved = policy;
	size_t len, ours = 0, languages = 0, charsets = 0, i, n = 0;
	char *names = read_file("apache/names.txt", &len), *line, *save, *mime = malloc(len + 1);

	(void)state;
	for (line = strtok_r(names, "\n", &save); line && !strncmp(line, "mime ", 5);
	     line = strtok_r(NULL, "\n", &save))
		n += sprintf(mime + n, "%s\n", line + 5);
	text.mime_types = mime;
	text.mime_types_len = n;
	policy = policy_new(&text);
	for (n = 0; line; line = strtok_r(NULL, "\n", &save), n++) {
		char *words, *name = strtok_r(line, " ", &words), *want[5];
		struct kf_media media;

		for (i = 0; i < 5; i++) {
			want[i] = strtok_r(NULL, " ", &words);
			assert_non_null(want[i]);
			if (!strcmp(want[i], "-"))
				want[i] = "";
		}
		if (kf_name_check(policy, name, strlen(name), &media) != KF_OK)
			continue;
		assert_piece(&media.type, want[0], name);
		assert_piece(&media.charset, want[1], name);
		assert_piece(&media.language, want[2], name);
		assert_string_equal(media.deflate ? "gzip" : "", want[3]);
		assert_string_equal(want[4], "");
		for (i = 0; i < ARRAY_SIZE(claimed); i++)
			if (strcasestr(strchr(name, '.'), claimed[i]))
				fail_msg("%s is not ours", name);
		ours++;
		languages += media.language.len > 0;
		charsets += media.charset.len > 0;
	}
	kf_policy_free(policy);
	policy = saved;
	free(mime);
	free(names);
	assert_true(n > 900 && ours > 400 && languages > 150 && charsets > 150);
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
		"inc",	  "gz",	  "GZ",	   "Z",		"tgz",
		"bz2",	  "br",	  "zst",   "xz",	"map",
		"sh",	  "dll",  "exe",   "tcl",
	};
	struct kf_media media;
	char name[100];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		static const char *const shapes[] = { "a.%s.html",
						      "a.x.%s.html",
						      "a.%s.x.html",
						      "a.%s.html.en",
						      "a.en.%s.html",
						      "a..%s.min.html" };
		size_t k;

		for (k = 0; k < ARRAY_SIZE(shapes); k++) {
			snprintf(name, sizeof(name), shapes[k], parts[i]);
			assert_reason(kf_name_check(policy, name, strlen(name),
						    &media),
				      KF_R_HANDLER, name);
		}
	}
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
	 T(kf_name_check__lengths),
	 T(kf_name_check__last_part_decides),
	 T(kf_name_check__dotfiles),
	 T(kf_name_check__base_name_means_nothing),
	 T(kf_name_check__harmless_parts),
	 T(kf_name_check__languages_and_charsets),
	 T(kf_name_check__typed_languages_and_charsets),
	 T(kf_name_check__as_apache_says),
	 T(kf_name_check__claimed_parts),
	 T(kf_part_is_claimed__default_types_are_not));
