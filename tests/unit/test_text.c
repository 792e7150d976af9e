// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include "text.h"
#include "unit.h"

static void kf_is__classes(void **state)
{
	int c;

	(void)state;
	for (c = 0; c < 256; c++) {
		bool alnum = c < 128 && isalnum(c);

		assert_int_equal(!!kf_is(c, KF_CC_TOKEN),
				 alnum || (c && c < 128 && strchr("!#$%&'*+-.^_`|~", c)));
		assert_int_equal(!!kf_is(c, KF_CC_PATH),
				 alnum || (c && c < 128 && strchr("-._~!$&'()*+,;=:@/%", c)));
		assert_int_equal(!!kf_is(c, KF_CC_QUERY),
				 alnum || (c && c < 128 && strchr("-._~!$&'()*+,;=:@/%?[\\]^`{|}", c)));
		assert_int_equal(!!kf_is(c, KF_CC_HEX), c < 128 && isxdigit(c));
		assert_int_equal(!!kf_is(c, KF_CC_HOST),
				 alnum || (c && c < 128 && strchr("-._", c)));
		assert_int_equal(!!kf_is(c, KF_CC_CTL), c < 32 || c == 127);
		assert_int_equal(!!kf_is(c, KF_CC_PLAIN),
				 kf_is(c, KF_CC_PATH) && c != '.' && c != '/' && c != '%');
		assert_int_equal(!!kf_is(c, KF_CC_LABEL), kf_is(c, KF_CC_HOST) && c != '.');
	}
}

static void kf_lower__letters_only(void **state)
{
	int c;

	(void)state;
	for (c = 0; c < 128; c++)
		assert_int_equal(kf_lower(c), tolower(c));
	assert_int_equal((u8)kf_lower((char)0xc0), 0xc0);
}

/* Every byte value at every place of buffers up to three words long, against the obvious loop. */
static void kf_text_run__every_byte_at_every_place(void **state)
{
	u32 len, at, c, from;

	(void)state;
	for (len = 0; len <= 24; len++)
		for (at = 0; at < len; at++)
			for (c = 0; c < 256; c++) {
				char *p = exact("abc defg~\x80\xff lmnopqrstuvwxyz", len);

				p[at] = c;
				for (from = 0; from <= len; from++) {
					bool ctl = c < 32 || c == 127;
					u32 want = ctl && at >= from ? at - from : len - from;

					assert_int_equal(kf_text_run(p + from, len - from), want);
				}
				free(p);
			}
}

/* Two odd neighbours in one word: a borrow must not hide the second one. */
static void kf_text_run__neighbours(void **state)
{
	u32 a, b;

	(void)state;
	for (a = 0; a < 256; a++)
		for (b = 0; b < 256; b++) {
			char p[8] = { 'x', 'x', 'x', a, b, 'x', 'x', 'x' };
			bool actl = a < 32 || a == 127, bctl = b < 32 || b == 127;

			assert_int_equal(kf_text_run(p, 8), actl ? 3 : bctl ? 4 : 8);
		}
}

static void kf_is_nocase__folds_the_left_side(void **state)
{
	(void)state;
	assert_true(kf_is_nocase("KeeP-aLive", 10, "keep-alive"));
	assert_false(kf_is_nocase("KeeP-aLive", 9, "keep-alive"));
	assert_false(kf_is_nocase("keep_alive", 10, "keep-alive"));
	assert_false(kf_is_nocase("\x4b\xe5", 2, "k\xc5"));
}

KF_GROUP(text,
	 cmocka_unit_test(kf_is__classes),
	 cmocka_unit_test(kf_lower__letters_only),
	 cmocka_unit_test(kf_text_run__every_byte_at_every_place),
	 cmocka_unit_test(kf_text_run__neighbours),
	 cmocka_unit_test(kf_is_nocase__folds_the_left_side));
