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

static void kf_word_between__every_byte(void **state)
{
	static const u8 ranges[][2] = { { 'a', 'z' }, { 'J', 'R' }, { 0, 0 }, { 1, 0x7e }, { 0, 0x7f } };
	u32 i, c, before, at;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		for (c = 0; c < 256; c++)
			for (before = 0; before < 256; before += 5)
				for (at = 0; at < 8; at++) {
					bool in = c >= ranges[i][0] && c <= ranges[i][1];
					char p[8];
					u64 bits;

					memset(p, before, sizeof(p));
					p[at] = c;
					bits = kf_word_between(kf_word(p), ranges[i][0], ranges[i][1]);
					assert_int_equal(bits >> 8 * at & 0xff, in ? 0x80 : 0);
					in = before >= ranges[i][0] && before <= ranges[i][1];
					assert_int_equal(bits >> 8 * (at ^ 1) & 0xff, in ? 0x80 : 0);
				}
}

/* All lengths, in buffers of just that size, and one other byte at every place. */
static void kf_same__every_length(void **state)
{
	static const char lower[] = "if-unmodified-since:a1_{zstd}~0123456789z";
	u32 len, at, c;

	(void)state;
	for (len = 1; len < sizeof(lower); len++) {
		char *p = exact(lower, len), *q = exact(lower, len);

		assert_true(kf_same(p, q, len));
		for (at = 0; at < len; at++) {
			for (c = 0; c < 256; c++) {
				p[at] = c;
				assert_int_equal(kf_same(p, q, len), (char)c == q[at]);
				assert_int_equal(kf_same_nocase(p, q, len), kf_lower(c) == q[at]);
			}
			p[at] = q[at];
		}
		for (at = 0; at < len; at++)
			p[at] = toupper(q[at]);
		assert_true(kf_same_nocase(p, q, len));
		free(p);
		free(q);
	}
}

/* What the compiler makes of constants is another thing than what is tried above. */
static void kf_is_nocase__every_length(void **state)
{
#define TRY(text) do {							\
	char p[] = text;						\
	u32 at;								\
									\
	for (at = 0; at < sizeof(text) - 1; at++) {			\
		p[at] = toupper(p[at]);					\
		assert_true(kf_is_nocase(p, sizeof(text) - 1, text));	\
		p[at] ^= 0x40;						\
		assert_false(kf_is_nocase(p, sizeof(text) - 1, text));	\
		p[at] ^= 0x40;						\
	}								\
} while (0)

	(void)state;
	TRY("z");
	TRY("te");
	TRY("a-1");
	TRY("host");
	TRY("range");
	TRY("expect");
	TRY("upgrade");
	TRY("if-match");
	TRY("user-agen");
	TRY("connection");
	TRY("authorization");
	TRY("content-length");
	TRY("accept-encoding");
	TRY("if-modified-sinc");
	TRY("if-modified-since");
	TRY("if-unmodified-since");
	TRY("proxy-authorization-of-any");
#undef TRY
}

KF_GROUP(text,
	 cmocka_unit_test(kf_word_between__every_byte),
	 cmocka_unit_test(kf_same__every_length),
	 cmocka_unit_test(kf_is_nocase__every_length),
	 cmocka_unit_test(kf_is__classes),
	 cmocka_unit_test(kf_lower__letters_only),
	 cmocka_unit_test(kf_text_run__every_byte_at_every_place),
	 cmocka_unit_test(kf_text_run__neighbours),
	 cmocka_unit_test(kf_is_nocase__folds_the_left_side));
