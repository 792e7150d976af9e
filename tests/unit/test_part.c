// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include "mimetypes.h"
#include "part.h"
#include "unit.h"

static struct kf_policy *policy;

static int setup(void **state)
{
	struct kf_policy_text text = policy_text();

	(void)state;
	text.types = KF_DEFAULT_TYPES ",a_b,abcdefg,abcdefgh,abcdefghi,abcdefghijklmnop,php";
	policy = policy_new(&text);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kf_policy_free(policy);
	return 0;
}

static bool listed(const char *part, u32 len)
{
	char text[400];
	const char *word;
	u32 i;

	strcpy(text, KF_DEFAULT_TYPES ",a_b,abcdefg,abcdefgh,abcdefghi,abcdefghijklmnop,php");
	for (word = strtok(text, ","); word; word = strtok(NULL, ","))
		if (!kf_part_cmp(part, len, word))
			return true;
	for (i = 0; kf_part_listed(i); i++)
		if (!kf_part_cmp(part, len, kf_part_listed(i)))
			return true;
	return kf_mimeconf_find(part, len);
}

/* What the one look-up says is what each of the lists says. */
static void try(const char *part, u32 len)
{
	char *copy = exact(part, len);
	const struct kf_part *known = kf_policy_part(policy, copy, len);
	const struct kf_mimeconf *conf = kf_mimeconf_find(copy, len);

	if (!!known != listed(copy, len))
		fail_msg("%.*s", len, part);
	if (known) {
		assert_ptr_equal(known->type, kf_policy_type(policy, copy, len));
		assert_ptr_equal(known->conf, conf);
		assert_int_equal(known->claimed, kf_part_is_claimed(copy, len));
		assert_int_equal(known->encoding, kf_part_is_encoding(copy, len));
		assert_int_equal(known->neutral, conf && (conf->language || conf->charset) &&
						 !kf_policy_typed(policy, conf));
	}
	free(copy);
}

/* A part, and all that differ from it in one byte or by one byte. */
static void try_around(const char *part)
{
	u32 len = strlen(part), at, c;
	char text[KF_EXT_MAX + 2];

	assert_true(len <= KF_EXT_MAX);
	memset(text, 'x', sizeof(text));
	memcpy(text, part, len);
	try(text, len);
	if (len < KF_EXT_MAX)
		try(text, len + 1);
	if (len > 1) {
		try(text, len - 1);
		try(text + 1, len - 1);
	}
	for (at = 0; at < len; at++) {
		for (c = 0; c < 256; c++) {
			text[at] = c;
			try(text, len);
		}
		text[at] = toupper(part[at]);
		try(text, len);
		assert_non_null(kf_policy_part(policy, text, len));
	}
}

static void kf_parts_find__agrees_with_the_lists(void **state)
{
	static const char * const types[] = { "html", "js", "7z", "woff2", "a_b", "abcdefg",
					      "abcdefgh", "abcdefghi", "abcdefghijklmnop", "php" };
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(types); i++)
		try_around(types[i]);
	for (i = 0; kf_part_listed(i); i++)
		try_around(kf_part_listed(i));
	for (i = 0; i < kf_mimeconf_n; i++)
		try_around(kf_mimeconf[i].ext);
}

KF_GROUP(part,
	 cmocka_unit_test_setup_teardown(kf_parts_find__agrees_with_the_lists, setup, teardown));
